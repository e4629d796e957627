"""Rules without a database, a clock or a network: values in, values or typed refusals out."""
