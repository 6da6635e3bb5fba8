"""A document as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deepimagetranslator.core.study.reporting.blocks import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    Picture,
)


def markdown(title: str, blocks: Iterable[Block]) -> str:
    """The text of the document; figures are links to their files."""
    lines = [f"# {title}"]
    for block in blocks:
        lines += ["", *_lines(block)]
    return "\n".join(lines) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"## {text}"
        case Paragraph(text):
            yield text
        case Items(texts):
            yield from (f"- {text}" for text in texts)
        case Grid(caption, columns, rows):
            yield from ([caption, ""] if caption else [])
            yield _row(columns)
            yield _row(["---"] * len(columns))
            yield from map(_row, rows)
        case Picture():
            yield f"![{block.alt}]({block.files[0]})"
            yield ""
            yield block.caption


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
