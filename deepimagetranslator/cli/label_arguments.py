"""The options of the command label and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import label_commands
from deepimagetranslator.core.labelling.loop.next_image import DISAGREEMENT, RANDOM, WAYS

_COUNTS = "to_label, draft, done (numbers of images)"
_STATES = """Training images are to be labelled, drafts, or done; one with a target is done.
Label maps lie in labels/PROJECT beside the project file."""
_LABELS = """Label images (PNG, TIFF, NIfTI) hold the project's label colours, or class numbers
from 0 in the order of its classes, and have the names and sizes of their images. One that does not
fit is skipped with the reason. A label map that was there before is kept as NAME.bak."""


def add_label(commands: Any, add_command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command and its parts.

    Args:
        commands: the parsers of all commands.
        add_command: makes the parser of a command.
    """
    help = "label images: which one next, drafts of the others, label images of other programs"
    parser = commands.add_parser("label", help=help, description=help)
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = add_command(
        parts,
        "next",
        label_commands.next_,
        "propose the image to label next: at random among those with foreground, from the persons "
        "of whom the fewest are done",
        "image (null if all are done), person, reason, value (null at random), skipped (file, "
        f"reason), {_COUNTS}",
        _STATES,
    )
    one.add_argument(
        "--by",
        choices=WAYS,
        default=RANDOM,
        help=f"{RANDOM} (default); thumbnails: the image least like those that are done (greedy "
        f"k-centre); {DISAGREEMENT}: the one of which a network's predictions differ most when it "
        "is mirrored (1 - mean Dice)",
    )
    draft = add_command(
        parts,
        "draft",
        label_commands.draft,
        "translate all images that are to be labelled, as drafts to correct",
        "weights, output, drafted (a number), skipped (file, reason), marked (file, score, kind, "
        f"reason), domain_unknown, {_COUNTS}, seconds",
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
    for part in (one, draft, accept):
        part.add_argument("project", type=Path, metavar="PROJECT.json")
    for part, of in ((one, f"with --by {DISAGREEMENT}; "), (draft, "")):
        part.add_argument(
            "--weights",
            type=Path,
            metavar="FILE",
            help=f"{of}default: the best weights of the project's last run",
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
