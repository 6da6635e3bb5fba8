"""The classes of label maps that are painted: up to 32, each with a number that it keeps.

A class number in a file means the same as long as the file exists: deleting or merging classes
frees no number at once but notes what has replaced it, and label maps are read accordingly. So a
change of the classes is one small file, however many label maps there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from deepimagetranslator.core.config.classes import (
    MAX_COLOURS,
    Colour,
    LabelClass,
    colour_of,
    colour_text,
    parse_class,
    to_texts,
)
from deepimagetranslator.core.data.labels.class_words import COLOUR_WORDS
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.label_map import BACKGROUND, Classes

_LEVELS = ((0, 255), (0, 128, 255), (0, 64, 192, 255))
_BACKGROUND = LabelClass(((0, 0, 0),), None, "background")


@dataclass(frozen=True)
class ClassTable:
    """The classes by number.

    Attributes:
        classes: number and class, in the order of the numbers; 0 is the background.
        replaced: numbers that files may still hold, each with the one that has replaced it.
    """

    classes: tuple[tuple[int, LabelClass], ...] = ((BACKGROUND, _BACKGROUND),)
    replaced: tuple[tuple[int, int], ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the classes."""
        return tuple(number for number, _ in self.classes)

    def name(self, number: int) -> str:
        """The class's name, else that of its colour, else its colour as text."""
        one = dict(self.classes)[number]
        return one.name or COLOUR_WORDS.get(one.learnt) or colour_text(one.learnt)

    def shown_colour(self, number: int) -> Colour:
        """The colour (three values, 0 to 255) in which a class is drawn over an image.

        Grey label colours such as 1 and 2 could not be told apart, so these classes are drawn in
        colours of their own.
        """
        one = dict(self.classes)[number]
        colour = one.written or one.learnt
        if len(colour) == 3 and any(colour) and max(colour) <= 255:
            return colour
        return _colours()[(number - 1) % len(_colours())]

    def add(self, name: str = "", colour: Colour | None = None) -> tuple[ClassTable, int]:
        """The table with another class, and its number.

        Args:
            name: its name.
            colour: in the files; None takes one that is free.

        Raises:
            UserError: there are 32 classes, or the name or the colour is another one's.
        """
        number = self._free_number()
        taken = {colour_of(c, 3) for _, one in self.classes for c in (*one.colours, one.learnt)}
        if colour is None:
            colour = next(free for free in _colours() if free not in taken)
        if colour_of(colour, 3) in taken:
            raise UserError("Another class has this colour already; choose another one.")
        self._require_free_name(name)
        return self._with(number, LabelClass((colour,), None, name.strip())), number

    def rename(self, number: int, name: str) -> ClassTable:
        """The table with another name of a class.

        Raises:
            UserError: another class has the name, or it holds a semicolon or line break.
        """
        self._require_free_name(name, number)
        return self._with(number, replace(dict(self.classes)[number], name=name.strip()))

    def recolour(self, number: int, colour: Colour) -> ClassTable:
        """The table with another colour in which a class is shown and exported."""
        return self._with(number, replace(dict(self.classes)[number], written=colour))

    def merge(self, number: int, into: int) -> ClassTable:
        """The table in which one class has become part of another one, which keeps its name.

        Raises:
            UserError: it is the background.
        """
        gone, kept = dict(self.classes)[number], dict(self.classes)[into]
        joined = (*kept.colours, *gone.colours) if kept.colours and gone.colours else ()
        return self._replace(number, into)._with(into, replace(kept, colours=joined))

    def delete(self, number: int) -> ClassTable:
        """The table without a class; its pixels become background.

        Raises:
            UserError: it is the background.
        """
        return self._replace(number, BACKGROUND)

    def restored(self, number: int, before: ClassTable) -> ClassTable:
        """The table with a class that was merged or deleted, and all that has changed since.

        Args:
            number: of that class.
            before: the table before it was merged or deleted.

        Raises:
            UserError: there are 32 classes, or another one has its name by now.
        """
        gone, others = dict(before.classes)[number], dict(before.classes)
        if len(self.classes) >= MAX_COLOURS:
            self._free_number()  # raises the error that says so
        self._require_free_name(gone.name)
        into = dict(self.replaced)[number]
        kept = replace(dict(self.classes)[into], colours=others[into].colours)
        replaced = {**dict(self.replaced), **dict(before.replaced)}
        del replaced[number]
        table = replace(self, replaced=tuple(sorted(replaced.items())))
        return table._with(into, kept)._with(number, gone)

    def settled(self) -> ClassTable:
        """The table after all files were written again: replaced numbers are free."""
        return replace(self, replaced=())

    def read(self, numbers: Classes, name: str) -> Classes:
        """The class numbers of a file with replaced ones exchanged.

        Raises:
            UserError: it holds a number that no class has.
        """
        known = np.zeros(256, bool)
        known[[*self.numbers, *(number for number, _ in self.replaced)]] = True
        if not known[numbers].all():
            wrong = int(numbers[~known[numbers]][0])
            raise UserError(
                f"{name} holds the class number {wrong}, which no class has; restore the file, or "
                "begin its label map anew."
            )
        return self.meaning[numbers] if self.replaced else numbers

    @property
    def meaning(self) -> Classes:
        """By number in a file, the class that it means now, (256,)."""
        found = np.arange(256, dtype=np.uint8)
        for number, into in self.replaced:
            found[number] = into
        return found

    def with_project(self, listed: Sequence[LabelClass]) -> ClassTable:
        """The table with the project's classes, which are recognized by their colours.

        Classes that only the table has stay, as label maps may hold them.

        Args:
            listed: the project's classes; none leaves the table as it is.

        Raises:
            UserError: there would be more than 32 classes.
        """
        table = self
        if listed and table.classes == ClassTable().classes:
            order = sorted(listed, key=lambda one: any(one.learnt))  # black first
            return replace(table, classes=tuple(enumerate(order)))
        for one in listed:
            number = table.number_of(one)
            if number is None:
                number = table._free_number()
            table = table._with(number, one)
        return table

    def palette(self, *, of_files: bool = False) -> Palette:
        """The palette whose colours are in the order of ``numbers``.

        Args:
            of_files: in the colours that targets have in their files, instead of those in which
                they are written by a translation.

        Raises:
            UserError: there is no class but the background.
        """
        if len(self.classes) < 2:
            raise UserError("There is no class but the background yet; add one first.")
        palette = Palette.of([one for _, one in self.classes], "uint8")
        return replace(palette, written=()) if of_files else palette

    def dense(self, numbers: Classes) -> Classes:
        """Class numbers as indices of ``palette()``."""
        index = np.zeros(256, np.uint8)
        index[list(self.numbers)] = np.arange(len(self.classes))
        found: Classes = index[numbers]
        return found

    def sparse(self, indices: Classes) -> Classes:
        """Indices of ``palette()`` as class numbers."""
        found: Classes = np.array(self.numbers, np.uint8)[indices]
        return found

    def to_json(self) -> dict[str, Any]:
        """The table for JSON."""
        texts = to_texts([one for _, one in self.classes])
        return {
            "classes": {
                str(number): text for number, text in zip(self.numbers, texts, strict=True)
            },
            "replaced": {str(number): into for number, into in self.replaced},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClassTable:
        """The table that ``to_json`` wrote.

        Raises:
            ValueError, KeyError, TypeError, AttributeError, UserError: the data are no table.
        """
        classes = sorted((int(key), parse_class(text)) for key, text in data["classes"].items())
        replaced = tuple((int(key), int(into)) for key, into in data["replaced"].items())
        numbers = [number for number, _ in classes]
        free = set(range(MAX_COLOURS))
        if not (numbers and numbers[0] == BACKGROUND and free.issuperset(numbers)):
            raise ValueError("class numbers")
        if not all(one in free - set(numbers) and into in numbers for one, into in replaced):
            raise ValueError("replaced class numbers")
        return cls(tuple(classes), replaced)

    def number_of(self, one: LabelClass) -> int | None:
        """The number of a class that has the same colour in the files."""
        learnt = colour_of(one.learnt, 3)
        for number, known in self.classes:
            if learnt in [colour_of(colour, 3) for colour in (*known.colours, known.learnt)]:
                return number
        return None

    def _free_number(self) -> int:
        taken = {*self.numbers, *(number for number, _ in self.replaced)}
        free = [number for number in range(MAX_COLOURS) if number not in taken]
        if len(self.classes) >= MAX_COLOURS:
            raise UserError(
                f"Label maps have at most {MAX_COLOURS} classes, the background among them; merge "
                "or delete one before you add another."
            )
        if not free:
            raise NumbersTakenError(
                "The numbers of deleted classes are still in files; write the label maps again."
            )
        return free[0]

    def _require_free_name(self, name: str, of: int | None = None) -> None:
        if ";" in name or "\n" in name:
            raise UserError("The name of a class must not hold a semicolon or a line break.")
        others = {one.name.lower() for number, one in self.classes if number != of and one.name}
        if name.strip().lower() in others:
            raise UserError(f"Another class is called '{name.strip()}'; choose another name.")

    def _with(self, number: int, one: LabelClass) -> ClassTable:
        return replace(self, classes=tuple(sorted({**dict(self.classes), number: one}.items())))

    def _replace(self, number: int, into: int) -> ClassTable:
        if number == BACKGROUND:
            raise UserError(
                "The background cannot be deleted or merged into a class; merge that class into "
                "the background instead."
            )
        classes = tuple(item for item in self.classes if item[0] != number)
        moved = {key: into if old == number else old for key, old in self.replaced}
        return ClassTable(classes, tuple(sorted({**moved, number: into}.items())))


class NumbersTakenError(UserError):
    """All numbers are classes' or still in files; writing these again frees some."""


def _colours() -> list[Colour]:
    """Colours that are easily told apart, those with channels wholly on or off first."""
    found: list[Colour] = []
    for levels in _LEVELS:
        mixed = sorted(product(reversed(levels), repeat=3), key=lambda c: sum(map(bool, c)))
        found += [colour for colour in mixed if any(colour) and colour not in found]
    return found
