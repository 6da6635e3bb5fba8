"""A document as one HTML file that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from html import escape

from deepimagetranslator.core.errors import printable
from deepimagetranslator.core.study.reporting.blocks import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    Picture,
)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Lets a browser load nothing, whatever the document says."""
_NUMBER = re.compile(r"[+-]?[0-9.]*[0-9](e[+-]?[0-9]+)?|-|")
_HASH = re.compile(r"[0-9a-f]{64}")
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.2em; border-bottom: 1px solid #bbb; padding-bottom: .2em; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
a { color: #0b4f8a; }
figure { margin: 1.5rem 0; }
figure img { display: block; width: calc(var(--mm) * 1.35mm); max-width: 100%; height: auto; }
figcaption { font-size: .85rem; color: #333; margin: .5rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; line-height: 1.35; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem;
  border-bottom: 1px solid #ddd; }
thead th { border-bottom: 2px solid #555; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
.hash { font-family: ui-monospace, monospace; font-size: .7rem; overflow-wrap: anywhere;
  min-width: 17em; }
@page { size: A4; margin: 14mm; }
@media print {
  body { font-size: 10pt; max-width: none; padding: 0; }
  nav { display: none; }
  h2 { break-after: avoid; }
  figure:not(.table), tr { break-inside: avoid; }
  figure img { width: calc(var(--mm) * 1mm); }
  .scroll { overflow: visible; }
  table, figcaption { font-size: 8pt; }
  th, td { padding: .15rem .35rem; }
}
"""


def html_page(title: str, blocks: Sequence[Block]) -> str:
    """The HTML of the document; figures are inside it."""
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    contents = "".join(
        f'<li><a href="#section-{number}">{_text(text)}</a></li>\n'
        for number, text in enumerate(headings, 1)
    )
    body = "\n".join(_body(blocks))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{_text(title)}</h1>
<nav aria-label="Contents"><ul>
{contents}</ul></nav>
<main>
{body}
</main>
</body>
</html>
"""


def _body(blocks: Sequence[Block]) -> Iterator[str]:
    section = 0
    for block in blocks:
        match block:
            case Heading(text):
                section += 1
                yield f'<h2 id="section-{section}">{_text(text)}</h2>'
            case Paragraph(text):
                yield f"<p>{_text(text)}</p>"
            case Items(texts):
                items = "".join(f"<li>{_text(text)}</li>\n" for text in texts)
                yield f"<ul>\n{items}</ul>"
            case Grid():
                yield _table(block)
            case Picture():
                yield _figure(block)


def _table(grid: Grid) -> str:
    columns = list(zip(*grid.rows, strict=True)) if grid.rows else [()] * len(grid.columns)
    kinds = [_kind(cells) for cells in columns]
    head = "".join(
        f'<th scope="col"{kind}>{_text(name)}</th>'
        for name, kind in zip(grid.columns, kinds, strict=True)
    )
    rows = "\n".join(
        f"<tr>{''.join(f'<td{k}>{_text(c)}</td>' for c, k in zip(row, kinds, strict=True))}</tr>"
        for row in grid.rows
    )
    caption = f"<figcaption>{_text(grid.caption)}</figcaption>\n" if grid.caption else ""
    return (
        f'<figure class="table">{caption}<div class="scroll"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></figure>"
    )


def _kind(cells: Sequence[str]) -> str:
    """The class of a column, by what its cells are."""
    if any(_HASH.fullmatch(cell) for cell in cells):
        return ' class="hash"'
    return ' class="number"' if cells and all(map(_NUMBER.fullmatch, cells)) else ""


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.shown).decode("ascii")
    return (
        f'<figure><img src="data:{picture.mime};base64,{data}" alt="{_text(picture.alt)}" '
        f'style="--mm:{picture.millimetres:g}">\n'
        f"<figcaption>{_text(picture.caption)}</figcaption></figure>"
    )


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
