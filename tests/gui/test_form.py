"""Forms: what is shown is read back, what is wrong is said under its field, dialogs behave."""

from __future__ import annotations

import dataclasses
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

import pytest
from focus import focus
from starts import start_of

from deepimagetranslator.core.config.fields import FieldInfo, fields_of
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import SECTIONS, ModelSpec, Specs, TrainingSpec
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.widgets.form import Form, FormDialog, Group, Row
from deepimagetranslator.gui.widgets.form_fields import FormFields, MessageLabel, TickGrid
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics
from deepimagetranslator.gui.widgets.words import full_help, parsed, shown_choice, shown_value

Pump = Callable[..., None]
EVERY_FIELD = [info for section in SECTIONS for info in fields_of(getattr(Specs(), section))]
GROUPS = (
    Group("First", ("epochs", "batch_size", "optimizer")),
    Group("Second", ("learning_rate", "metrics"), column=1),
)


@pytest.mark.parametrize("info", EVERY_FIELD, ids=lambda info: info.name)
def test_words_are_read_back(info: FieldInfo) -> None:
    if info.kind == "choice":
        for word in info.choices:
            assert parsed(info, shown_choice(info, word)) == word
    assert parsed(info, shown_value(info, info.default)) == info.default
    assert full_help(info).startswith(info.help)
    assert full_help(info).endswith(".")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_shown_spec_is_read_back(root: tk.Tk, section: str, name: str) -> None:
    spec = getattr(PRESETS[name], section)
    fields: FormFields[Any] = FormFields(root, type(spec))
    fields.show(spec)
    assert fields.read() == spec
    assert fields.problems() == {}
    assert set(fields.variables) == {field.name for field in dataclasses.fields(spec)}


def test_numbers_of_every_size_are_read_back(root: tk.Tk) -> None:
    fields = FormFields(root, TrainingSpec)
    for rate in (1e-08, 0.001, 1 / 3, 1.0, 10.0):
        fields.show(TrainingSpec(learning_rate=rate, metrics=("psnr", "mse")))
        assert fields.read() == TrainingSpec(learning_rate=rate, metrics=("psnr", "mse"))


def test_a_problem_stands_under_its_field(root: tk.Tk) -> None:
    form = Form(root, TrainingSpec, GROUPS)
    form.grid()
    form.show(TrainingSpec())
    messages = [w for w in every(form) if isinstance(w, MessageLabel)]
    assert not any(message.winfo_manager() for message in messages)
    form.fields.variables["epochs"].set("3x")
    root.update()
    shown = [message for message in messages if message.winfo_ismapped()]
    assert form.read() is None
    assert [message.text() for message in shown] == [form.problems()["epochs"]]
    assert shown[0].text() == "Epochs must be a whole number from 1 to 100000, not '3x'."
    assert form.controls["epochs"].instate(["invalid"])
    entry = form.controls["epochs"]
    assert shown[0].winfo_rooty() >= entry.winfo_rooty() + entry.winfo_height()
    assert shown[0].winfo_rooty() < form.controls["batch_size"].winfo_rooty()
    form.fields.variables["epochs"].set("3")
    root.update()
    assert form.read() == TrainingSpec(epochs=3)
    assert not shown[0].winfo_ismapped()
    assert form.controls["epochs"].instate(["!invalid"])


def test_fields_that_contradict_each_other(root: tk.Tk) -> None:
    fields = FormFields(root, ModelSpec)
    fields.variables["depth"].set("2")
    fields.variables["deep_supervision"].set("true")
    assert list(fields.problems()) == ["deep_supervision"]
    assert fields.read() is None


def test_a_remark_does_not_stand_in_the_way(root: tk.Tk) -> None:
    remark = Problem("epochs", "That will take long.", fatal=False)
    form = Form(root, TrainingSpec, GROUPS, check=lambda _spec: [remark])
    form.show(TrainingSpec())
    texts = [w.text() for w in every(form) if isinstance(w, MessageLabel) and w.winfo_manager()]
    assert texts == ["That will take long."]
    assert form.problems() == {}
    assert form.read() == TrainingSpec()


