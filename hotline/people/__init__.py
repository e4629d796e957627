"""People: accounts, passwords, sign-ins, protection against forged requests."""
