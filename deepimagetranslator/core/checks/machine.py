"""Findings about this computer: whether the network fits its memory and the weights its disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.checks.context import CheckContext, finding
from deepimagetranslator.core.config.network_plan import count_parameters, step_memory_bytes
from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.system.machine import bytes_in_words, free_memory_bytes

_SLOTS = {
    "muon": 1,
    "adam": 2,
    "adamw": 2,
    "adadelta": 2,
    "adagrad": 1,
    "rmsprop": 1,
    "sgd": 1,
}
"""How many numbers an optimizer keeps for each weight."""

_SPARE_DISK = 200 * 2**20  # history, previews, the log
_KEPT_AT_LEAST = 1


def memory(case: CheckContext) -> Iterator[Problem]:
    """A training step that needs more memory than is free."""
    free = free_memory_bytes()
    if case.model is None or not free:
        return
    training = case.specs.training
    model = case.model

    def needed(batch_size: int) -> int:
        return step_memory_bytes(model, batch_size, training.precision)

    if needed(training.batch_size) <= free:
        return
    message = (
        f"A training step needs about {bytes_in_words(needed(training.batch_size))} of memory and "
        f"{bytes_in_words(free)} are free; choose a smaller batch, smaller images, fewer blocks or "
        "channels, or close other programs."
    )
    smaller = training.batch_size - 1
    while smaller and needed(smaller) > free:
        smaller //= 2
    label = f"Train with {smaller} {'image' if smaller == 1 else 'images'} a batch"
    repair = Repair(label, settings=(("training.batch_size", smaller),)) if smaller else None
    yield finding("memory", message, subject="training.batch_size", repair=repair)


def disk_space(case: CheckContext) -> Iterator[Problem]:
    """A run whose weights files need more disk than is free."""
    if case.model is None or case.folder is None:
        return
    free = _free_disk(case.folder)
    training = case.specs.training
    needed = run_bytes(case.model, training)
    if not free or needed <= free:
        return
    message = (
        f"The weights of a run need about {bytes_in_words(needed)} and {bytes_in_words(free)} are "
        f"free in {case.folder}; keep fewer weights files or free some space."
    )
    kept = replace(training, keep_best=_KEPT_AT_LEAST)
    repair = None
    if run_bytes(case.model, kept) <= free:
        spare = free - run_bytes(case.model, kept)
        more = min(4, spare // max(1, 4 * count_parameters(case.model)))
        fewer = int(_KEPT_AT_LEAST + more)
        label = (
            f"Keep the best {fewer} weights files" if fewer > 1 else "Keep the best weights only"
        )
        repair = Repair(label, settings=(("training.keep_best", fewer),))
    yield finding("disk_space", message, subject="training.keep_best", repair=repair)


def run_bytes(model: ModelSpec, training: TrainingSpec) -> int:
    """What the weights files of a run take: the kept ones, the best, and the last to resume from.

    Args:
        model: with all channels chosen.
        training: its ``keep_best`` of 0 keeps one an epoch at most.
    """
    one = 4 * count_parameters(model)
    kept = min(training.keep_best or training.epochs, training.epochs)
    # The last is written anew beside the old one, with the optimizer's numbers.
    last = 2 * one * (1 + _SLOTS.get(training.optimizer, 2))
    return (kept + 1) * one + last + _SPARE_DISK


def _free_disk(folder: Path) -> int:
    """Free bytes where a folder is or will be; 0 if the system does not tell."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0
