"""How long a study takes, in words that window and command share."""

from __future__ import annotations

import pytest

from deepimagetranslator.core.study.duration import expected, rough


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5400, "2 h"),
        (18_000, "5 h"),
        (35 * 3600, "35 h"),
        (50 * 3600, "2 d"),
        (240 * 3600, "10 d"),
    ],
)
def test_a_duration_in_its_largest_unit(seconds: float, text: str) -> None:
    assert rough(seconds) == text


def test_a_forecast_is_a_sentence() -> None:
    assert expected(12, 18_000) == "12 trainings, about 5 h on this machine."
    assert expected(1, 1) == "1 training, about 1 s on this machine."
