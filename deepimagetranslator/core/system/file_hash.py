"""The hash of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deepimagetranslator.core.system.system_path import system_path


def file_sha256(path: Path) -> str:
    """The SHA-256 of the file's bytes.

    Raises:
        OSError: the file cannot be read.
    """
    with system_path(path).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
