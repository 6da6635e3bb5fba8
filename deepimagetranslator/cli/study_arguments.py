"""The options of the command study and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import study_commands
from deepimagetranslator.cli.shared_arguments import add_dask, add_translation
from deepimagetranslator.core.study.folds import FEWEST_FOR_INNER
from deepimagetranslator.core.study.plan import INNER, LAST, MEASURES

AddCommand = Callable[..., argparse.ArgumentParser]

_CELLS = "study, cells (cell, state, epoch, value, seconds, failure)"
_NEW = f"""what is compared:
  --vary SECTION.FIELD=A,B trains with each value; several --vary are combined with each other.
  --vary augmentation=on,off and --vary preset=recommended,2021 vary more than one field.
  --compare A:B names the comparisons that matter (a p is corrected for their number); by default
  each variation is compared with the first.

what is scored:
  Whole persons are left out, trained without and tested. With fewer than {FEWEST_FOR_INNER} persons
  the last weights are scored; from {FEWEST_FOR_INNER} on some of the training persons choose them
  (--weights). --optimistic scores also the best weights by the tested images, as in 2021."""


def add_study(commands: Any, add_command: AddCommand) -> None:
    """Add the command and its parts.

    Args:
        commands: the parsers of all commands.
        add_command: makes the parser of a command.
    """
    help = "cross-validation by person, comparisons and learning curves, with statistics"
    parser = commands.add_parser("study", help=help, description=help)
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_new(parts, add_command)
    run = _add_part(parts, add_command, "run", study_commands.run, _CELLS)
    run.add_argument(
        "--cell",
        action="append",
        default=[],
        metavar="NAME",
        help="only this cell (may be given several times); by default all that are not done",
    )
    run.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="train so many at a time, each in a process of its own with the threads of the plan; "
        "default: %(default)s",
    )
    add_dask(run)
    run.add_argument(
        "--no-forecast", action="store_true", help="do not measure first how long it will take"
    )
    _add_part(parts, add_command, "status", study_commands.status, _CELLS)
    _add_part(parts, add_command, "report", study_commands.report, "report, files, missing")
    pack = _add_part(parts, add_command, "pack", study_commands.pack, "pack, bytes")
    pack.add_argument(
        "--output", type=Path, metavar="ZIP", help="a new file; default: DIR-evidence.zip"
    )
    _add_part(parts, add_command, "verify", study_commands.verify_pack, "right, different, missing")
    _add_translate(parts, add_command)
    _add_part(parts, add_command, "commands", study_commands.commands, "commands, script")


_HELP = {
    "run": "train and evaluate what is not done yet; stop it at any time, and run it again",
    "status": "show how far each training has come",
    "report": "write a report of what is done: one HTML file, figures, tables (CSV), Markdown",
    "pack": "write a ZIP file with all that the figures come from, which reruns the study",
    "verify": "check the hashes of an unpacked pack, and of the images in its folder 'images'",
    "translate": "translate with the networks of all folds of a variation together: their mean, "
    "maps of their disagreement, and a list of the images that most deserve a second look",
    "commands": "print one command for each training, and write a SLURM array script",
}


def _add_part(
    parts: Any, add_command: AddCommand, name: str, function: Any, json_keys: str
) -> argparse.ArgumentParser:
    parser = add_command(parts, name, function, _HELP[name], json_keys)
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    return parser


def _add_translate(parts: Any, add_command: AddCommand) -> None:
    parser = _add_part(
        parts,
        add_command,
        "translate",
        study_commands.translate,
        "those of the command translate, and second_look (file, output, disagreement, measure; "
        "worst first), second_look_file",
    )
    parser.add_argument(
        "--variation", metavar="NAME", help="whose networks; default: the first variation"
    )
    add_translation(parser)


def _add_new(parts: Any, add_command: AddCommand) -> None:
    parser = add_command(
        parts,
        "new",
        study_commands.new,
        "plan a study of a project: who is left out, what is varied, what is measured",
        "study, cells, variations, persons, measure, weights",
        _NEW,
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.json")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder")
    _add_split(parser)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B",
        help="what differs between the trainings, see below",
    )
    parser.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="A:B",
        help="a comparison that matters, by names of variations; the first minus the second",
    )
    parser.add_argument(
        "--sizes", metavar="N,N,...", help="numbers of training images, for a learning curve"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=1,
        metavar="N",
        help="repeat everything with so many seeds, default: %(default)s",
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="the same as --set training.epochs=N"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.FIELD=VALUE",
        help="change a setting of all trainings; may be given several times",
    )
    parser.add_argument(
        "--measure", choices=MEASURES, help="the primary measure; default: what suits the targets"
    )
    parser.add_argument(
        "--weights", choices=(LAST, INNER), help="which weights are scored, see below"
    )
    parser.add_argument(
        "--optimistic", action="store_true", help="score the best weights by the tested images too"
    )
    parser.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="threads of each training, default: the cores of this computer",
    )


def _add_split(parser: argparse.ArgumentParser) -> None:
    split = parser.add_mutually_exclusive_group()
    split.add_argument("--folds", type=int, metavar="K", help="deal the persons to K folds")
    split.add_argument(
        "--leave-one-out", action="store_true", help="leave each person out once (the default)"
    )
    split.add_argument(
        "--fixed", action="store_true", help="test the project's own validation images"
    )
    parser.add_argument(
        "--group",
        metavar="REGEX",
        help="a regular expression for the file name; its match (or first group) is the person",
    )
