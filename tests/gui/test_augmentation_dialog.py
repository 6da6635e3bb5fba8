"""The augmentation dialog: its table, its problems, its preview."""

from __future__ import annotations

import threading
import tkinter as tk
from collections.abc import Callable
from dataclasses import fields, replace
from tkinter import ttk

import numpy as np
import pytest
from focus import focus
from starts import start_of

from deepimagetranslator.core.augmentation.pipeline import augment, sample_generator
from deepimagetranslator.core.config.presets import preset
from deepimagetranslator.core.config.specs import OPERATIONS, OPERATIONS_2021, AugmentationSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.gui.dialogs import augmentation_preview
from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

Pump = Callable[..., None]
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 1)).astype(np.uint8)
TARGET = np.repeat(IMAGE, 3, axis=2)


def draw(spec: AugmentationSpec, number: int) -> tuple[np.ndarray, np.ndarray]:
    """What the caller gives: the pair augmented under that draw."""
    pair = (IMAGE.astype(np.float32) / 255, TARGET.astype(np.float32) / 255)
    one, other = augment(pair, spec, sample_generator(1, number, 0))
    assert other is not None
    return one, other


def type_into(dialog: AugmentationDialog, name: str, text: str) -> None:
    entry = dialog.controls[name]
    assert isinstance(entry, ttk.Entry)
    entry.delete(0, "end")
    entry.insert(0, text)


def click(dialog: AugmentationDialog, name: str) -> None:
    tick = dialog.controls[name]
    assert isinstance(tick, ttk.Checkbutton)
    tick.invoke()


def ok_enabled(dialog: AugmentationDialog) -> bool:
    return not dialog.ok_button.instate(["disabled"])


def test_every_field_has_a_widget(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    assert set(dialog.controls) == {field.name for field in fields(AugmentationSpec)}
    rows = [dialog.controls[f"{name}_input"].grid_info()["row"] for name in OPERATIONS]
    assert rows == sorted(set(rows)), "the rows stand in the 2021 order"


@pytest.mark.parametrize("name", ["recommended", "2021"])
def test_a_preset_shown_is_read_back(root: tk.Tk, name: str) -> None:
    spec = preset(name).augmentation
    dialog = AugmentationDialog(root, start_of(spec), None)
    assert dialog.value() == spec


def test_any_spec_shown_is_read_back(root: tk.Tk) -> None:
    spec = AugmentationSpec(ripple=0.25, drop_count=3, drop=7.5, noise_input=True)
    spec = replace(spec, noise_validation=True, flip_target=False, behaviour="2021")
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    dialog.form.show(spec)
    assert dialog.value() == spec


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rotation", "3x", "Rotation must be a number from 0 to 180 (degrees), not '3x'."),
        ("ripple", "1.5", "Ripple effect must be a number from 0 to 1 (probability), not '1.5'."),
        ("drop_count", "2.5", "Drop (cutout) up to must be a whole number from 0 to 10000"),
        ("drop", "-1", "of must be a number from 0 to 4096 (pixels), not '-1"),
        ("contrast", "", "Contrast must be a number from 1 to 100 (factor), not ''."),
    ],
)
def test_a_wrong_amount_is_named_under_its_field(
    root: tk.Tk, name: str, text: str, words: str
) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    type_into(dialog, name, text)
    assert dialog.form.problems()[name].startswith(words)
    assert not ok_enabled(dialog)
    assert dialog.controls[name].instate(["invalid"])
    root.update()
    shown = [message for message in messages(dialog.form) if words in message.text()]
    assert len(shown) == 1 and shown[0].winfo_ismapped()
    overlapping = [
        widget
        for widget in dialog.form.grid_slaves(row=shown[0].grid_info()["row"])
        if widget is not shown[0]
    ]
    assert not overlapping
    type_into(dialog, name, "1")
    assert ok_enabled(dialog) and not dialog.form.problems()


def messages(parent: tk.Misc) -> list[MessageLabel]:
    return [child for child in parent.winfo_children() if isinstance(child, MessageLabel)]


