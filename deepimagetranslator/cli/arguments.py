"""The commands, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import check_commands, data_commands, demo, engine_commands
from deepimagetranslator.cli.label_arguments import add_label
from deepimagetranslator.cli.shared_arguments import (
    TRANSLATE,
    add_series,
    add_set,
    add_translation,
)
from deepimagetranslator.cli.study_arguments import add_study
from deepimagetranslator.core.checks.kinds import TITLES
from deepimagetranslator.core.config import target_changes
from deepimagetranslator.core.config.fields import fields_of
from deepimagetranslator.core.config.presets import PRESETS, RECOMMENDED
from deepimagetranslator.core.config.specs import SECTIONS
from deepimagetranslator.core.data.intensity.windows import PRESETS as WINDOWS
from deepimagetranslator.core.version import __version__

STATUS = (
    "Exit status: 0 done, 1 unexpected error, 2 something must be changed (one sentence on "
    "stderr), 3 done but some files were skipped or marked as unlike the training images, 130 "
    "cancelled."
)


def build_parser() -> argparse.ArgumentParser:
    """The parser; its result has the chosen command's function in ``command``."""
    parser = argparse.ArgumentParser(
        prog="python -m deepimagetranslator",
        description="Train a U-Net on pairs of images and translate new ones with it.",
        epilog=STATUS,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_new(commands)
    _add_check(commands)
    _add_train(commands)
    _add_translate(commands)
    _add_evaluate(commands)
    add_label(commands, _command)
    add_study(commands, _command)
    _add_augment(commands)
    _add_benchmark(commands)
    _add_self_test(commands)
    return parser


def fields_help() -> str:
    """Every field that --set takes, with the recommended value, bounds and unit."""
    lines = ["fields for --set SECTION.FIELD=VALUE:"]
    for section in SECTIONS:
        spec = getattr(PRESETS[RECOMMENDED], section)
        for info in fields_of(spec):
            value = getattr(spec, info.name)
            default = ",".join(value) if isinstance(value, tuple) else value
            lines.append(f"  {section}.{info.name} = {default}")
            lines.append(f"      {info.help} {info.bounds().capitalize()}.")
    return "\n".join(lines)


def _command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], tuple[int, dict[str, Any]]],
    help: str,
    json_keys: str,
    epilog: str = "",
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog="\n\n".join(part for part in (epilog, STATUS) if part),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help=f"print the result as one JSON object, the last line of stdout; keys: {json_keys} "
        "(or error, remedy)",
    )
    parser.set_defaults(command=run)
    return parser


def _add_demo(commands: Any) -> None:
    parser = _command(
        commands,
        "demo",
        demo.run,
        "make a synthetic sample data set, train on it, translate and evaluate an unseen person",
        "dice (a list: subcutaneous fat, visceral fat, lean tissue), seconds, output",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--epochs", type=int, default=demo.EPOCHS, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--size",
        type=int,
        default=demo.SIZE,
        metavar="N",
        help="width and height of the images in pixels, default: %(default)s",
    )


def _add_new(commands: Any) -> None:
    parser = _command(
        commands,
        "new",
        data_commands.new,
        "make a project file from folders of images",
        "project, train_pairs, val_pairs, unlabelled (a number), problems",
        fields_help(),
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.json")
    for option, help in (
        ("--train-inputs", "training images"),
        ("--train-targets", "training targets, one for each training image"),
        ("--val-inputs", "validation images"),
        ("--val-targets", "validation targets"),
        ("--unlabelled", "images without targets, to be labelled, also instead of training images"),
    ):
        parser.add_argument(
            option,
            type=Path,
            nargs="+",
            metavar="DIR",
            help=f"{help}: a folder, or files",
        )
    parser.add_argument(
        "--persons",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="instead of these folders: a folder with a subfolder per person, which holds images "
        "and targets, such as PERSON/images and PERSON/targets; subfolders val and validation "
        "validate, test is left out",
    )
    _add_split(parser)
    add_series(parser, "training and validation images")
    add_series(parser, "targets", "--target-series")
    parser.add_argument(
        "--window",
        metavar="NAME|C/W",
        help="the intensity window of the inputs, in their own units (Hounsfield for CT): one of "
        f"{', '.join(WINDOWS)}, or centre and width, such as 40/400 "
        "(--window=-600/1500 where the centre is below 0)",
    )
    parser.add_argument(
        "--preset", default="recommended", metavar="NAME", help=f"one of {', '.join(PRESETS)}"
    )
    add_set(parser)


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--val-persons",
        nargs="+",
        metavar="NAME",
        help="instead of --val-fraction: the persons that validate",
    )
    parser.add_argument(
        "--val-fraction",
        type=float,
        metavar="F",
        help="instead of validation folders: the fraction, 0 to 1, to split off, in whole persons",
    )
    parser.add_argument(
        "--group",
        metavar="REGEX",
        help="a regular expression for the file name; its match (or first group) is the person, "
        "whose images all go to training or all to validation",
    )


