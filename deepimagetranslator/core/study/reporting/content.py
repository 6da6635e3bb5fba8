"""What the report of a study says, section by section."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from deepimagetranslator.core.study import tables
from deepimagetranslator.core.study.comparing import Compared
from deepimagetranslator.core.study.plan import Plan
from deepimagetranslator.core.study.reporting import citation, limits, medians, methods, sources
from deepimagetranslator.core.study.reporting.blocks import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    Picture,
)
from deepimagetranslator.core.study.reporting.words import measure_of, number, of_plan, plural
from deepimagetranslator.core.study.results import PRIMARY, Results
from deepimagetranslator.core.study.statistics.learning_curve import FEWEST_SIZES, fit
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.tables import Table

TITLE = "Study"
_MOST_PERSONS = 20
_SECTIONS = {
    "losses": "Loss curves",
    "measures": "Measures of persons and images",
    "agreement": "Volumes (Bland-Altman)",
    "panels": "Images",
}
_TABLES = {
    "summary": "mean, SD, median and range of each measure, over persons and over images",
    "comparisons": "the plan's comparisons over persons",
    "differences": "each person's difference in these",
    "persons": "each person, whose images count as one volume",
    "images": "each image",
    "volumes": "target and translated volume of each person, in pixels",
    "learning_curve": "the score by the number of training images",
    "optimistic": "last weights against the best by the tested images",
    "as_in_paper": "tests with images as if independent, as in the paper",
    "runs": "whence all figures come: folders, settings, weights files, their SHA-256 and that of "
    "their arrays",
}


def content(
    results: Results,
    folder: StudyFolder,
    found: list[Compared],
    made: Sequence[Table],
    pictures: Sequence[Picture],
    notes: Sequence[str],
) -> Iterator[Block]:
    """The blocks of the report.

    Args:
        results: what is done.
        folder: the study.
        found: the plan's comparisons.
        made: all tables.
        pictures: the figures.
        notes: sentences on images that cannot be shown.
    """
    plan = results.plan
    yield from _overview(results)
    yield from _scores(results)
    yield from _comparisons(results, found)
    yield from _figures("losses", pictures)
    yield from _figures("measures", pictures)
    yield from medians.section(results)
    if plan.sizes:
        yield from _curve(results, pictures)
    by_name = {table.name: table for table in made}
    yield from _optimistic(by_name["optimistic"], results)
    yield from _figures("agreement", pictures)
    yield from _figures("panels", pictures, notes)
    yield from _paper(by_name["as_in_paper"], results)
    yield from methods.section(results, folder)
    yield from limits.section(results, found)
    yield from sources.section(results)
    yield Heading("Tables as files")
    yield Items(
        tuple(f"{table.name}.csv: {_TABLES[table.name]}" for table in made if table.rows),
    )
    yield from citation.section()


def _overview(results: Results) -> Iterator[Block]:
    plan = results.plan
    tested = sorted({person for folds in plan.folds for fold in folds for person in fold})
    images = sum(len(plan.persons[person]) for person in tested)
    done = len(results.cells)
    yield Paragraph(
        f"{done} of {done + len(results.missing)} trainings are done. Tested: "
        f"{plural(len(tested), 'person')} ({', '.join(tested)}), {plural(images, 'image')}. "
        f"{of_plan(plan)}"
    )
    if results.missing:
        yield Paragraph(f"Not done: {', '.join(results.missing)}.")


def _figures(kind: str, pictures: Sequence[Picture], notes: Sequence[str] = ()) -> Iterator[Block]:
    own = [picture for picture in pictures if picture.kind == kind]
    if not own and not notes:
        return
    yield Heading(_SECTIONS[kind])
    yield from own
    if notes:
        yield Items(tuple(notes))


def _scores(results: Results) -> Iterator[Block]:
    plan = results.plan
    yield Heading(f"{measure_of(plan)} over persons")
    rows = []
    for row in tables.summary(results).rows:
        variation, size, over, persons, images, channel = row[:6]
        if over == "persons" and channel == PRIMARY:
            undefined, *numbers = row[7:]
            mean, sd, middle, low, high = (number(float(n), plan) for n in numbers)
            out = f" ({undefined} undefined)" if undefined else ""
            counts = (f"{persons}{out}", str(images))
            rows.append((str(variation), str(size), *counts, mean, sd, middle, f"{low} to {high}"))
    columns = ("variation", "training images", "persons", "images")
    source = sources.said_of(results, results.cells)
    yield Grid(
        f"Each person's images count as one volume. {source}",
        (*columns, "mean", "SD", "median", "range"),
        tuple(rows),
    )


def _comparisons(results: Results, found: Sequence[Compared]) -> Iterator[Block]:
    if not found:
        return
    plan, names = results.plan, [f"{one.first} minus {one.second}" for one in found]
    yield Heading("Comparisons")
    rows = tuple(
        (
            *(name, str(len(one.differences)), number(one.mean, plan, "+")),
            *(_interval(one, plan), _p(one.p), _p(one.adjusted)),
        )
        for name, one in zip(names, found, strict=True)
    )
    columns = ("comparison", "persons", "mean difference", "95 % interval", "p", "p by Holm")
    yield Grid(
        f"{measure_of(plan)}: mean difference over persons, interval and p of the sign-flip test, "
        f"and p by Holm over the plan's {plural(len(found), 'comparison')}. "
        f"{sources.said_of(results, results.cells)}",
        columns,
        rows,
    )
    reasons: dict[str, list[str]] = {}
    for name, one in zip(names, found, strict=True):
        reasons.setdefault(one.why, []).append(name)
    reasons.pop("", None)
    for why, of in reasons.items():
        yield Paragraph(why if len(of) == len(found) else f"{'; '.join(of)}: {why}")
    yield from _each_person(results, names, found)


def _each_person(
    results: Results, names: Sequence[str], found: Sequence[Compared]
) -> Iterator[Block]:
    plan = results.plan
    persons = dict.fromkeys(person for one in found for person in one.differences)
    if 0 < len(persons) <= _MOST_PERSONS:
        rows = tuple(
            (person, *(number(one.differences.get(person, math.nan), plan, "+") for one in found))
            for person in persons
        )
        source = sources.said_of(results, results.cells)
        yield Grid(f"Each person's difference. {source}", ("person", *names), rows)


def _interval(one: Compared, plan: Plan) -> str:
    if one.interval is None:
        return "-"
    low, high = (number(limit, plan, "+") for limit in one.interval)
    return f"{low} to {high}"


def _curve(results: Results, pictures: Sequence[Picture]) -> Iterator[Block]:
    plan = results.plan
    yield Heading("Learning curve")
    yield from (picture for picture in pictures if picture.kind == "learning")
    texts = []
    for name in (v.name for v in plan.variations):
        means = results.means_by_size(name)
        points = (f"{n} images {number(v, plan)}" for n, v in means.items())
        texts.append(f"{name}: {', '.join(points)}. {_fit_of(plan, means)}")
    yield Items(tuple(texts))


def _fit_of(plan: Plan, means: dict[int, float]) -> str:
    curve = fit(list(means), list(means.values()))
    if curve is not None:
        low, high = number(curve.lower, plan), number(curve.upper, plan)
        return (
            f"Fit {curve.a:.4g} - {curve.b:.4g} n^-{curve.c:.3g}; with endlessly many images "
            f"{number(curve.a, plan)} (95 % interval {low} to {high})."
        )
    if len(means) < FEWEST_SIZES:
        return f"No curve is fitted to fewer than {FEWEST_SIZES} sizes."
    return "No curve is given, as its interval is not finite."


def _optimistic(table: Table, results: Results) -> Iterator[Block]:
    if not table.rows:
        return
    plan, source = results.plan, sources.said_of(results, results.optimistic)
    yield Heading("As in 2021, optimistic")
    yield Paragraph(
        "The best weights by the tested images themselves (hashes in runs.csv), against the last "
        f"weights. {source}"
    )
    yield Items(
        tuple(
            f"{variation}, {size} training images, {persons} persons: "
            f"{number(float(best), plan)} instead of {number(float(last), plan)}, "
            f"{number(float(difference), plan, '+')}."
            for variation, size, persons, last, best, difference in table.rows
        )
    )


def _paper(table: Table, results: Results) -> Iterator[Block]:
    if not table.rows:
        return
    yield Heading("Images as if independent, as in the paper")
    yield Paragraph(
        "Images of one person resemble each other, so these p are too small; they are here only "
        "to be compared with the paper's."
    )
    rows = tuple((*map(tables.shown, row[:-1]), _p(float(row[-1]))) for row in table.rows)
    columns = ("test", "what", "images", "difference", "degrees of freedom", "F", "p")
    yield Grid(f"Of images. {sources.said_of(results, results.cells)}", columns, rows)


def _p(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.2g}" if value >= 1e-4 else "below 0.0001"
