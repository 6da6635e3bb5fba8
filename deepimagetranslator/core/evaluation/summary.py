"""Mean and standard deviation of an evaluation's measures, over images and over persons."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from deepimagetranslator.core.data.splits import persons_of
from deepimagetranslator.core.evaluation.measures import MEASURES, OF_INPUT
from deepimagetranslator.core.evaluation.table import POOLED, Evaluation
from deepimagetranslator.core.imaging.series import patient_of

Row = Mapping[str, str | float]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation.

    Attributes:
        mean: the mean; nan without values.
        sd: the sample standard deviation (divided by count - 1); nan for fewer than two values.
        count: the number of values.
    """

    mean: float
    sd: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of the values that are defined and finite."""
        known = [value for value in values if math.isfinite(value)]
        many = len(known)
        if not many:
            return cls(math.nan, math.nan, 0)
        mean = math.fsum(known) / many
        squares = math.fsum((value - mean) ** 2 for value in known)
        return cls(mean, math.sqrt(squares / (many - 1)) if many > 1 else math.nan, many)


@dataclass(frozen=True)
class Summary:
    """The spread of the measures of one channel.

    Attributes:
        over: "images" or "persons".
        count: the number of images or persons.
        channel: the channel.
        spreads: by measure; a measure that the channel does not have is missing.
    """

    over: str
    count: int
    channel: str
    spreads: Mapping[str, Spread]


@dataclass(frozen=True)
class Summarized:
    """An evaluation and its summary.

    Attributes:
        evaluation: the measures.
        persons: each image's person, as the data check and the split know them; empty unless there
            are several. A DICOM patient is "person 1", since tables are passed on.
        summaries: the spread of the measures over images and persons.
    """

    evaluation: Evaluation
    persons: Sequence[str]
    summaries: Sequence[Summary]


def summarized(evaluation: Evaluation, folders: Sequence[str] = ()) -> Summarized:
    """Summarize an evaluation. 10,000 images take over a second, so run it in a thread.

    Args:
        evaluation: the measures.
        folders: folders that each hold the images of one person, as ``DataSpec.persons``.
    """
    patients = [patient_of(file) or "" for file in evaluation.files]
    persons = persons_of(evaluation.files, patients, folders)
    several = "" not in persons and len(set(persons)) > 1
    known = without_patients(persons, set(patients)) if several else []
    return Summarized(evaluation, known, summaries(evaluation.rows, known))


def without_patients(persons: Sequence[str], patients: Container[str]) -> list[str]:
    """The persons, with a number instead of the name or ID of each DICOM patient."""
    names = {person: person for person in persons if person not in patients}
    free = (f"person {number}" for number in count(1))
    for person in persons:
        if person not in names:
            names[person] = next(name for name in free if name not in names)
    return [names[person] for person in persons]


def summaries(rows: Sequence[Row], persons: Sequence[str] = ()) -> list[Summary]:
    """The spread over images and, if persons are given, over persons.

    Args:
        rows: the rows of an ``Evaluation``.
        persons: each image's person in the order of the rows; empty if unknown. A person's value is
            the mean of his or her images.
    """
    channels: dict[str, list[Row]] = {}
    for row in rows:
        if row["image"] != POOLED:
            channels.setdefault(str(row["channel"]), []).append(row)
    found = [
        Summary("images", len(own), channel, _spreads(own)) for channel, own in channels.items()
    ]
    if not persons:
        return found
    there = len(set(persons))
    for channel, own in channels.items():
        means = [_means(group) for group in _groups(own, persons)]
        found.append(Summary("persons", there, channel, _spreads(means)))
    return found


def _groups(rows: Sequence[Row], persons: Sequence[str]) -> list[list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row, person in zip(rows, persons, strict=True):
        groups.setdefault(person, []).append(row)
    return list(groups.values())


def _means(rows: Sequence[Row]) -> dict[str, float]:
    return {name: spread.mean for name, spread in _spreads(rows).items()}


def _spreads(rows: Sequence[Row]) -> dict[str, Spread]:
    names = [name for name in (*MEASURES, *OF_INPUT) if any(name in row for row in rows)]
    return {name: Spread.of(float(row.get(name, math.nan)) for row in rows) for name in names}
