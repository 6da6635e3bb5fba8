"""Commands about projects and their images: new, augment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.check_commands import as_json
from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.checks import examination
from deepimagetranslator.core.config.choices import set_field
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    new_project,
    save_project,
    with_absolute_paths,
    with_data,
)
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.data import dataset, suggestions
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.intensity.windows import parse_window
from deepimagetranslator.core.data.pair_lists import LISTS, pairing_of
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.persons import find_persons, list_persons, with_persons
from deepimagetranslator.core.data.splits import split_by_group
from deepimagetranslator.core.errors import DataProblems, Problem, Remedy, UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.imaging.series import SeveralSeriesError
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.system_path import exists
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.core.typing import Array

Outcome = tuple[int, dict[str, Any]]


def new(arguments: argparse.Namespace) -> Outcome:
    """Make a project file; an existing file of that name is kept as NAME.bak, NAME.bak2, ..."""
    _refuse_contradictions(arguments)
    data = _tree(arguments) if arguments.persons else _folders(arguments)
    data["unlabelled_inputs"] = _files(arguments.unlabelled or (), arguments.series)
    project = with_data(new_project(arguments.preset, _window(arguments.window)), data)
    project = with_settings(project, arguments.set)
    seen = suggestions.look_for(project)
    project = suggestions.suggested(project, seen)
    problems: list[Problem] = []
    if arguments.val_fraction is not None or arguments.val_persons:
        if data["val_inputs"]:
            how = "--val-fraction" if arguments.val_fraction is not None else "--val-persons"
            raise UserError(f"There are validation images already; leave out {how}, or these.")
        project, problems = _split(project, arguments)
    reasons = suggestions.reasons(project, seen)
    found = dataset.match(project.specs.data)
    unlabelled = len(project.specs.data.unlabelled_inputs)
    problems = [*found.problems, *problems]
    if unlabelled and not project.specs.data.train_inputs:
        problems = []  # there are no pairs yet
    sweep(arguments.project.parent)
    if exists(arguments.project):
        kept = back_up(arguments.project)
        terminal.say(f"The project that was there is kept as {kept.name}.")
    save_project(project, arguments.project)
    terminal.say_problems(problems)
    fatal = any(problem.fatal for problem in problems)
    terminal.say(
        f"{arguments.project}: {len(found.train)} training and {len(found.val)} validation pairs, "
        f"preset {project.preset}, loss {project.specs.training.loss}"
        f"{_why(reasons.get('training.loss'))}."
    )
    if unlabelled:
        are = "image is" if unlabelled == 1 else "images are"
        terminal.say(f"{unlabelled} {are} to be labelled; 'label next' says which one next.")
    if "augmentation.translation" in reasons:
        terminal.say(
            "Amounts of the augmentation in pixels are in proportion to the image size: "
            f"translation {project.specs.augmentation.translation:g} pixels"
            f"{_why(reasons['augmentation.translation'])}."
        )
    if fatal:
        terminal.say("Correct these and make the project again; it cannot be trained as it is.")
    return 2 if fatal else 0, {
        "project": str(arguments.project),
        "train_pairs": len(found.train),
        "val_pairs": len(found.val),
        "unlabelled": unlabelled,
        "problems": [as_json(problem) for problem in problems],
    }


def augment(arguments: argparse.Namespace) -> Outcome:
    """Write augmented pairs, as training sees them, below OUTPUT/epochNNN."""
    if arguments.epochs < 1:
        raise UserError("--epochs must be 1 or more.")
    specs = load_project(arguments.project).specs
    with terminal.progress() as (report, control):
        data = examination.prepare(specs, report, control, record_file(arguments.project))
        names = _output_names(data.train)
        first = arguments.output / "epoch001"
        if exists(first):
            raise UserError(f"{first} exists already; choose another folder for the pairs.")
        reader = PairReader(data, specs.data.cache_mib * 2**20)
        sampler = PairSampler(reader, data.train, specs.augmentation, specs.training.seed)
        for epoch in range(1, arguments.epochs + 1):
            folder = arguments.output / f"epoch{epoch:03d}"
            for position, name in enumerate(names):
                control.raise_if_cancelled()
                x, y = sampler.sample(epoch, position)
                _write(folder / "inputs" / name, data.input_scaling.from_unit(x))
                _write(folder / "targets" / name, data.target_image(y))
    written = arguments.epochs * len(names)
    terminal.say(f"{written} augmented pairs are in {arguments.output}.")
    return 0, {"output": str(arguments.output), "pairs": written}


def _why(reason: str | None) -> str:
    return f" (automatic, since {reason})" if reason else ""


def with_settings(project: Project, assignments: Sequence[str]) -> Project:
    """The project with every --set applied; the fields count as chosen. Relative paths are those
    from the current folder.

    Raises:
        UserError: a field or a value is invalid, or fields contradict each other.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or "." not in name:
            raise UserError(f"'{assignment}' is not of the form SECTION.FIELD=VALUE.")
        project = set_field(project, name.strip(), text)
    data = with_absolute_paths(project.specs.data, Path.cwd())
    project = replace(project, specs=replace(project.specs, data=data))
    problems = specs_problems(project.specs)
    if problems:
        raise DataProblems(problems)
    return project


