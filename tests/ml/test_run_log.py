"""log.txt of a run: what was done, and nothing personal."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tiny import project_of, write_set

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import EpochEnded, Event
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system.atomic_write import WriteError, write_error
from deepimagetranslator.core.version import PROGRAM
from deepimagetranslator.ml.run_log import without_names
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.training_job import Job


def project(folder: Path, **training: object) -> Project:
    return project_of(write_set(folder / "Erika Mustermann", range(4)), training=training)


def test_a_run_logs_versions_device_epochs_and_its_end(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(project(tmp_path, epochs=2), run)
    lines = (run / "log.txt").read_text(encoding="utf-8").splitlines()
    text = "\n".join(lines)
    assert PROGRAM in lines[0]
    assert "keras 3." in lines[0]
    assert "Device: " in lines[1]
    assert "4 training and 0 validation pairs; a new run" in text
    assert text.count(" INFO epoch 1, loss ") == text.count(" INFO epoch 2, loss ") == 1
    assert "Saved weights-improvement-01-" in text
    assert lines[-1].endswith(" INFO Ended")
    assert "Mustermann" not in text
    assert str(tmp_path) not in text


def test_a_resumed_run_goes_on_with_its_log(tmp_path: Path) -> None:
    run, control = tmp_path / "run", JobControl()

    def cancel_after_one(event: Event) -> None:
        if isinstance(event, EpochEnded):
            control.cancel.set()

    with pytest.raises(Cancelled):
        train(project(tmp_path, epochs=3), run, report=cancel_after_one, control=control)
    first = (run / "log.txt").read_text(encoding="utf-8")
    assert first.splitlines()[-1].endswith(" WARNING Cancelled")
    train(project(tmp_path, epochs=3), run, resume=True)
    whole = (run / "log.txt").read_text(encoding="utf-8")
    assert whole.startswith(first)
    assert "resumed after epoch 1" in whole
    assert " INFO epoch 3, loss " in whole


def test_an_error_is_logged_without_the_names_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepimagetranslator.core.augmentation.sampling import PairSampler  # noqa: PLC0415

    chosen, run = project(tmp_path), tmp_path / "run"
    broken = chosen.specs.data.train_inputs[2]

    def sample(self: PairSampler, epoch: int, position: int) -> None:
        raise UserError(f"{broken} is damaged; replace it.")

    monkeypatch.setattr(PairSampler, "sample", sample)
    with pytest.raises(UserError, match="Mustermann"):
        train(chosen, run)
    last = (run / "log.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert last.endswith("ERROR Ended: training input 3 is damaged; replace it.")


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("{file} is damaged.", "training input 1 is damaged."),
        ("{file}/0011 and {name} differ.", "training target 1 and training input 1 differ."),
        ("The folder {folder} is gone.", "The folder a folder is gone."),
        ("{folder}/other.png is new.", "other.png is new."),
        ("{run}/history.csv cannot be written.", "history.csv cannot be written."),
        ("{run} cannot be opened.", "a folder cannot be opened."),
        ("Started from {weights}.", "Started from the weights to start from."),
        ("{weights_path} is damaged.", "the weights to start from is damaged."),
        ("What is missing is in {home}/rescued/1: move it.", "What is missing is in 1: move it."),
    ],
)
def test_messages_are_logged_without_names_of_files_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, logged: str
) -> None:
    person = tmp_path / "Mustermann"
    home, start = tmp_path / "Doctor", person / "Moritz.weights.h5"
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(home))
    file, run = person / "Erika.nii.gz", tmp_path / "Max" / "run"
    pair = ImagePair(ImageRef(file, 2), ImageRef(file, 11))
    dataset = cast("Dataset", SimpleNamespace(train=[pair], val=[]))
    names = {"file": file, "name": file.name, "folder": person, "run": run, "home": home}
    told = text.format(**names, weights=start.name, weights_path=start).replace("/", os.sep)
    assert without_names(told, dataset, run, start) == logged


def test_the_log_names_the_own_files_that_a_full_disk_holds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "Erika Mustermann" / "run"

    def write_best(self: Job, run: RunFolder, *_: object) -> None:
        raise write_error(run.best, OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(Job, "_write_best", write_best)
    with pytest.raises(WriteError, match="Mustermann"):
        train(project(tmp_path), run)
    text = (run / "log.txt").read_text(encoding="utf-8")
    assert "INFO best.weights.h5 cannot be written (No space left on device)" in text
    assert "ERROR Ended: best.weights.h5 cannot be written" in text
    assert "Mustermann" not in text and str(tmp_path) not in text


def test_only_the_program_s_own_lines_are_kept(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def others(event: Event) -> None:
        if isinstance(event, EpochEnded):
            logging.getLogger("pydicom").warning("Invalid value for VR PN: 'Erika Mustermann'")

    train(project(tmp_path), run, report=others)
    assert "Erika" not in (run / "log.txt").read_text(encoding="utf-8")
    assert not logging.getLogger("deepimagetranslator").handlers
    assert threading.active_count() < 50


def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "log.txt").mkdir(parents=True)
    assert train(project(tmp_path), run).epochs == 1
