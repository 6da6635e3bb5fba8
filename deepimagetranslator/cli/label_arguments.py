"""The options of the command label and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import label_commands, label_training
from deepimagetranslator.core.labelling.loop import schedule, validation

_COUNTS = "to_label, draft, done (numbers of images)"
_STATES = """Training images are to be labelled, drafts, or done; one with a target is done.
Label maps lie in labels/PROJECT beside the project file."""
_LABELS = """Label images (PNG, TIFF, NIfTI) hold the project's label colours, or class numbers
from 0 in the order of its classes, and have the names and sizes of their images. One that does not
fit is skipped with the reason. A label map that was there before is kept as NAME.bak."""


_LOOP = "\n".join(
    (
        "The label maps of the done images are copied into the run's folder (snapshot), so that",
        "labelling can go on meanwhile; targets of the project are trained on too.",
        "Validation: the project's own validation images, else every fifth done image; none with",
        f"fewer than {validation.LEAST_IMAGES} images, whole persons from "
        f"{validation.LEAST_PERSONS} persons on. What validates goes on doing so in",
        "later rounds; a network never validates on images that it was trained on.",
        f"An epoch shows each image twice, in {schedule.LEAST_STEPS} to {schedule.MOST_STEPS} "
        f"steps. There are {schedule.EPOCHS} epochs from scratch",
        f"and {schedule.EPOCHS_CONTINUED} with --continue, at {schedule.RATE_CONTINUED} of the "
        "learning rate. Epochs and steps that the",
        "project sets hold from scratch.",
    )
)


def add_label(commands: Any, add_command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command and its parts.

    Args:
        commands: the parsers of all commands.
        add_command: makes the parser of a command.
    """
    help = "label images: the next one, drafts, label images of other programs, training on them"
    parser = commands.add_parser("label", help=help, description=help)
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = add_command(
        parts,
        "next",
        label_commands.next_,
        "propose the image to label next: at random among those with foreground, from the persons "
        "of whom the fewest are done",
        f"image (null if all are done), person, reason, {_COUNTS}",
        _STATES,
    )
    draft = add_command(
        parts,
        "draft",
        label_commands.draft,
        "draft all images that are to be labelled with the newest weights, to correct the drafts; "
        "drafts of earlier rounds that nobody has changed are made anew",
        "weights, round (0: not of the loop), output, drafted (a number), worst_first (file, "
        "confidence: the mean probability of the drafted classes over the pixels), skipped (file, "
        f"reason), marked (file, score, kind, reason), domain_unknown, {_COUNTS}, seconds",
        _STATES,
    )
    accept = add_command(
        parts,
        "accept",
        label_commands.accept,
        "take label images painted in another program over as done",
        f"accepted (images), labels (the folder), skipped (file, reason), {_COUNTS}",
        _LABELS,
    )
    train = add_command(
        parts,
        "train",
        label_training.train,
        "train a network on the images that are done: the next round",
        "run_dir, weights, epochs, best_epoch, best_value, seconds, values, better_than_input as "
        "of train; round, trained_on, validated_on (images), validation_by (own, persons, images, "
        f"none), start_weights, notes, skipped (file, reason), {_COUNTS}",
        _LOOP,
    )
    status = add_command(
        parts,
        "status",
        label_training.status,
        "say how many images are labelled, and how many pixels of each round's drafts were "
        "corrected",
        f"images, {_COUNTS}, rounds (round, run, train, validation, corrected: images, pixels, "
        "mean, share, or null), corrected_of_other_networks",
        _STATES,
    )
    for part in (one, draft, accept, train, status):
        part.add_argument("project", type=Path, metavar="PROJECT.json")
    draft.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="default: the best weights of the last round, else of the project's last run",
    )
    draft.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="instead of the project's drafts: a new folder for PNG files in label colours, to "
        "paint on in another program",
    )
    draft.add_argument(
        "--accept-values",
        action="store_true",
        help="translate images too whose values are unlike those of the training images",
    )
    accept.add_argument(
        "labels", type=Path, nargs="+", metavar="FOLDER", help="folders or files of label images"
    )
    accept.add_argument(
        "--replace", action="store_true", help="replace the label maps of images that are done"
    )
    train.add_argument(
        "--output",
        type=Path,
        metavar="RUN",
        help="the run's folder; by default a new one beside the project",
    )
    start = train.add_mutually_exclusive_group()
    for option, continued, words in (
        ("--continue", True, "begin from the newest weights of the loop"),
        ("--from-scratch", False, "begin from random weights"),
    ):
        default = " (default)" if continued == schedule.CONTINUES else ""
        start.add_argument(
            option,
            dest="continued",
            action="store_const",
            const=continued,
            help=f"{words}{default}",
        )
    train.add_argument("--epochs", type=int, metavar="N", help="another number of epochs")
    train.add_argument(
        "--resume",
        action="store_true",
        help="continue the run in RUN (by default the last round) after its last whole epoch",
    )
