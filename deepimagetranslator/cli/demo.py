"""The demo: the whole workflow on a synthetic data set.

It makes abdominal CT images of several people, trains the recommended network on some of them,
translates the images of an unseen person, and evaluates the result.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.data_commands import Outcome, with_settings
from deepimagetranslator.cli.engine_commands import whole_volume_table
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.layout import require_folder
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import FilesRead, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import SAMPLE_PEOPLE, SampleSet, write_sample
from deepimagetranslator.core.system.atomic_write import writing
from deepimagetranslator.core.system.paths import unused
from deepimagetranslator.core.system.system_path import exists
from deepimagetranslator.ml import devices

SIZE = 128
EPOCHS = 6
TRAIN_PEOPLE, VAL_PEOPLE, TEST_PEOPLE = SAMPLE_PEOPLE[:-2], SAMPLE_PEOPLE[-2:-1], SAMPLE_PEOPLE[-1:]
_SHOWN_SLICES = (4, 14, 24)


def run(arguments: argparse.Namespace) -> Outcome:
    """Make the data set, train, translate and evaluate; all files stay in one folder."""
    start = time.monotonic()
    if arguments.size < 32 or arguments.size > 1024:
        raise UserError("--size must be from 32 to 1024 pixels.")
    if arguments.epochs < 1:
        raise UserError("--epochs must be 1 or more.")
    output = arguments.output or unused(Path("deepimagetranslator-demo"))
    _require_empty(output)
    devices.load_engine()
    with terminal.progress() as (report, control):
        sample = _draw(output, arguments.size, report, control)
        project = _project(sample, arguments.epochs)
        terminal.say(
            f"Training on {len(TRAIN_PEOPLE)} people ({devices.describe_device()}); "
            f"{TEST_PEOPLE[0]} is kept for the test."
        )
        dice = _train_and_test(project, sample, output, report, control)
    seconds = round(time.monotonic() - start, 1)
    names = ("subcutaneous fat", "visceral fat", "lean tissue")
    figures = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, dice, strict=True))
    terminal.say(f"Dice on the unseen person: {figures}.")
    terminal.say(f"Done in {seconds:.0f} s; everything is in {output}.")
    terminal.say(f"Look at {output / 'translated.png'}")
    return 0, {"dice": dice, "seconds": seconds, "output": str(output)}


def _draw(output: Path, size: int, report: Report, control: JobControl) -> SampleSet:
    def drawn(done: int, count: int) -> None:
        control.raise_if_cancelled()
        report(FilesRead(done, count))

    return write_sample(output / "sample", size=size, report=drawn)


def _project(sample: SampleSet, epochs: int) -> Project:
    def files(people: tuple[str, ...], side: int) -> tuple[str, ...]:
        return tuple(str(pair[side].absolute()) for name in people for pair in sample.pairs[name])

    project = new_project(
        "recommended",
        {
            "train_inputs": files(TRAIN_PEOPLE, 0),
            "train_targets": files(TRAIN_PEOPLE, 1),
            "val_inputs": files(VAL_PEOPLE, 0),
            "val_targets": files(VAL_PEOPLE, 1),
        },
    )
    project = with_settings(project, [f"training.epochs={epochs}"])
    return suggested(project, look_for(project))


def _train_and_test(
    project: Project, sample: SampleSet, output: Path, report: Report, control: JobControl
) -> list[float]:
    """Train, translate, evaluate, draw the figure; the whole-volume Dice of red, green and blue."""
    from deepimagetranslator.ml import evaluation, figures, training, translation  # noqa: PLC0415

    trained = training.train(project, output, report=report, control=control)
    pairs = sample.pairs[TEST_PEOPLE[0]]
    inputs, targets = ([pair[side] for pair in pairs] for side in (0, 1))
    translated = output / "translated"
    translation.translate(trained.best_weights, inputs, translated, report=report, control=control)
    result = evaluation.evaluate([translated], targets, report=report, control=control)
    result.write_csv(output / "evaluation.csv")
    whole_volume = result.whole_volume()
    print(whole_volume_table(whole_volume))
    figures.loss_curves(RunFolder(output).read_history(), output / "loss_curves.png")
    shown = [pairs[number * len(pairs) // 30] for number in _SHOWN_SLICES]
    rows = [
        (read_image(image), read_image(target), read_image(translated / image.name))
        for image, target in shown
    ]
    figures.side_by_side(rows, [image.stem for image, _ in shown], output / "translated.png")
    return [whole_volume[colour]["dice"] for colour in ("red", "green", "blue")]


def _require_empty(folder: Path) -> None:
    """Refuse a folder that holds something, a file, and what cannot be looked into.

    Raises:
        UserError: it cannot be used.
    """
    require_folder(folder)
    with writing(folder):
        if exists(folder) and any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; choose another folder for the demo.")
