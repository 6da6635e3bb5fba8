"""Columns of history.csv that belong to one measure of several classes."""

from __future__ import annotations

import pytest

from deepimagetranslator.core.config.specs import METRICS
from deepimagetranslator.core.runs.history_columns import measure_of


@pytest.mark.parametrize(
    ("column", "measure"),
    [
        ("dice_red", "dice_score"),
        ("dice_lean tissue", "dice_score"),
        ("iou_class2", "iou"),
        ("loss", "loss"),
        ("total_loss", "total_loss"),
        ("learning_rate", "learning_rate"),
    ],
)
def test_columns_of_classes_belong_to_their_measure(column: str, measure: str) -> None:
    assert measure_of(column) == measure


def test_metrics_whose_names_begin_alike_are_measures_of_their_own() -> None:
    assert [measure_of(name) for name in METRICS] == list(METRICS)
