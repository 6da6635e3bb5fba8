"""The window lives on: under an open box, with odd settings, without a home, after a log-off."""

from __future__ import annotations

import functools
import time
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest
from odd_settings import ODD_FILES
from waiting import wait_until
from window import Window

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.project_state import unsaved_projects
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import Event, JobFailed, LogLine
from deepimagetranslator.gui.app import App, run
from deepimagetranslator.gui.widgets.beside import MOVED
from deepimagetranslator.gui.widgets.message import Message


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """A window with the real boxes, without an engine."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(WorkerClient, "start", lambda _self: None)
    return App(scaling=1.0)


def open_boxes(app: App) -> list[Message]:
    return [child for child in app.root.winfo_children() if isinstance(child, Message)]


def while_box_is_open(app: App, condition: Callable[[], bool]) -> None:
    """Run the window until the condition holds while a box is open; then answer and close."""
    held: list[bool] = []

    def look() -> None:
        boxes = open_boxes(app)
        if boxes and condition():
            held.append(True)
            boxes[0].choose(0)
            app.root.after(1, app.close)
        else:
            app.root.after(5, look)

    app.root.after(5, look)
    app.run()
    assert held


def test_events_are_taken_in_their_order_while_a_box_of_an_event_is_open(app: App) -> None:
    waiting = [[JobFailed("user", "The disk is full."), LogLine("1"), LogLine("2")], [LogLine("3")]]
    told: list[str] = []
    handle = app.session._handle

    def note(event: Event) -> None:
        if isinstance(event, LogLine):
            told.append(event.text)
        else:
            handle(event)

    app.session._handle = note  # type: ignore[method-assign]
    app.client.poll = lambda: waiting.pop(0) if waiting else []  # type: ignore[method-assign]
    while_box_is_open(app, lambda: told == ["1", "2", "3"])


@pytest.mark.parametrize("error", [UserError("The disk is full."), ZeroDivisionError("by zero")])
def test_an_error_of_every_tick_opens_one_box(app: App, error: Exception) -> None:
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        raise error

    app.session.tick = tick  # type: ignore[method-assign]
    while_box_is_open(app, lambda: len(ticks) > 5 and len(open_boxes(app)) == 1)


@pytest.mark.parametrize("fails", ["session.project.keep", "session.close", "settings.set"])
def test_the_window_closes_at_log_off_whatever_fails(
    app: App, fails: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    *place, name = fails.split(".")
    owner = functools.reduce(getattr, place, app)

    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(owner, name, fail)
    app.root.after(5, app.leave_soon)
    app.run()  # returns when the root is destroyed
    assert "nobody thought of this" in caplog.text
    monkeypatch.undo()
    app.session.close()


@pytest.mark.parametrize("name", list(ODD_FILES)[::6])
def test_the_window_opens_with_odd_settings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path))
    monkeypatch.setattr(WorkerClient, "start", lambda _self: None)
    (tmp_path / "settings.json").write_bytes(ODD_FILES[name])
    app = App(scaling=1.0)
    app.root.update()
    assert app.root.winfo_viewable()
    app.close()


def test_an_end_while_the_panes_are_to_be_moved_prints_nothing(
    app: App, capfd: pytest.CaptureFixture[str]
) -> None:
    app.root.update()
    app.root.update()
    app.root.event_generate(MOVED)
    app.close()
    other = tk.Tk()  # Tcl prints what is wrong with calls that were left
    end = time.monotonic() + 0.1  # longer than any call is put off
    wait_until(lambda: time.monotonic() > end, other.update)
    other.destroy()
    assert capfd.readouterr().err == ""


def test_a_home_that_cannot_be_written_is_told_in_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(WorkerClient, "start", lambda client: client._empty_log())
    told: list[str] = []

    class TellingApp(App):
        def run(self) -> None:
            self.boxes.inform = lambda _title, text: told.append(text)
            self.boxes.fail = lambda _title, text, _details: told.append(text)
            self.root.after(50, self.close)
            super().run()

    monkeypatch.setattr("deepimagetranslator.gui.app.App", TellingApp)
    monkeypatch.setattr("deepimagetranslator.gui.app.end_at_signals", lambda _app: None)
    monkeypatch.setattr("deepimagetranslator.gui.app._end_threads", lambda: None)
    assert run() == 0
    assert len(told) == 1 and "cannot be written" in told[0]


def test_the_next_start_offers_what_a_killed_window_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path))
    monkeypatch.setattr(WorkerClient, "start", lambda _self: None)
    left = unsaved_projects() / "2026-11-28_10-00-00-7.json"
    save_project(Project(), left)
    asked: list[str] = []
    window = Window()
    try:
        window.answers.choice = 0
        window.until(lambda: window.session.project.path == left)
        asked += window.answers.asked
    finally:
        window.close()
    again = Window()
    try:
        again.until(again.root.winfo_viewable)
        again.app._start(None)
        assert again.answers.asked == []
    finally:
        again.close()
    assert len(asked) == 1 and "not saved" in asked[0]
