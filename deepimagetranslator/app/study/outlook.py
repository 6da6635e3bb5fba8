"""What would become of a new study: its plan, or the field that does not allow one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deepimagetranslator.app.study.draft import Draft, FieldError, wishes_of
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.study.new_study import NewStudy, Wishes, plan_study
from deepimagetranslator.core.study.plan import Plan, all_pairs
from deepimagetranslator.core.study.statistics.families import may_test, why_no_p
from deepimagetranslator.core.study.statistics.sign_flips import smallest_p
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import ONLY, Variation, project_of
from deepimagetranslator.core.system.system_path import exists, require_possible

PLAN = "plan"
"""The field of problems that concern the whole."""
_MOST_NAMED = 6


@dataclass(frozen=True)
class Outlook:
    """A draft with what follows from it.

    Attributes:
        draft: the draft.
        study: the study that can be written; None if there is a problem.
        problems: by field of the draft (or PLAN), what does not allow it.
        recognized: how many persons there are and how they are recognized, as a sentence; empty
            if that is not known.
    """

    draft: Draft
    study: NewStudy | None = None
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    recognized: str = ""


def outlook_of(project: Project, draft: Draft) -> Outlook:
    """Plan the study of a draft, without writing it; some images are read, so run it in a thread.

    Args:
        project: the project of the window.
        draft: the draft.
    """
    try:
        wishes = wishes_of(draft)
    except FieldError as error:
        return Outlook(draft, problems={error.field: error.problems})
    try:
        study = plan_study(project, wishes)
    except UserError as error:
        found = _field_of(project, draft, wishes)
        return Outlook(draft, problems={found: error.problems})
    words = recognized(project, draft, study.plan)
    try:
        _require_new_folder(draft.output)
    except UserError as error:
        return Outlook(draft, study, {"output": error.problems}, words)
    return Outlook(draft, study, {}, words)


def trainings(plan: Plan) -> str:
    """How many trainings there are, such as "12 trainings: 4 variations x 3 folds."."""
    parts = [
        _counted(len(plan.variations), "variation"),
        _counted(len(plan.folds[0]), "fold"),
        _counted(len(plan.sizes), "size") if plan.sizes else "",
        _counted(plan.repeats, "repeat") if plan.repeats > 1 else "",
    ]
    return f"{_counted(plan.cell_count, 'training')}: {' × '.join(filter(None, parts))}."


def fold_words(plan: Plan) -> list[str]:
    """For each fold of the first repeat, whom it tests and with how many images."""
    found = []
    for number, persons in enumerate(plan.folds[0], 1):
        names = [*persons[:_MOST_NAMED], *(["..."] if len(persons) > _MOST_NAMED else [])]
        images = sum(len(plan.persons[person]) for person in persons)
        found.append(
            f"Fold {number}: {_counted(len(persons), 'person')} ({', '.join(names)}), "
            f"{_counted(images, 'image')}"
        )
    return found


def test_words(plan: Plan) -> str:
    """The smallest p that the plan's comparisons could have, or why none will be given."""
    count = len(plan.comparisons)
    if not count:
        return "Nothing is compared, so there is no p."
    if plan.known_in_training:
        who = ", ".join(plan.known_in_training)
        return f"No p: other images of {who} are trained on, so a test would say nothing of others."
    persons = len({person for fold in plan.folds[0] for person in fold})
    if not may_test(persons, count):
        return why_no_p(persons, count)
    smallest = smallest_p(persons) * count
    return (
        f"Smallest possible p: {smallest:.2g} ({_counted(persons, 'person')}, "
        f"{_counted(count, 'comparison')})."
    )


def recognized(project: Project, draft: Draft, plan: Plan) -> str:
    """How many persons there are, and how they are recognized."""
    count = _counted(len(plan.persons), "person")
    if draft.group.strip():
        return f"{count}, recognized by the pattern."
    if project.specs.data.persons:
        return f"{count}, recognized by their folders."
    if patient_of(all_pairs(project)[0].input):
        return f"{count}, recognized by their DICOM patient."
    return f"{count}, recognized by folder and file names."


def _field_of(project: Project, draft: Draft, wishes: Wishes) -> str:
    """The field that does not allow a plan: the first with which even a plain study fails."""
    for number, axis in enumerate(draft.axes):
        own = [v for v in wishes.variations if v.settings]
        values = dict.fromkeys(dict(v.settings)[axis.name] for v in own)
        single = (Variation(f"{ONLY}-{i}", ((axis.name, v),)) for i, v in enumerate(values))
        if not all(_can_train(project, variation) for variation in single):
            return f"axis {number}"
    for name, setting in zip(("epochs", "steps"), (draft.epochs, draft.steps), strict=True):
        if setting and not _can_train(project, Variation(ONLY), wishes.settings):
            return name
    plain = Wishes(wishes.kind, wishes.folds, group=wishes.group)
    found = _problem_of(project, plain)
    if found is not None:
        unknown = any(problem.remedy is not None for problem in found.problems)
        return "group" if unknown or "group pattern" in str(found) else "folds"
    for name, wider in (
        ("repeats", replace(plain, repeats=wishes.repeats)),
        ("sizes", replace(plain, sizes=wishes.sizes, weights=wishes.weights)),
        ("weights", replace(plain, weights=wishes.weights, optimistic=wishes.optimistic)),
    ):
        if _problem_of(project, wider) is not None:
            return name
    return PLAN


def _problem_of(project: Project, wishes: Wishes) -> UserError | None:
    try:
        plan_study(project, wishes)
    except UserError as error:
        return error
    return None


def _can_train(project: Project, variation: Variation, settings: tuple[str, ...] = ()) -> bool:
    try:
        project_of(project, variation, settings)
    except UserError:
        return False
    return True


def _require_new_folder(text: str) -> None:
    if not text.strip():
        raise UserError("Choose a folder for the study.")
    path = Path(text.strip())
    require_possible(path)
    if not path.is_absolute():
        raise UserError(f"{path} is no whole path; choose a folder.")
    folder = StudyFolder(path)
    if exists(folder.plan) or exists(folder.cells):
        raise UserError(f"{path} holds a study already; choose another folder.")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
