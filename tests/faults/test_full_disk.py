"""A full disk: at every write of a training, a translation, and of project files.

In the slow series a real file system becomes full too.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from full_disk import Disk, full_disk
from small_run import figures, small_project

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import Event, LogLine
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_state import Stage, state_of
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.devices import load_engine
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate

EPOCHS = 3
SIZES = (8, 24, 40, 60, 90, 130, 160, 190, 220, 240, 260, 300)
"""Of a file system in KiB; a run of 3 epochs needs about 300."""


class Undisturbed:
    """A run on a disk with space.

    Attributes:
        project: what was trained.
        run: its folder.
        history: its figures.
        steps: how often it needed space.
    """

    def __init__(self, folder: Path) -> None:
        self.project: Project = small_project(folder / "images", EPOCHS)
        self.run = RunFolder(folder / "run")
        with pytest.MonkeyPatch.context() as patch:
            self.steps = trained(self.project, self.run, Disk(self.run.path), patch)[0].steps
        self.history = figures(self.run.path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    load_engine()
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, on another disk."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def trained(
    project: Project, run: RunFolder, disk: Disk, patch: pytest.MonkeyPatch
) -> tuple[Disk, list[str], UserError | None]:
    """Train on a disk; the sentences of its log, and the error that ended it."""
    told: list[str] = []

    def report(event: Event) -> None:
        if isinstance(event, LogLine):
            told.append(event.text)

    with full_disk(disk, patch):
        try:
            train(project, run.path, report=report)
        except UserError as error:
            return disk, told, error
    return disk, told, None


def assert_whole(folder: Path) -> None:
    """Every file under its final name is whole, and there is no other one."""
    for path in folder.rglob("*"):
        assert not path.name.startswith(".tmp-"), path.name
        if path.name.endswith(".weights.h5"):
            assert weights.is_whole(path), path.name
        elif path.suffix == ".json":
            load_project(path)
        elif path.suffix in (".png", ".tif"):
            read_image(path)


def assert_goes_on(one: Undisturbed, run: RunFolder) -> None:
    """Resuming, or beginning again, gives the undisturbed run."""
    new = state_of(run).stage is Stage.NEW
    train(one.project, run.path, resume=not new)
    np.testing.assert_allclose(figures(run.path), one.history, rtol=1e-6)
    assert_whole(run.path)


def test_a_training_survives_a_disk_that_is_full_for_a_while(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    disk = Disk(run.path)

    def report(event: Event) -> None:
        if isinstance(event, LogLine):
            told.append(event.text)
        if type(event).__name__ == "EpochStarted":
            disk.full_from = 1 if event.epoch in (1, 2) else 0

    told: list[str] = []
    with full_disk(disk, monkeypatch):
        train(undisturbed.project, run.path, report=report)
    assert sum("The training goes on" in text for text in told) == 1
    assert sum("written again" in text for text in told) == 1
    np.testing.assert_allclose(figures(run.path), undisturbed.history, rtol=1e-6)
    assert state_of(run).stage is Stage.RESUMABLE
    assert_whole(run.path)


@pytest.mark.faults
@pytest.mark.timeout(1500)
def test_a_disk_that_is_full_for_a_while_from_any_write_on(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = 0
    for number in range(1, undisturbed.steps + 1):
        run = RunFolder(tmp_path / str(number))
        disk = Disk(run.path, number, number + 4)
        _, _, error = trained(undisturbed.project, run, disk, monkeypatch)
        assert_whole(run.path)
        if error is None:
            np.testing.assert_allclose(figures(run.path), undisturbed.history, rtol=1e-6)
        else:  # before its first step, or at its end
            ended += 1
            assert len(str(error).splitlines()) == 1
            assert_rescued(undisturbed, run, str(error))
    print(f"full for 4 steps from each of {undisturbed.steps} on: {ended} ended, 0 lost an epoch")


@pytest.mark.faults
@pytest.mark.timeout(1500)
def test_a_disk_that_stays_full_from_any_write_on(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = 0
    for number in range(1, undisturbed.steps + 1):
        run = RunFolder(tmp_path / str(number))
        disk = Disk(run.path, number)
        _, told, error = trained(undisturbed.project, run, disk, monkeypatch)
        assert_whole(run.path)
        assert sum("The training goes on" in text for text in told) <= 1
        if error is not None:
            assert len(str(error).splitlines()) == 1
            again += assert_rescued(undisturbed, run, str(error))
    print(f"full from each of {undisturbed.steps} steps on: {again} begun again, the rest rescued")


def assert_rescued(one: Undisturbed, run: RunFolder, error: str) -> bool:
    """What an error says is done: the run is then complete, or begins again.

    Returns:
        Whether it began again.
    """
    named = re.search(r"is in (.+?): move these files", error)
    if named is None:
        assert "cannot be" in error and not [*run.path.glob("*.h5")]
        assert_goes_on(one, run)
        return True
    for path in Path(named[1]).iterdir():
        path.replace(run.path / path.name)
    Path(named[1]).rmdir()
    np.testing.assert_allclose(figures(run.path), one.history, rtol=1e-6)
    assert state_of(run).stage is Stage.RESUMABLE
    assert weights.is_whole(run.best)
    return False


def translated_fully(one: Undisturbed, out: Path, number: int, patch: pytest.MonkeyPatch) -> int:
    """Translate with the disk full from a step on; returns the steps that were asked for."""
    inputs = sorted({Path(name).parent for name in one.project.specs.data.train_inputs})
    disk = Disk(out, number)
    try:
        with full_disk(disk, patch):
            done = translate(one.run.best, inputs, out)
    except NoSpaceError as error:
        written = len([*out.rglob("*.png")])
        assert f" {written} of 6 images are translated" in str(error)
        assert disk.is_full
    else:
        assert len(done.translated) == 6 and not disk.is_full
    assert not [*out.rglob(".tmp-*")]
    for path in out.rglob("*.png"):
        assert read_image(path).shape == (32, 32, 1)
    return disk.steps


def test_a_translation_ends_with_a_sentence(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = translated_fully(undisturbed, tmp_path / "whole", 0, monkeypatch)
    for number in (1, 2, steps // 2, steps):
        translated_fully(undisturbed, tmp_path / str(number), number, monkeypatch)


@pytest.mark.faults
def test_a_translation_ends_with_a_sentence_at_any_write(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = translated_fully(undisturbed, tmp_path / "whole", 0, monkeypatch)
    for number in range(1, steps + 1):
        translated_fully(undisturbed, tmp_path / str(number), number, monkeypatch)
    print(f"a translation of 6 images, full from each of {steps} steps on")


def project_at_every_step(
    work: Callable[[Path], object], folder: Path, patch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Do the work on a project with the disk full from each step on; yields the project file."""
    number = 0
    while True:
        number += 1
        path = folder / str(number) / "p.json"
        save_project(Project(preset="before"), path)
        disk = Disk(path.parent, number)
        try:
            with full_disk(disk, patch):
                work(path)
        except NoSpaceError as error:
            assert len(str(error).splitlines()) == 1 and "cannot be written" in str(error)
        assert_whole(path.parent)
        yield path
        if not disk.is_full:
            return


