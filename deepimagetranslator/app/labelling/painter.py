"""Turns what the pointer does into edits of the label map in view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepimagetranslator.app.labelling.tool_choice import ToolChoice
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling import regions, shapes, strokes
from deepimagetranslator.core.labelling.label_map import Edit, LabelMap
from deepimagetranslator.core.labelling.rect import Rect
from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.core.labelling.values import range_of, values_of
from deepimagetranslator.core.typing import Array

_STROKES = ("brush", "eraser", "threshold")
NO_RANGE = "First take a sample of the values to paint, or type their range."


class Painter:
    """One label map and the image below it.

    Args:
        choice: the tool and its amounts.
        image: the input, (height, width, 1 or 3), not augmented.
        label_map: is painted.
        painted: called with each changed rectangle.
        slow: runs a tool that may take long: its name and what makes the edit.

    Attributes:
        corners: of the outline that is being drawn.
    """

    def __init__(
        self,
        choice: ToolChoice,
        image: Array,
        label_map: LabelMap,
        painted: Callable[[Rect], object],
        slow: Callable[[str, Callable[[], Edit]], object],
    ) -> None:
        self._choice, self.image, self.label_map = choice, image, label_map
        self._painted, self._slow = painted, slow
        self.corners: list[Point] = []
        self._last: Point | None = None
        self._tool = ""
        self._sample: list[Array] = []

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.label_map.numbers.shape
        return height, width

    @property
    def working(self) -> bool:
        """Whether a stroke is being made."""
        return bool(self._tool)

    def press(self, point: Point, *, line: bool = False) -> None:
        """The button went down at a point (y, x).

        Args:
            point: in pixels of the image; it may lie outside.
            line: draw a straight line from the end of the last stroke.

        Raises:
            UserError: the tool lacks something.
        """
        tool = self._choice.tool
        if tool == "threshold" and self._choice.chosen is None:
            raise UserError(NO_RANGE)
        if tool in _STROKES:
            self._tool = tool
            self.label_map.history.begin()
            self._stroke([self._last, point] if line and self._last is not None else [point])
        elif tool == "sample":
            self._tool, self._sample = tool, []
            self._take_sample([point])
        elif tool == "freehand":
            self._tool, self.corners = tool, [point]
        elif tool == "polygon":
            self.corners.append(point)
        else:
            self._click(tool, point)
        self._last = point

    def drag(self, point: Point) -> None:
        """The pointer moved with the button down."""
        last, tool = self._last, self._tool
        if not tool or last is None:
            return
        if tool in _STROKES:
            self._stroke([last, point])
        elif tool == "sample":
            self._take_sample([last, point])
        else:
            self.corners.append(point)
        self._last = point

    def release(self) -> None:
        """The button was let go."""
        tool, self._tool = self._tool, ""
        if tool in _STROKES:
            self.label_map.history.end()
        elif tool == "sample":
            found = range_of(np.concatenate(self._sample)) if self._sample else None
            self._choice.chosen = found or self._choice.chosen
        elif tool == "freehand":
            self.close_outline()

    def close_outline(self) -> None:
        """Fill the outline that is being drawn."""
        corners, self.corners = self.corners, []
        self.apply(shapes.polygon(self.shape, corners, self._choice.number))

    def drop_corner(self) -> None:
        """Take back the last corner of the outline."""
        if self.corners:
            self.corners.pop()

    def cancel(self) -> bool:
        """Give up the outline or the stroke that is being made; whether there was one."""
        outline, tool = bool(self.corners), self._tool
        self.corners, self._tool = [], ""
        if tool in _STROKES and self.label_map.history.end():
            self._painted(self.label_map.undo())
        return outline or bool(tool)

    def apply(self, edit: Edit) -> None:
        """Change the label map as the guard allows."""
        rect = self.label_map.apply(edit, self._choice.guard)
        if not rect.empty:
            self._painted(rect)

    def class_at(self, point: Point) -> int | None:
        """The class at a point; None outside the image."""
        pixel = self._pixel(point)
        return None if pixel is None else int(self.label_map.numbers[pixel])

    def _stroke(self, points: list[Point]) -> None:
        choice, number = self._choice, self._choice.number
        if self._tool == "eraser":
            edit = strokes.eraser(self.shape, points, choice.size)
        elif self._tool == "threshold" and choice.chosen is not None:
            edit = strokes.threshold_brush(self.image, points, choice.size, number, choice.chosen)
        else:
            edit = strokes.brush(self.shape, points, choice.size, number)
        self.apply(edit)

    def _take_sample(self, points: list[Point]) -> None:
        rect, mask = strokes.stroke(self.shape, points, self._choice.size)
        if not rect.empty:
            self._sample.append(values_of(self.image[rect.slices])[mask])

    def _click(self, tool: str, point: Point) -> None:
        pixel = self._pixel(point)
        if pixel is None:
            return
        numbers = self.label_map.numbers
        if tool == "pick":
            self._choice.number = int(numbers[pixel])
        elif tool == "keep island":
            self._slow(tool, lambda: regions.keep_island(numbers, pixel))
        elif tool == "remove island":
            self._slow(tool, lambda: regions.remove_island(numbers, pixel))
        elif tool == "bucket":
            choice, image = self._choice, self.image
            number, tolerance, free = choice.number, choice.tolerance, choice.guard.may_lose
            self._slow(
                tool,
                lambda: regions.bucket(values_of(image), pixel, tolerance, number, ~free[numbers]),
            )

    def _pixel(self, point: Point) -> tuple[int, int] | None:
        row, column = int(np.floor(point[0])), int(np.floor(point[1]))
        height, width = self.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None
