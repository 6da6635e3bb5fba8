"""Findings about this computer: memory for the network, disk space for weights files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.checks.context import CheckContext, finding
from deepimagetranslator.core.config.memory_plan import (
    training_memory_bytes,
    training_short_of_memory,
)
from deepimagetranslator.core.config.network_plan import ENGINE_BYTES, count_parameters
from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.system.machine import bytes_in_words, free_memory_bytes
from deepimagetranslator.core.system.system_path import exists

_SLOTS = {
    "muon": 1,
    "adam": 2,
    "adamw": 2,
    "adadelta": 2,
    "adagrad": 1,
    "rmsprop": 1,
    "sgd": 1,
}
"""Values that an optimizer stores for each weight."""

_SPARE_DISK = 200 * 2**20  # history, previews, the log
_KEPT_AT_LEAST = 1


def memory(context: CheckContext) -> Iterator[Problem]:
    """A training step needs more memory than is free."""
    free = free_memory_bytes()
    if context.model is None or not free:
        return
    training = context.specs.training
    model = context.model

    def needed(batch_size: int) -> int:
        step = training_memory_bytes(model, replace(training, batch_size=batch_size))
        return max(step, saving_memory_bytes(model, training))

    if needed(training.batch_size) <= free:
        return
    message = (
        f"A training step needs about {bytes_in_words(needed(training.batch_size))} of memory and "
        f"{bytes_in_words(free)} are free; choose a smaller batch, smaller images, fewer blocks or "
        "channels, or close other programs."
    )
    short = training_short_of_memory(model, training, free, context.specs.model)
    repair = short.problems[0].repair if saving_memory_bytes(model, training) <= free else None
    yield finding("memory", message, subject="training.batch_size", repair=repair)


def disk_space(context: CheckContext) -> Iterator[Problem]:
    """The weights files of a run need more disk space than is free."""
    if context.model is None or context.folder is None:
        return
    free = _free_disk(context.folder)
    training = context.specs.training
    needed = run_bytes(context.model, training)
    if not free or needed <= free:
        return
    message = (
        f"The weights of a run need about {bytes_in_words(needed)} and {bytes_in_words(free)} are "
        f"free in {context.folder}; keep fewer weights files or free some space."
    )
    kept = replace(training, keep_best=_KEPT_AT_LEAST)
    repair = None
    if run_bytes(context.model, kept) <= free:
        spare = free - run_bytes(context.model, kept)
        more = min(4, spare // max(1, 4 * count_parameters(context.model)))
        fewer = int(_KEPT_AT_LEAST + more)
        label = (
            f"Keep the best {fewer} weights files" if fewer > 1 else "Keep the best weights only"
        )
        repair = Repair(label, settings=(("training.keep_best", fewer),))
    yield finding("disk_space", message, subject="training.keep_best", repair=repair)


def run_bytes(model: ModelSpec, training: TrainingSpec) -> int:
    """Bytes of a run's weights files: the kept ones, the best, and the last two to resume from.

    Args:
        model: with all channels decided.
        training: a ``keep_best`` of 0 keeps at most one file an epoch.
    """
    one = 4 * count_parameters(model)
    kept = min(training.keep_best or training.epochs, training.epochs)
    # These two include the optimizer state; the next one is written beside them first.
    last = 3 * one * _values_a_weight(training)
    return (kept + 1) * one + last + _SPARE_DISK


def saving_memory_bytes(model: ModelSpec, training: TrainingSpec) -> int:
    """Memory in bytes while the state of a run is saved, without the loaded libraries.

    Weights and optimizer state are in memory twice then: as they are, and as a file
    (``ml.memory_file``). So is the file of the best weights.
    """
    weights = 4 * count_parameters(model)
    state = weights * _values_a_weight(training)
    return ENGINE_BYTES + 2 * state + weights


def _values_a_weight(training: TrainingSpec) -> int:
    """Values in a run's state for each weight: itself, the optimizer's, and its average."""
    return 1 + _SLOTS.get(training.optimizer, 2) + (training.averaging > 0)


def _free_disk(folder: Path) -> int:
    """Free bytes at a folder that may not exist yet; 0 if unknown."""
    place = folder.absolute()
    while not exists(place) and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0
