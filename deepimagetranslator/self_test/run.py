"""Runs all parts of the self-test, one after another."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator.core.system import paths
from deepimagetranslator.self_test import formats, window

_FOLDER = "Prüfung mit Leerzeichen 図"  # spaces and non-ASCII letters, a common cause of errors
_LOG_END = 3000


def run(say: Callable[[str], None]) -> dict[str, Any]:
    """Test the file formats, then the window with its worker process.

    Args:
        say: called with a line for each part that passed. The same lines, and the traceback of a
            failure, are written to self-test.log in the log folder.

    Returns:
        Plain values for ``--json``: device, versions.

    Raises:
        Exception: the error of the first part that failed, with the end of the worker's log as a
            note.
    """
    if warning := paths.use_writable_user_folder():
        say(warning)
    log = paths.log_folder() / "self-test.log"
    with log.open("w", encoding="utf-8", buffering=1) as file:

        def note(line: str) -> None:
            print(line, file=file)
            say(line)

        try:
            found = _run(note)
        except BaseException:
            traceback.print_exc(file=file)
            raise
        note("All tests passed.")
        return found


def _run(say: Callable[[str], None]) -> dict[str, Any]:
    home = os.environ.get("DEEPIMAGETRANSLATOR_HOME")
    with tempfile.TemporaryDirectory(
        prefix="deepimagetranslator-", ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary) / _FOLDER
        folder.mkdir()
        # The user's settings and the logs of an open window stay untouched.
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(folder / "home")
        try:
            start = time.monotonic()
            for line in formats.check(folder):
                say(f"{line} ({time.monotonic() - start:.1f} s)")
                start = time.monotonic()
            return window.walk(folder, say)
        except Exception as error:
            log = paths.log_folder() / "engine.log"
            if log.exists():
                error.add_note(log.read_text(encoding="utf-8", errors="replace")[-_LOG_END:])
            raise
        finally:
            if home is None:
                del os.environ["DEEPIMAGETRANSLATOR_HOME"]
            else:
                os.environ["DEEPIMAGETRANSLATOR_HOME"] = home
