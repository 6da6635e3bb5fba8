"""Editing the classes of label maps, and a preview of a target before and after encoding.

The state behind the table of label colours in the window. Does not import Tk.
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
from deepimagetranslator.core.data.facts import target_facts
from deepimagetranslator.core.data.intensity.chosen import chosen_normalization
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.choice import choose_palette, classes_of
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.typing import Array

_REGION = 8  # the preview starts with a region of about 1/8 of the image's height and width
_UNSEEN = 16  # changes below 1/16 of the brightest value count as rounding


def count_colours(
    targets: Sequence[ImageRef] | Sequence[ImagePair], stopped: Callable[[], bool]
) -> ColourCount:
    """Count the colours of all readable targets; counts of unchanged files are cached.

    Args:
        targets: the target images, or pairs whose targets are read with their changes.
        stopped: returns whether to stop early.
    """
    count = ColourCount()
    for target in targets:
        if stopped():
            break
        count.merge(target_facts(target).colours)
    return count


@dataclass(frozen=True)
class BeforeAfter:
    """A target before and after it is encoded as classes.

    Attributes:
        before: the file's pixels, (height, width, 1 or 3).
        after: the same in the colours of translated images.
        changed: the fraction of pixels, 0 to 1, that change by more than rounding.
        region: the region with most changes: the centre's x and y as fractions of width and
            height, and the factor by which the region is smaller than the image.
    """

    before: Array
    after: Array
    changed: float
    region: tuple[float, float, float]


def before_and_after(target: Array, palette: Palette, name: str) -> BeforeAfter:
    """Encode a target with a palette.

    Args:
        target: (height, width, 1 or 3).
        palette: the classes.
        name: the file's name, for errors.

    Raises:
        UserError: a colour belongs to no class.
    """
    classes = palette.encode(target, name)
    learnt = replace(palette, written=()).decode(classes).astype(np.float32)
    difference = np.abs(learnt - target).max(axis=2)
    height, width = difference.shape
    # Rounded values are no visible change, but a changed class number is.
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
    """The classes and the kind of the targets, as the user edits them.

    Args:
        data: the current data spec.
        count: the colours of the training targets.

    Attributes:
        kind: the value of ``DataSpec.target_kind``.
        snap: whether each pixel is replaced by the nearest label colour.
        exclusive: the value of ``DataSpec.exclusive_classes``.
        classes: the classes with the changes so far.
        intro: a sentence about unusual targets; else empty.
    """

    def __init__(self, data: DataSpec, count: ColourCount) -> None:
        self.count = count
        self._data = data
        self.kind, self.snap = data.target_kind, data.snap_labels
        self.exclusive = data.exclusive_classes
        self.classes: list[LabelClass] = []
        self.intro = ""
        self._proposed: tuple[tuple[str, ...], bool] = ((), False)
        self._begin(data)

    def reset(self) -> None:
        """Return to the classes that are found in the targets."""
        self.kind, self.snap = "automatic", False
        self._begin(DataSpec())

    def rename(self, number: int, name: str) -> None:
        """Set the name of the class at this index."""
        name = name.replace(";", ",").strip()
        self.classes[number] = replace(self.classes[number], name=name)

    def recolour(self, number: int, text: str) -> None:
        """Set the colour for translated images from typed text; empty uses the files' colour.

        Raises:
            UserError: the text is not a colour.
        """
        written = parse_colour(text) if text.strip() else None
        self.classes[number] = replace(self.classes[number], written=written)

    def set_colours(self, number: int, text: str) -> None:
        """Set a class's colours in the files from typed text.

        Raises:
            UserError: the text is not a list of colours, or one belongs to another class.
        """
        changed = list(self.classes)
        changed[number] = replace(changed[number], colours=parse_class(text).colours)
        parse_classes(to_texts(changed))
        self.classes = changed

    def add(self) -> int:
        """Add a class with the most frequent colour that no class has; returns its index.

        Raises:
            UserError: there are already ``MAX_COLOURS`` classes.
        """
        if len(self.classes) >= MAX_COLOURS:
            raise UserError(f"Label maps have at most {MAX_COLOURS} classes; merge some.")
        self.classes.append(LabelClass((next(self._free()),)))
        return len(self.classes) - 1

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove the classes at these indices; their colours then belong to no class."""
        self.classes = [one for i, one in enumerate(self.classes) if i not in set(numbers)]

    def merge(self, numbers: Sequence[int]) -> int:
        """Merge classes into the first one, which keeps its name; returns its index.

        Raises:
            UserError: fewer than two classes are given.
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
        """A sentence that says why the classes cannot be used; empty if they can."""
        if self.kind == "values" or not self.classes:
            return ""
        try:
            parse_classes(to_texts(self.classes))
        except UserError as error:
            return str(error)
        return ""

    @property
    def found(self) -> str:
        """A sentence about the targets with these classes."""
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
        """The palette of these classes; None if there are none or they cannot be used."""
        if self.kind == "values" or not self.classes or self.problem:
            return None
        return Palette.of(self.classes, self.count.dtype, self.snap)

    @property
    def can_be_exclusive(self) -> bool:
        """Whether the classes are exclusive, see ``core.data.labels.exclusive``."""
        if self.palette is None:
            return False
        scaling = chosen_normalization(self._data, "target", ValueRange.of([self.palette.array]))
        return bool(replace(self.palette, exclusive=True).class_channels(scaling))

    def shares(self) -> list[str]:
        """The fraction of training pixels of each class, as text."""
        palette = self.palette
        if palette is None:
            return ["" for _ in self.classes]
        return [
            "" if math.isnan(part) else f"{part:.1%}" if part >= 0.001 or not part else "< 0.1%"
            for part in self.count.shares(palette)
        ]

    def chosen(self, data: DataSpec) -> DataSpec:
        """``data`` with the user's changes; classes that were only detected are not stored."""
        texts = to_texts(self.classes)
        if (texts, self.snap) == self._proposed:
            texts = ()
        return replace(
            data,
            target_kind=self.kind,
            snap_labels=self.snap,
            exclusive_classes=self.exclusive,
            labels=texts,
        )

    def _free(self) -> Iterator[Colour]:
        """Colours that no class has, those frequent in the targets first."""
        taken = {colour for one in self.classes for colour in (*one.colours, one.learnt)}
        taken |= {colour * 3 for colour in taken if len(colour) == 1}
        common = sorted(self.count.pixels, key=lambda colour: -self.count.pixels[colour])
        yield from (colour for colour in common if colour not in taken)
        yield from ((value,) for value in range(256) if (value,) * 3 not in taken)

    def _begin(self, data: DataSpec) -> None:
        # The table lists the classes even if the targets are treated as values.
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
    """The colours of a class in the form in which the user types them."""
    return " + ".join(map(colour_text, one.colours)) or REST
