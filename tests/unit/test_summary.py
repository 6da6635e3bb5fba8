"""Mean and standard deviation of measures over images and over persons."""

from __future__ import annotations

import math
import statistics

import pytest

from deepimagetranslator.core.evaluation.summary import Spread, summaries

DICE = {"a1": 0.9, "a2": 0.7, "b1": 0.5, "c1": 0.6, "c2": math.nan}
PERSONS = ["a", "a", "b", "c", "c"]


def rows() -> list[dict[str, str | float]]:
    found: list[dict[str, str | float]] = []
    for name, dice in DICE.items():
        found.append({"image": name, "channel": "red", "dice": dice, "mse": 0.1})
        found.append({"image": name, "channel": "all", "mse": 0.1})
    return [*found, {"image": "pooled", "channel": "red", "dice": 0.0, "mse": 5.0}]


def test_images_are_summarized_without_the_whole_volume() -> None:
    red, everything = summaries(rows())
    known = [value for value in DICE.values() if not math.isnan(value)]
    assert (red.over, red.count, red.channel) == ("images", 5, "red")
    assert red.spreads["dice"].mean == pytest.approx(statistics.mean(known))
    assert red.spreads["dice"].sd == pytest.approx(statistics.stdev(known))
    assert red.spreads["dice"].count == 4
    assert set(everything.spreads) == {"mse"}
    assert everything.spreads["mse"].sd == pytest.approx(0, abs=1e-12)


def test_persons_count_alike_however_many_images_they_have() -> None:
    person = next(one for one in summaries(rows(), PERSONS) if one.over == "persons")
    means = [0.8, 0.5, 0.6]
    assert (person.count, person.channel) == (3, "red")
    assert person.spreads["dice"].mean == pytest.approx(statistics.mean(means))
    assert person.spreads["dice"].sd == pytest.approx(statistics.stdev(means))


@pytest.mark.parametrize("persons", [[], ["a"] * 5, ["a", "b", "", "a", "b"]])
def test_unknown_or_single_persons_are_left_out(persons: list[str]) -> None:
    assert {one.over for one in summaries(rows(), persons)} == {"images"}


def test_undefined_and_infinite_values_are_left_out() -> None:
    assert Spread.of([math.inf, 2.0, math.nan]) == Spread.of([2.0])
    assert math.isnan(Spread.of([2.0]).sd) and math.isnan(Spread.of([]).mean)
