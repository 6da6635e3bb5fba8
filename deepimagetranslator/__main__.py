"""Entry point: runs the command line if there are arguments, else opens the window."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the program; returns its exit status."""
    _give_streams()
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has taken over Ctrl+C
        return 130


def _give_streams() -> None:
    """Send stdout and stderr to a log file where there are none.

    A windowed build on Windows has no such streams, but libraries print to them.
    """
    if sys.stdout is not None and sys.stderr is not None:
        return
    from deepimagetranslator.core.system import paths  # noqa: PLC0415

    try:
        paths.log_folder().mkdir(parents=True, exist_ok=True)
        log = (paths.log_folder() / "output.log").open("w", buffering=1, encoding="utf-8")
    except OSError:
        log = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stdout, sys.stderr = sys.stdout or log, sys.stderr or log


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["--self-test"]:
        arguments[0] = "self-test"
    # A project file alone opens the window with it, as a double click on the file does.
    if not arguments or (len(arguments) == 1 and arguments[0].lower().endswith(".json")):
        try:
            from deepimagetranslator.gui import app  # noqa: PLC0415
        except ImportError as error:
            print(
                f"The window needs tkinter ({error}): on Debian 'apt install python3-tk'. The "
                "commands work without it, see --help.",
                file=sys.stderr,
            )
            return 2
        return app.run(Path(arguments[0]) if arguments else None)
    from deepimagetranslator import cli  # noqa: PLC0415

    return cli.main(arguments)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
