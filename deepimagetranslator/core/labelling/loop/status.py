"""How far the labelling of a project is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.labelling.loop.corrections import Corrections, corrections
from deepimagetranslator.core.labelling.loop.states import KnownImage, counts
from deepimagetranslator.core.labelling.record import DONE, DRAFT, Round
from deepimagetranslator.core.labelling.store import LabelStore


@dataclass(frozen=True)
class LoopStatus:
    """The state of the loop.

    Attributes:
        done, drafts, images: the number of images that are done, that are drafts, and of all.
        rounds: the trainings so far, oldest first.
        corrections: by round, see ``corrections.corrections``.
    """

    done: int
    drafts: int
    images: int
    rounds: tuple[Round, ...]
    corrections: tuple[Corrections, ...]

    @property
    def sentence(self) -> str:
        """Such as "9 of 165 labelled, 3 drafts"."""
        drafts = f", {self.drafts} draft{'s' * (self.drafts != 1)}" if self.drafts else ""
        return f"{self.done} of {self.images} labelled{drafts}"


def loop_status(images: Sequence[KnownImage], store: LabelStore) -> LoopStatus:
    """The state of the loop.

    Args:
        images: those of the project, as ``known_images`` gives them.
        store: has their label maps.
    """
    found = counts(images)
    rounds, corrected = store.record.rounds, tuple(corrections(store))
    return LoopStatus(found[DONE], found[DRAFT], len(images), rounds, corrected)
