"""A training that is killed, or loses power, at any point goes on as if it had not been.

The calls of a run to its files are recorded. The folder is rebuilt as each interruption leaves it,
and what the program does with it is tried: the decision on every state, a training on one of each
kind of state.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from recorded import Files, Interruption, Recorder, rebuild, recording
from small_run import figures, small_project

from deepimagetranslator.core.config.project import load_project, new_project, save_project
from deepimagetranslator.core.messages.events import EpochEnded, Event
from deepimagetranslator.core.runs.history_text import text_of
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_state import Stage, state_of
from deepimagetranslator.core.runs.state_file import read_head
from deepimagetranslator.core.system import temporary
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.processes import Process, start_time, this_process
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.devices import load_engine
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate

Kind = tuple[Stage, int, frozenset[str]]


@pytest.fixture(scope="module", autouse=True)
def engine() -> None:
    load_engine()


def ended_process() -> Process:
    """A process of this computer that has ended."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        found = replace(this_process(), pid=process.pid, started=start_time(process.pid))
        process.communicate(b"\n")
    assert found.is_gone
    return found


class Recorded:
    """A recorded run.

    Attributes:
        project: what was trained.
        history: its undisturbed history.
        best: its best weights.
        recorder: its states.
    """

    def __init__(self, folder: Path, epochs: int) -> None:
        self.project = small_project(folder / "images", epochs)
        run_dir = folder / "run"

        def report(event: Event) -> None:
            if isinstance(event, EpochEnded):
                recorder.mark()  # the user has been told

        with pytest.MonkeyPatch.context() as patch, recording(run_dir) as recorder:
            gone = ended_process()  # its temporary files are then those of a killed process
            patch.setattr(temporary, "this_process", lambda: gone)
            train(self.project, run_dir, report=report)
        self.recorder: Recorder = recorder
        self.history = figures(run_dir)
        self.best = run_dir / "best.weights.h5"
        self.whole = {path.name for path in run_dir.iterdir()}


@pytest.fixture(scope="module")
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("recorded"), request.param)


def final_files(files: Files) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.startswith(".tmp-")}


def distinct(found: list[Interruption]) -> Iterator[Interruption]:
    """The states that differ in more than temporary files and the log.

    Windows has no call that flushes names, so that nothing is promised there if power fails.
    """
    seen = set()
    for one in found:
        if one.power and os.name == "nt":
            continue
        kept = {name: x for name, x in final_files(one.files).items() if name != "log.txt"}
        key = one.done, frozenset(kept.items())
        if key not in seen:
            seen.add(key)
            yield one


def is_whole(path: Path) -> bool:
    """As ``weights.is_whole``; files of one content are looked at once."""
    content = path.read_bytes() if path.is_file() else b""
    if content not in _known:
        _known[content] = weights.is_whole(path)
    return _known[content]


_known: dict[bytes, bool] = {}


def assert_whole(folder: Path) -> None:
    """Every file under its final name opens and is whole."""
    run = RunFolder(folder)
    for path in folder.glob("[!.]*.weights.h5"):
        assert is_whole(path), path.name
    if run.project.exists():
        assert load_project(run.project).run
    if run.history.exists():
        assert text_of(run.read_history()) == run.history.read_text(encoding="utf-8")


def decided(one: Interruption, folder: Path) -> Kind:
    """Rebuild a state and decide what can be done; nothing that was told as complete is lost."""
    rebuild(one.files, folder)
    assert_whole(folder)
    run = RunFolder(folder)
    found = state_of(run, is_whole)
    head = None if found.file is None else read_head(found.file)
    epoch = 0 if head is None else head.epoch
    assert found == state_of(run), "the quick look decides otherwise"
    assert found.stage is not Stage.STATELESS
    assert epoch >= one.done
    return found.stage, epoch, frozenset(final_files(one.files))


def go_on(recorded: Recorded, folder: Path) -> None:
    """Resume, or begin again, and compare with the run that was not interrupted."""
    new = state_of(RunFolder(folder)).stage is Stage.NEW
    train(recorded.project, folder, resume=not new)
    np.testing.assert_allclose(figures(folder), recorded.history, rtol=0, atol=1e-6)
    assert_whole(folder)
    assert {path.name for path in folder.iterdir()} == recorded.whole
    best = RunFolder(folder).improvements()[-1].path
    assert RunFolder(folder).best.read_bytes() == best.read_bytes()


