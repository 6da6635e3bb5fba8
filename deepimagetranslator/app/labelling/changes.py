"""Changes of the labelling, published on the session's bus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deepimagetranslator.app.events import Change
from deepimagetranslator.core.labelling.rect import Rect


@dataclass(frozen=True)
class LabellingChanged(Change):
    """The mode was entered or left, or the tool, a class, a state or how labels are shown
    changed."""


@dataclass(frozen=True)
class StatesChanged(Change):
    """An image became a draft, done or unlocked, or the images of the project are known."""


@dataclass(frozen=True)
class LabelMapShown(Change):
    """Another label map is in view, or none, or the whole of it changed."""


@dataclass(frozen=True)
class LabelsPainted(Change):
    """Pixels of the label map in view changed.

    Attributes:
        rect: where.
    """

    rect: Rect


@dataclass(frozen=True)
class LabellingNoticed(Change):
    """Something is to be said beside the tools.

    Attributes:
        text: a sentence; empty removes the former one.
    """

    text: str


@dataclass(frozen=True)
class RoundBegan(Change):
    """A training on the done images has begun.

    Attributes:
        sentences: what the user should know of it.
        left_out: why done images could not be taken, a sentence for each.
    """

    sentences: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftsMade(Change):
    """A network has drafted images.

    Attributes:
        count: how many.
    """

    count: int


@dataclass(frozen=True)
class LabelFileChanged(Change):
    """Another program has changed the label map in view since it was read.

    Attributes:
        text: a sentence that says so.
        keep: call it to keep what was painted; a copy of the file is made.
        take: call it to take over the file.
    """

    text: str
    keep: Callable[[], object] = field(compare=False)
    take: Callable[[], object] = field(compare=False)
