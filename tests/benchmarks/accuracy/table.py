"""The protocol's results as Markdown: each variant beside the baseline."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from results import Row, rows_of
from sets import KERNELS, MEMBRANES, NOISE, TISSUE
from variants import variant

SHOWN = {
    TISSUE: ("dice",),
    MEMBRANES: ("membrane", "both", "both_soft"),
    NOISE: ("psnr", "ssim"),
    KERNELS: ("psnr", "ssim"),
}
CLASSES = ("red", "green", "blue", "black_in_fat")
FALL = {"psnr": 0.1}
LEAST_FALL = 0.005
MARK = (
    "Optimistic: the trials were chosen on these people. SD is over seeds; persons are not an "
    "interval's sample."
)


def table(variants: Sequence[str]) -> str:
    """Every variant's rows: each set's mean over seeds, the SD over seeds, and the difference to
    the baseline on the same seeds. A fall of over .005 or 0.1 dB is marked with !"""
    parts = [MARK, *(_variant(name, rows_of(variant(name).beside)) for name in variants)]
    return "\n\n".join(part for part in parts if part)


def _variant(name: str, before: Sequence[Row]) -> str:
    rows = rows_of(name)
    if not rows:
        return ""
    commits = ", ".join(dict.fromkeys(row["commit"] for row in rows))
    kinds = (_kind(kind, rows, before) for kind in SHOWN)
    return "\n\n".join([f"## {name} ({commits})", *filter(None, kinds)])


def _kind(kind: str, rows: Sequence[Row], before: Sequence[Row]) -> str:
    rows = [row for row in rows if row["set"].split()[0] == kind]
    sets = list(dict.fromkeys(row["set"] for row in rows))
    if not sets:
        return ""
    conditions = list(dict.fromkeys(row["condition"] for row in rows))
    lines = [(condition, measure) for condition in conditions for measure in SHOWN[kind]]
    lines[len(SHOWN[kind]) : len(SHOWN[kind])] = [
        (conditions[0], measure) for measure in (CLASSES if kind == TISSUE else ())
    ]
    head = ["condition", "measure", *sets]
    body = [
        [condition, measure, *(_cell(rows, before, one, condition, measure) for one in sets)]
        for condition, measure in lines
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *body])


def _cell(
    rows: Sequence[Row], before: Sequence[Row], one: str, condition: str, measure: str
) -> str:
    """Mean over seeds (SD) and the difference to the baseline."""
    ours, theirs = (_by_seed(part, one, condition, measure) for part in (rows, before))
    values = list(ours.values())
    digits = 2 if measure == "psnr" else 4
    shown = f"{statistics.mean(values):.{digits}f}"
    if len(values) > 1:
        shown += f" ({statistics.stdev(values):.{digits}f})"
    both = ours.keys() & theirs.keys()
    if not both or rows[0]["variant"] == before[0]["variant"]:
        return shown
    change = statistics.mean(ours[seed] - theirs[seed] for seed in both)
    worse = change < -FALL.get(measure, LEAST_FALL) and measure != "black_in_fat"
    return f"{shown} {change:+.{digits}f}{'!' if worse else ''}"


def _by_seed(rows: Sequence[Row], one: str, condition: str, measure: str) -> dict[str, float]:
    return {
        row["seed"]: float(row[measure])
        for row in rows
        if row["set"] == one and row["condition"] == condition
    }
