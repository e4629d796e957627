"""Benchmarks: what the product promises in figures, measured with real parts.

A module here that has `NAMES` (a tuple of benchmark names) and `run(name)` is found by itself;
`python -m tests.bench` lists them. `run` may be a coroutine function. It returns a mapping of figures that
JSON can say, and prints what a person may want to see meanwhile to standard error. `LONG`, a tuple of those
names that take longer than two minutes, is optional. A figure is measured or it is not there: a benchmark
that cannot measure raises.
"""