def test_a_validation_tick_needs_the_input_tick(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    click(dialog, "noise_validation")
    assert "only if it acts on the training inputs" in dialog.form.problems()["noise_validation"]
    assert not ok_enabled(dialog)
    click(dialog, "noise_input")
    assert ok_enabled(dialog)
    value = dialog.value()
    assert value is not None and value.ticks("noise") == (True, False, True)


def test_nothing_is_applied_until_apply(root: tk.Tk) -> None:
    applied: list[AugmentationSpec] = []
    dialog = AugmentationDialog(
        root, start_of(AugmentationSpec()), None, on_ok=lambda spec, _chosen: applied.append(spec)
    )
    type_into(dialog, "blur", "9")
    click(dialog, "blur_input")
    assert not applied
    dialog.ok_button.invoke()
    assert applied == [AugmentationSpec(blur=9.0, blur_input=True)]
    assert not dialog.winfo_exists()


def test_cancel_and_escape_apply_nothing(root: tk.Tk) -> None:
    applied: list[AugmentationSpec] = []
    for end in ("cancel", "escape"):
        dialog = AugmentationDialog(
            root,
            start_of(AugmentationSpec()),
            None,
            on_ok=lambda spec, _chosen: applied.append(spec),
        )
        click(dialog, "blur_input")
        if end == "cancel":
            dialog.cancel_button.invoke()
        else:
            focus(dialog)
            dialog.event_generate("<Escape>")
        assert not dialog.winfo_exists()
    assert not applied


def test_return_applies(root: tk.Tk) -> None:
    applied: list[AugmentationSpec] = []
    dialog = AugmentationDialog(
        root, start_of(AugmentationSpec()), None, on_ok=lambda spec, _chosen: applied.append(spec)
    )
    focus(dialog.controls["scaling"])
    dialog.controls["scaling"].event_generate("<Return>")
    assert applied == [AugmentationSpec()]


def test_reset_offers_both_presets(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec(rotation=5.0)), None)
    dialog.reset("2021")
    assert dialog.value() == preset("2021").augmentation
    dialog.reset("recommended")
    assert dialog.value() == preset("recommended").augmentation
    dialog.reset(None)
    assert dialog.value() == AugmentationSpec(rotation=5.0)


def test_opened_twice_it_comes_to_the_front(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    assert AugmentationDialog.open(root, AugmentationSpec(), None) is dialog
    assert [child for child in root.winfo_children() if isinstance(child, tk.Toplevel)] == [dialog]


def test_what_was_ticked_is_applied(root: tk.Tk) -> None:
    got: list[AugmentationSpec] = []
    dialog = AugmentationDialog(
        root, start_of(AugmentationSpec()), None, lambda spec, _chosen: got.append(spec)
    )
    click(dialog, "drop_input")
    dialog.ok_button.invoke()
    assert got == [AugmentationSpec(drop_input=True)]


def test_the_preview_is_the_given_pair_of_the_typed_spec(root: tk.Tk, pump: Pump) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), draw)
    preview = dialog.preview
    pump(root, lambda: preview.shown == (AugmentationSpec(), 0))
    type_into(dialog, "rotation", "15")
    wanted = AugmentationSpec(rotation=15.0)
    pump(root, lambda: preview.shown == (wanted, 0))
    preview.another_button.invoke()
    pump(root, lambda: preview.shown == (wanted, 1))
    one, other = draw(wanted, 1)
    np.testing.assert_array_equal(preview.input.image, one)
    np.testing.assert_array_equal(preview.target.image, other)


def test_a_wrong_field_keeps_the_preview(root: tk.Tk, pump: Pump) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), draw)
    pump(root, lambda: dialog.preview.shown is not None)
    type_into(dialog, "rotation", "3x")
    assert not dialog.preview.busy
    assert dialog.preview.input.image is not None


def test_the_unchanged_pair_can_be_seen(root: tk.Tk, pump: Pump) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec(noise_input=True)), draw)
    preview = dialog.preview
    pump(root, lambda: preview.shown is not None)
    preview.plain_button.invoke()
    pump(root, lambda: not preview.busy)
    np.testing.assert_array_equal(preview.input.image, IMAGE.astype(np.float32) / 255)
    assert dialog.value() == AugmentationSpec(noise_input=True)