def test_fields_that_are_not_in_the_table_keep_their_values(root: tk.Tk) -> None:
    form = Form(root, TrainingSpec, GROUPS)
    form.show(TrainingSpec(seed=7))
    form.fields.variables["epochs"].set("9")
    assert form.read() == TrainingSpec(seed=7, epochs=9)


def test_ticks_keep_the_order_of_the_words(root: tk.Tk) -> None:
    variable = tk.StringVar(root, "psnr, mse")
    grid = TickGrid(root, ("mse", "mae", "psnr"), variable)
    grid.ticks["mae"].invoke()
    assert variable.get() == "psnr, mse, mae"
    grid.ticks["psnr"].invoke()
    assert variable.get() == "mse, mae"
    variable.set("")
    assert not any(tick.instate(["selected"]) for tick in grid.ticks.values())
    grid.destroy()
    variable.set("mse")


def test_help_follows_pointer_and_keyboard(root: tk.Tk, pump: Pump) -> None:
    said: list[str] = []
    form = Form(root, TrainingSpec, GROUPS, on_help=said.append)
    form.grid()
    form.controls["epochs"].focus_force()
    pump(root, lambda: said)
    assert said[-1].startswith("Passes over all training images.")
    form.controls["batch_size"].event_generate("<Enter>")
    assert said[-1].startswith("Images per training step.")
    form.controls["batch_size"].event_generate("<Leave>")
    assert said[-1].startswith("Passes over")


def test_a_letter_jumps_in_a_list(root: tk.Tk, pump: Pump) -> None:
    form = Form(root, TrainingSpec, GROUPS)
    form.grid()
    form.show(TrainingSpec())
    box = form.controls["optimizer"]
    focus(box)
    for expected in ("SGD", "SGD"):
        box.event_generate("<Key-s>")
        assert form.fields.variables["optimizer"].get() == expected
    box.event_generate("<Key-a>")
    assert form.fields.variables["optimizer"].get() == "Adagrad"


def test_rows_of_several_fields(root: tk.Tk) -> None:
    row = Row("Input", ("input_width", "input_height"), ("Width", "Height"))
    form = Form(root, ModelSpec, (Group("Sizes", (row,)),))
    form.grid()
    root.update()
    assert list(form.controls) == ["input_width", "input_height"]
    left, right = form.controls.values()
    assert left.winfo_rootx() < right.winfo_rootx()


def test_no_letter_is_underlined_twice(root: tk.Tk) -> None:
    mnemonics = Mnemonics(root)
    done: list[str] = []
    assert mnemonics.add("Batch size", lambda: done.append("batch")) == 0
    assert mnemonics.add("Blur", lambda: done.append("blur")) == 1
    assert mnemonics.add("Best size", lambda: done.append("best")) == 5
    assert mnemonics.add("b", lambda: None) == -1
    focus(root)
    for key in ("b", "L", "s"):
        root.event_generate(f"<Alt-Key-{key}>")
    assert done == ["batch", "blur", "best"]


def make(root: tk.Tk, on_ok: Callable[[TrainingSpec], object] | None = None) -> FormDialog[Any]:
    def take(spec: TrainingSpec, _chosen: frozenset[str]) -> None:
        if on_ok is not None:
            on_ok(spec)

    start = start_of(TrainingSpec())
    dialog = FormDialog(root, "test", "A test", start, GROUPS, ok="Apply", on_ok=take)
    dialog.place(dialog.form.first())
    dialog.update()
    return dialog


def test_apply_gives_the_spec_and_only_then(root: tk.Tk) -> None:
    got: list[TrainingSpec] = []
    dialog = make(root, got.append)
    dialog.form.fields.variables["epochs"].set("7")
    assert got == []
    dialog.ok_button.invoke()
    assert got == [TrainingSpec(epochs=7)]
    assert not dialog.winfo_exists()


@pytest.mark.parametrize("way", ["button", "escape", "close"])
def test_cancel_gives_nothing(root: tk.Tk, pump: Pump, way: str) -> None:
    got: list[TrainingSpec] = []
    dialog = make(root, got.append)
    if way == "button":
        dialog.cancel_button.invoke()
    elif way == "escape":
        press(dialog, dialog.form.first(), "<Escape>", pump)
    else:
        root.tk.eval(dialog.protocol("WM_DELETE_WINDOW"))
    assert got == []
    assert not dialog.winfo_exists()


