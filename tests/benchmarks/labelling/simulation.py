"""Labelling round by round, with the truth in place of the painter: which image is best labelled
next, does a continued network lose to one from scratch, and how much is left to correct?

    python tests/benchmarks/labelling/simulation.py run [--budget MINUTES] [--sets ct em]
        [--strategies random thumbnails disagreement] [--seeds 1 2 3 4 5] [--jobs N] [--quick]
    python tests/benchmarks/labelling/simulation.py table
    python tests/benchmarks/labelling/simulation.py figure FILE.png

It resumes: a training that has a row in ``results`` is not repeated. See the README beside this
file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Any

from plan import ROUNDS, SCRATCH, SEEDS, SETS, STRATEGIES, Task, tasks
from rows import add_row, is_done, rows_of, rows_of_task
from summary import table

HERE = Path(__file__).resolve().parents[3]
ACCURACY = HERE / "tests" / "benchmarks" / "accuracy"
PRODUCT = "deepimagetranslator"
_ONE_WRITES = Lock()


def commit() -> str:
    """The last commit that changed the product."""
    git = ["git", "-C", str(HERE), "log", "-1", "--format=%h", "--", PRODUCT]
    return subprocess.check_output(git, text=True).strip()


def run(task: Task, until: float, after: Future[None] | None) -> None:
    """Do what is missing of a task, in a process of its own.

    Args:
        task: it.
        until: after this time no training begins.
        after: what must have ended before.
    """
    if after is not None:
        after.result()
    if time.time() > until:
        return
    command = [
        sys.executable,
        str(Path(__file__).with_name("one_task.py")),
        json.dumps(asdict(task) | {"until": until}),
    ]
    paths = os.pathsep.join(map(str, (HERE, ACCURACY)))
    environment = {**os.environ, "PYTHONPATH": paths}
    code = commit()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                keep(task, {"commit": code, **json.loads(line)})
    if child.returncode:
        raise RuntimeError(f"{task} failed with {child.returncode}.")


def keep(task: Task, row: dict[str, Any]) -> None:
    """Keep the row of a finished training, and say it."""
    with _ONE_WRITES:
        add_row(task, {"strategy": task.strategy, "start": task.start, "seed": task.seed, **row})
        print(
            f"{time.strftime('%H:%M:%S')} {task.set} {task.strategy or 'all images'} {task.start}, "
            f"seed {task.seed}, {row['labelled']} labelled: Dice {row['dice']:.4f}, "
            f"{row.get('pixels_to_correct', '-')} pixels to correct, {row['seconds']:.0f} s",
            flush=True,
        )


def run_all(wanted: Sequence[Task], until: float, jobs: int) -> bool:
    """Do these tasks in their order, so many at a time; whether none failed."""
    ends: dict[Task, Future[None]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for task in wanted:
            before = replace(task, kind=ROUNDS) if task.kind == SCRATCH else task
            ends[task] = pool.submit(run, task, until, ends.get(before))
    failed = {str(end.exception()) for end in ends.values() if end.exception() is not None}
    for sentence in sorted(failed):
        print(sentence, file=sys.stderr)
    if time.time() > until:
        print("The time is over; call again for the rest.")
    return not failed


def missing(task: Task) -> int:
    """The steps that a task has still to do."""
    done = len(rows_of_task(task))
    return round(task.total_steps * (1 - done / len(task.expected())))


def main() -> None:
    """Run, or show."""
    parser = argparse.ArgumentParser(description=" ".join(__doc__.split(":")[0].split()))
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", help="train and measure what is missing")
    runs.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    runs.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=STRATEGIES)
    runs.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    runs.add_argument(
        "--budget",
        type=float,
        metavar="MINUTES",
        default=float("inf"),
        help="no training begins after this time",
    )
    runs.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="processes of one thread each at a time (default: %(default)s)",
    )
    runs.add_argument("--quick", action="store_true", help="only try it: 64 x 64, 2 steps a round")
    shows = commands.add_parser("table", help="print what was found")
    shows.add_argument("--quick", action="store_true", help="of the trial")
    draws = commands.add_parser("figure", help="draw what was found")
    draws.add_argument("file", type=Path)
    draws.add_argument("--quick", action="store_true", help="of the trial")
    given = parser.parse_args()
    if given.command == "table":
        for name in SETS:
            print(table(SETS[name], rows_of(name, given.quick)))
        return
    if given.command == "figure":
        from drawing import draw  # noqa: PLC0415

        draw({SETS[name]: rows_of(name, given.quick) for name in SETS}, given.file)
        return
    wanted = list(tasks(given.sets, given.strategies, given.seeds, given.quick))
    wanted = [task for task in wanted if not is_done(task)]
    print(f"{len(wanted)} tasks with {sum(map(missing, wanted))} steps are missing.", flush=True)
    until = time.time() + 60 * min(given.budget, 1e6)
    if not run_all(wanted, until, given.jobs):
        sys.exit(1)


if __name__ == "__main__":
    main()
