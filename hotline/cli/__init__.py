"""The command line. Belongs here: what is asked on a terminal and how the answer looks there; the rules are
in the use cases it calls. Commands import what they need when they run, so that `--help` is quick."""

from hotline.cli.main import cli

__all__ = ["cli"]
