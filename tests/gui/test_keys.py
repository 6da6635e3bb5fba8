"""Keys do what they say: modified letters are commands, Ctrl+A selects all, Enter presses."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk
from types import SimpleNamespace
from typing import Any

import pytest
from focus import focus
from starts import start_of

from deepimagetranslator.app.events import Bus, JobEnded
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, TrainingSpec
from deepimagetranslator.core.messages.events import JobCancelled
from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import ValuesDialog
from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.jobs.job_window import JobWindow
from deepimagetranslator.gui.widgets.keys import use_common_keys
from deepimagetranslator.gui.widgets.message import Message

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIALOGS: dict[str, Callable[[tk.Tk], Any]] = {
    "training": lambda root: TrainingDialog(root, start_of(TrainingSpec())),
    "model": lambda root: ModelDialog(root, start_of(ModelSpec()), TrainingSpec()),
    "values": lambda root: ValuesDialog(root, DataSpec(), (), lambda: (None, None)),
}


def every(widget: tk.Misc, kind: type) -> list[Any]:
    found = [widget] if isinstance(widget, kind) else []
    return found + [w for child in widget.winfo_children() for w in every(child, kind)]


@pytest.fixture(params=DIALOGS)
def dialog(request: pytest.FixtureRequest, root: tk.Tk) -> Any:
    use_common_keys(root)
    dialog = DIALOGS[request.param](root)
    root.update()
    # The commands themselves are not what is tried here.
    monkey = [key for key in dialog.bind() if key.startswith("<Alt-")]
    for key in monkey:
        dialog.bind(key, lambda _event: None)
    yield dialog
    dialog.destroy()


@pytest.mark.parametrize("modifier", ["Alt", "Control"])
def test_a_letter_with_a_modifier_never_reaches_a_field(dialog: Any, modifier: str) -> None:
    fields = [w for w in every(dialog, ttk.Entry) if w.winfo_viewable()]  # drop-downs, too
    assert fields
    for field in fields:
        focus(field)
        before = field.get()
        for letter in set(LETTERS) - set("vxyhdktw"):  # those that edit a text on purpose
            field.event_generate(f"<{modifier}-Key-{letter}>")
        dialog.update()
        assert field.get() == before, str(field)


def test_a_drop_down_still_takes_a_letter_alone(root: tk.Tk) -> None:
    dialog = DIALOGS["training"](root)
    box = dialog.form.controls["optimizer"]
    focus(box)
    before = box.get()
    first = next(word for word in box.cget("values") if word[0].lower() != before[0].lower())
    box.event_generate(f"<Key-{first[0].lower()}>")
    root.update()
    assert box.get()[0].lower() == first[0].lower()
    dialog.cancel()


def test_ctrl_a_and_a_digit_replace_a_number(dialog: Any) -> None:
    numbers = [
        w
        for w in every(dialog, ttk.Entry)
        if not isinstance(w, ttk.Combobox) and w.winfo_viewable() and w.instate(["!disabled"])
    ]
    for field in numbers:
        field.delete(0, "end")
        field.insert(0, "100")
        focus(field)
        field.event_generate("<Control-Key-a>")
        field.event_generate("<Key-8>")
        dialog.update()
        assert field.get() == "8", str(field)


def test_a_message_s_enter_presses_the_button_with_the_focus(root: tk.Tk) -> None:
    for keys, answer in (
        (("Return",), 0),
        (("Tab", "Return"), 1),
        (("Tab", "Tab", "Return"), 2),
        (("Alt-d",), 1),
        (("Alt-c",), 2),
        (("Escape",), 2),
    ):
        box = Message(root, "Unsaved changes", "Save?", ("Save", "Don't save", "Cancel"))
        root.update()
        focus(box.buttons[0])
        for key in keys:
            target = box.focus_get()
            assert target is not None
            target.event_generate(f"<{key}>")
            root.update()
        assert (box.answer, box.winfo_exists()) == (answer, 0), keys


@pytest.fixture
def job(root: tk.Tk) -> Any:
    stopped: list[str] = []
    jobs = SimpleNamespace(kind="translation", stop=lambda: stopped.append("stop"))
    session: Any = SimpleNamespace(bus=Bus(), jobs=jobs, stopped=stopped)
    window = JobWindow(root, session, "Translating", output=Path("out"))
    root.update()
    yield window
    if window.winfo_exists():
        window.destroy()


def test_a_job_window_s_keys(job: Any) -> None:
    focus(job)
    job.event_generate("<Return>")
    job.update()
    assert job.session.stopped == [], "Enter does not cancel by accident"
    job.event_generate("<Alt-c>")
    job.update()
    assert job.session.stopped == ["stop"]
    job.session.jobs.kind = ""
    job.session.bus.publish(JobEnded("translation", JobCancelled()))
    job.update()
    job.cancel_button.event_generate("<Return>")
    assert not job.winfo_exists()


def test_every_button_of_a_job_window_has_a_letter(job: Any) -> None:
    job.session.jobs.kind = ""
    job._offer_folder(Path("out"))
    letters = [
        str(b.cget("text"))[int(str(b.cget("underline")))].lower() for b in every(job, ttk.Button)
    ]
    assert len(letters) == 2 == len(set(letters))
