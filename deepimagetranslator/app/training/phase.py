"""How far a training is."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """The phases of a training."""

    IDLE = "idle"
    PREPARING = "preparing"
    TRAINING = "training"
    FINISHING = "finishing"
    STOPPING = "stopping"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED = (Phase.FINISHED, Phase.CANCELLED, Phase.FAILED)
