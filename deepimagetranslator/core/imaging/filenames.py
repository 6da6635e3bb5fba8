"""Names of files: as people compare them, and as the system opens them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path


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
