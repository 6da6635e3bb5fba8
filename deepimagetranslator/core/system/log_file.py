"""A log file that is written while a block of code runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepimagetranslator.core.system.system_path import system_path

_PACKAGE = __name__.partition(".")[0]


def without_others(handler: logging.Handler) -> logging.Handler:
    """Let a handler take only this program's records, and lose those that cannot be written.

    Records of other libraries may quote the content of files, such as names of patients. By default
    a traceback is printed for each record that a full disk does not take.
    """
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    handler.addFilter(logging.Filter(_PACKAGE))
    return handler


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Append this package's log records of level INFO and above to a file.

    Records of other libraries are left out, as they may quote the content of files, such as names
    of patients. If the file cannot be written, a warning is logged and the block still runs.

    Args:
        path: the file; created if needed, appended to if it exists.
    """
    logger = logging.getLogger(_PACKAGE)
    level = logger.level
    try:
        handler: logging.Handler = without_others(
            logging.FileHandler(system_path(path), encoding="utf-8", errors="replace")
        )
    except OSError as error:
        logger.warning("%s cannot be written (%s)", path.name, error.strerror)
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        with suppress(OSError):  # the disk is full
            handler.close()


def print_to_log(text: str) -> None:
    """Write to the worker's log; on a full disk the text is lost, and the worker goes on."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
