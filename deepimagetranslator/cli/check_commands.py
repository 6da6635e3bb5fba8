"""The command check: finds problems of a project, and repairs them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from deepimagetranslator.cli import remedies, terminal
from deepimagetranslator.core.checks import examination
from deepimagetranslator.core.checks.kinds import TITLES, level, title
from deepimagetranslator.core.checks.repairs import ALL, chosen_repair, repaired
from deepimagetranslator.core.config.choices import choose
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    save_project,
)
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data import dataset, suggestions
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.errors import Problem, Repair, UserError, printable
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.runs.run_folder import runs_folder
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.temporary import sweep

Found = tuple[dataset.Matched, list[Problem]]


def check(arguments: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """Report every problem of a project, apply the chosen repairs, and save it."""
    wanted = set(arguments.repair)
    known = TITLES.keys() - {""}
    unknown = sorted(w for w in wanted if w != ALL and w.partition(":")[0] not in known)
    if unknown:
        kinds = ", ".join(kind for kind in TITLES if kind)
        raise UserError(
            f"--repair {unknown[0]} is not a kind of finding; give {ALL} or one of {kinds}."
        )
    project = load_project(arguments.project)
    with terminal.progress() as (report, control):

        def examine(specs: Specs) -> Found:
            record = record_file(arguments.project)
            folder = runs_folder(arguments.project)
            return examination.examine(specs, report, control, folder, record)[1:]

        matched, problems = examine(project.specs)
        project, changes, (matched, problems) = _repair(
            project, wanted, (matched, problems), examine
        )
    if changes:
        sweep(arguments.project.parent)
        kept = back_up(arguments.project)
        save_project(project, arguments.project)
    _say(problems)
    for change in changes:
        terminal.say(f"Repaired: {change}.")
    for word in sorted(wanted - {ALL}):
        _say_missing(problems, word)
    if changes:
        terminal.say(f"The project as it was is kept as {kept.name}.")
    fatal = sum(problem.fatal for problem in problems)
    end = (
        f"{fatal} error{'s' * (fatal > 1)} to correct before training."
        if fatal
        else "The project can be trained."
    )
    terminal.say(end)
    result = {
        "train_pairs": len(matched.train),
        "val_pairs": len(matched.val),
        "problems": [as_json(problem) for problem in problems],
    }
    return 2 if fatal else 0, result | ({"mended": changes} if wanted else {})


def as_json(problem: Problem) -> dict[str, Any]:
    """A problem for ``--json``, with the label of its repair and its remedy in words."""
    return {
        "subject": problem.subject,
        "message": problem.without_persons,
        "fatal": problem.fatal,
        "kind": problem.kind,
        "files": list(problem.files),
        "repair": problem.repair.label if problem.repair else None,
        "repairs": {_word(problem, repair): repair.label for repair in problem.repairs},
        "remedy": remedies.words(problem.remedy) or None,
    }


def _repair(
    project: Project, wanted: set[str], found: Found, examine: Callable[[Specs], Found]
) -> tuple[Project, list[str], Found]:
    """Apply repairs one by one, each followed by a new check, as findings may depend on others."""
    done: set[tuple[str, ...]] = set()
    changes: list[str] = []
    while True:
        asked = ((problem, chosen_repair(problem, wanted)) for problem in found[1])
        problem, repair = next(
            (
                (problem, repair)
                for problem, repair in asked
                if repair and (problem.kind, repair.label, *problem.files[:1]) not in done
            ),
            (None, None),
        )
        if problem is None or repair is None:
            return project, changes, found
        done.add((problem.kind, repair.label, *problem.files[:1]))
        changed = choose(project, repaired(project.specs, repair))
        project = suggestions.following(project, changed)
        one = ImageRef.parse(problem.files[0]).shown_name if len(problem.files) == 1 else ""
        whose = f" ({one})" if one else ""
        changes.append(f"{title(problem.kind)}: {repair.label}{whose}")
        found = examine(project.specs)


def _say(problems: Sequence[Problem]) -> None:
    """The findings by kind, each with its repair."""
    for kind, group in groupby(problems, key=lambda problem: problem.kind):
        terminal.say(f"{title(kind)}:")
        for problem in group:
            text = problem.message if len(problem.files) > 1 else str(problem)
            text = printable(f"{text} {remedies.words(problem.remedy)}".rstrip())
            terminal.say(f"  {level(problem)}: {text}")
            for repair in problem.repairs:
                terminal.say(f"    repair: {repair.label} (--repair {_word(problem, repair)})")


def _say_missing(problems: Sequence[Problem], word: str) -> None:
    """Say if findings are left that do not have the repair that a --repair asked for."""
    kind, _, name = word.partition(":")
    left = [problem for problem in problems if problem.kind == kind]
    named = [{repair.name for repair in problem.repairs} for problem in left]
    if any(not problem.repairs for problem in left):
        terminal.say(f"'{title(kind)}' has no automatic repair; correct it yourself.")
    elif name and any(name not in names for names in named):
        terminal.say(f"'{title(kind)}' has no repair '{name}'; choose one of those listed above.")


def _word(problem: Problem, repair: Repair) -> str:
    """The value of --repair that chooses a repair: the kind alone is the preferred one."""
    return problem.kind if repair == problem.repair else f"{problem.kind}:{repair.name}"
