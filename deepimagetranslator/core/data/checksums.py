"""What image files hold, as checksums: by them a resumed run knows its images wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deepimagetranslator.core.imaging.slices import locate
from deepimagetranslator.core.system.system_path import system_path


def checksums(paths: Sequence[Path]) -> list[str]:
    """The sha256 of each file; of a slice that of its file, which is read once, and its number.

    Raises:
        OSError: a file is missing or cannot be read.
    """
    places = [locate(path) for path in paths]
    files = list(dict.fromkeys(file for file, _ in places))
    with ThreadPoolExecutor() as pool:
        found = dict(zip(files, pool.map(_sha256, files), strict=True))
    return [found[file] if number is None else f"{found[file]}/{number}" for file, number in places]


def _sha256(path: Path) -> str:
    with system_path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
