"""Unsaved changes survive the window, and are offered once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sessions import Sessions

from deepimagetranslator.app import kept_project
from deepimagetranslator.app.kept_project import KeptProject, to_offer
from deepimagetranslator.app.project_state import unsaved_projects, unsaved_runs
from deepimagetranslator.core.config.project import load_project


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
    settings = sessions.session.settings
    assert to_offer(settings) is None
    change(sessions, 7)
    file = write(sessions, kept)
    assert to_offer(settings) is None  # its window is open
    kept.leave()  # as if it had died: the system releases the lock
    assert to_offer(settings) == file
    assert to_offer(settings) is None


def test_what_a_log_off_left_is_offered(sessions: Sessions) -> None:
    change(sessions, 7)
    sessions.session.project.keep()
    sessions.session.close()
    (file,) = files()
    assert to_offer(sessions.session.settings) == file


def test_other_files_are_not_offered(sessions: Sessions) -> None:
    unsaved_projects().mkdir(parents=True)
    (unsaved_projects() / "project.json").touch()
    assert to_offer(sessions.session.settings) is None
