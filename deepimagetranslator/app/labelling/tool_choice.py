"""The chosen tool with its amounts, the chosen class, and how labels are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepimagetranslator.core.labelling.label_map import Guard
from deepimagetranslator.core.labelling.strokes import LARGEST
from deepimagetranslator.core.labelling.values import Range

TOOLS: Mapping[str, str] = {
    "brush": "Brush",
    "eraser": "Eraser",
    "threshold": "Threshold brush",
    "polygon": "Polygon",
    "freehand": "Freehand outline",
    "bucket": "Bucket",
    "keep island": "Keep island",
    "remove island": "Remove island",
    "pick": "Pick class",
    "sample": "Sample values",
}
"""The tools that are used on the image, with their labels."""
OPERATIONS: Mapping[str, str] = {
    "grow": "Grow from seeds",
    "fill holes": "Fill holes",
    "smooth": "Smooth",
    "remove specks": "Remove specks",
    "border out": "Border out",
    "border in": "Border in",
    "copy prediction": "Copy prediction",
    "copy before": "Copy slice before",
    "copy after": "Copy slice after",
    "interpolate": "Interpolate",
}
"""The tools that change the whole label map at once, with their labels."""
WITH_SIZE = frozenset({"brush", "eraser", "threshold", "sample"})
"""The tools that have a diameter."""
_STEP = 1.25


@dataclass
class ToolChoice:
    """What the user has chosen.

    Attributes:
        tool: one of ``TOOLS``.
        number: the class that is painted.
        size: the diameter of brushes, in pixels.
        tolerance: of the bucket, in units of the input's values.
        chosen: the values of the threshold brush and of growing; None until they are known.
        reach: of smoothing, and how far a border moves, in pixels.
        specks: islands of fewer pixels are removed.
        opacity: of the labels, 0 to 1.
        outline: whether only the outlines of labels are drawn.
        hidden: whether no labels are drawn.
        unseen: classes that are not drawn.
        locked: classes that stay as they are.
        only_over: the only class that is painted over; None allows all.
    """

    tool: str = "brush"
    number: int = 1
    size: int = 10
    tolerance: float = 10.0
    chosen: Range | None = None
    reach: int = 1
    specks: int = 20
    opacity: float = 0.5
    outline: bool = False
    hidden: bool = False
    unseen: set[int] = field(default_factory=set)
    locked: set[int] = field(default_factory=set)
    only_over: int | None = None

    @property
    def guard(self) -> Guard:
        """Which pixels may be painted."""
        return Guard(frozenset(self.locked), self.only_over)

    def resize(self, steps: float) -> None:
        """Make the brush larger by so many steps of a quarter, at least by a pixel each."""
        size = self.size
        for _ in range(max(1, round(abs(steps)))):
            larger, smaller = max(size + 1, round(size * _STEP)), min(size - 1, round(size / _STEP))
            size = larger if steps > 0 else smaller
        self.size = min(LARGEST, max(1, size))

    def forget(self, number: int) -> None:
        """Forget a class that was deleted."""
        self.unseen.discard(number)
        self.locked.discard(number)
        if self.only_over == number:
            self.only_over = None
