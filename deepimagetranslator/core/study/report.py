"""The report of a study: tables as CSV, and a summary in Markdown.

It holds no date and no machine, so that the same results give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study import tables
from deepimagetranslator.core.study.as_in_paper import as_in_paper
from deepimagetranslator.core.study.comparing import Compared, compared
from deepimagetranslator.core.study.learning_curve import FEWEST_SIZES, fit
from deepimagetranslator.core.study.plan import DICE, INNER, LAST, TRAINED_ON, Plan
from deepimagetranslator.core.study.results import PRIMARY, Results, results_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.tables import Table
from deepimagetranslator.core.system.atomic_write import write_bytes

SUMMARY = "report.md"


def write_report(plan: Plan, folder: StudyFolder) -> list[Path]:
    """Write the report of what is done; an earlier one is replaced.

    Returns:
        The files, the summary first.

    Raises:
        UserError: nothing is done yet, or a file cannot be written.
    """
    results = results_of(plan, folder)
    if not results.cells:
        raise UserError(f"No cell of {folder.path} is done yet; run the study first.")
    found = compared(results)
    made = [
        tables.summary(results),
        tables.comparisons(found),
        tables.differences(found),
        tables.persons(results),
        tables.images(results),
        tables.volumes(results),
        tables.learning_curve(results),
        tables.optimistic(results),
        as_in_paper(results),
        tables.runs(results),
    ]
    texts = {SUMMARY: "\n".join(lines(results, found, made)) + "\n"}
    texts |= {f"{table.name}.csv": table.csv() for table in made if table.rows}
    paths = []
    for name, text in texts.items():
        paths.append(folder.report / name)
        write_bytes(paths[-1], text.encode("utf-8", "surrogateescape"))
    return paths


def lines(results: Results, found: Sequence[Compared], made: Sequence[Table]) -> Iterator[str]:
    """The summary in Markdown."""
    plan = results.plan
    tested = sorted({person for folds in plan.folds for fold in folds for person in fold})
    images = sum(len(plan.persons[person]) for person in tested)
    yield "# Study"
    yield ""
    done = len(results.cells)
    yield (
        f"{done} of {done + len(results.missing)} trainings are done. Tested: {len(tested)} "
        f"person{'s' * (len(tested) != 1)} ({', '.join(tested)}), {images} images. "
        f"{_split_in_words(plan)} {_weights_in_words(plan)}"
    )
    if results.missing:
        yield ""
        yield f"Not done: {', '.join(results.missing)}."
    yield from _scores(results)
    yield from _comparisons(results, found)
    if plan.sizes:
        yield from _curve(results)
    by_name = {table.name: table for table in made}
    yield from _optimistic(by_name["optimistic"])
    yield from _paper(by_name["as_in_paper"])
    yield from ("", "## Tables", "")
    for table in made:
        if table.rows:
            yield f"- `{table.name}.csv`: {_TABLES[table.name]}"
    yield from ("", "## Limits", "")
    yield (
        "The comparisons concern these trained networks; trainings share persons, so their "
        "scores are not independent of one another. A comparison assumes that, without an effect, "
        "each person's difference is as likely with the other sign. Intervals are given for "
        "differences only, as that of a mean over persons would need an assumption about how "
        "persons are distributed. All differences that are not among the plan's comparisons "
        "are descriptive."
    )


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
    "runs": "whence all figures come: folders, weights files and their SHA-256",
}


def _split_in_words(plan: Plan) -> str:
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


def _weights_in_words(plan: Plan) -> str:
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


def _scores(results: Results) -> Iterator[str]:
    plan = results.plan
    yield from ("", f"## {_measure(plan)} over persons", "")
    yield "| variation | training images | persons | images | mean | SD | median | range |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in tables.summary(results).rows:
        variation, size, over, persons, images, channel = row[:6]
        if over == "persons" and channel == PRIMARY:
            undefined, *numbers = row[7:]
            mean, sd, middle, low, high = (_number(float(n), plan) for n in numbers)
            out = f" ({undefined} undefined)" if undefined else ""
            head = f"| {variation} | {size} | {persons}{out} | {images} "
            yield f"{head}| {mean} | {sd} | {middle} | {low} to {high} |"


def _comparisons(results: Results, found: Sequence[Compared]) -> Iterator[str]:
    plan = results.plan
    for one in found:
        yield from ("", f"## {one.first} minus {one.second}", "")
        yield (
            f"Mean difference over {len(one.differences)} persons: {_number(one.mean, plan, '+')}"
            f"{_interval_in_words(one, plan)}{_p_in_words(one, len(found))}."
        )
        if one.why:
            yield one.why
        if one.p is None:
            each = (f"{who} {_number(d, plan, '+')}" for who, d in one.differences.items())
            yield f"Each person: {', '.join(each)}."


def _interval_in_words(one: Compared, plan: Plan) -> str:
    if one.interval is None:
        return ""
    low, high = (_number(limit, plan, "+") for limit in one.interval)
    return f" (95 % interval {low} to {high})"


def _p_in_words(one: Compared, count: int) -> str:
    if one.p is None or one.adjusted is None:
        return ""
    corrected = f", {one.adjusted:.2g} by Holm over {count} comparisons" if count > 1 else ""
    return f", p = {one.p:.2g} (sign-flip test{corrected})"


def _curve(results: Results) -> Iterator[str]:
    yield from ("", "## Learning curve", "")
    for name in (v.name for v in results.plan.variations):
        means = {}
        for size in results.plan.sizes:
            own = list(results.primary_of_persons(name, size).values())
            if own:
                means[size] = math.fsum(own) / len(own)
        points = (f"{n} images {_number(v, results.plan)}" for n, v in means.items())
        yield f"- {name}: {', '.join(points)}. {_fit_in_words(results.plan, means)}"


def _fit_in_words(plan: Plan, means: dict[int, float]) -> str:
    curve = fit(list(means), list(means.values()))
    if curve is not None:
        low, high = _number(curve.lower, plan), _number(curve.upper, plan)
        return (
            f"Fit {curve.a:.4g} - {curve.b:.4g} n^-{curve.c:.3g}; with endlessly many images "
            f"{_number(curve.a, plan)} (95 % interval {low} to {high})."
        )
    if len(means) < FEWEST_SIZES:
        return f"No curve is fitted to fewer than {FEWEST_SIZES} sizes."
    return "No curve is given, as its interval is not finite."


def _optimistic(table: Table) -> Iterator[str]:
    if not table.rows:
        return
    yield from ("", "## As in 2021, optimistic", "")
    yield "The best weights by the tested images themselves, against the last weights:"
    for variation, size, persons, last, best, difference in table.rows:
        yield (
            f"- {variation}, {size} training images, {persons} persons: {tables.shown(best)} "
            f"instead of {tables.shown(last)}, {float(difference):+.3g}."
        )


def _paper(table: Table) -> Iterator[str]:
    if not table.rows:
        return
    yield from ("", "## Images as if independent, as in the paper", "")
    yield (
        "Images of one person resemble each other, so these p are too small; they are here only "
        "to be compared with the paper's."
    )
    yield ""
    yield "| test | what | images | difference | degrees of freedom | F | p |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in table.rows:
        cells = [*map(tables.shown, row[:-1]), _p(float(row[-1]))]
        yield f"| {' | '.join(cells)} |"


def _p(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2g}" if value >= 1e-4 else "below 0.0001"


def _measure(plan: Plan) -> str:
    return "Mean Dice of the classes" if plan.measure == DICE else "PSNR in dB"


def _number(value: float, plan: Plan, sign: str = "") -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:{sign}.{3 if plan.measure == DICE else 2}f}"
