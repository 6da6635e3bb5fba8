"""Unsaved changes survive the window, and are offered once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from sessions import Sessions
from waiting import PATIENCE

from deepimagetranslator.app import kept_project
from deepimagetranslator.app.kept_project import KeptProject, to_offer
from deepimagetranslator.app.project_state import (
    new_unsaved_project,
    unsaved_projects,
    unsaved_runs,
)
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.errors import UserError


@pytest.fixture
def kept(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> KeptProject:
    monkeypatch.setattr(kept_project, "SECONDS", 0.0)
    return KeptProject(sessions.session.project, sessions.session.background)


def change(sessions: Sessions, epochs: int) -> None:
    project = sessions.session.project
    project.set_section("training", replace(project.specs.training, epochs=epochs))


def files() -> list[Path]:
    return list(unsaved_projects().glob("*.json"))


def write(sessions: Sessions, kept: KeptProject) -> Path:
    """Let the change be kept; its file."""
    for _ in range(3):
        kept.tick()
    sessions.until(lambda: files() and not sessions.session.background.busy)
    (file,) = files()
    return file


def test_changes_are_kept_with_their_runs_until_they_are_saved(
    sessions: Sessions, kept: KeptProject, tmp_path: Path
) -> None:
    kept.tick()
    assert files() == []
    change(sessions, 7)
    sessions.session.project.add_run(unsaved_runs() / "1")
    file = write(sessions, kept)
    assert load_project(file).specs.training.epochs == 7
    assert load_project(file).runs == (unsaved_runs() / "1",)
    change(sessions, 8)
    assert write(sessions, kept) == file
    sessions.until(lambda: load_project(file).specs.training.epochs == 8)
    sessions.session.project.save(tmp_path / "mine.json")
    kept.tick()
    assert files() == []


def test_what_a_window_left_is_offered_once_and_not_while_it_lives(
    sessions: Sessions, kept: KeptProject
) -> None:
    assert to_offer() is None
    change(sessions, 7)
    file = write(sessions, kept)
    assert to_offer() is None  # its window is open
    kept.leave()  # as if it had died: the system releases the lock
    assert to_offer() == file
    assert to_offer() is None


def test_what_a_log_off_left_is_offered(sessions: Sessions) -> None:
    change(sessions, 7)
    sessions.session.project.keep()
    sessions.session.close()
    (file,) = files()
    assert to_offer() == file


def test_each_of_several_windows_that_ended_at_once_is_offered(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(sessions, 7)
    for process in (1, 2):  # within one second
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        save_project(sessions.session.project.contents, new_unsaved_project())
    save_project(Project(), unsaved_projects() / "2020-01-01_10-00-00.json")  # the clock was set
    offered = [to_offer() for _ in range(4)]
    assert offered[3] is None and set(offered[:3]) == set(files()) and len(files()) == 3


def test_a_file_that_was_being_written_when_the_changes_were_saved_does_not_stay(
    sessions: Sessions, kept: KeptProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, saved = Event(), Event()

    def slowly(contents: Project, path: Path) -> None:
        begun.set()
        saved.wait(PATIENCE)
        save_project(contents, path)

    monkeypatch.setattr(kept_project, "save_project", slowly)
    change(sessions, 7)
    sessions.until(lambda: kept.tick() or begun.is_set())
    sessions.session.project.save(tmp_path / "mine.json")
    kept.tick()
    saved.set()
    sessions.until(lambda: not sessions.session.background.busy)
    assert files() == []


def test_it_is_tried_again_after_a_failure(
    sessions: Sessions, kept: KeptProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []

    def fail_first(contents: Project, path: Path) -> None:
        tries.append(path)
        if len(tries) == 1:
            raise UserError("The disk is full.")
        save_project(contents, path)

    monkeypatch.setattr(kept_project, "save_project", fail_first)
    change(sessions, 7)
    sessions.until(lambda: kept.tick() or files())
    assert tries == [tries[0]] * 2


def test_other_files_are_not_offered(sessions: Sessions) -> None:
    unsaved_projects().mkdir(parents=True)
    (unsaved_projects() / "project.json").touch()
    assert to_offer() is None
