"""How often image files are read, from the check to the end of the first epoch: twice."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from test_training import figures
from tiny import picture, project_of, target, write_set
from waiting import wait_until

from deepimagetranslator import cli
from deepimagetranslator.app.background import Background
from deepimagetranslator.app.data_reader import DataReader
from deepimagetranslator.core.augmentation.sampling import PairSampler
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.facts import ImageChangedError, forget_all
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging import dicom, nifti, pictures, tiff
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.held_files import HELD, HeldFiles
from deepimagetranslator.core.imaging.nifti import decompressed
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.messages.requests import StartTraining
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import training
from deepimagetranslator.worker import _Worker

CACHED, UNCACHED = {"cache_mib": 64}, {"cache_mib": 0}
FILES = ("train_inputs", "train_targets", "val_inputs", "val_targets")


class Reads:
    """Counts how often the pixels of each image are read from disk before the second epoch.

    A file that is read as a whole is read for all of its images, as compressed ones are. What the
    second epoch draws ahead of time is its own.

    Attributes:
        images: readings of single images, by file and number.
        files: readings of whole files.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.images: Counter[tuple[str, int]] = Counter()
        self.files: Counter[str] = Counter()
        self._epoch = threading.local()
        self._lock = threading.Lock()
        for module in (pictures, tiff, nifti, dicom):
            self._watch_decoding(monkeypatch, module)
        self._watch_files(monkeypatch)
        self._watch_epochs(monkeypatch)

    def of(self, path: str) -> int:
        """Of an image, as a project names it."""
        file, number = Path(path), 1
        if file.name.isdigit():
            file, number = file.parent, int(file.name)
        return self.images[str(file), number] + self.files[str(file)]

    def _watch_decoding(self, monkeypatch, module) -> None:
        def read(path, number=1, real=module.read):
            if HELD.data(path) is None and not path.name.endswith(".gz"):
                self._count(self.images, (str(path), number))
            return real(path, number)

        monkeypatch.setattr(module, "read", read)

    def _watch_files(self, monkeypatch) -> None:
        def take(held_files, held, path, most_bytes, real=HeldFiles._take):
            before = held.data
            real(held_files, held, path, most_bytes)
            if held.data is not before:
                self._count(self.files, str(path))

        def checksum(held_files, file, real=HeldFiles.checksum):
            if held_files.data(file) is None and file not in held_files._files:
                self._count(self.files, str(file))
            return real(held_files, file)

        def unpack(path, size, real=decompressed._decompress):
            if HELD.data(path) is None:
                self._count(self.files, str(path))
            return real(path, size)

        monkeypatch.setattr(HeldFiles, "_take", take)
        monkeypatch.setattr(HeldFiles, "checksum", checksum)
        monkeypatch.setattr(decompressed, "_decompress", unpack)

    def _watch_epochs(self, monkeypatch) -> None:
        def sample(sampler, epoch, position, real=PairSampler.sample):
            self._epoch.number = epoch
            try:
                return real(sampler, epoch, position)
            finally:
                self._epoch.number = 1

        monkeypatch.setattr(PairSampler, "sample", sample)

    def _count(self, counter, key) -> None:
        with self._lock:
            counter[key] += getattr(self._epoch, "number", 1) == 1


@pytest.fixture
def reads(monkeypatch) -> Reads:
    return Reads(monkeypatch)


def counts(reads: Reads, project: Project) -> set[int]:
    """Every number of readings that an image of the project had."""
    data = project.specs.data
    return {reads.of(path) for name in FILES for path in getattr(data, name)}


def pngs(folder: Path) -> Project:
    return project_of(write_set(folder / "t", range(11)), write_set(folder / "v", range(11, 18)))


def volumes(folder: Path) -> Project:
    """Inputs in packed NIfTI volumes, targets in stacks of TIFF pages."""
    lists = []
    for part, numbers in (("train", range(9)), ("val", range(9, 13))):
        images = np.stack([picture(n)[..., 0] for n in numbers])
        labels = np.stack([target(n) for n in numbers])
        folder.mkdir(exist_ok=True)
        nibabel.save(
            nibabel.Nifti1Image(images.T[::-1, ::-1], np.diag([-1, -1, 1, 1])),
            folder / f"{part}.nii.gz",
        )
        tifffile.imwrite(folder / f"{part}.tif", labels, photometric="rgb")
        lists += [
            tuple(map(str, list_images(folder / f"{part}.{ending}")))
            for ending in ("nii.gz", "tif")
        ]
    return project_of((lists[0], lists[1]), (lists[2], lists[3]), data={"pairing": "order"})


def own_targets(folder: Path) -> Project:
    train, val = write_set(folder / "t", range(5)), write_set(folder / "v", range(5, 8))
    return project_of((train[0], train[0]), (val[0], val[0]), training={"loss": "mae"})


def stored(project: Project, folder: Path, **data: int) -> Path:
    """A project file with a start that looks at images, for one epoch."""
    specs = project.specs
    project = replace(
        project,
        specs=replace(
            specs,
            data=replace(specs.data, **data),
            model=replace(specs.model, depth=1, initialization="data_dependent"),
        ),
    )
    save_project(project, folder / "study.json")
    return folder / "study.json"


def run(*words: str | Path) -> int:
    """A command, as if in a process of its own."""
    decompressed.DECOMPRESSED._kept.clear()
    forget_all()
    return cli.main([str(word) for word in words])


@pytest.mark.parametrize("cache", [CACHED, UNCACHED])
@pytest.mark.parametrize("make", [pngs, volumes, own_targets])
def test_a_check_and_a_training_read_each_image_twice(reads, tmp_path, make, cache):
    project = make(tmp_path / "set")
    file = stored(project, tmp_path, **cache)
    assert run("check", file) == 0
    assert counts(reads, project) == {1}
    assert run("train", file, "--run-dir", tmp_path / "run") == 0
    # Where inputs can be compared with targets, validation inputs are measured themselves too.
    compared = make is own_targets and cache == UNCACHED
    assert counts(reads, project) == ({2, 3} if compared else {2})


