"""The tables in ``results``: a file for each variant, a row for each training and condition."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scores import MEASURES

RESULTS = Path(__file__).with_name("results")
COLUMNS = (
    *("variant", "commit", "set", "seed", "steps", "step_ratio", "seconds", "processor_seconds"),
    *("condition", "images", *MEASURES),
)
RATIOS = RESULTS / "step_ratios.csv"
RATIO_COLUMNS = ("variant", "commit", "kind", "step_ratio")

Row = Mapping[str, str]


def rows_of(variant: str) -> list[Row]:
    """The rows of a variant; none if nothing was measured."""
    return _read(RESULTS / f"{variant}.csv")


def add_rows(variant: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append the rows of one training in one piece, so that a kill leaves all or none."""
    _append(RESULTS / f"{variant}.csv", COLUMNS, rows)


def ratio_of(variant: str, commit: str, kind: str) -> float | None:
    """The measured ratio of a variant's step to the baseline's; None if not yet measured."""
    key = {"variant": variant, "commit": commit, "kind": kind}
    found = [row for row in _read(RATIOS) if key.items() <= row.items()]
    return float(found[-1]["step_ratio"]) if found else None


def add_ratio(variant: str, commit: str, kind: str, ratio: float) -> None:
    """Keep a measured ratio."""
    row = {"variant": variant, "commit": commit, "kind": kind, "step_ratio": f"{ratio:.3f}"}
    _append(RATIOS, RATIO_COLUMNS, [row])


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _append(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    cells = [",".join(_cell(row.get(column, "")) for column in columns) for row in rows]
    if not path.exists():
        cells.insert(0, ",".join(columns))
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in cells))


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
