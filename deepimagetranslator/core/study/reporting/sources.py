"""The sources of figures and tables: the runs that are done, by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deepimagetranslator.core.study.plan import Cell
from deepimagetranslator.core.study.reporting.blocks import Block, Grid, Heading, Paragraph
from deepimagetranslator.core.study.results import Results


def said_of(results: Results, cells: Iterable[Cell]) -> str:
    """Persons, images and source: "3 persons, 53 images. Source: runs 1 to 3."."""
    chosen = list(cells)
    images = {i.number: i.person for cell in chosen for i in results.cells[cell].images}
    persons, count = len(set(images.values())), len(images)
    numbers = {cell: number for number, cell in enumerate(results.cells, 1)}
    return (
        f"{persons} person{'s' * (persons != 1)}, {count} image{'s' * (count != 1)}. "
        f"Source: {_runs(sorted(numbers[cell] for cell in chosen))}."
    )


def listed(results: Results, cells: Iterable[Cell]) -> str:
    """The same in full, for a figure that is taken out of the report."""
    return "; ".join(
        f"cells/{cell.name}, {scores.weights}, SHA-256 {scores.arrays or scores.sha256}, "
        f"variations/{cell.variation}.json"
        for cell in cells
        for scores in [results.cells[cell]]
    )


def section(results: Results) -> Iterator[Block]:
    """The runs with their folders, weights and settings."""
    yield Heading("Sources")
    yield Paragraph(
        "Each run is a training with its evaluation, in a folder of the study. The hash is the "
        "SHA-256 of the arrays in the weights file (names, types, shapes and values), which is the "
        "same in equal trainings. That of the file itself, which also holds the date, is in "
        "runs.csv; it stands here where the arrays were not hashed, in studies of an earlier "
        "version."
    )
    rows = tuple(
        (
            *(str(number), f"cells/{cell.name}", f"variations/{cell.variation}.json"),
            *(scores.weights, scores.arrays or scores.sha256),
        )
        for number, (cell, scores) in enumerate(results.cells.items(), 1)
    )
    yield Grid("", ("run", "folder", "settings", "weights", "SHA-256"), rows)


def _runs(numbers: Sequence[int]) -> str:
    """The numbers as text: "runs 1 to 3, 5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = (f"{p[0]} to {p[-1]}" if len(p) > 2 else ", ".join(map(str, p)) for p in parts)
    return f"run{'s' * (len(numbers) != 1)} {', '.join(words)}"
