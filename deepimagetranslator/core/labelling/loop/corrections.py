"""How many pixels of the drafts of each round the user has corrected."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from deepimagetranslator.core.labelling.record import DONE, DraftRecord
from deepimagetranslator.core.labelling.store import LabelStore


@dataclass(frozen=True)
class Corrections:
    """The corrections of the drafts that one network made.

    Attributes:
        round: the number of its training; 0 for networks from outside the loop.
        images: drafts that were corrected and marked as done.
        pixels: pixels of another class than in the draft, in all of these.
        mean: ``pixels`` by ``images``.
        share: ``pixels`` by all pixels of these images, 0 to 1.
    """

    round: int
    images: int
    pixels: int
    mean: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def corrections(store: LabelStore) -> list[Corrections]:
    """The corrections by round, oldest first; rounds without a corrected draft are left out.

    An image counts in the round whose network made its last draft.
    """
    by_round: defaultdict[int, list[DraftRecord]] = defaultdict(list)
    for one in store.record.images.values():
        if one.state == DONE and one.draft is not None and one.draft.corrected is not None:
            by_round[one.draft.round].append(one.draft)
    return [_summed(number, drafts) for number, drafts in sorted(by_round.items())]


def _summed(number: int, drafts: list[DraftRecord]) -> Corrections:
    pixels = sum(one.corrected or 0 for one in drafts)
    whole = sum(one.pixels for one in drafts)
    return Corrections(number, len(drafts), pixels, pixels / len(drafts), pixels / max(1, whole))