def test_drawing_does_not_block_and_the_latest_wins(root: tk.Tk, pump: Pump) -> None:
    started, go = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def slow(spec: AugmentationSpec, number: int) -> tuple[np.ndarray, np.ndarray]:
        threads.append(threading.current_thread())
        started.set()
        assert go.wait(10)
        return draw(spec, number)

    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), slow)
    assert started.wait(5)
    for text in ("1", "12", "123"):
        type_into(dialog, "rotation", text)
    assert dialog.preview.shown is None
    go.set()
    wanted = AugmentationSpec(rotation=123.0)
    pump(root, lambda: not dialog.preview.busy)
    assert dialog.preview.shown == (wanted, 0)
    assert threading.main_thread() not in threads
    assert len(threads) <= 3, "what was replaced before it began is not drawn"


def test_a_pair_that_cannot_be_drawn_is_explained(root: tk.Tk, pump: Pump) -> None:
    def refuse(_spec: AugmentationSpec, _number: int) -> tuple[np.ndarray, None]:
        raise UserError("a.png is damaged or incomplete; copy it again or take it out.")

    got: list[AugmentationSpec] = []
    dialog = AugmentationDialog(
        root, start_of(AugmentationSpec()), refuse, lambda spec, _chosen: got.append(spec)
    )
    pump(root, lambda: not dialog.preview.busy)
    root.update()
    assert "a.png is damaged" in texts(dialog.preview.input)
    dialog.ok_button.invoke()
    assert got == [AugmentationSpec()]


def test_without_images_it_says_so(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    root.update()
    assert augmentation_preview.NO_IMAGES in texts(dialog.preview.input)
    assert dialog.preview.another_button.instate(["disabled"])


def texts(canvas: tk.Canvas) -> str:
    items = [item for item in canvas.find_all() if canvas.type(item) == "text"]
    return " ".join(canvas.itemcget(item, "text") for item in items)


def test_closing_while_a_pair_is_drawn_is_quiet(root: tk.Tk) -> None:
    go = threading.Event()

    def slow(spec: AugmentationSpec, number: int) -> tuple[np.ndarray, np.ndarray]:
        assert go.wait(10)
        return draw(spec, number)

    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), slow)
    dialog.cancel()
    go.set()
    root.update()


def test_operations_that_the_chosen_version_lacks_are_greyed(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec(offset_input=True)), None)
    dialog.form.show(AugmentationSpec(offset_input=True, behaviour="2021"))
    greyed = {name for name, widget in dialog.controls.items() if widget.instate(["disabled"])}
    operations = {name.partition("_input")[0] for name in greyed if name.endswith("_input")}
    assert operations == set(OPERATIONS) - set(OPERATIONS_2021)
    assert {"offset", "offset_validation", "stretch_target"} <= greyed
    assert {"noise", "noise_input", "behaviour"}.isdisjoint(greyed)
    dialog.form.show(AugmentationSpec(offset_input=True))
    assert not any(widget.instate(["disabled"]) for widget in dialog.controls.values())


def test_it_fits_a_small_screen(root: tk.Tk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tk.Misc, "winfo_screenheight", lambda _widget: 768)
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    assert dialog.winfo_reqwidth() <= 1366
    root.update()
    canvas = dialog.body.master.master
    assert dialog.body.winfo_reqheight() == canvas.winfo_height(), "nothing must be scrolled"
    assert dialog.winfo_reqheight() <= 768 - 2 * 40


def test_tab_goes_row_by_row(root: tk.Tk) -> None:
    dialog = AugmentationDialog(root, start_of(AugmentationSpec()), None)
    root.update()
    names = {str(widget): name for name, widget in dialog.controls.items()}
    order: list[str] = []
    widget: tk.Misc | None = dialog.controls["ripple"]
    while widget is not None and str(widget) in names and names[str(widget)] not in order:
        order.append(names[str(widget)])
        widget = widget.tk_focusNext()
    assert order == [field.name for field in fields(AugmentationSpec)]
