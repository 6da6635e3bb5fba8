"""File names: natural sort keys, comparison, and paths as the system opens them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], ...]:
    """Natural sort key of a path: folder by folder, numbers by value, case ignored."""
    parts = [*Path(path).parts, str(path)]
    return tuple(
        tuple(
            int(piece) if index % 2 else piece
            for index, piece in enumerate(re.split("([0-9]+)", plain(part)))
        )
        for part in parts
    )


def plain(text: str) -> str:
    """A name for comparison: lower case, accents composed (Unicode NFC)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
