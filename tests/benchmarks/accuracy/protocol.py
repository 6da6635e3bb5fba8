"""Accuracy on people, scanners and exports that a training did not see, variant by variant.

    python tests/benchmarks/accuracy/protocol.py run VARIANT ... [--code CHECKOUT] [--pause FILE]
    python tests/benchmarks/accuracy/protocol.py table [VARIANT ...]
    python tests/benchmarks/accuracy/protocol.py list

A run resumes: a training whose rows are in ``results`` is not repeated. Each ends after a fixed
number of steps, as many as 600 of the baseline's take, and its last weights are measured. See the
README beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import results
from pace import CHILD, counted, ratio
from sets import CACHE, DATA, KINDS, ImageSet, all_sets, membranes_at_full_size
from table import table
from variants import BASELINE, VARIANTS, Variant, variant

HERE = Path(__file__).resolve().parents[3]
PRODUCT = "deepimagetranslator"


def commit_of(code: Path) -> str:
    """The last commit that changed the product in a checkout."""
    git = ["git", "-C", str(code)]
    changed = subprocess.check_output([*git, "status", "--porcelain", PRODUCT], text=True)
    if changed:
        sys.exit(f"{code} has changes that are not committed; commit them first.")
    last = ["log", "-1", "--format=%h", "--", PRODUCT]
    return subprocess.check_output([*git, *last], text=True).strip()


def environment(code: Path) -> dict[str, str]:
    """A child's environment, with the product's code of a checkout."""
    return {**os.environ, "PYTHONPATH": str(code)}


def task_of(one: Variant, images: ImageSet, code: Path) -> dict[str, Any]:
    """What a child does, without the number of steps."""
    return {
        "code": str(code),
        "set": images.name,
        "size": images.size,
        "preset": one.preset,
        "settings": one.settings_for(images.kind),
    }


def sets_of(one: Variant) -> list[ImageSet]:
    """The sets that a variant concerns."""
    if one.full_size:
        return [membranes_at_full_size()]
    return [images for images in all_sets(one.size) if images.kind in one.kinds]


def trainings(
    one: Variant, seeds: Sequence[int], sets: Sequence[str]
) -> Iterator[tuple[ImageSet, int]]:
    """Those that have no rows yet, all sets with one seed before the next seed."""
    done = {(row["set"], row["seed"]) for row in results.rows_of(one.name)}
    for seed in one.seeds:
        for images in sets_of(one):
            wanted = seed in (seeds or one.seeds) and images.name.startswith(tuple(sets))
            if wanted and (images.name, str(seed)) not in done:
                yield images, seed


def step_ratio(one: Variant, images: ImageSet, code: Path, commit: str) -> float | None:
    """How long a step takes beside the baseline's, measured once for each kind of set; None if it
    is not measured."""
    if not one.timed:
        return None
    known = results.ratio_of(one.name, commit, images.kind)
    if known is None:
        plain = next(s for s in sets_of(variant(BASELINE)) if s.kind == images.kind)
        if one.full_size:
            plain = images
        tasks = [task_of(variant(BASELINE), plain, HERE), task_of(one, images, code)]
        known = ratio(tasks, [environment(HERE), environment(code)])
        results.add_ratio(one.name, commit, images.kind, known)
    return known


def run(
    one: Variant,
    code: Path,
    pause: Path | None,
    seeds: Sequence[int],
    sets: Sequence[str],
    source: str = "",
) -> None:
    """Do the trainings of a variant that are missing.

    Args:
        one: the variant.
        code: the checkout whose code is measured.
        pause: while this file exists, no training starts.
        seeds: only these; all if empty.
        sets: only those whose names begin with one of these.
        source: a variant whose last weights are measured instead of training, where those of this
            variant would be the same.
    """
    commit = commit_of(code)
    if source:
        commit += f" on {source}"
    for images, seed in trainings(one, seeds, sets):
        weights = weights_of(source or one.name, images, seed)
        if source and not weights.exists():
            continue
        while pause is not None and pause.exists():
            time.sleep(5)
        measured = step_ratio(one, images, code, commit)
        task = task_of(one, images, code) | {
            "seed": seed,
            "steps": round(one.steps * one.longer / counted(measured or 1.0)),
            "weights": str(weights),
            "trained": bool(source),
        }
        done = json.loads(
            subprocess.check_output(
                [sys.executable, str(CHILD), json.dumps(task)], text=True, env=environment(code)
            ).splitlines()[-1]
        )
        same = {"variant": one.name, "commit": commit, "set": images.name, "seed": seed}
        same |= {"step_ratio": measured or ""}
        same |= {name: done.get(name, "") for name in ("steps", "seconds", "processor_seconds")}
        rows = [
            {**same, "condition": condition, **measures}
            for condition, measures in done["conditions"].items()
        ]
        results.add_rows(one.name, rows)
        first = {name: value for name, value in rows[0].items() if isinstance(value, float)}
        shown = " ".join(f"{name} {value:.4g}" for name, value in first.items())
        print(f"{one.name}, {images.name}, seed {seed}: {shown}", flush=True)


def weights_of(name: str, images: ImageSet, seed: int) -> Path:
    """The last weights of a training; they stay on the machine that trained."""
    return CACHE / "weights" / name / f"{images.name}-{seed}.weights.h5"


def main() -> None:
    """Run, show, or list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    names = [one.name for one in VARIANTS]
    runs = commands.add_parser("run", help="train and measure what is missing")
    runs.add_argument("variants", nargs="+", choices=names, metavar="VARIANT")
    runs.add_argument("--code", type=Path, default=HERE, help="the checkout whose code is measured")
    runs.add_argument("--pause", type=Path, help="while this file exists, no training starts")
    runs.add_argument("--seeds", type=int, nargs="+", default=(), help="only these")
    runs.add_argument(
        "--sets", nargs="+", default=KINDS, metavar="NAME", help="only these; a kind is enough"
    )
    runs.add_argument(
        "--weights-of",
        choices=names,
        default="",
        metavar="VARIANT",
        help="measure its last weights instead of training, where they would be the same",
    )
    shows = commands.add_parser("table", help="compare with the baseline")
    shows.add_argument("variants", nargs="*", metavar="VARIANT", help="default: all")
    commands.add_parser("list", help="say what there is")
    given = parser.parse_args()
    if given.command == "list":
        print("\n".join(f"{one.name:32} {' '.join(one.settings)}" for one in VARIANTS))
    elif given.command == "table":
        print(table(given.variants or names))
    else:
        if not DATA.is_dir():
            sys.exit(f"The shared real images are not at {DATA}.")
        for name in given.variants:
            run(
                variant(name),
                given.code.resolve(),
                given.pause,
                given.seeds,
                given.sets,
                given.weights_of,
            )


if __name__ == "__main__":
    main()
