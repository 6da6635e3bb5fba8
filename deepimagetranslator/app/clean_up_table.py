"""The clean-up of label maps as a table with a row for each class, and back to its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepimagetranslator.app.shown_classes import shown_classes
from deepimagetranslator.core.config.clean_up import (
    BORDER,
    GAP,
    HOLES,
    ISLANDS,
    LARGEST,
    MOST_PIXELS,
    OUTSIDE,
    SHARE,
    CleanUpRule,
    parse_rules,
)
from deepimagetranslator.core.data.labels.class_words import class_of_word, class_words
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError

ALL = "all"
_SUGGESTED = 20  # pixels of an image of ...
_SUGGESTED_FOR = 512 * 512


@dataclass(frozen=True)
class CleanUpRow:
    """What is done with one class, as typed.

    Attributes:
        word: the class, as rules name it.
        colour: "#rrggbb", as a pane draws it.
        islands: islands with fewer pixels are removed; empty keeps all.
        holes: holes with fewer pixels are filled, or "all"; empty keeps all.
        largest: only the largest region stays.
        other: the class of regions that are not connected to the outside; empty keeps them.
        gap: the widest gap to the outside, in pixels.
        beside: regions that are bordered by this class become it; empty keeps them.
        share: how much of their surroundings must be of it, in per cent.
    """

    word: str
    colour: str
    islands: str = ""
    holes: str = ""
    largest: bool = False
    other: str = ""
    gap: str = str(GAP)
    beside: str = ""
    share: str = str(SHARE)


def clean_up_rows(texts: Sequence[str], palette: Palette) -> list[CleanUpRow]:
    """The table of a ``TranslationSpec.clean_up``; rules for other classes are left out."""
    words, classes = class_words(palette), shown_classes(palette).classes
    rows = [CleanUpRow(word, one.colour) for word, one in zip(words, classes, strict=True)]
    for rule in parse_rules(texts):
        number = class_of_word(rule.of, palette)
        other = class_of_word(rule.other, palette) if rule.other else 0
        if number is None or other is None:
            continue
        row, amount = rows[number], str(rule.amount)
        rows[number] = {
            ISLANDS: replace(row, islands=amount),
            HOLES: replace(row, holes=amount if rule.amount else ALL),
            LARGEST: replace(row, largest=True),
            OUTSIDE: replace(row, other=words[other], gap=amount),
            BORDER: replace(row, beside=words[other], share=amount),
        }[rule.kind]
    return rows


def clean_up_texts(rows: Sequence[CleanUpRow]) -> tuple[str, ...]:
    """The rules of a table.

    Raises:
        UserError: a text is no number of pixels, or a class would become itself.
    """
    rules: list[CleanUpRule] = []
    for row in rows:
        if row.word in (row.other, row.beside):
            raise UserError(
                f"Regions of {row.word} cannot become {row.word}; choose another class."
            )
        if row.other:
            gap = _number(row.gap, row.word, 0)
            rules.append(CleanUpRule(row.word, OUTSIDE, gap, row.other))
        if row.beside:
            share = _number(row.share, row.word, 0, 99, "share in per cent")
            rules.append(CleanUpRule(row.word, BORDER, share, row.beside))
        if row.largest:
            rules.append(CleanUpRule(row.word, LARGEST))
        if row.islands.strip():
            rules.append(CleanUpRule(row.word, ISLANDS, _number(row.islands, row.word)))
        if row.holes.strip():
            every = row.holes.strip().lower() == ALL
            most = 0 if every else _number(row.holes, row.word)
            rules.append(CleanUpRule(row.word, HOLES, most))
    return tuple(rule.text for rule in rules)


def suggested_rows(rows: Sequence[CleanUpRow], pixels: int | None) -> list[CleanUpRow]:
    """The rows with islands of specks removed, in every class; other fields stay.

    Args:
        rows: the table.
        pixels: the number of pixels of an image; None if unknown.
    """
    few = max(2, round(_SUGGESTED * (pixels or _SUGGESTED_FOR) / _SUGGESTED_FOR))
    return [replace(row, islands=str(few)) for row in rows]


def _number(
    text: str,
    word: str,
    least: int = 1,
    most: int = MOST_PIXELS,
    what: str = "number of pixels",
) -> int:
    text = text.strip()
    if text.isascii() and text.isdigit() and least <= int(text[:12]) <= most:
        return int(text)
    bounds = f"from {least} to {most}" if most < MOST_PIXELS else f"of at least {least}"
    raise UserError(f"'{text[:20]}' for {word} is not a {what}; write a whole number {bounds}.")
