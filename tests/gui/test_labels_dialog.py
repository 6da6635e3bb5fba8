"""The window of label colours: table, fields, before and after."""

from __future__ import annotations

import threading
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from focus import focus

from deepimagetranslator.app.events import Bus
from deepimagetranslator.core.config.classes import LabelClass
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.gui.actions.data_actions import DataActions
from deepimagetranslator.gui.dialogs.labels.before_after import AS_VALUES, NO_TARGET
from deepimagetranslator.gui.dialogs.labels.class_table import draw_swatch
from deepimagetranslator.gui.dialogs.labels.labels_dialog import READING, LabelsDialog, with_labels
from deepimagetranslator.gui.theme.theme import theme_of

Pump = Callable[..., None]
COLOURS = ((0, 0, 0), (0, 0, 255), (255, 0, 0))
CLASSES = np.zeros((128, 128), np.uint8)
CLASSES[10:70, 10:70], CLASSES[80:110, 40:120] = 1, 2
TARGET = Palette(COLOURS, "uint8").decode(CLASSES)
BLURRED = cv2.GaussianBlur(TARGET, (0, 0), 1.5)


class Shown:
    """An open dialog and what it was told."""

    def __init__(
        self, root: tk.Tk, image: np.ndarray | None = TARGET, spec: DataSpec | None = None
    ) -> None:
        self.applied: list[DataSpec] = []
        self.asked: list[str] = []

        def count(_stopped: Callable[[], bool]) -> ColourCount:
            found = ColourCount()
            if image is not None:
                found.add(image)
            return found

        def pick(_title: str, first: str) -> str:
            self.asked.append(first)
            return "#c83214"

        self.dialog = LabelsDialog(
            root,
            spec or DataSpec(),
            count,
            lambda: None if image is None else (image, "target.png"),
            pick,
            self.applied.append,
        )

    def ready(self, pump: Pump) -> LabelsDialog:
        """Once everything is read and drawn."""
        dialog = self.dialog
        pump(dialog, lambda: dialog.table is not None and not dialog.preview.busy)
        dialog.update()
        pump(dialog, lambda: not dialog.preview.busy)
        return dialog


def hint(canvas: tk.Canvas) -> str:
    items = [item for item in canvas.find_all() if canvas.type(item) == "text"]
    return " ".join(canvas.itemcget(item, "text") for item in items)


def rows(dialog: LabelsDialog) -> list[tuple[str, ...]]:
    tree = dialog.classes.tree
    return [tuple(map(str, tree.item(row, "values"))) for row in tree.get_children()]


