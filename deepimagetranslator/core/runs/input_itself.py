"""Doing nothing as the baseline of a training: the validation inputs compared with their targets.

A network that makes images worse than they were must say so. Where inputs and targets have the
same size, channels and units, the validation inputs are measured once as if a network had given
them back unchanged, with the training's own loss and metrics on the same (augmented) images.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MEASURED = ("psnr", "mse", "mae", "ssim", "ssim_mae")
"""The metrics that are measured, the one to judge by first."""
LOSS = "loss"
HIGHER_IS_BETTER = frozenset({"psnr", "ssim"})
_WORDS = {"psnr": "PSNR", "mse": "MSE", "mae": "MAE", "ssim": "SSIM", "loss": "the loss"}
RECORD = "input_itself"
"""The name under which a run's record holds the inputs' values."""


@dataclass(frozen=True)
class Verdict:
    """Whether a network is better than doing nothing.

    Attributes:
        metric: the name of the metric, or "loss".
        network, inputs: its value on the validation images by the best weights, and for the inputs
            themselves.
    """

    metric: str
    network: float
    inputs: float

    @property
    def better(self) -> bool:
        """Whether the network is better than its input."""
        if self.metric in HIGHER_IS_BETTER:
            return self.network > self.inputs
        return self.network < self.inputs

    def __str__(self) -> str:
        return self.sentence("On the validation images the best epoch has")

    def sentence(self, subject: str) -> str:
        """What was found, and what to do if the network is worse.

        Args:
            subject: the beginning, such as "The translated images have".
        """
        word = _WORDS.get(self.metric, self.metric)
        unit = " dB" if self.metric == "psnr" else ""
        values = [f"{value:.4g}{unit}" for value in (self.network, self.inputs)]
        compared = f"{subject} {word} {values[0]}, the inputs themselves have {values[1]}"
        if self.better:
            return f"{compared}."
        return (
            f"{compared}: translating makes these images worse than leaving them as they are. "
            "Train longer, or on more pairs that resemble them, and check that inputs and targets "
            "belong together."
        )


def verdict(
    rows: Iterable[Mapping[str, float]], best_epoch: int | None, inputs: Mapping[str, float]
) -> Verdict | None:
    """Compare the best epoch with the inputs themselves.

    Args:
        rows: the rows of history.csv.
        best_epoch: the epoch of the best weights.
        inputs: the inputs' values by metric, see ``MEASURED`` and ``LOSS``.

    Returns:
        None if they have no metric in common.
    """
    best = next((row for row in rows if row.get("epoch") == best_epoch), {})
    for metric in (*MEASURED, LOSS):
        value = best.get(f"val_{metric}", math.nan)
        if metric in inputs and math.isfinite(value):
            return Verdict(metric, value, inputs[metric])
    return None


def recorded_inputs(run: Mapping[str, Any]) -> dict[str, float]:
    """The inputs' values in the record of a run; empty if it holds none."""
    found = run.get(RECORD)
    known = found if isinstance(found, Mapping) else {}
    return {
        name: float(known[name])
        for name in (*MEASURED, LOSS)
        if isinstance(known.get(name), int | float) and math.isfinite(known[name])
    }
