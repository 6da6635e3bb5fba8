"""The results: a CSV file for each set, a row for each training."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plan import CACHE, ROUNDS, Task

RESULTS = Path(__file__).with_name("results")
COLUMNS = (
    *("strategy", "start", "seed", "round", "labelled", "steps", "dice"),
    *("pixels_to_correct", "not_background", "seconds", "commit", "new_images"),
)
Row = Mapping[str, str]


def path_of(name: str, quick: bool = False) -> Path:
    """The results of a set; those of a trial lie below the temporary folder."""
    folder = CACHE / "labelling-quick" if quick else RESULTS
    return folder / f"{name}.csv"


def rows_of(name: str, quick: bool = False) -> list[Row]:
    """The rows of a set; none if nothing was measured."""
    path = path_of(name, quick)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_of_task(task: Task) -> list[Row]:
    """The rows of a task, by round."""
    key = {"strategy": task.strategy, "start": task.start, "seed": str(task.seed)}
    found = [row for row in rows_of(task.set, task.quick) if key.items() <= row.items()]
    return sorted(found, key=lambda row: int(row["round"]))


def is_done(task: Task) -> bool:
    """Whether it has all its rows."""
    return {int(row["round"]) for row in rows_of_task(task)} >= set(task.expected())


def last_chosen(task: Task) -> list[str] | None:
    """The names of all images that a strategy's last round has; None before that is done."""
    rounds = Task(task.set, ROUNDS, task.strategy, task.seed, task.quick)
    if not is_done(rounds):
        return None
    return [name for row in rows_of_task(rounds) for name in row["new_images"].split()]


def add_row(task: Task, row: Mapping[str, Any]) -> None:
    """Append a row, unless its round has one."""
    if str(row["round"]) in {known["round"] for known in rows_of_task(task)}:
        return
    path = path_of(task.set, task.quick)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "" if path.exists() else _line(COLUMNS)
    with path.open("a", encoding="utf-8") as file:
        file.write(head + _line([_cell(row.get(column, "")) for column in COLUMNS]))


def _line(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\n"


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
