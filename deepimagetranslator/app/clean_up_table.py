"""The clean-up of label maps as a table with a row for each class, and back to its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepimagetranslator.app.shown_classes import shown_classes
from deepimagetranslator.core.config.clean_up import (
    GAP,
    HOLES,
    ISLANDS,
    LARGEST,
    MOST_PIXELS,
    OUTSIDE,
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
    """

    word: str
    colour: str
    islands: str = ""
    holes: str = ""
    largest: bool = False
    other: str = ""
    gap: str = str(GAP)


def clean_up_rows(texts: Sequence[str], palette: Palette) -> list[CleanUpRow]:
    """The table of a ``TranslationSpec.clean_up``; rules for other classes are left out."""
    words, classes = class_words(palette), shown_classes(palette).classes
    rows = [CleanUpRow(word, one.colour) for word, one in zip(words, classes, strict=True)]
    for rule in parse_rules(texts):
        number = class_of_word(rule.of, palette)
        other = class_of_word(rule.other, palette) if rule.other else 0
        if number is None or other is None:
            continue
        row, pixels = rows[number], str(rule.pixels)
        rows[number] = {
            ISLANDS: replace(row, islands=pixels),
            HOLES: replace(row, holes=pixels if rule.pixels else ALL),
            LARGEST: replace(row, largest=True),
            OUTSIDE: replace(row, other=words[other], gap=pixels),
        }[rule.kind]
    return rows


def clean_up_texts(rows: Sequence[CleanUpRow]) -> tuple[str, ...]:
    """The rules of a table.

    Raises:
        UserError: a text is no number of pixels, or a class would become itself.
    """
    rules: list[CleanUpRule] = []
    for row in rows:
        if row.other == row.word:
            raise UserError(
                f"Regions of {row.word} cannot become {row.word}; choose another class."
            )
        if row.other:
            gap = _pixels(row.gap, row.word, least=0)
            rules.append(CleanUpRule(row.word, OUTSIDE, gap, row.other))
        if row.largest:
            rules.append(CleanUpRule(row.word, LARGEST))
        if row.islands.strip():
            rules.append(CleanUpRule(row.word, ISLANDS, _pixels(row.islands, row.word)))
        if row.holes.strip():
            every = row.holes.strip().lower() == ALL
            pixels = 0 if every else _pixels(row.holes, row.word)
            rules.append(CleanUpRule(row.word, HOLES, pixels))
    return tuple(rule.text for rule in rules)


def suggested_rows(rows: Sequence[CleanUpRow], pixels: int | None) -> list[CleanUpRow]:
    """The rows with islands of specks removed, in every class; other fields stay.

    Args:
        rows: the table.
        pixels: the number of pixels of an image; None if unknown.
    """
    few = max(2, round(_SUGGESTED * (pixels or _SUGGESTED_FOR) / _SUGGESTED_FOR))
    return [replace(row, islands=str(few)) for row in rows]


def _pixels(text: str, word: str, least: int = 1) -> int:
    text = text.strip()
    if text.isascii() and text.isdigit() and least <= int(text[:12]) <= MOST_PIXELS:
        return int(text)
    raise UserError(
        f"'{text[:20]}' for {word} is not a number of pixels; write a whole number of at least "
        f"{least}."
    )
