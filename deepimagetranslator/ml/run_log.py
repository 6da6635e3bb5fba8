"""The log.txt of a run: versions, device, epochs, checkpoints, and how the run ended.

It holds no personal data: images are named by their place in the project ("training input 3"),
folders by what they hold.
"""

from __future__ import annotations

import logging
import os
import platform
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    CheckpointSaved,
    EpochEnded,
    Event,
    LogLine,
    Report,
)
from deepimagetranslator.core.messages.job_control import Cancelled
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.log_file import log_file
from deepimagetranslator.core.version import PROGRAM
from deepimagetranslator.ml import devices

Nameless = Callable[[str], str]
"""Takes names out of a text, see ``without_names``."""

_START = "the weights to start from"
_OWN_NAME = re.compile(r"(best|last|previous|weights-improvement-.*)\.weights\.h5")
"""Of this program's weights files, which name nobody."""

_log = logging.getLogger(__name__)


@contextmanager
def run_log(
    path: Path, dataset: Dataset, precision: str, epoch: int, nameless: Nameless
) -> Iterator[None]:
    """Write the log of a training while the block runs; the last line says how it ended.

    Args:
        path: log.txt in the run's folder; a resumed run appends to it.
        dataset: the training data.
        precision: the precision that the network computes in.
        epoch: the last complete epoch of a resumed run; 0 for a new run.
        nameless: takes names out of an error's text.
    """
    with log_file(path):
        versions = ", ".join(f"{name} {number}" for name, number in devices.versions().items())
        _log.info("%s on %s, %s", PROGRAM, platform.platform(terse=True), versions)
        _log.info("Device: %s, precision %s", devices.describe_device(), precision)
        _log.info(
            "%d training and %d validation pairs; %s",
            len(dataset.train),
            len(dataset.val),
            f"resumed after epoch {epoch}" if epoch else "a new run",
        )
        try:
            yield
        except Cancelled:
            _log.warning("Cancelled")
            raise
        except UserError as error:
            _log.error("Ended: %s", nameless(error.for_files))
            raise
        except Exception as error:
            _log.error("Ended by an unexpected %s", type(error).__name__)
            raise
        _log.info("Ended")


def logged(report: Report, nameless: Nameless) -> Report:
    """A report that also logs messages, without names, epochs and checkpoints."""

    def log_and_report(event: Event) -> None:
        match event:
            case LogLine(text):
                _log.info("%s", nameless(text))
            case EpochEnded():
                values = ", ".join(f"{name} {value:.5g}" for name, value in event.values.items())
                _log.info("%s (best: epoch %d)", values, event.best_epoch)
            case CheckpointSaved():
                _log.info("Saved %s", Path(event.path).name)
        report(event)

    return log_and_report


def without_names(
    text: str, dataset: Dataset, run_dir: Path, start_weights: Path | None = None
) -> str:
    """The text with each image's place in the project instead of its path or name.

    Args:
        text: a message.
        dataset: the training data.
        run_dir: the run's folder. It, the folders of the images and the user's own are left out as
            well: a folder may have the name of a person.
        start_weights: the file that the training began from.
    """
    images = {
        f"{part} {side} {number}": image
        for part, pairs in (("training", dataset.train), ("validation", dataset.val))
        for number, pair in enumerate(pairs, 1)
        for side, image in (("input", pair.input), ("target", pair.target))
    }
    words = {f"{run_dir}{os.sep}": ""}
    if start_weights is not None:
        words[str(start_weights)] = _START
        if not _OWN_NAME.fullmatch(start_weights.name):
            words[start_weights.name] = _START
    within = [run_dir / "log.txt", *(image.file for image in images.values())]
    within += [paths.user_folder() / "rescued" / "files", Path(tempfile.gettempdir()) / "files"]
    for folder in {folder for path in within for folder in path.absolute().parents}:
        if folder.name:
            words |= {f"{folder}{os.sep}": "", str(folder): "a folder"}
    for place, image in reversed(images.items()):  # of a file with several images the first one
        names = (image.file, image.file.name, image, image.path.name)
        words |= dict.fromkeys(map(str, names), place)
    for name in sorted(words, key=len, reverse=True):  # 11.png before 1.png
        text = text.replace(name, words[name])
    return text