@pytest.mark.parametrize("keep", [False, True], ids=["save", "keep and save"])
def test_a_project_is_the_old_one_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    """As the window, and as ``new`` and ``check --repair``, which keep the old one."""

    def work(path: Path) -> None:
        if keep:
            back_up(path)
        save_project(Project(preset="after"), path)

    found = []
    for path in project_at_every_step(work, tmp_path, monkeypatch):
        found.append(load_project(path).preset)
        kept = path.with_name("p.json.bak")
        if kept.exists():
            assert load_project(kept).preset == "before"
        assert kept.exists() or not keep or found[-1] == "before"
    assert found[0] == "before" and found[-1] == "after" and len(found) > 4 + 4 * keep


def test_new_leaves_the_old_project_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself, with the disk full from each of its writes on."""
    data = small_project(tmp_path / "images").specs.data
    images = [
        text
        for name in ("train_inputs", "train_targets", "val_inputs", "val_targets")
        for text in (f"--{name.replace('_', '-')}", *getattr(data, name))
    ]

    def work(path: Path) -> None:
        status = cli.main(["new", str(path), *images])
        told = capsys.readouterr().err
        assert "Traceback" not in told and "Unexpected" not in told
        assert status == 0 or (status == 2 and "p.json" in told and "cannot be written" in told)
        statuses.append(status)

    statuses: list[int] = []
    presets = [load_project(p).preset for p in project_at_every_step(work, tmp_path, monkeypatch)]
    assert [preset == "before" for preset in presets] == [status == 2 for status in statuses]
    assert statuses[0] == 2 and statuses[-1] == 0


# --- a real file system ---------------------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a small file system, or changes its size in KiB."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: int) -> Path:
        options = f"size={size}k" + (",remount" if place.is_mount() else "")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a small file system cannot be mounted here: {error}")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    line = [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.faults
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("size", SIZES)
def test_a_file_system_of_this_size_becomes_full(
    undisturbed: Undisturbed, tmp_path: Path, mounted: Callable[[int], Path], size: int
) -> None:
    disk = mounted(size)
    project = tmp_path / "p.json"
    save_project(replace(undisturbed.project), project)
    run = RunFolder(disk / "run")
    done = command("train", project, "--run-dir", run.path, "--json")
    print(f"{size} KiB: status {done.returncode}, {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr and "Unexpected" not in done.stderr
    assert_whole(run.path)
    if done.returncode == 0:
        assert json.loads(done.stdout)["epochs"] == EPOCHS
    mounted(20_000)
    named = re.search(r"is in (.+?): move these files", done.stderr.replace("\n", " "))
    if named is not None:
        for path in Path(named[1]).iterdir():
            run.path.joinpath(path.name).write_bytes(path.read_bytes())
    again = [] if state_of(run).stage is Stage.NEW else ["--resume"]
    assert command("train", project, "--run-dir", run.path, *again).returncode == 0
    np.testing.assert_allclose(figures(run.path), undisturbed.history, rtol=1e-6)
    assert_whole(run.path)
