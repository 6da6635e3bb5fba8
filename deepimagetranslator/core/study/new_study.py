"""Makes a study: decides its plan and the project of each variation, and writes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.data.pair_lists import PARTS, pairing_of
from deepimagetranslator.core.data.splits import group_names, known_persons, persons_of
from deepimagetranslator.core.data.suggestions import VALUES, look_for
from deepimagetranslator.core.errors import DataProblems, Remedy, UserError
from deepimagetranslator.core.evaluation.summary import without_patients
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.study.folds import FEWEST_FOR_INNER, Folds, folds_of, leave_one_out
from deepimagetranslator.core.study.plan import (
    DICE,
    INNER,
    LAST,
    MOST_CELLS,
    MOST_THREADS,
    PSNR,
    TRAINED_ON,
    Plan,
    all_pairs,
)
from deepimagetranslator.core.study.plan_file import save_plan
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import (
    ONLY,
    Variation,
    names_a_folder,
    project_of,
)
from deepimagetranslator.core.system.system_path import exists

FOLDS, LEAVE_ONE_OUT, FIXED = "folds", "leave-one-out", "fixed"
UNKNOWN = "unknown person"
"""The person of the images of a fixed test set that do not say whose they are."""


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a study.

    Attributes:
        kind: FOLDS, LEAVE_ONE_OUT, or FIXED for the project's own validation images.
        folds: their number, for FOLDS.
        repeats: 1 or more.
        sizes: numbers of training images.
        variations: at least one.
        settings: SECTION.FIELD=VALUE for all variations.
        comparisons: pairs of names; None to compare each variation with the first.
        measure: "dice" or "psnr"; None for what suits the targets.
        weights: "last" or "inner"; None for "inner" from 6 persons on.
        optimistic, threads: as in a ``Plan``.
        group: a regular expression that finds the person in a file's name.
    """

    kind: str = LEAVE_ONE_OUT
    folds: int = 0
    repeats: int = 1
    sizes: tuple[int, ...] = ()
    variations: tuple[Variation, ...] = (Variation(ONLY),)
    settings: tuple[str, ...] = ()
    comparisons: tuple[tuple[str, str], ...] | None = None
    measure: str | None = None
    weights: str | None = None
    optimistic: bool = False
    threads: int = 0
    group: str | None = None


@dataclass(frozen=True)
class NewStudy:
    """A study that is not written yet: its plan, and the project of each variation by name."""

    plan: Plan
    projects: Mapping[str, Project]


def plan_study(project: Project, wishes: Wishes) -> NewStudy:
    """Decide the plan of a study; nothing is written, and of the images only some are read.

    Raises:
        UserError: the project, its persons or the wishes do not allow it.
    """
    _require_names(variation.name for variation in wishes.variations)
    _require_pairs(project)
    persons = _persons(project, wishes)
    folds = _folds(project, persons, wishes)
    projects = {
        variation.name: project_of(project, variation, wishes.settings)
        for variation in wishes.variations
    }
    names = list(projects)
    plan = Plan(
        wishes.variations,
        persons,
        folds,
        fixed=wishes.kind == FIXED,
        seed=project.specs.training.seed,
        sizes=_sizes(wishes.sizes),
        measure=wishes.measure or _measure_for(project),
        comparisons=_comparisons(names, wishes.comparisons),
        weights=_weights(persons, wishes),
        optimistic=wishes.optimistic,
        threads=wishes.threads,
    )
    if plan.optimistic and plan.weights == INNER:
        raise UserError(
            "The best weights by the tested images can be scored beside the last weights only: "
            "where inner persons choose, no training sees the tested images."
        )
    if plan.cell_count > MOST_CELLS:
        raise UserError(
            f"This study has {plan.cell_count} trainings, more than {MOST_CELLS}; vary less, or "
            "give fewer sizes or repeats."
        )
    if not 0 <= plan.threads <= MOST_THREADS:
        raise UserError(f"A training has 1 to {MOST_THREADS} threads, not {plan.threads}.")
    for cell in plan.cells():
        plan.images(cell)
    return NewStudy(plan, projects)


def write_study(study: NewStudy, folder: StudyFolder) -> None:
    """Write a new study; its plan last, so that a folder with a plan is whole.

    Raises:
        UserError: the folder holds a study or trainings of one, or a file cannot be written.
    """
    if exists(folder.plan) or exists(folder.cells):
        raise UserError(f"{folder.path} holds a study already; choose another folder.")
    for name, project in study.projects.items():
        save_project(replace(project, run={}, runs=(), labels=None), folder.project(name))
    save_plan(study.plan, folder.plan)


def _require_names(names: Iterable[str]) -> None:
    wrong = next((name for name in names if not names_a_folder(name)), None)
    if wrong is not None:
        raise UserError(
            f"A variation cannot be named '{wrong}', as its folder could not have that name on "
            "every system; take up to 100 letters, digits, '.', '_' and '-', and none of Windows' "
            "own names such as con."
        )


def _require_pairs(project: Project) -> None:
    problems = [p for part in PARTS for p in pairing_of(project.specs.data, part).problems]
    fatal = [problem for problem in problems if problem.fatal]
    if fatal:
        raise DataProblems(fatal)
    pairs = all_pairs(project)
    if not pairs:
        raise UserError("The project has no pair of images; load images and their targets.")
    twice = next((file for file, n in Counter(pair.input for pair in pairs).items() if n > 1), None)
    if twice is not None:
        raise UserError(
            f"{twice} is in the project's lists twice and would be counted twice, or be trained on "
            "and tested; take it out of one of them."
        )


