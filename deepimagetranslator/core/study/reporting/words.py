"""Words that several sections of a report use."""

from __future__ import annotations

import math
from collections.abc import Sequence

from deepimagetranslator.core.study.plan import DICE, INNER, LAST, TRAINED_ON, Plan


def plural(count: int, noun: str) -> str:
    """A number with its noun: "1 epoch", "2 epochs"."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(texts: Sequence[str]) -> str:
    """Texts as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def of_plan(plan: Plan) -> str:
    """Who was tested, and which weights were scored."""
    return f"{_split(plan)} {_weights(plan)}"


def measure_of(plan: Plan) -> str:
    """The primary measure."""
    return "Mean Dice of the classes" if plan.measure == DICE else "PSNR in dB"


def number(value: float, plan: Plan, sign: str = "") -> str:
    """A value of the primary measure; "-" if it is not defined."""
    if not math.isfinite(value):
        return "-"
    return f"{value:{sign}.{3 if plan.measure == DICE else 2}f}"


def _split(plan: Plan) -> str:
    repeats = f", {plan.repeats} times with other seeds" if plan.repeats > 1 else ""
    if plan.fixed:
        others = [name for name in plan.persons if name.endswith(TRAINED_ON)]
        same = " Other images of those tested were trained on." if others else ""
        return f"The project's validation images were tested{repeats}.{same}"
    count = len(plan.folds[0])
    return (
        f"Whole persons were left out in turn, in {count} folds{repeats}; no person was in "
        "training and tested."
    )


def _weights(plan: Plan) -> str:
    if plan.weights == LAST:
        return (
            "The last weights of each training were scored, after a length that was fixed "
            "before: no tested image chose anything."
        )
    assert plan.weights == INNER
    return (
        "Some of the training persons chose the weights of each training; in it they were "
        "neither trained on nor tested."
    )
