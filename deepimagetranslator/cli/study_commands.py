"""The commands of a study: new, run, status, report, pack, verify, translate, commands."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.engine_commands import translated_with
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.duration import expected
from deepimagetranslator.core.study.ensemble import weights_of
from deepimagetranslator.core.study.new_study import (
    FIXED,
    FOLDS,
    LEAVE_ONE_OUT,
    Wishes,
    plan_study,
    sizes_in,
    write_study,
)
from deepimagetranslator.core.study.plan import INNER, LAST, Plan
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.status import CellStatus, Step, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import ONLY, Variation, crossed
from deepimagetranslator.core.study.verifying import verify
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.ml import devices

Outcome = tuple[int, dict[str, Any]]
_SOME_FAILED = 3
_SCORED = {LAST: "last weights", INNER: "weights that inner persons choose"}


def new(arguments: argparse.Namespace) -> Outcome:
    """Plan a study and write it; nothing is trained."""
    study = plan_study(load_project(arguments.project), _wishes(arguments))
    folder = StudyFolder(arguments.output)
    write_study(study, folder)
    plan = study.plan
    cells = list(plan.cells())
    persons = ", ".join(f"{name} ({len(images)})" for name, images in plan.persons.items())
    terminal.say(f"Persons and their images: {persons}.")
    if plan.known_in_training:
        who = ", ".join(plan.known_in_training)
        terminal.say(
            f"Note: images of {who} are trained on and tested, so the study says nothing of others."
        )
    terminal.say(
        f"{folder.path}: {len(plan.variations)} variation{'s' * (len(plan.variations) != 1)}, "
        f"{len(cells)} training{'s' * (len(cells) != 1)}; the {_SCORED[plan.weights]} are scored; "
        f"primary measure {plan.measure}."
    )
    return 0, {
        "study": str(folder.path),
        "cells": [cell.name for cell in cells],
        "variations": [variation.name for variation in plan.variations],
        "persons": {name: len(images) for name, images in plan.persons.items()},
        "measure": plan.measure,
        "weights": plan.weights,
    }


def run(arguments: argparse.Namespace) -> Outcome:
    """Train and evaluate what is not done yet."""
    folder = StudyFolder(arguments.study)
    plan = load_plan(folder.plan)
    only = tuple(arguments.cell)
    for name in only:
        plan.cell(name)
    sweep(folder.path)
    with terminal.progress() as (report, control):
        _run(arguments, plan, folder, only, report, control)
    found = [one for one in status_of(plan, folder) if not only or one.cell.name in only]
    failed = [one for one in found if one.step is Step.FAILED]
    if failed and not any(one.step is Step.DONE for one in found):
        raise UserError(f"{failed[0].cell.name}: {failed[0].failure}")
    terminal.say(f"{folder.path}: {_counts(found)}.")
    whole = all(one.step in (Step.DONE, Step.RUNNING) for one in found)
    return 0 if whole else _SOME_FAILED, _as_json(folder, found)


def _run(
    arguments: argparse.Namespace,
    plan: Plan,
    folder: StudyFolder,
    only: Sequence[str],
    report: Report,
    control: JobControl,
) -> None:
    """Train in this process, in several, or on a cluster."""
    if arguments.dask is not None:
        if arguments.jobs != 1:
            raise UserError("--dask trains on other processes, --jobs on own; give one of them.")
        from deepimagetranslator.ml.cluster.study import run_on_cluster  # noqa: PLC0415

        run_on_cluster(folder, arguments.dask, only=only, report=report, control=control)
        return
    if not arguments.no_forecast:
        _say_forecast(plan, folder, only, arguments.jobs, control)
    if arguments.jobs != 1:
        from deepimagetranslator.ml.study.jobs import crowded, run_in_processes  # noqa: PLC0415

        if note := crowded(plan, arguments.jobs):
            terminal.say(f"Note: {note}")
        run_in_processes(folder, arguments.jobs, only=only, report=report, control=control)
        return
    devices.load_engine(threads=plan.threads)
    from deepimagetranslator.ml.study.run import run_study  # noqa: PLC0415

    run_study(folder, only=only, report=report, control=control)


def status(arguments: argparse.Namespace) -> Outcome:
    """Show how far each cell has come."""
    folder = StudyFolder(arguments.study)
    found = status_of(load_plan(folder.plan), folder)
    print(status_table(found))
    terminal.say(f"{folder.path}: {_counts(found)}.")
    return 0, _as_json(folder, found)


def report(arguments: argparse.Namespace) -> Outcome:
    """Write the report of what is done."""
    from deepimagetranslator.ml.study.report import make_report  # noqa: PLC0415  is slow

    folder = StudyFolder(arguments.study)
    plan = load_plan(folder.plan)
    with terminal.progress() as (tell, control):
        files = make_report(folder, control=control, report=tell)
    print(files[0].read_text(encoding="utf-8", errors="replace"), end="")
    missing = [one.cell.name for one in status_of(plan, folder) if one.step is not Step.DONE]
    if missing:
        terminal.say(f"{len(missing)} trainings are not done; the report is on the others.")
    return 0, {
        "report": str(folder.report),
        "files": [str(path) for path in files],
        "missing": missing,
    }


def pack(arguments: argparse.Namespace) -> Outcome:
    """Write the evidence pack."""
    from deepimagetranslator.ml.study.pack import make_pack, pack_of  # noqa: PLC0415  is slow

    folder = StudyFolder(arguments.study)
    output = arguments.output or pack_of(folder)
    with terminal.progress() as (tell, control):
        made = make_pack(folder, output, control=control, report=tell)
    terminal.say(f"{made} holds the report, plan, records, scores and hashes; no weights.")
    return 0, {"pack": str(made), "bytes": made.stat().st_size}


def verify_pack(arguments: argparse.Namespace) -> Outcome:
    """Check the hashes of an unpacked pack and of the images beside it."""
    with terminal.progress() as (tell, control):
        found = verify(arguments.study, report=tell, control=control)
    for word, names in (("is another file", found.different), ("is missing", found.missing)):
        for name in names:
            terminal.say(f"{name} {word}.")
    wrong = len(found.different) + len(found.missing)
    terminal.say(f"{found.right} files are as the pack states, {wrong} are not.")
    return _SOME_FAILED if wrong else 0, {
        "right": found.right,
        "different": list(found.different),
        "missing": list(found.missing),
    }


def commands(arguments: argparse.Namespace) -> Outcome:
    """Print one command a cell, and write a script for SLURM, to train on several machines."""
    folder = StudyFolder(arguments.study)
    cells = [cell.name for cell in load_plan(folder.plan).cells()]
    place = folder.path.absolute()
    lines = [_line(place, name) for name in cells]
    print("\n".join(lines))
    script = place / "slurm-array.sh"
    write_bytes(script, _slurm(place, cells).encode("utf-8", "surrogateescape"))
    terminal.say(f"{script} runs them as an array of SLURM: sbatch {shlex.quote(str(script))}")
    return 0, {"commands": lines, "script": str(script)}


def translate(arguments: argparse.Namespace) -> Outcome:
    """Translate with the networks of all folds of a variation together."""
    folder = StudyFolder(arguments.study)
    found = weights_of(load_plan(folder.plan), folder, arguments.variation)
    left_out = f"; not done yet: {', '.join(found.missing)}" if found.missing else ""
    terminal.say(f"{len(found.files)} networks of {found.variation} translate together{left_out}.")
    return translated_with(found.files, arguments)


def status_table(found: Sequence[CellStatus]) -> str:
    """The cells as aligned text: name, how far, complete epochs, mean of the primary measure."""
    first = max(len(one.cell.name) for one in found) + 2
    lines = [f"{'cell':{first}}{'':13}{'epochs':>7}{'value':>9}"]
    for one in found:
        value = "" if one.value != one.value else f"{one.value:.4f}"
        failure = f"  {one.failure}" if one.failure else ""
        lines.append(f"{one.cell.name:{first}}{one.step.value:13}{one.epoch:7}{value:>9}{failure}")
    return "\n".join(lines)


def _wishes(arguments: argparse.Namespace) -> Wishes:
    settings = list(arguments.set)
    if arguments.epochs is not None:
        settings.append(f"training.epochs={arguments.epochs}")
    kind = FOLDS if arguments.folds is not None else FIXED if arguments.fixed else LEAVE_ONE_OUT
    varied = crossed(arguments.vary) if arguments.vary else (Variation(ONLY),)
    compared = [_pair(text) for text in arguments.compare]
    return Wishes(
        kind,
        arguments.folds or 0,
        arguments.repeats,
        sizes_in(arguments.sizes or ""),
        varied,
        tuple(settings),
        tuple(compared) if compared else None,
        arguments.measure,
        arguments.weights,
        arguments.optimistic,
        arguments.threads or os.cpu_count() or 1,
        arguments.group,
    )


def _pair(text: str) -> tuple[str, str]:
    first, colon, second = text.partition(":")
    if not colon or not first or not second:
        raise UserError(f"'{text}' is not of the form VARIATION:VARIATION.")
    return first, second


def _say_forecast(
    plan: Plan, folder: StudyFolder, only: Sequence[str], jobs: int, control: JobControl
) -> None:
    devices.load_engine(threads=plan.threads)
    from deepimagetranslator.ml.study.forecast import forecast  # noqa: PLC0415

    try:
        found = forecast(plan, folder, only, control)
    except UserError as error:
        terminal.say(f"It cannot be said how long it will take: {error}")
        return
    if found.trainings:
        at_a_time = max(1, min(jobs, found.trainings, (os.cpu_count() or 1) // (plan.threads or 1)))
        terminal.say(expected(found.trainings, found.seconds / at_a_time))


def _counts(found: Sequence[CellStatus]) -> str:
    counts = Counter(one.step for one in found)
    return ", ".join(f"{counts[step]} {step.value}" for step in Step if counts[step])


def _as_json(folder: StudyFolder, found: Sequence[CellStatus]) -> dict[str, Any]:
    cells = [
        {
            "cell": one.cell.name,
            "state": one.step.value,
            "epoch": one.epoch,
            "value": one.value,
            "seconds": round(one.seconds, 3),
            "failure": one.failure,
        }
        for one in found
    ]
    return {"study": str(folder.path), "cells": cells}


def _line(study: Path, cell: str) -> str:
    program = "python -m deepimagetranslator"
    return f"{program} study run {shlex.quote(str(study))} --no-forecast --cell {cell}"


def _slurm(study: Path, cells: Sequence[str]) -> str:
    names = "\n".join(f"  {name}" for name in cells)
    return f"""#!/bin/sh
#SBATCH --job-name=study
#SBATCH --array=1-{len(cells)}
# One cell of the study a task; each may be started again, and what is done is not repeated.
set -- \\
{names.replace(chr(10), " " + chr(92) + chr(10))}
shift $((SLURM_ARRAY_TASK_ID - 1))
exec {_line(study, '"$1"')}
"""
