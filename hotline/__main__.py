"""`python -m hotline`, and the installed command `hotline`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    from hotline.cli import cli

    cli(prog_name="hotline")


if __name__ == "__main__":
    main()
