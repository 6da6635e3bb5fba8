"""A log file beside what it tells of, kept while a block of work runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepimagetranslator.core.system.system_path import system_path

_PACKAGE = __name__.partition(".")[0]


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Adds what this package logs inside the block, from level INFO on, to a file.

    Only this package's own lines are kept: other libraries quote what files hold, such as the
    names of patients. A file that cannot be written is done without.

    Args:
        path: the file, made if need be; what it holds already stays.
    """
    logger = logging.getLogger(_PACKAGE)
    level = logger.level
    try:
        handler: logging.Handler = logging.FileHandler(system_path(path), encoding="utf-8")
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
        handler.close()
