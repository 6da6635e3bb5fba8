"""The entry: command line with arguments, the window without."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Run the program; returns its exit status."""
    from deepimagetranslator import cli  # noqa: PLC0415  nothing before freeze_support

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