def kinds_of(recorded: Recorded, folder: Path) -> dict[Kind, Interruption]:
    """Decide on every distinct state; the last one of each kind."""
    return {decided(one, folder): one for one in distinct(recorded.recorder.found)}


@pytest.mark.parametrize("recorded", [2], indirect=True)
def test_a_run_goes_on_from_every_state_of_its_folder(recorded: Recorded, tmp_path: Path) -> None:
    kinds = kinds_of(recorded, tmp_path / "run")
    assert {kind[0] for kind in kinds} == {Stage.NEW, Stage.BEGUN, Stage.RESUMABLE}
    begun = next(one for kind, one in kinds.items() if kind[0] is Stage.BEGUN)
    between = next(
        one for kind, one in kinds.items() if kind[1] and "last.weights.h5" not in kind[2]
    )
    for one in (begun, between):
        rebuild(one.files, tmp_path / "run")
        go_on(recorded, tmp_path / "run")


@pytest.mark.parametrize("recorded", [2], indirect=True)
def test_a_killed_translation_leaves_whole_images_only(recorded: Recorded, tmp_path: Path) -> None:
    images, output = [*map(Path, recorded.project.specs.data.train_inputs)], tmp_path / "out"
    with recording(output) as recorder:
        translate(recorded.best, images, output)
    whole = {path.name: path.read_bytes() for path in output.iterdir()}
    assert len(whole) == len(images)
    killed = [final_files(one.files) for one in recorder.found if not one.power]
    assert {len(files) for files in killed} == {*range(len(images) + 1)}
    for files in killed:
        assert files.items() <= whole.items()


@pytest.mark.parametrize("replace", [False, True])
def test_the_replay_hears_of_files_that_threads_write(tmp_path: Path, replace: bool) -> None:
    names = [str(number) for number in range(40)]
    (tmp_path / "place").mkdir()
    with recording(tmp_path / "place") as recorder, ThreadPoolExecutor(8) as pool:
        write = partial(write_bytes, data=b"whole", replace=replace)
        written = list(pool.map(write, [tmp_path / "place" / name for name in names]))
    assert written == [None] * len(names)
    states = [final_files(one.files) for one in recorder.found if not one.power]
    assert {len(files) for files in states} == {*range(len(names) + 1)}
    assert {content for files in states for content in files.values()} == {b"whole"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no call that flushes names")
@pytest.mark.parametrize("durable", [False, True])
def test_the_replay_finds_what_is_not_flushed(tmp_path: Path, durable: bool) -> None:
    place, old, new = tmp_path / "place", b"old" * 50, b"new" * 50
    place.mkdir()
    with recording(place) as recorder:
        for content in (old, new):
            write_bytes(place / "file", content, durable=durable)
            recorder.mark()
    left = {one.files.get("file") for one in recorder.found if one.done}
    assert (left == {old, new}) is durable
    assert left >= {old, new}


def test_a_project_being_saved_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with recording(place) as recorder:
        for name in ("2021", "recommended"):
            save_project(new_project(name, {}), place / "project.json")
            recorder.mark()
    presets = set()
    for one in distinct(recorder.found):
        rebuild(one.files, tmp_path / "left")
        if "project.json" not in one.files:
            assert not one.done
            continue
        found = load_project(tmp_path / "left" / "project.json").preset
        assert found == "recommended" or one.done < 2
        presets.add(found)
    assert presets == {"2021", "recommended"}


@pytest.mark.faults
@pytest.mark.parametrize("recorded", [6], indirect=True)
def test_one_state_of_each_kind_is_trained_to_the_end(recorded: Recorded, tmp_path: Path) -> None:
    start = time.monotonic()
    kinds = kinds_of(recorded, tmp_path / "run")
    found = recorded.recorder.found
    states = sum(1 for _ in distinct(found))
    print(f"{recorded.recorder.calls} calls, {len(found)} states, {states} of them distinct,")
    print(f"{len(kinds)} kinds; decided in {time.monotonic() - start:.0f} s.")
    chosen = [*kinds.values()][:: -(-len(kinds) // 40)]
    for one in chosen:
        rebuild(one.files, tmp_path / "run")
        go_on(recorded, tmp_path / "run")
    print(f"{len(chosen)} trained to the end in {time.monotonic() - start:.0f} s: 0 differ.")
