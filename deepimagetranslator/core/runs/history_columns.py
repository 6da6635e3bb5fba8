"""The columns of history.csv: which of them are one measure, computed for each class."""

from __future__ import annotations

from collections.abc import Mapping

from deepimagetranslator.core.config.specs import METRICS

BY_CLASS: Mapping[str, str] = {"dice_score": "dice_", "iou": "iou_"}
"""Metrics with a column for each channel of the network, and how these columns begin."""


def measure_of(column: str) -> str:
    """The measure of a column without "val_": "dice_score" for "dice_red", mostly its own name."""
    for measure, prefix in BY_CLASS.items():
        if column.startswith(prefix) and column not in METRICS:
            return measure
    return column