def _output_names(pairs: Sequence[ImagePair]) -> list[Path]:
    """The inputs' paths relative to their common folder, so that names are unique."""
    paths = [pair.input.path for pair in pairs]
    common = Path(os.path.commonpath({path.parent for path in paths}))
    return [path.relative_to(common) for path in paths]


def _write(path: Path, image: Array) -> None:
    """As PNG for 8 bits, else as TIFF."""
    place = path.with_suffix(".png" if image.dtype == np.uint8 else ".tif")
    write_image(place, image, replace=False)


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    folders = [arguments.train_inputs, arguments.train_targets]
    validation = [arguments.val_inputs, arguments.val_targets]
    if arguments.persons and any((*folders, *validation)):
        raise UserError("Give --persons, or folders of images and targets, not both.")
    without = arguments.unlabelled and not any(folders)
    if not arguments.persons and not all(folders) and not without:
        raise UserError("Give --train-inputs and --train-targets, --persons or --unlabelled.")
    if without and not arguments.persons and (arguments.val_fraction or arguments.val_persons):
        raise UserError("Only pairs are split; leave out --val-fraction and --val-persons.")
    if any(validation) != all(validation):
        raise UserError("Give both --val-inputs and --val-targets, or neither.")
    if arguments.val_fraction is not None and arguments.val_persons:
        raise UserError("Give --val-fraction or --val-persons, not both.")
    if arguments.group and arguments.val_fraction is None and not arguments.val_persons:
        raise UserError("--group says how --val-fraction splits; give both.")


def _folders(arguments: argparse.Namespace) -> dict[str, Any]:
    """The lists of images, from a folder for each side of each part."""
    return {
        "train_inputs": _files(arguments.train_inputs or (), arguments.series),
        "train_targets": _targets(arguments.train_targets or (), arguments.target_series),
        "val_inputs": _files(arguments.val_inputs or (), arguments.series),
        "val_targets": _targets(arguments.val_targets or (), arguments.target_series),
    }


def _tree(arguments: argparse.Namespace) -> dict[str, Any]:
    """The lists of images, from folders with a subfolder per person."""
    series = {"inputs": arguments.series, "targets": arguments.target_series}
    data = DataSpec()
    for folder in arguments.persons:
        tree = find_persons(folder.absolute())
        data = with_persons(data, tree, list_persons(tree, series))
        for left_out in tree.left_out:
            terminal.say(f"{left_out} holds test images; they were left out.")
    return {name: getattr(data, name) for name in (*LISTS, "persons", "pairing")}


def _split(project: Project, arguments: argparse.Namespace) -> tuple[Project, list[Problem]]:
    data = project.specs.data
    pairing = pairing_of(data, "train")
    if any(problem.fatal for problem in pairing.problems):
        return project, []  # the caller matches again and reports them
    split = split_by_group(
        pairing.pairs,
        arguments.val_fraction or 0.0,
        arguments.group,
        project.specs.training.seed,
        persons=data.persons,
        validates=arguments.val_persons,
    )
    data = dataset.with_split(data, split)
    notes = []
    if split.warning:
        remedy = Remedy(action="choose_groups")
        notes.append(Problem("validation", split.warning, fatal=False, remedy=remedy))
    return replace(project, specs=replace(project.specs, data=data)), notes


def _window(text: str | None) -> dict[str, Any]:
    """The ``DataSpec`` fields for this intensity window of the inputs."""
    if text is None:
        return {}
    window = parse_window(text)
    return {"input_scaling": "window", "input_low": window.low, "input_high": window.high}


def _files(given: Sequence[Path], series: str | None = None) -> tuple[str, ...]:
    return tuple(str(image.absolute()) for image in (list_images(given, series) if given else ()))


def _targets(given: Sequence[Path], series: str | None) -> tuple[str, ...]:
    try:
        return _files(given, series)
    except SeveralSeriesError as error:
        raise SeveralSeriesError(str(error), error.series, "choose_target_series") from error