def test_return_applies_unless_something_is_wrong(root: tk.Tk, pump: Pump) -> None:
    got: list[TrainingSpec] = []
    dialog = make(root, got.append)
    dialog.form.fields.variables["epochs"].set("")
    assert dialog.ok_button.instate(["disabled"])
    press(dialog, dialog.form.first(), "<Return>", pump)
    dialog.accept()
    assert dialog.winfo_exists()
    dialog.form.fields.variables["epochs"].set("4")
    assert dialog.ok_button.instate(["!disabled"])
    press(dialog, dialog.form.first(), "<Return>", pump)
    assert got == [TrainingSpec(epochs=4)]


def test_return_on_a_button_presses_that_button(root: tk.Tk, pump: Pump) -> None:
    got: list[TrainingSpec] = []
    dialog = make(root, got.append)
    press(dialog, dialog.cancel_button, "<Return>", pump)
    assert not dialog.winfo_exists()
    assert got == []


def test_reset_to_each_preset_and_back(root: tk.Tk) -> None:
    dialog = make(root)
    variables = dialog.form.fields.variables
    for index, (name, specs) in enumerate(PRESETS.items()):
        variables["epochs"].set("x")
        dialog.reset_menu.invoke(index)
        assert dialog.value() == specs.training, name
    dialog.reset_menu.invoke("end")
    assert dialog.value() == TrainingSpec()
    assert dialog.winfo_exists()


def test_one_dialog_of_a_kind(root: tk.Tk) -> None:
    dialog = make(root)
    assert FormDialog.open(root) is dialog
    dialog.cancel()
    other = TrainingDialog.open(root, start_of(TrainingSpec()))
    assert TrainingDialog.open(root) is other
    assert type(other) is TrainingDialog


def test_the_tab_key_goes_through_the_table_in_its_order(root: tk.Tk) -> None:
    dialog = make(root)
    order, widget = [], dialog.form.first()
    names = {str(control): name for name, control in dialog.form.controls.items()}
    for _ in range(40):
        order.append(names.get(str(widget), str(widget)))
        widget = widget.tk_focusNext()
        if str(widget) == str(dialog.form.first()):
            break
    table = ["epochs", "batch_size", "optimizer", "learning_rate"]
    assert order[:4] == table
    ends = [dialog.reset_button, dialog.ok_button, dialog.cancel_button]
    assert order[-3:] == [str(button) for button in ends]


def test_a_dialog_larger_than_the_screen_scrolls(root: tk.Tk, pump: Pump) -> None:
    rows = tuple(info.name for info in fields_of(ModelSpec))
    groups = tuple(Group(f"Part {number}", rows) for number in range(3))
    dialog = FormDialog(root, "tall", "Tall", start_of(ModelSpec()), groups)
    dialog.place(dialog.form.first())
    pump(root, lambda: dialog.winfo_ismapped() and dialog.winfo_height() > 1)
    root.update()
    assert dialog.winfo_height() <= root.winfo_screenheight()
    low = dialog.form.controls["final_activation"]
    room = dialog.buttons.winfo_rooty()
    assert low.winfo_rooty() > room
    low.focus_force()
    pump(root, lambda: low.winfo_rooty() + low.winfo_height() <= room)
    dialog.form.first().focus_force()
    assert isinstance(low, ttk.Combobox)


def test_each_stop_of_the_tab_key_takes_the_keyboard(root: tk.Tk) -> None:
    dialog = make(root)
    kinds = {"TEntry", "TCombobox", "TCheckbutton", "TButton", "TMenubutton"}
    widget = dialog.form.first()
    for _ in range(40):
        assert widget.winfo_class() in kinds
        widget = widget.tk_focusNext()


def every(widget: tk.Misc) -> list[tk.Misc]:
    return [widget] + [w for child in widget.winfo_children() for w in every(child)]


def press(dialog: tk.Misc, widget: tk.Misc, key: str, pump: Pump) -> None:
    focus(widget)
    widget.event_generate(key)
