"""The classes of the label maps as they are being changed, and what that does to a target.

The truth behind the window's table of label colours; nothing here knows Tk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepimagetranslator.core.config.classes import (
    MAX_COLOURS,
    REST,
    Colour,
    LabelClass,
    colour_text,
    parse_class,
    parse_classes,
    parse_colour,
    to_texts,
)
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.facts import facts_of
from deepimagetranslator.core.data.labels.choice import choose_palette, classes_of
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.typing import Array

_REGION = 8  # the region shown first is about so many times smaller than the image
_UNSEEN = 16  # a change by less than this part of the brightest colour


def count_colours(targets: Sequence[ImageRef], stopped: Callable[[], bool]) -> ColourCount:
    """The colours of all targets that can be read; those read before are remembered."""
    count = ColourCount()
    for target in targets:
        if stopped():
            break
        count.merge(facts_of(target, True).colours)
    return count


@dataclass(frozen=True)
class BeforeAfter:
    """A target as it is in its file, and as it is learnt.

    Attributes:
        before, after: (height, width, 1 or 3); ``after`` in the colours that will be written.
        changed: which part of the pixels got a colour that is not just rounded.
        region: where most of them lie: middle as parts of width and height, and how much smaller
            than the image the region is.
    """

    before: Array
    after: Array
    changed: float
    region: tuple[float, float, float]


def before_and_after(target: Array, palette: Palette, name: str) -> BeforeAfter:
    """What the palette makes of a target.

    Raises:
        UserError: a colour belongs to no class.
    """
    classes = palette.encode(target, name)
    learnt = replace(palette, written=()).decode(classes).astype(np.float32)
    difference = np.abs(learnt - target).max(axis=2)
    height, width = difference.shape
    # A rounded region is no change that anyone sees; a class number's is.
    changed = difference > max(max(colour) for colour in palette.colours) / _UNSEEN
    difference[~changed] = 0
    cells = min(_REGION, height), min(_REGION, width)
    rows = [part.sum(axis=0) for part in np.array_split(difference, cells[0])]
    sums = [[part.sum() for part in np.array_split(row, cells[1])] for row in rows]
    row, column = np.unravel_index(int(np.argmax(sums)), cells)
    x, y = (float(column) + 0.5) / cells[1], (float(row) + 0.5) / cells[0]
    region = (x, y, float(_REGION)) if changed.any() else (0.5, 0.5, 1.0)
    return BeforeAfter(target, palette.decode(classes), float(changed.mean()), region)


TOO_MANY = "The targets hold more colours than label maps have, so they are treated as values."
_INTRODUCED = ("blurred_labels", "instance_masks", "mask_encodings")


class LabelTable:
    """The classes and how the targets are treated, changed step by step.

    Args:
        data: the choices so far.
        count: the colours of the training targets.

    Attributes:
        kind: a ``DataSpec.target_kind``.
        snap: each pixel is taken for the nearest label colour.
        classes: as they stand.
        intro: what is particular about the targets, a sentence; else empty.
    """

    def __init__(self, data: DataSpec, count: ColourCount) -> None:
        self.count = count
        self._data = data
        self.kind, self.snap = data.target_kind, data.snap_labels
        self.classes: list[LabelClass] = []
        self.intro = ""
        self._proposed: tuple[tuple[str, ...], bool] = ((), False)
        self._begin(data)

    def reset(self) -> None:
        """Back to what is found in the targets."""
        self.kind, self.snap = "automatic", False
        self._begin(DataSpec())

    def rename(self, number: int, name: str) -> None:
        """Give a class a name."""
        name = name.replace(";", ",").strip()
        self.classes[number] = replace(self.classes[number], name=name)

    def recolour(self, number: int, text: str) -> None:
        """Take the colour to write, as typed; nothing writes the colour of the files.

        Raises:
            UserError: it is no colour.
        """
        written = parse_colour(text) if text.strip() else None
        self.classes[number] = replace(self.classes[number], written=written)

    def set_colours(self, number: int, text: str) -> None:
        """Take the colours in the files, as typed.

        Raises:
            UserError: they are no colours, or belong to another class.
        """
        changed = list(self.classes)
        changed[number] = replace(changed[number], colours=parse_class(text).colours)
        parse_classes(to_texts(changed))
        self.classes = changed

    def add(self) -> int:
        """A further class, of the commonest colour that has none; its number.

        Raises:
            UserError: there are as many as there can be.
        """
        if len(self.classes) >= MAX_COLOURS:
            raise UserError(f"Label maps have at most {MAX_COLOURS} classes; merge some.")
        self.classes.append(LabelClass((next(self._free()),)))
        return len(self.classes) - 1

    def remove(self, numbers: Sequence[int]) -> None:
        """Take classes out; their colours then belong to none."""
        self.classes = [one for i, one in enumerate(self.classes) if i not in set(numbers)]

    def merge(self, numbers: Sequence[int]) -> int:
        """Make one class of several, with the first one's name and colours; its number.

        Raises:
            UserError: fewer than two are chosen.
        """
        if len(numbers) < 2:
            raise UserError("Choose two classes or more to merge them.")
        first, *others = sorted(numbers)
        merged = self.classes[first]
        if any(self.classes[i].rest for i in numbers):
            colours: tuple[Colour, ...] = ()
        else:
            colours = tuple(c for i in sorted(numbers) for c in self.classes[i].colours)
        self.classes[first] = replace(merged, colours=colours)
        self.remove(others)
        return first

    @property
    def problem(self) -> str:
        """Why the classes cannot be used, a sentence; empty if they can."""
        if self.kind == "values" or not self.classes:
            return ""
        try:
            parse_classes(to_texts(self.classes))
        except UserError as error:
            return str(error)
        return ""

    @property
    def found(self) -> str:
        """What is to be said of the targets with these classes."""
        count = len(self.classes)
        if self.palette is not None:
            data = replace(DataSpec(), labels=to_texts(self.classes), snap_labels=self.snap)
            _, problems = choose_palette(data, self.count, ColourCount())
            if problems:
                text = str(problems[0])
                return text[0].upper() + text[1:]
        return self.intro or (f"Label maps of {count} classes." if count else "No classes yet.")

    @property
    def palette(self) -> Palette | None:
        """What the classes come to; None if there are none or something is wrong."""
        if self.kind == "values" or not self.classes or self.problem:
            return None
        return Palette.of(self.classes, self.count.dtype, self.snap)

    def shares(self) -> list[str]:
        """Which part of the training pixels each class has, in words."""
        palette = self.palette
        if palette is None:
            return ["" for _ in self.classes]
        return [
            "" if math.isnan(part) else f"{part:.1%}" if part >= 0.001 or not part else "< 0.1%"
            for part in self.count.shares(palette)
        ]

    def chosen(self, data: DataSpec) -> DataSpec:
        """``data`` with what was chosen; what is only found is not written down."""
        texts = to_texts(self.classes)
        if (texts, self.snap) == self._proposed:
            texts = ()
        return replace(data, target_kind=self.kind, snap_labels=self.snap, labels=texts)

    def _free(self) -> Iterator[Colour]:
        """Colours that no class has, the commonest of the targets first."""
        taken = {colour for one in self.classes for colour in (*one.colours, one.learnt)}
        taken |= {colour * 3 for colour in taken if len(colour) == 1}
        common = sorted(self.count.pixels, key=lambda colour: -self.count.pixels[colour])
        yield from (colour for colour in common if colour not in taken)
        yield from ((value,) for value in range(256) if (value,) * 3 not in taken)

    def _begin(self, data: DataSpec) -> None:
        # The table shows the classes even while the targets are treated as values.
        asked = replace(data, target_kind="automatic")
        try:
            palette, problems = choose_palette(asked, self.count, ColourCount())
        except UserError:
            palette, problems = choose_palette(DataSpec(), self.count, ColourCount())
        self.intro = next((p.message for p in problems if p.kind in _INTRODUCED), "")
        self._proposed = ((), False)
        repair = next((p.repair for p in problems if p.repair is not None), None)
        settings = dict(repair.settings) if repair is not None else {}
        if palette is None and "data.labels" in settings:
            self.classes = list(parse_classes(settings["data.labels"]))
            self.snap = bool(settings.get("data.snap_labels", False))
            return
        self.classes = [] if palette is None else list(classes_of(palette))
        if palette is None and self.count.many:
            self.intro = TOO_MANY
        elif palette is not None and not data.labels:
            self._proposed = (to_texts(self.classes), self.snap)


def colours_text(one: LabelClass) -> str:
    """The colours of a class as they are typed."""
    return " + ".join(map(colour_text, one.colours)) or REST
