"""`python -m hotline`, and the installed command `hotline`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line. Refuses an interpreter without assertions: libraries below check by them."""
    if sys.flags.optimize:
        sys.exit(
            "hotline does not run with python -O or PYTHONOPTIMIZE: unset it / 최적화 옵션 없이 실행하십시오"
        )
    from hotline.cli import cli

    cli(prog_name="hotline")


if __name__ == "__main__":
    main()