@pytest.mark.parametrize("cache", [CACHED, UNCACHED])
@pytest.mark.parametrize("make", [pngs, volumes])
def test_a_training_alone_reads_each_image_twice_and_a_second_one_once(
    reads, tmp_path, make, cache
):
    project = make(tmp_path / "set")
    file = stored(project, tmp_path, **cache)
    assert run("train", file, "--run-dir", tmp_path / "run") == 0
    # A compressed volume that was decompressed for the check is there for the first epoch.
    assert counts(reads, project) == ({1, 2} if make is volumes else {2})
    reads.images.clear()
    reads.files.clear()
    assert run("train", file, "--run-dir", tmp_path / "again") == 0
    assert counts(reads, project) == {1}
    np.testing.assert_array_equal(figures(tmp_path / "again"), figures(tmp_path / "run"))


class NoWindow:
    """The other end of the worker's pipe."""

    def send(self, message: object) -> None:
        del message


@pytest.mark.parametrize("make", [pngs, volumes])
def test_what_the_window_has_checked_the_worker_reads_once_more(reads, tmp_path, make):
    """Without what is shown, and the few slices by which the window suggests settings."""
    project = make(tmp_path / "set")
    file = stored(project, tmp_path)
    background, told = Background(), []
    reader = DataReader(background, told.append, told.append)
    try:
        reader.start(load_project(file).specs, tmp_path, record_file(file))
        wait_until(lambda: told, background.poll)
    finally:
        background.close()
    assert counts(reads, project) == {1}
    decompressed.DECOMPRESSED._kept.clear()
    forget_all()
    request = StartTraining(1, load_project(file), tmp_path / "run", record=reader.record)
    _Worker(NoWindow())._result(request, JobControl())
    assert counts(reads, project) == {2}


def test_a_resumed_training_reads_each_image_once_more(reads, tmp_path):
    project = pngs(tmp_path / "set")
    file = stored(project, tmp_path)
    assert run("train", file, "--run-dir", tmp_path / "run") == 0
    more = ("--set", "training.epochs=2")
    assert run("train", file, "--resume", "--run-dir", tmp_path / "run", *more) == 0
    assert RunFolder(tmp_path / "run").read_history()[-1]["epoch"] == 2
    assert counts(reads, project) == {2}  # the second epoch's readings are not counted


def test_a_training_after_a_check_is_the_training_without_one(tmp_path):
    file = stored(pngs(tmp_path / "set"), tmp_path)
    assert run("check", file) == 0
    assert run("train", file, "--run-dir", tmp_path / "with") == 0
    record_file(file).unlink()
    training.train(load_project(file), tmp_path / "without")
    np.testing.assert_array_equal(figures(tmp_path / "with"), figures(tmp_path / "without"))
    one, other = (load_project(tmp_path / name / "project.json") for name in ("with", "without"))
    assert one.run["sha256"] == other.run["sha256"]


def bitmaps(folder: Path) -> Project:
    """Files whose size does not depend on their pixels."""
    train, val = write_set(folder / "t", range(6)), write_set(folder / "v", range(6, 8))
    lists = []
    for file in (file for files in (*train, *val) for file in files):
        path = Path(file)
        with Image.open(path) as image:
            image.save(path.with_suffix(".bmp"))
        path.unlink()
        lists.append(str(path.with_suffix(".bmp")))
    inputs, targets = ([f for f in lists if f"/{kind}/" in f] for kind in ("images", "targets"))
    return project_of(
        (tuple(inputs[:6]), tuple(targets[:6])), (tuple(inputs[6:]), tuple(targets[6:]))
    )


def change_unseen(path: Path) -> None:
    """Other pixels in a file of the same size, time and inode."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-600:-300] = bytes(255 - value for value in data[-600:-300])
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("place", ["train_inputs", "val_inputs"])
def test_an_image_that_changed_unseen_stops_the_training(tmp_path, place):
    """Size, time and inode are believed until the first epoch reads the pixels."""
    project = bitmaps(tmp_path / "set")
    file = stored(project, tmp_path)
    assert run("check", file) == 0
    changed = Path(getattr(project.specs.data, place)[1])
    change_unseen(changed)
    record = record_file(file)
    with pytest.raises(ImageChangedError, match=f"{changed.name} has changed since"):
        training.train(load_project(file), tmp_path / "run", record=record)
    assert not RunFolder(tmp_path / "run").best.exists()
    assert not record.exists()  # so that it is not believed again
    assert run("train", file, "--run-dir", tmp_path / "run") == 0


def test_a_resume_does_not_take_a_record_for_the_images(tmp_path):
    project = bitmaps(tmp_path / "set")
    file = stored(project, tmp_path)
    assert run("train", file, "--run-dir", tmp_path / "run") == 0
    changed = Path(project.specs.data.val_targets[0])
    change_unseen(changed)
    longer = load_project(file)
    specs = longer.specs
    longer = replace(longer, specs=replace(specs, training=replace(specs.training, epochs=2)))
    with pytest.raises(ImageChangedError, match=changed.name):
        training.train(longer, tmp_path / "run", resume=True, record=record_file(file))
    with pytest.raises(UserError, match=r"data\.val_targets"):  # by its bytes, read again
        training.train(longer, tmp_path / "run", resume=True, record=record_file(file))
    with suppress(OSError):
        os.utime(changed)
    with pytest.raises(UserError, match=r"data\.val_targets"):
        training.train(longer, tmp_path / "run", resume=True, record=record_file(file))
