"""The files of a report: which ones it made, so that those of an earlier one can be removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.file_hash import file_sha256
from deepimagetranslator.core.system.system_path import system_path

LIST = "files.sha256"
"""Lists the files with their SHA-256, in the form that ``sha256sum -c`` checks."""

_LINE = re.compile(r"([0-9a-f]{64})  ((?:[A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+\.[a-z0-9]+)")


def replace_files(folder: Path, names: Iterable[str]) -> Path:
    """Write the list of a report's files, and delete those of the earlier list that it lacks.

    A file that was changed since it was listed stays.

    Args:
        folder: the report's.
        names: of all files that were written, with "/" before those in a subfolder.

    Returns:
        The list's file.

    Raises:
        UserError: the list cannot be written.
    """
    made = sorted(names)
    for name, digest in _listed(folder / LIST):
        if name not in made and _digest(folder / name) == digest:
            with suppress(OSError):
                system_path(folder / name).unlink()
    lines = (f"{_digest(folder / name)}  {name}\n" for name in made)
    path = folder / LIST
    write_bytes(path, "".join(lines).encode())
    return path


def _listed(path: Path) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for line in system_path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            match = _LINE.fullmatch(line)
            if match:
                yield match[2], match[1]


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""
