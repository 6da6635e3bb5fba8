"""The tools that change a whole label map, made ready to run in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.app.labelling.painter import NO_RANGE
from deepimagetranslator.app.labelling.slow_tool import Work
from deepimagetranslator.app.labelling.tool_choice import ToolChoice
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling import between, borders, regions
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.values import Range, range_of, values_of
from deepimagetranslator.core.typing import Array


@dataclass(frozen=True)
class Neighbours:
    """The images of a list, of which some have label maps.

    Attributes:
        images: in their order.
        index: of the image in view.
        read: reads the label map of an image; None if it has none.
        begun: whether an image has a label map.
    """

    images: Sequence[ImageRef]
    index: int
    read: Callable[[ImageRef], Classes | None]
    begun: Callable[[ImageRef], bool]

    def beside(self, step: int) -> ImageRef:
        """The image one step away, of the same folder or volume.

        Raises:
            UserError: there is none, or it has no label map.
        """
        place = self.index + step
        if self._same(place) and self.begun(self.images[place]):
            return self.images[place]
        raise UserError(f"The slice {_WORD[step]} has no labels yet; label it first.")

    def nearest(self, step: int) -> tuple[int, ImageRef]:
        """The nearest labelled image in a direction, of the same folder or volume, and its index.

        Raises:
            UserError: there is none.
        """
        place = self.index + step
        while self._same(place):
            if self.begun(self.images[place]):
                return place, self.images[place]
            place += step
        raise UserError(f"No slice {_WORD[step]} this one has labels yet; label one first.")

    def _same(self, place: int) -> bool:
        images = self.images
        inside = 0 <= place < len(images) and self.index < len(images)
        return inside and images[place].home == images[self.index].home


_WORD = {-1: "before", 1: "after"}


def work_of(
    name: str,
    choice: ToolChoice,
    numbers: Classes,
    image: Array,
    neighbours: Neighbours,
    predicted: Classes | None,
) -> Work:
    """What makes the edit of an operation.

    Args:
        name: one of ``tool_choice.OPERATIONS``.
        choice: the class and the amounts.
        numbers: the label map; it does not change while the work runs.
        image: the input.
        neighbours: the other images.
        predicted: the class numbers that the network predicts; needed to copy these.

    Raises:
        UserError: something is missing that it needs.
    """
    number, reach, specks = choice.number, choice.reach, choice.specks

    def other(which: ImageRef, whose: str) -> Classes:
        found = neighbours.read(which)
        if found is None:
            raise UserError(f"{whose} has no labels yet; label it first.")
        return found

    match name:
        case "grow":
            chosen = choice.chosen
            return lambda _: regions.grow(numbers, *_seeds(image, numbers, number, chosen))
        case "fill holes":
            return lambda _: regions.fill_holes(numbers, number)
        case "smooth":
            return lambda progress: borders.smooth(numbers, number, reach, progress)
        case "remove specks":
            return lambda _: regions.remove_specks(numbers, number, specks)
        case "border out":
            return lambda progress: borders.move_border(numbers, number, reach, progress)
        case "border in":
            return lambda progress: borders.move_border(numbers, number, -reach, progress)
        case "copy prediction":
            assert predicted is not None
            return lambda _: between.copy(numbers, predicted, "The prediction")
        case "copy before" | "copy after":
            step = -1 if name == "copy before" else 1
            source, whose = neighbours.beside(step), f"The slice {_WORD[step]}"
            return lambda _: between.copy(numbers, other(source, whose), whose)
        case "interpolate":
            (first, before), (last, after) = neighbours.nearest(-1), neighbours.nearest(1)
            position = (neighbours.index - first) / (last - first)
            return lambda progress: between.interpolate(
                numbers, other(before, str(before)), other(after, str(after)), position, progress
            )
    raise ValueError(name)


def _seeds(
    image: Array, numbers: Classes, number: int, chosen: Range | None
) -> tuple[Array, int, Range]:
    """The values, the class and the range of growing; without a range it is that of the seeds.

    Raises:
        UserError: there is no seed, or no range.
    """
    values = values_of(image)
    seeds = numbers == number
    if not seeds.any():
        raise UserError("The class has no pixel here to grow from; paint some first.")
    found = chosen or range_of(np.asarray(values[seeds]))
    if found is None:
        raise UserError(NO_RANGE)
    return values, number, found