def test_classes_are_listed_with_their_shares(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    shares = [f"{(number == CLASSES).mean():.1%}" for number in range(3)]
    assert rows(dialog) == [
        ("", "0,0,0", shares[0]),
        ("", "0,0,255", shares[1]),
        ("", "255,0,0", shares[2]),
    ]
    assert dialog.value() == DataSpec(), "what was only found is not written down"


def test_a_class_is_named_and_recoloured(root: tk.Tk, pump: Pump) -> None:
    shown = Shown(root)
    dialog = shown.ready(pump)
    dialog.classes.select([2])
    dialog.update()
    dialog.texts["name"].set("fat")
    dialog.pick_button.invoke()
    assert shown.asked == ["#ff0000"]
    assert dialog.texts["written"].get() == "200,50,20"
    assert rows(dialog)[2][0] == "fat"
    pump(root, lambda: dialog.preview.shown is not None and not dialog.preview.busy)
    assert dialog.preview.after_.image is not None
    assert (dialog.preview.after_.image[90, 50] == (200, 50, 20)).all()
    dialog.ok_button.invoke()
    labels = ("0,0,0", "0,0,255", "255,0,0>200,50,20=fat")
    assert shown.applied == [DataSpec(labels=labels)]
    assert with_labels(DataSpec(cache_mib=7), shown.applied[0]) == DataSpec(
        labels=labels, cache_mib=7
    )


def test_a_wrong_colour_is_named_and_cannot_be_accepted(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    dialog.classes.select([1])
    dialog.update()
    for name, text in (("colours", "0,0,x"), ("colours", "255,0,0"), ("written", "blue")):
        before = dialog.texts[name].get()
        dialog.texts[name].set(text)
        assert dialog.message.text() and dialog.entries[name].instate(["invalid"])
        assert dialog.ok_button.instate(["disabled"]) and dialog.value() is None
        dialog.texts[name].set(before)
        assert not dialog.message.text() and dialog.ok_button.instate(["!disabled"])


def test_merge_remove_add_and_reset(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    merge, remove = dialog.actions["Merge"], dialog.actions["Remove"]
    assert merge.instate(["disabled"])
    dialog.classes.select([0, 1])
    dialog.update()
    assert dialog.entries["name"].instate(["disabled"])
    merge.invoke()
    dialog.update()
    assert [row[1] for row in rows(dialog)] == ["0,0,0 + 0,0,255", "255,0,0"]
    assert dialog.classes.selection == [0]
    remove.invoke()
    dialog.update()
    assert [row[1] for row in rows(dialog)] == ["255,0,0"]
    assert "2 to 32" in dialog.message.text() and dialog.value() is None
    dialog.actions["Add a class"].invoke()
    dialog.update()
    assert [row[1] for row in rows(dialog)] == ["255,0,0", "0,0,0"]
    assert dialog.focus_lastfor() is dialog.entries["colours"]
    dialog.reset_button.invoke()
    assert len(rows(dialog)) == 3 and dialog.value() == DataSpec()


def test_blurred_maps_are_shown_before_and_after(root: tk.Tk, pump: Pump) -> None:
    shown = Shown(root, BLURRED)
    dialog = shown.ready(pump)
    preview = dialog.preview
    assert dialog.snap.get() and "blurred" in dialog.found.cget("text")
    assert preview.shown is not None and preview.shown.changed > 0
    assert (preview.after_.image == TARGET).all(2).mean() > 0.98  # type: ignore[union-attr]
    assert preview.before.view == preview.after_.view and preview.before.view.zoom > 1
    assert "%" in preview.words.cget("text")
    dialog.snap_tick.invoke()
    pump(root, lambda: not preview.busy)
    root.update()
    assert preview.shown is None and "none of the 3 label colours" in hint(preview.after_)
    dialog.snap_tick.invoke()
    dialog.ok_button.invoke()
    assert shown.applied == [DataSpec(labels=("0,0,0", "0,0,255", "255,0,0"), snap_labels=True)]


def test_exclusive_classes_are_chosen_where_the_colours_allow_it(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    tick = dialog.exclusive_tick
    assert tick.instate(["!disabled", "!selected"])
    tick.invoke()
    assert dialog.value() == DataSpec(exclusive_classes=True)
    dialog.classes.select([1])
    dialog.update()
    dialog.texts["colours"].set("0,255,255")
    assert tick.instate(["disabled", "selected"])
    dialog.texts["colours"].set("0,0,255")
    assert tick.instate(["!disabled"])
    dialog.ok_button.invoke()


def test_values_need_no_classes(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    dialog.kind.set("Values")
    dialog.kind.event_generate("<<ComboboxSelected>>")
    pump(root, lambda: not dialog.preview.busy)
    root.update()
    assert hint(dialog.preview.after_) == AS_VALUES
    assert dialog.snap_tick.instate(["disabled"]) and dialog.entries["name"].instate(["disabled"])
    assert dialog.value() == DataSpec(target_kind="values")


def test_nothing_is_accepted_before_the_targets_are_read(root: tk.Tk, pump: Pump) -> None:
    go = threading.Event()

    def slow(_stopped: Callable[[], bool]) -> ColourCount:
        assert go.wait(10)
        return ColourCount()

    dialog = LabelsDialog(root, DataSpec(), slow, lambda: None, lambda *_: None)
    root.update()
    assert dialog.found.cget("text") == READING
    assert dialog.value() is None and dialog.ok_button.instate(["disabled"])
    go.set()
    pump(root, lambda: dialog.table is not None and not dialog.preview.busy)
    root.update()
    assert hint(dialog.preview.after_) == NO_TARGET
    assert dialog.value() == DataSpec()


def test_closing_stops_the_reading(root: tk.Tk) -> None:
    started, stopped = threading.Event(), threading.Event()

    def endless(stop: Callable[[], bool]) -> ColourCount:
        started.set()
        while not stop():
            stopped.wait(0.001)
        stopped.set()
        return ColourCount()

    dialog = LabelsDialog(root, DataSpec(), endless, lambda: None, lambda *_: None)
    assert started.wait(5)
    dialog.cancel()
    assert stopped.wait(5)


def test_the_keyboard_reaches_everything(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root).ready(pump)
    dialog.classes.select([0])
    dialog.update()
    wanted = [
        dialog.kind,
        dialog.classes.tree,
        *(dialog.actions[name] for name in ("Add a class", "Remove")),
        *dialog.entries.values(),
        dialog.pick_button,
        dialog.snap_tick,
        dialog.exclusive_tick,
    ]
    order: list[tk.Misc] = [dialog.kind]
    while len(order) < 40 and (step := order[-1].tk_focusNext()) is not None:
        order.append(step)
    places = [order.index(widget) for widget in wanted]
    assert places == sorted(places)
    tree = dialog.classes.tree
    focus(tree)
    tree.event_generate("<Down>")
    root.update()
    assert dialog.classes.selection == [1]
    tree.event_generate("<Delete>")
    root.update()
    assert [row[1] for row in rows(dialog)] == ["0,0,0", "255,0,0"]
    dialog.event_generate("<Alt-Key-n>")
    assert dialog.focus_get() is dialog.entries["name"]


@pytest.mark.parametrize("numbers", [(0, 1, 2), (0, 1000, 65535)])
def test_swatches_of_class_numbers_differ(root: tk.Tk, numbers: tuple[int, ...]) -> None:
    theme = theme_of(root)
    side = theme.px(8)
    greys = [
        draw_swatch(LabelClass(((n,),)), max(numbers), theme).getpixel((side, side))
        for n in numbers
    ]
    assert len(set(greys)) == 3 and greys[2][:3] == (255, 255, 255)  # type: ignore[index]
    one = replace(LabelClass(((1, 2, 3),)), written=(200, 100, 50))
    picture = draw_swatch(one, 3, theme)
    assert picture.getpixel((side, side))[:3] == (1, 2, 3)  # type: ignore[index]
    assert picture.getpixel((picture.width - side, side))[:3] == (200, 100, 50)  # type: ignore[index]


def test_it_fits_a_small_screen(root: tk.Tk, pump: Pump) -> None:
    dialog = Shown(root, BLURRED).ready(pump)
    assert dialog.winfo_reqwidth() <= 1366 and dialog.winfo_reqheight() <= 720


def test_the_command_stores_what_was_chosen(root: tk.Tk, pump: Pump, tmp_path: Path) -> None:
    target = tmp_path / "target.png"
    write_image(target, BLURRED)
    stored: list[tuple[str, DataSpec]] = []
    project = SimpleNamespace(
        specs=Specs(),
        matched=SimpleNamespace(train=(ImagePair(ImageRef(target), ImageRef(target)),)),
        set_section=lambda section, spec: stored.append((section, spec)),
    )
    viewer = SimpleNamespace(wanted=lambda: SimpleNamespace(files=(None, None)))
    session = SimpleNamespace(project=project, viewer=viewer, bus=Bus())
    boxes = SimpleNamespace(colour=lambda *_: None)
    DataActions(root, session, boxes).set_labels()  # type: ignore[arg-type]
    (dialog,) = (c for c in root.winfo_children() if isinstance(c, LabelsDialog))
    pump(root, lambda: dialog.table is not None and dialog.preview.shown is not None)
    dialog.ok_button.invoke()
    labels = ("0,0,0", "0,0,255", "255,0,0")
    assert stored == [("data", DataSpec(labels=labels, snap_labels=True))]
