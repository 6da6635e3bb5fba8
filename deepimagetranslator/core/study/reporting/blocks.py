"""What a document is made of; all texts are plain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: the caption above it, the names of its columns, and rows of as many cells."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A figure that was drawn and written.

    Attributes:
        kind: the section that shows it: "losses", "measures", "learning", "agreement", "panels".
        caption: what it shows, of whom, and its source.
        alt: the same for those who cannot see it, shorter.
        files: its files, as names in the report's folder: PNG, SVG and PDF.
        shown: the content of the one inside the HTML file.
        mime: the type of ``shown``, such as "image/png".
        millimetres: its width.
    """

    kind: str
    caption: str
    alt: str
    files: tuple[str, ...]
    shown: bytes
    mime: str
    millimetres: float


Block = Heading | Paragraph | Items | Grid | Picture
