"""What a study cannot say, from its data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from deepimagetranslator.core.study.comparing import Compared
from deepimagetranslator.core.study.plan import INNER, Plan
from deepimagetranslator.core.study.reporting.blocks import Block, Heading, Items
from deepimagetranslator.core.study.reporting.words import plural
from deepimagetranslator.core.study.results import PRIMARY, Results
from deepimagetranslator.core.study.statistics.agreement import FEWEST_PERSONS
from deepimagetranslator.core.study.statistics.sign_flips import FEWEST_FOR_INTERVAL


def section(results: Results, found: list[Compared]) -> Iterator[Block]:
    """The section."""
    yield Heading("Limits")
    yield Items(tuple(_limits(results, found)))


def _limits(results: Results, found: list[Compared]) -> Iterator[str]:
    plan = results.plan
    persons = {image.person for scores in results.cells.values() for image in scores.images}
    yield _persons(len(persons))
    yield (
        "The comparisons concern these trained networks; trainings share persons, so their "
        "scores are not independent of one another."
    )
    if found:
        yield (
            "A comparison assumes that, without an effect, each person's difference is as likely "
            "with the other sign. Intervals are given for differences only, as that of a mean over "
            "persons would need an assumption about how persons are distributed. All differences "
            "that are not among the plan's comparisons are descriptive."
        )
    yield _seeds(plan)
    yield (
        "Images of one person resemble each other: measures over images describe these images "
        "only, and no conclusion rests on them."
    )
    yield _weights(plan)
    if plan.known_in_training:
        who = ", ".join(plan.known_in_training)
        yield f"Other images of {who} were trained on; nothing is said of other persons."
    if results.missing:
        open_cells = len(results.missing)
        yield f"{plural(open_cells, 'training')} of the plan {_are(open_cells)} not done."
    undefined = _undefined(results)
    if undefined:
        yield (
            f"Of {plural(undefined, 'person')} the primary measure is undefined under at least one "
            "variation and left out there."
        )
    if len(persons) < FEWEST_PERSONS:
        yield (
            f"Limits of agreement are not given below {FEWEST_PERSONS} persons. Volumes are in "
            "pixels, as most image files state no size of a voxel."
        )
    else:
        yield "Volumes are in pixels, as most image files state no size of a voxel."
    yield (
        "Persons are told apart by folders, file names or DICOM patients, as the project says; one "
        "person under two names would be counted as two. Whether these persons stand for others "
        "is for the reader to judge."
    )
    yield (
        "Results repeat exactly on the same machine, with the same versions and number of threads; "
        "elsewhere the last digits of losses differ and grow over the epochs."
    )


def _persons(count: int) -> str:
    few = (
        ", too few for an interval or a p of any comparison" if count < FEWEST_FOR_INTERVAL else ""
    )
    return f"{plural(count, 'person')} {'was' if count == 1 else 'were'} tested{few}."


def _seeds(plan: Plan) -> str:
    if plan.repeats == 1:
        return (
            "Each network was trained once, with one seed: how much a result would differ with "
            "another seed is not known."
        )
    return (
        f"Each network was trained with {plan.repeats} seeds, which are averaged within a person; "
        "the spread between seeds is not part of any interval."
    )


def _weights(plan: Plan) -> str:
    if plan.weights == INNER:
        return (
            "Some training persons chose the weights and were not trained on, which costs training "
            "images."
        )
    return (
        "The last weights were scored after a fixed length. Another length may give other "
        "results; none was tried on the tested images."
    )


def _undefined(results: Results) -> int:
    key = PRIMARY, results.plan.measure
    return len(
        {
            person
            for group in results.groups()
            for person, own in results.of_persons(*group).items()
            if not math.isfinite(own[key])
        }
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