def _persons(project: Project, wishes: Wishes) -> dict[str, tuple[int, ...]]:
    """By person the numbers of the images, in the order of the names.

    Raises:
        UserError: it is not known whose an image is, or two folders may be one person's.
    """
    files: list[ImageRef] = [pair.input for pair in all_pairs(project)]
    folders = project.specs.data.persons
    if wishes.group is not None:
        names, patients = group_names(files, wishes.group, "name")[0], [""] * len(files)
    else:
        _refuse_one_name_twice(folders)
        patients = [patient_of(file) or "" for file in files]
        names = persons_of(files, patients, folders)
    names = without_patients(names, set(patients) - {""})
    if wishes.kind == FIXED:
        names = _apart(project, [name or UNKNOWN for name in names])
    unknown = next((f for f, name in zip(files, names, strict=True) if not name), None)
    if unknown is not None:
        raise UserError(
            f"It is not known whose image {unknown} is, so persons cannot be left out.",
            remedy=Remedy(action="choose_groups"),
        )
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names):
        found[name].append(number)
    _refuse_same_but_for_case(found)
    return {name: tuple(found[name]) for name in sorted(found)}


def _apart(project: Project, names: Sequence[str]) -> list[str]:
    """The names, where training images of someone who is tested too are marked as such."""
    first = len(pairing_of(project.specs.data, "train").pairs)
    tested = set(names[first:])
    train = (name + TRAINED_ON if name in tested else name for name in names[:first])
    return [*train, *names[first:]]


def _refuse_same_but_for_case(persons: Iterable[str]) -> None:
    """Refuse names such as ``P1`` and ``p1``, which would be two persons.

    Raises:
        UserError: there are such names.
    """
    first: dict[str, str] = {}
    for person in persons:
        other = first.setdefault(person.casefold(), person)
        if other != person:
            raise UserError(
                f"The names {other} and {person} differ in capital letters only, so they may be "
                "one person's, who would be trained on and tested; rename one of them.",
                remedy=Remedy(action="choose_groups"),
            )


def _refuse_one_name_twice(folders: Sequence[str]) -> None:
    """Refuse two folders of one name that count as two persons; ``train/P1`` and ``val/P1`` do not.

    Raises:
        UserError: there are such folders.
    """
    persons = known_persons([ImageRef(Path(folder) / "image") for folder in folders], folders)
    first: dict[str, tuple[str, str]] = {}
    for folder, person in zip(folders, persons, strict=True):
        other, whose = first.setdefault(Path(folder).name, (folder, person))
        if whose != person:
            raise UserError(
                f"{other} and {folder} have the same name, so they may be one person's, who "
                "would be trained on and tested; rename one of them if they are two persons.",
                remedy=Remedy(action="choose_groups"),
            )


def _folds(
    project: Project, persons: Mapping[str, Sequence[int]], wishes: Wishes
) -> tuple[Folds, ...]:
    """The folds of each repeat."""
    if not 1 <= wishes.repeats <= MOST_CELLS:
        raise UserError(f"A study has 1 repeat or more, up to {MOST_CELLS}, not {wishes.repeats}.")
    seed = project.specs.training.seed
    if wishes.kind == FIXED:
        return (_fixed(project, persons),) * wishes.repeats
    if wishes.kind == LEAVE_ONE_OUT:
        return (leave_one_out(list(persons)),) * wishes.repeats
    return tuple(
        folds_of(list(persons), wishes.folds, seed + repeat) for repeat in range(wishes.repeats)
    )


def _fixed(project: Project, persons: Mapping[str, Sequence[int]]) -> Folds:
    """The persons of the validation images as the only fold."""
    first = len(pairing_of(project.specs.data, "train").pairs)
    tested = tuple(name for name, images in persons.items() if max(images) >= first)
    if not tested:
        raise UserError("The project has no validation images to test on; add some.")
    return (tested,)


def sizes_in(text: str) -> tuple[int, ...]:
    """The numbers of training images in a text such as "5,10,20".

    Raises:
        UserError: it is no such list.
    """
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise UserError(f"'{text}' is no list of sizes; give numbers such as 5,10,20.") from None


def _sizes(asked: Sequence[int]) -> tuple[int, ...]:
    wrong = next((size for size in asked if size < 1), None)
    if wrong is not None:
        raise UserError(f"A training set has 1 image or more, not {wrong}.")
    return tuple(sorted(set(asked)))


def _measure_for(project: Project) -> str:
    return PSNR if look_for(project).kind(project.specs.data) == VALUES else DICE


def _weights(persons: Mapping[str, Sequence[int]], wishes: Wishes) -> str:
    """Which weights are scored, see ``Plan.weights``."""
    enough = len(persons) >= FEWEST_FOR_INNER and wishes.kind != FIXED
    if wishes.weights == INNER and wishes.kind == FIXED:
        raise UserError(
            "Inner persons cannot choose the weights where the project's validation images are "
            "tested; leave persons out, or score the last weights."
        )
    if wishes.weights == INNER and not enough:
        raise UserError(
            f"Inner persons choose the weights from {FEWEST_FOR_INNER} persons on; with "
            f"{len(persons)} the last weights of a fixed length are scored."
        )
    return wishes.weights or (INNER if enough and not wishes.optimistic else LAST)


def _comparisons(
    names: Sequence[str], asked: tuple[tuple[str, str], ...] | None
) -> tuple[tuple[str, str], ...]:
    """The family of comparisons; by default each variation with the first."""
    if asked is None:
        return tuple((name, names[0]) for name in names[1:])
    for name in (name for pair in asked for name in pair):
        if name not in names:
            raise UserError(f"There is no variation '{name}'; choose among {', '.join(names)}.")
    same = next((pair for pair in asked if pair[0] == pair[1]), None)
    if same is not None:
        raise UserError(f"'{same[0]}' cannot be compared with itself.")
    return asked
