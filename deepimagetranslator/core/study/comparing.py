"""The comparisons of a plan: differences over persons, with p and interval where they exist."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from deepimagetranslator.core.evaluation.summary import Spread
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.statistics.families import holm, may_test, why_no_p
from deepimagetranslator.core.study.statistics.sign_flips import (
    FEWEST_FOR_INTERVAL,
    interval,
    p_value,
)


@dataclass(frozen=True)
class Compared:
    """One variation minus another, over the persons who were tested by both.

    Attributes:
        first, second: the variations.
        size: of the training sets; 0 for all images.
        differences: by person, of the primary measure, averaged over repeats.
        mean: of the differences; nan without persons.
        interval: of the mean, 95 %; None where there is none.
        p: of the sign-flip test; None where none is given.
        adjusted: the same by Holm over the plan's comparisons.
        why: the sentence that says why there is no p or no interval, or why they are provisional;
            else empty.
    """

    first: str
    second: str
    size: int
    differences: dict[str, float]
    mean: float
    interval: tuple[float, float] | None = None
    p: float | None = None
    adjusted: float | None = None
    why: str = ""


def compared(results: Results) -> list[Compared]:
    """The plan's comparisons, at its largest size.

    A p of one needs as many persons that all of them could be significant, see ``families``; if one
    of the family has too few, none has a p.
    """
    plan = results.plan
    found = [_differences(results, *pair) for pair in plan.comparisons]
    if plan.known_in_training:
        who = ", ".join(plan.known_in_training)
        why = (
            f"No p and no interval: other images of {who} were trained on, so the test says "
            "nothing of other persons or specimens."
        )
        return [replace(one, why=why) for one in found]
    found = [_with_interval(_provisional(results, one)) for one in found]
    fewest = min((len(one.differences) for one in found), default=0)
    if not may_test(max(1, fewest), len(found)):
        return [
            replace(one, why=f"{why_no_p(fewest, len(found))} {one.why}".strip()) for one in found
        ]
    values = [p_value(list(one.differences.values())) for one in found]
    return [
        replace(one, p=p, adjusted=adjusted)
        for one, p, adjusted in zip(found, values, holm(values), strict=True)
    ]


def _differences(results: Results, first: str, second: str) -> Compared:
    size = results.sizes[-1]
    ours, theirs = (results.primary_of_persons(name, size) for name in (first, second))
    differences = {person: ours[person] - theirs[person] for person in ours if person in theirs}
    return Compared(first, second, size, differences, Spread.of(differences.values()).mean)


def _provisional(results: Results, one: Compared) -> Compared:
    """The comparison with a sentence if trainings of it are not done."""
    cells = [c for c in results.plan.cells() if c.size in (0, one.size)]
    needed = {c.name for c in cells if c.variation in (one.first, one.second)}
    open_cells = len(needed.intersection(results.missing))
    if not open_cells:
        return one
    why = (
        f"Provisional: {open_cells} of the {len(needed)} trainings compared are not done, and a "
        "study that ends when a p is small is wrong more often than the p says."
    )
    return replace(one, why=why)


def _with_interval(one: Compared) -> Compared:
    found = interval(list(one.differences.values()))
    if found is not None and all(map(math.isfinite, found)):
        return replace(one, interval=found)
    why = f"No interval of 95 % below {FEWEST_FOR_INTERVAL} persons."
    return replace(one, why=f"{one.why} {why}".strip())
