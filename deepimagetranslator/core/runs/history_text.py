"""The history of a run as text: loss and metrics, one line per epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping

Row = Mapping[str, float]


def text_of(rows: Iterable[Row]) -> str:
    """The rows as CSV with a header; empty without rows."""
    found = list(rows)
    return "".join([header_of(found[0]), *map(line_of, found)]) if found else ""


def header_of(row: Row) -> str:
    """The first line, with the names of the columns."""
    return _joined(row)


def line_of(row: Row) -> str:
    """A line; numbers keep their precision, epochs are integers, nan is an empty cell."""
    return _joined(_cell(name, value) for name, value in row.items())


def rows_of(text: str) -> list[dict[str, float]]:
    """The rows of a text, up to the first line that is no row of a history; empty cells are nan.

    A row has a number or nothing for each column, and a later epoch than the row before it.
    """
    rows: list[dict[str, float]] = []
    try:
        for cells in csv.DictReader(io.StringIO(text, newline="")):
            row = {name: math.nan if cell == "" else float(cell) for name, cell in cells.items()}
            if not row["epoch"] > (rows[-1]["epoch"] if rows else 0) or row["epoch"] % 1:
                break
            rows.append(row)
    except (csv.Error, KeyError, TypeError, ValueError):  # as after a crash, or of a damaged file
        pass
    return rows


def _joined(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if name == "epoch" else repr(float(value))
