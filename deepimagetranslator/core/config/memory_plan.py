"""Settings with which a training or a translation fits into the memory, from the network's plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.network_plan import predict_memory_bytes, step_memory_bytes
from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec
from deepimagetranslator.core.errors import DataProblems, Problem, Remedy, Repair
from deepimagetranslator.core.system.machine import bytes_in_words

Settings = tuple[tuple[str, Any], ...]

SURE = 0.75
"""With less than this part of the estimated memory a step cannot run, however wrong the estimate
is."""
_LEAST_SIDE = 32  # pixels
_SIDES = ("input_height", "input_width", "target_height", "target_width")


def training_memory_bytes(model: ModelSpec, training: TrainingSpec) -> int:
    """Estimate the peak memory of a training step in bytes, see ``step_memory_bytes``."""
    return step_memory_bytes(
        model, training.batch_size, training.precision, averaged=training.averaging > 0
    )


def smaller_batch(model: ModelSpec, training: TrainingSpec, free: int) -> int:
    """A smaller batch size with which a training step fits into ``free`` bytes; 0 if none does."""
    return _halved(
        training.batch_size,
        lambda size: training_memory_bytes(model, replace(training, batch_size=size)),
        free,
    )


def smaller_training(
    model: ModelSpec, training: TrainingSpec, free: int, chosen: ModelSpec
) -> Settings:
    """Settings with which a training step fits into ``free`` bytes: a smaller batch, else a batch
    of one image and a smaller image size; () if only a smaller network could fit.

    Args:
        model: with all sizes decided.
        training: the settings now.
        free: bytes.
        chosen: the network as the user chose it: its sizes of 0 follow from the others.
    """
    if batch := smaller_batch(model, training, free):
        return (("training.batch_size", batch),)
    small = model
    while min(small.input_height, small.input_width) >= 2 * _LEAST_SIDE:
        small = replace(small, **{side: max(1, getattr(small, side) // 2) for side in _SIDES})
        if training_memory_bytes(small, replace(training, batch_size=1)) <= free:
            batch_size: Settings = (("training.batch_size", 1),)
            sides = [side for side in _SIDES if side.startswith("input") or getattr(chosen, side)]
            sizes = tuple((f"model.{side}", getattr(small, side)) for side in sides)
            return (batch_size if training.batch_size > 1 else ()) + sizes
    return ()


def training_short_of_memory(
    model: ModelSpec, training: TrainingSpec, free: int, chosen: ModelSpec
) -> DataProblems:
    """The error that a training step does not fit into ``free`` bytes; its repair makes it fit.

    Args:
        model, training, free, chosen: as in ``smaller_training``.
    """
    needed = training_memory_bytes(model, training)
    # The estimate may be too low, or other limits hold: half the batch or of the memory at most.
    half = needed // 2
    if training.batch_size > 1:
        half = training_memory_bytes(model, replace(training, batch_size=training.batch_size // 2))
    settings = smaller_training(model, training, min(free or half, half), chosen)
    short = f"A training step needs {_amounts(needed, free)}"
    return _error(short, settings, "Train", "choose fewer blocks or channels")


def translation_short_of_memory(
    model: ModelSpec, batch_size: int, precision: str, free: int, tiles: bool
) -> DataProblems:
    """The error that a translation does not fit into ``free`` bytes; its repair makes it fit.

    Args:
        model: the weights' network; its sizes may be 0.
        batch_size: images translated at once.
        precision: of the computation.
        free: bytes.
        tiles: images are translated in tiles already.
    """
    needed = predict_memory_bytes(model, batch_size, precision)
    smaller = _halved(
        batch_size,
        lambda size: predict_memory_bytes(model, size, precision),
        min(free or needed, needed),
    )
    settings: Settings = (("translation.batch_size", smaller),) if smaller else ()
    if not settings and not tiles and not model.input_height:  # else a tile is as large
        settings = (("translation.large_images", "tiles"),)
    short = f"Translating needs {_amounts(needed, free)}"
    return _error(short, settings, "Translate", "use weights with fewer blocks or channels")


def _halved(batch_size: int, needed: Callable[[int], int], most: int) -> int:
    """The batch size, halved until it needs at most so many bytes; 0 if none does."""
    smaller = batch_size // 2
    while smaller and needed(smaller) > most:
        smaller //= 2
    return smaller


def _amounts(needed: int, free: int) -> str:
    known = f" and {bytes_in_words(free)} are free" if 0 < free < needed else ""
    return f"about {bytes_in_words(needed)} of memory{known}"


def _error(short: str, settings: Settings, verb: str, otherwise: str) -> DataProblems:
    """The error with these settings as its repair; without settings with other advice."""
    remedy, repair, advice = None, None, otherwise
    if settings:
        what = _in_words(dict(settings))
        advice = f"{verb.lower()} with {what}"
        remedy, repair = Remedy(settings), Repair(f"{verb} with {what}", settings=settings)
    message = f"There is not enough memory. {short}; {advice}, or close other programs."
    return DataProblems([Problem("", message, kind="memory", remedy=remedy, repair=repair)])


def _in_words(settings: dict[str, Any]) -> str:
    """Such as "2 images a batch" or "128 x 128 pixels"."""
    parts = []
    for name, value in settings.items():
        if name.endswith("batch_size"):
            parts.append(f"{value} {'image' if value == 1 else 'images'} a batch")
        elif name == "translation.large_images":
            parts.append("large images in tiles")
    if "model.input_height" in settings:
        parts.append(f"{settings['model.input_width']} x {settings['model.input_height']} pixels")
    return " and ".join(parts)
