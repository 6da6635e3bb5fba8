"""Names of files: as people compare them, and as the system opens them."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path


@lru_cache(65_536)
def known_path(text: str) -> Path:
    """The path of that text; the same object again, as a project has thousands in each version."""
    return Path(text)


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], ...]:
    """Sorts paths as people do: folder by folder, numbers by value, capitals as small letters."""
    parts = [*Path(path).parts, str(path)]
    return tuple(
        tuple(
            int(piece) if index % 2 else piece
            for index, piece in enumerate(re.split("([0-9]+)", plain(part)))
        )
        for part in parts
    )


def plain(text: str) -> str:
    """A name as it is compared: in small letters, accents composed as Linux and Windows do."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def system_path(path: str | Path) -> Path:
    """The path as the system opens it, over 260 characters on Windows too."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


def long_path(full: str) -> str:
    r"""A full Windows path with the ``\\?\`` that lifts its limit of 260 characters."""
    if full.startswith("\\\\?\\"):
        return full
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full
