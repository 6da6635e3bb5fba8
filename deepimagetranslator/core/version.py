"""The program's version, and what is said of files that a newer version wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from deepimagetranslator.core.errors import UserError

__version__ = "2.0.0"
PROGRAM = f"DeepImageTranslator {__version__}"
"""What the files that this version writes are marked with."""

_VERSION = re.compile(r"DeepImageTranslator (\d{1,4}(?:\.\d{1,4}){1,3})")


class NewerVersionError(UserError):
    """A newer version wrote the file, and this one cannot read it."""


def newer_version(program: object) -> str:
    """The version in a file's mark if it is newer than this one's, else empty.

    Args:
        program: the mark as it was read, such as "DeepImageTranslator 2.3.0"; anything else than
            such a text names no version.
    """
    found = _VERSION.match(program) if isinstance(program, str) else None
    if found is None or _numbers(found[1]) <= _numbers(__version__):
        return ""
    return found[1]


@contextmanager
def naming_newer_version(where: object, program: object, certain: bool = False) -> Iterator[None]:
    """Reads a file inside; if that fails and a newer version wrote it, the error says so.

    Args:
        where: the file, as the message names it.
        program: its mark, see ``newer_version``.
        certain: the file's format says that it is newer: it is not read at all.

    Raises:
        UserError: what was raised inside.
        NewerVersionError: the program must be updated.
    """
    version = newer_version(program)
    remedy = (
        f"{where} was made by a newer version{version and f', {version}'}; update this program."
    )
    if certain:
        raise NewerVersionError(remedy)
    try:
        yield
    except UserError as error:
        if not version:
            raise
        raise NewerVersionError(remedy) from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
