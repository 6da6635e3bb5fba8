"""The commands label train and label status: the next training of the loop, and how far it is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.data_commands import Outcome
from deepimagetranslator.cli.label_shared import (
    counted,
    images_of,
    label_store,
    opened,
    say_skipped,
)
from deepimagetranslator.cli.training import trained
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.loop.corrections import Corrections, corrections
from deepimagetranslator.core.labelling.loop.newest import run_of
from deepimagetranslator.core.labelling.loop.states import known_images, labelled_words
from deepimagetranslator.core.labelling.loop.train_again import NextTraining, next_training
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.runs.run_folder import RunFolder, new_run_dir, runs_folder, runs_of
from deepimagetranslator.core.runs.run_state import Stage, state_of


def train(arguments: argparse.Namespace) -> Outcome:
    """Train on the done images, or resume such a training."""
    if arguments.epochs is not None and arguments.epochs < 1:
        raise UserError("--epochs must be 1 or more.")
    path, project = arguments.project, load_project(arguments.project)
    store = label_store(path, project)
    if arguments.resume:
        return 0, _resumed(arguments, project, store)
    images_of(path, project, store)  # before a folder is made
    run_dir = arguments.output or new_run_dir(runs_folder(path))
    with opened(store), terminal.progress() as (report, control):
        begun = next_training(
            project,
            path,
            store,
            run_dir,
            continued=arguments.continued,
            epochs=arguments.epochs or 0,
            report=report,
            control=control,
        )
    for sentence in begun.sentences:
        terminal.say(sentence)
    say_skipped(begun.left_out)
    result = trained(begun.project, run_dir, start_weights=begun.start_weights)
    return 3 if begun.left_out else 0, result | _described(begun)


def status(arguments: argparse.Namespace) -> Outcome:
    """Say how many images are labelled, and what was corrected after each round."""
    path, project = arguments.project, load_project(arguments.project)
    store = label_store(path, project)
    store.look()
    images = images_of(path, project, store)
    terminal.say(f"{labelled_words(images)}.")
    corrected = {one.round: one for one in corrections(store)}
    rounds = []
    for one in store.record.rounds:
        run = run_of(one, store, runs_of(path, project.runs))
        of_round = corrected.get(one.number)
        terminal.say(
            f"Round {one.number}: trained on {len(one.train)}, validated on {len(one.val)} of the "
            f"done images in {run}; {_words(of_round)}."
        )
        rounds.append(
            {
                "round": one.number,
                "run": str(run),
                "train": len(one.train),
                "validation": len(one.val),
                "corrected": of_round and of_round.to_json(),
            }
        )
    if 0 in corrected:
        terminal.say(f"Other networks: {_words(corrected[0])}.")
    elsewhere = corrected[0].to_json() if 0 in corrected else None
    result = {"images": len(images), **counted(images), "rounds": rounds}
    return 0, result | {"corrected_of_other_networks": elsewhere}


def _words(corrected: Corrections | None) -> str:
    """The corrections of a round's drafts, as a clause."""
    if corrected is None:
        return "none of its drafts is done yet"
    drafts = "1 draft" if corrected.images == 1 else f"{corrected.images} drafts"
    return (
        f"in {drafts} of its network {corrected.mean:.0f} pixels each were corrected on average "
        f"({corrected.share:.2%})"
    )


def _resumed(arguments: argparse.Namespace, project: Project, store: LabelStore) -> dict[str, Any]:
    """Resume the run in a folder, by default that of the last round."""
    path, run_dir = arguments.project, arguments.output
    if arguments.continued is not None:
        raise UserError("--resume continues a run; --continue and --from-scratch begin a new one.")
    store.look()
    if run_dir is None:
        rounds = store.record.rounds
        if not rounds:
            raise UserError(f"{path} has no round yet; begin one without --resume.")
        run_dir = run_of(rounds[-1], store, runs_of(path, project.runs))
    run = RunFolder(run_dir)
    if state_of(run).stage is Stage.NEW:
        raise UserError(f"{run_dir} holds no run; begin a new one without --resume.")
    recorded = load_project(run.project)
    if arguments.epochs:
        training = replace(recorded.specs.training, epochs=arguments.epochs)
        recorded = replace(recorded, specs=replace(recorded.specs, training=training))
    result = trained(recorded, run_dir, resume=True)
    name = store.text_of(run_dir)
    found = (one.number for one in store.record.rounds if one.run == name)
    return result | {"round": next(found, None)} | counted(known_images(project.specs.data, store))


def _described(begun: NextTraining) -> dict[str, Any]:
    """A training of the loop for ``--json``."""
    start = begun.start_weights
    return {
        "round": begun.number,
        "trained_on": [str(image) for image in begun.division.train],
        "validated_on": [str(image) for image in begun.division.val],
        "validation_by": begun.division.kind,
        "start_weights": None if start is None else str(start),
        "notes": [begun.division.sentence, *begun.notes],
        "skipped": [{"file": one.subject, "reason": one.message} for one in begun.left_out],
        **counted(begun.images),
    }