def _add_check(commands: Any) -> None:
    parser = _command(
        commands,
        "check",
        check_commands.check,
        "find every problem of a project before training, and repair it",
        "train_pairs, val_pairs, problems (subject, message, fatal, kind, files, repair, repairs, "
        "remedy), mended",
        "findings and their kinds:\n"
        + "\n".join(f"  {kind:18} {words}" for kind, words in TITLES.items() if kind),
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.json")
    parser.add_argument(
        "--repair",
        action="append",
        default=[],
        metavar="KIND",
        help="apply the repairs of this kind of finding (may be given several times) or of all, "
        "as listed by the check (KIND:NAME chooses another one), and save the project; the old one "
        "is kept as .bak; image files are not changed",
    )


def _add_train(commands: Any) -> None:
    parser = _command(
        commands,
        "train",
        engine_commands.train,
        "train a project's network",
        "run_dir, weights, epochs, best_epoch, best_value, seconds, values, better_than_input "
        "(null where inputs cannot be compared with their targets)",
        fields_help(),
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.json")
    parser.add_argument(
        "--run-dir",
        type=Path,
        metavar="DIR",
        help="the run's folder; by default a new one beside the project",
    )
    add_set(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue the run in --run-dir (by default the latest) after its last whole epoch",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="start from these weights; 2021 files too"
    )


def _add_translate(commands: Any) -> None:
    parser = _command(
        commands,
        "translate",
        engine_commands.translate,
        "translate images with a weights file",
        "output, translated (a number), outputs (the files), skipped (file, reason), problems "
        "(images of unlike values: subject, message, files, remedy), marked (translated images "
        "unlike the training images, the farthest first: file, output, score, kind, reason), "
        "marks_file, domain_unknown (why none can be marked), clean_up (rules), confidence (its "
        "maps), calibrated (whether they are), seconds",
        TRANSLATE,
    )
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE")
    add_translation(parser)


def _add_evaluate(commands: Any) -> None:
    parser = _command(
        commands,
        "evaluate",
        engine_commands.evaluate,
        "evaluate translated images, or weights, against targets: as a whole volume and per image",
        "images, pooled (by channel: dice, sensitivity, ...; with inputs also input_psnr, ...), "
        "persons, table, problems, better_than_input (null if unknown), confidence (images, "
        "pixels, uncalibrated_error, calibration_error; null unless asked for), "
        "clean_up (rules)",
        "Images may have any supported format. Label maps may hold 0 and 1, 0 and 255, class "
        "numbers or colours.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--predictions", type=Path, nargs="+", metavar="DIR", help="translated images"
    )
    what.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="instead: translate --inputs with these weights; translated images are not written",
    )
    parser.add_argument(
        "--inputs",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="the images to translate with --weights; with --predictions the images that were "
        "translated, to compare values with the inputs themselves",
    )
    parser.add_argument(
        "--clean-up",
        action="append",
        default=[],
        metavar="RULE",
        help="with --weights: clean the label maps by this rule first (may be given several "
        "times), such as 'red: islands under 20'; see the help of translation.clean_up",
    )
    parser.add_argument("--targets", type=Path, required=True, nargs="+", metavar="DIR")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for evaluation.csv; default: that of the predictions or weights",
    )
    parser.add_argument(
        "--confidence",
        action="store_true",
        help="with --weights: report the expected calibration error of the confidence maps",
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="with --weights: calibrate the confidence on these images, which were not trained on, "
        "and keep that in the weights file",
    )
    add_series(parser, "targets, or the inputs,")
    parser.add_argument(
        "--pairing",
        choices=("name", "order"),
        default="name",
        help="how translated images or inputs are matched with targets, default: %(default)s",
    )
    parser.add_argument(
        "--target-change",
        action="append",
        default=[],
        choices=target_changes.NAMES,
        metavar="CHANGE",
        help="read every target with this change (may be given several times): "
        f"{', '.join(target_changes.NAMES)}; files are not changed",
    )


def _add_augment(commands: Any) -> None:
    parser = _command(
        commands,
        "augment",
        data_commands.augment,
        "write augmented training pairs",
        "output, pairs",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.json")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--epochs", type=int, default=1, metavar="N", help="augmented examples of each pair"
    )


def _add_benchmark(commands: Any) -> None:
    _command(
        commands,
        "benchmark",
        engine_commands.benchmark,
        "measure how fast this machine trains and translates, and what limits it (a minute)",
        "machine (processor, cores, memory, gpus, precision, versions), step_ms, "
        "predict_ms, read_pair_ms, augment_pair_ms, step_images_per_second, "
        "epoch_images_per_second, translated_images_per_second, step_share (of an epoch), limit "
        "(a sentence), seconds",
        "The network has the default depth and filters, images of 512 x 512 pixels, three channels "
        "and a\nbatch size of 1; the images are synthetic. All files are removed. Please include "
        "the figures\nin reports of problems with speed or memory.",
    )


def _add_self_test(commands: Any) -> None:
    _command(
        commands,
        "self-test",
        engine_commands.self_test,
        "try every part of the program, window and engine, in a temporary folder (half a minute)",
        "ok, device, versions, seconds",
    )
