"""Painting with real pointer and key events; outside the mode nothing changes."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path
from tkinter import ttk

import numpy as np
import pytest
from focus import focus
from quiet import QuietWindow
from sessions import write_pairs
from window import open_menu

from deepimagetranslator.app.labelling import autosave
from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.core.config.project import save_project
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.messages.events import (
    JobCancelled,
    PreviewReady,
    WeightsDescribed,
)
from deepimagetranslator.core.runs.run_folder import RunFolder, new_run_dir
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.gui.labelling import keys, pointer
from deepimagetranslator.gui.labelling.panel import LabelPanel
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor
from deepimagetranslator.gui.viewer import viewport
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas

NAMES = ["a.png", "b.png", "c.png"]


@pytest.fixture
def made(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(autosave, "SECONDS", 0.02)
    window = QuietWindow(root, tmp_path)
    write_pairs(tmp_path, NAMES)
    window.load(tmp_path)
    yield window
    window.close()


@pytest.fixture
def mode(made: QuietWindow) -> Labelling:
    """The mode, entered by its menu entry."""
    menu = open_menu(made.main, "Data")
    menu.invoke(menu.index("Paint labels"))
    labelling = made.session.labelling
    made.until(lambda: labelling.sheet.painter is not None)
    made.until(lambda: not made.session.background.busy)
    made.root.update()
    return labelling


def canvas_of(made: QuietWindow, role: str = "image") -> ImageCanvas:
    return made.main.panes.panes[role].canvas


def panel_of(made: QuietWindow) -> LabelPanel:
    panel = made.main.labelling.panel
    assert panel is not None
    return panel


def numbers(mode: Labelling) -> np.ndarray:
    assert mode.sheet.painter is not None
    return mode.sheet.painter.label_map.numbers


def at(canvas: ImageCanvas, row: float, column: float) -> dict[str, int]:
    """The place of a point of the 24 x 24 image on the canvas."""
    rect = canvas.rect()
    x, y = rect.left + column * rect.width / 24, rect.top + row * rect.height / 24
    return {"x": round(x) + canvas.inset, "y": round(y) + canvas.inset}


def stroke(
    made: QuietWindow, *points: tuple[float, float], role: str = "image", button: int = 1
) -> None:
    canvas = canvas_of(made, role)
    canvas.event_generate(f"<ButtonPress-{button}>", **at(canvas, *points[0]))
    for point in points[1:]:
        canvas.event_generate("<Motion>", state=0x80 << button, **at(canvas, *point))
    canvas.event_generate(f"<ButtonRelease-{button}>", **at(canvas, *points[-1]))
    made.root.update()


def press(made: QuietWindow, key: str, widget: tk.Misc | None = None) -> None:
    target = widget or canvas_of(made)
    focus(target)
    target.event_generate(f"<{key}>")
    made.root.update()


def drawn(canvas: ImageCanvas) -> np.ndarray:
    """What the canvas shows of its image, (height, width, 3)."""
    photo = str(canvas._photo)
    width, height = canvas._photo.width(), canvas._photo.height()  # type: ignore[union-attr]
    data = canvas.tk.call(photo, "data")
    pixels = [
        [tuple(bytes.fromhex(str(pixel)[1:])) for pixel in canvas.tk.splitlist(row)]
        for row in canvas.tk.splitlist(data)
    ]
    found = np.array(pixels, np.uint8)
    assert found.shape == (height, width, 3)
    return found


# ---- inside the mode -------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["image", "target"])
def test_a_stroke_of_the_mouse_paints(made: QuietWindow, mode: Labelling, role: str) -> None:
    mode.choice.size = 3
    mode.choose_class(0)
    stroke(made, (12.5, 3.5), (12.5, 20.5), role=role)
    assert not numbers(mode)[11:14, 3:21].any()
    press(made, "Control-z")
    target = read_image(made.session.viewer.wanted().target)[..., 0]  # type: ignore[arg-type]
    assert np.array_equal(numbers(mode) == 1, target == 255)
    press(made, "Control-y")
    assert not numbers(mode)[11:14, 3:21].any()


@pytest.mark.parametrize("outline", [False, True])
def test_a_part_that_is_drawn_again_looks_as_if_all_of_it_was(
    made: QuietWindow, mode: Labelling, outline: bool
) -> None:
    mode.choice.outline = outline
    mode.changed_choice()
    made.root.update()
    mode.choice.size = 4
    mode.choose_class(0)
    mode.choice.size = 5
    stroke(made, (8, 8), (15, 17))
    for role in ("image", "target"):
        canvas = canvas_of(made, role)
        part = drawn(canvas)
        canvas.redraw()
        made.root.update()
        assert np.array_equal(part, drawn(canvas))


def test_the_target_pane_shows_the_labels_in_their_colours(
    made: QuietWindow, mode: Labelling
) -> None:
    canvas = canvas_of(made, "target")
    table = mode.classes.table
    colours = np.array([table.shown_colour(n) if n else (0, 0, 0) for n in (0, 1)], np.uint8)
    rect, room = canvas.rect(), canvas.room
    shown = viewport.sample_numbers(numbers(mode), rect, rect.visible(*room))
    assert np.array_equal(drawn(canvas), colours[shown])


def test_the_ring_follows_the_pointer_and_the_size(made: QuietWindow, mode: Labelling) -> None:
    canvas = canvas_of(made)
    canvas.event_generate("<Motion>", warp=True, **at(canvas, 12, 12))
    made.until(lambda: canvas.find_withtag("brush_ring"))

    def ring() -> float:
        left, _, right, _ = canvas.coords(canvas.find_withtag("brush_ring")[1])
        return (right - left) * 24 / canvas.rect().width

    mode.choice.size = 8
    mode.changed_choice()
    assert ring() == pytest.approx(8, abs=0.2)
    press(made, "bracketright")
    assert mode.choice.size == 10 and ring() == pytest.approx(10, abs=0.2)
    canvas.event_generate("<Control-Button-5>", **at(canvas, 12, 12))
    assert mode.choice.size == 8
    canvas.event_generate("<Leave>")
    assert not canvas.find_withtag("brush_ring")


def test_every_tool_operation_and_class_has_a_key(made: QuietWindow, mode: Labelling) -> None:
    for name, key in keys.TOOL_KEYS.items():
        press(made, f"Key-{key}")
        assert mode.choice.tool == name
        assert str(panel_of(made).tools[name].cget("style")) == "Accent.TButton"
    mode.classes.add("second")
    press(made, "Key-2")
    assert mode.choice.number == 2
    press(made, "Key-1")
    assert mode.choice.number == 1
    before = numbers(mode).copy()
    press(made, "Key-period")
    made.until(lambda: not made.session.background.busy)
    assert (numbers(mode) == 1).sum() > (before == 1).sum()
    assert len({*keys.TOOL_KEYS.values(), *keys.OPERATION_KEYS.values()}) == 20


def test_keys_with_ctrl_and_alt_stay_those_of_the_menus(made: QuietWindow, mode: Labelling) -> None:
    made.answers.paths.append(None)
    press(made, "Control-o")
    assert not made.answers.paths and not mode.choice.outline
    press(made, "Alt-e")
    assert mode.choice.tool == "brush"
    press(made, "Key-e")
    assert mode.choice.tool == "eraser"


def test_labels_are_painted_without_a_mouse(made: QuietWindow, mode: Labelling) -> None:
    mode.choice.size = 1
    mode.choose_class(0)
    for key in ("Up", "Control-Left", "Return", "Shift-Right", "Shift-Down"):
        press(made, key)
    assert not numbers(mode)[11, 2] and not numbers(mode)[11, 3] and not numbers(mode)[12, 3]
    press(made, "Next")
    made.until(lambda: mode.sheet.image == made.session.viewer.images()[1] and mode.sheet.painter)
    press(made, "Prior")
    made.until(lambda: mode.sheet.image == made.session.viewer.images()[0] and mode.sheet.painter)


def test_a_polygon_is_closed_by_a_double_click(made: QuietWindow, mode: Labelling) -> None:
    mode.choose_class(0)
    press(made, "Key-p")
    canvas = canvas_of(made)
    for corner in ((2, 2), (2, 22), (22, 22)):
        stroke(made, corner)
    assert canvas.find_withtag("outline")
    for time in (90_000, 90_100):
        canvas.event_generate("<ButtonPress-1>", time=time, **at(canvas, 22, 22))
        canvas.event_generate("<ButtonRelease-1>", time=time, **at(canvas, 22, 22))
    made.root.update()
    assert not canvas.find_withtag("outline") and not numbers(mode)[5, 12:20].any()


def test_space_and_the_middle_button_pan(made: QuietWindow, mode: Labelling) -> None:
    canvas = canvas_of(made)
    canvas.zoom(8)
    made.root.update()
    before, view = numbers(mode).copy(), canvas.view
    for button, space in ((2, False), (1, True)):
        if space:
            press(made, "Key-space")
        centre = {"x": canvas.winfo_width() // 2, "y": canvas.winfo_height() // 2}
        canvas.event_generate(f"<ButtonPress-{button}>", **centre)
        moved = {"x": centre["x"] + 20, "y": centre["y"] + 9}
        canvas.event_generate("<Motion>", state=0x80 << button, **moved)
        canvas.event_generate(f"<ButtonRelease-{button}>", **moved)
        press(made, "KeyRelease-space")
        assert canvas.view.x < view.x and canvas.view.y < view.y
        view = canvas.view
    assert np.array_equal(numbers(mode), before)


def test_an_image_is_enlarged_32_times(made: QuietWindow, mode: Labelling) -> None:
    canvas = canvas_of(made)
    canvas.zoom(1000)
    assert canvas.image is not None and canvas.rect().scale(canvas.image) >= 32


def test_a_stroke_on_the_prediction_makes_a_draft(made: QuietWindow, tmp_path: Path) -> None:
    project = made.session.project
    inputs = tuple(str(tmp_path / "in" / name) for name in NAMES)
    project.new()
    made.session.loader.load("training", {"inputs": tmp_path / "in"})
    made.until(lambda: project.specs.data.train_inputs == inputs)
    made.until(lambda: not made.session.background.busy)
    palette = Palette(((0, 0, 0), (255, 0, 0)), "uint8")
    made.answer(WeightsDescribed(str(tmp_path / "w.h5"), palette=palette))
    made.main.actions.labels.toggle()
    mode = made.session.labelling
    made.until(lambda: mode.sheet.painter is not None and not made.session.background.busy)
    predicted = np.zeros((24, 24, 3), np.uint8)
    predicted[:10, :, 0] = 255
    made.answer(PreviewReady(made.session.viewer._wanted_number, predicted, 1))
    stroke(made, (20.5, 20.5), role="prediction")
    assert (numbers(mode)[:10] == 1).all() and numbers(mode)[20, 20] == 1
    assert np.array_equal(made.main.panes.image("prediction"), predicted)


def test_classes_are_seen_locked_and_renamed(made: QuietWindow, mode: Labelling) -> None:
    panel = panel_of(made)
    tree = panel.classes.tree
    made.root.update()
    for column, chosen in (("#1", mode.choice.unseen), ("#2", mode.choice.locked)):
        x, y, width, height = tree.bbox("1", column)
        tree.event_generate("<ButtonPress-1>", x=x + width // 2, y=y + height // 2)
        tree.event_generate("<ButtonRelease-1>", x=x + width // 2, y=y + height // 2)
        made.root.update()
        assert chosen == {1}
    stroke(made, (3, 3), (20, 20))
    mode.choose_class(0)
    before = numbers(mode).copy()
    stroke(made, (3, 3), (20, 20))
    assert np.array_equal(numbers(mode), before)
    mode.choose_class(1)
    panel.classes.name.set("nucleus")
    press(made, "Return", panel.classes.entry)
    assert mode.classes.table.name(1) == "nucleus"
    assert any(text.endswith("=nucleus") for text in made.session.project.specs.data.labels)
    assert f"{int((numbers(mode) == 1).sum()):,} pixels" in str(panel.classes.area.cget("text"))


def test_done_locks_and_says_what_unpainted_pixels_are(made: QuietWindow, mode: Labelling) -> None:
    press(made, "D")
    made.until(lambda: mode.states.status.state == DONE)  # type: ignore[union-attr]
    made.until(lambda: "are background" in str(panel_of(made).message.cget("text")))
    before = numbers(mode).copy()
    mode.choose_class(0)
    stroke(made, (3, 3), (20, 20))
    assert np.array_equal(numbers(mode), before)
    assert "done and locked" in str(panel_of(made).message.cget("text"))
    press(made, "U")
    stroke(made, (3, 3), (20, 20))
    assert not np.array_equal(numbers(mode), before)


def test_label_maps_are_exported_and_saved_into_the_target(
    made: QuietWindow, mode: Labelling, tmp_path: Path
) -> None:
    mode.choose_class(0)
    mode.choice.size = 100
    stroke(made, (12, 12))
    made.answers.paths.append(tmp_path / "exported")
    panel_of(made).menus["File"].invoke(1)
    assert not made.answers.failed
    made.until(lambda: "1 files" in str(panel_of(made).message.cget("text")))
    assert not read_image(tmp_path / "exported" / NAMES[0]).any()
    panel_of(made).menus["File"].invoke(0)
    assert made.answers.asked and not read_image(tmp_path / "out" / NAMES[0]).any()
    assert not read_image(made.session.viewer.wanted().target).any()  # type: ignore[arg-type]


def test_the_panel_scrolls_in_a_small_window(made: QuietWindow, mode: Labelling) -> None:
    assert panel_of(made).winfo_height() <= made.main.winfo_height()
    for widget in panel_of(made).winfo_children():
        assert widget.winfo_rootx() + widget.winfo_width() <= (
            made.root.winfo_rootx() + made.root.winfo_width()
        )


# ---- outside the mode ------------------------------------------------------------------------


def everything_bound(made: QuietWindow) -> dict[str, object]:
    """All bindings and tags of all widgets but the panel."""
    found: dict[str, object] = {}
    widgets: list[tk.Misc] = [made.root]
    for widget in widgets:
        widgets += [w for w in widget.winfo_children() if not isinstance(w, LabelPanel)]
        names = sorted(map(str, widget.tk.splitlist(widget.tk.call("bind", str(widget)))))
        actions = [str(widget.tk.call("bind", str(widget), name)) for name in names]
        found[str(widget)] = widget.bindtags(), names, actions
    return found


def test_outside_the_mode_every_key_and_mouse_action_stays_as_it_is(
    made: QuietWindow, mode: Labelling
) -> None:
    made.main.actions.labels.toggle()
    made.until(lambda: not made.session.background.busy)
    outside = everything_bound(made)
    assert not any({pointer.TAG, keys.TAG} & set(tags) for tags, *_ in outside.values())  # type: ignore[misc]
    made.main.actions.labels.toggle()
    made.until(lambda: mode.sheet.painter is not None)
    assert everything_bound(made) != outside
    made.main.actions.labels.toggle()
    made.until(lambda: not made.session.background.busy)
    assert everything_bound(made) == outside
    canvas = canvas_of(made)
    assert canvas.layer is None and not canvas.find_withtag("brush_ring")
    press(made, "Key-plus", canvas)
    press(made, "Key-1", canvas)
    assert canvas.image is not None and canvas.rect().scale(canvas.image) == pytest.approx(1)
    press(made, "Key-0", canvas)
    view = canvas.view
    press(made, "Key-e", canvas)
    assert canvas.view == view and mode.choice.tool == "brush"
    press(made, "Right", made.root)
    assert made.session.viewer.positions["training"] == 1


def test_a_window_that_never_enters_the_mode_builds_nothing_of_it(made: QuietWindow) -> None:
    assert made.main.labelling.panel is None and not made.session.labelling.active
    assert not made.root.bind_class(pointer.TAG) and not made.root.bind_class(keys.TAG)


def test_leaving_shows_target_overlay_and_augmentation_again(
    made: QuietWindow, mode: Labelling
) -> None:
    made.main.actions.labels.toggle()
    made.until(lambda: not made.session.background.busy)
    target = read_image(made.session.viewer.wanted().target)  # type: ignore[arg-type]
    made.until(lambda: np.array_equal(made.main.panes.image("target"), target))
    made.main.panes.set_overlay("target")
    made.main.actions.labels.toggle()
    assert made.main.panes.overlay == "none"
    made.main.actions.labels.toggle()
    assert made.main.panes.overlay == "target"


def test_another_project_is_not_opened_before_labels_are_written(
    made: QuietWindow, mode: Labelling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made.session.project
    save_project(project.contents, tmp_path / "other.json")
    project.save(tmp_path / "one.json")

    def full(*_: object, **__: object) -> None:
        raise NoSpaceError("The disk is full.")

    assert mode.opened is not None
    monkeypatch.setattr(mode.opened.store, "write", full)
    stroke(made, (12.5, 3.5))
    made.answers.yes = False
    made.main.actions.file.open_path(tmp_path / "other.json")
    assert project.path == tmp_path / "one.json" and mode.active and numbers(mode).any()
    assert "lose what was painted last?" in made.answers.asked[-1]


def test_the_entry_is_greyed_without_images(root: tk.Tk, tmp_path: Path) -> None:
    window = QuietWindow(root, tmp_path / "none")
    menu = open_menu(window.main, "Data")
    assert str(menu.entrycget("Paint labels", "state")) == "disabled"
    window.close()


def test_no_text_of_the_panel_is_clipped(made: QuietWindow, mode: Labelling) -> None:
    made.root.geometry("1400x1000")
    made.root.update()
    panel = panel_of(made)
    panel.limit(2000)
    made.root.update()
    for button in panel.tools.values():
        needed = ttk.Button(panel, text=str(button.cget("text"))).winfo_reqwidth()
        assert button.winfo_width() >= needed, button.cget("text")


# ---- the range of values ---------------------------------------------------------------------


def test_a_range_of_values_is_dragged_in_the_histogram(made: QuietWindow, mode: Labelling) -> None:
    histogram = panel_of(made).amounts.histogram
    image = read_image(made.session.viewer.wanted().input)  # type: ignore[arg-type]
    spread = mode.sheet.spread
    assert spread is not None and spread.counts.sum() == image.size
    assert (spread.low, spread.high) == (image.min(), image.max())
    middle = histogram.winfo_height() // 2

    def drag(start: float, end: float) -> None:
        x = round(histogram.x_of(start))
        histogram.event_generate("<ButtonPress-1>", x=x, y=middle)
        histogram.event_generate("<Motion>", state=0x100, x=round(histogram.x_of(end)), y=middle)
        histogram.event_generate("<ButtonRelease-1>", x=round(histogram.x_of(end)), y=middle)
        made.root.update()

    drag(60, 140)
    chosen = mode.choice.chosen
    assert chosen is not None and abs(chosen.low - 60) < 3 and abs(chosen.high - 140) < 3
    assert panel_of(made).amounts.fields["to"].text.get() == f"{chosen.high:g}"
    drag(chosen.high, 100)
    assert mode.choice.chosen is not None and abs(mode.choice.chosen.high - 100) < 3
    assert mode.choice.chosen.low == chosen.low


def test_a_range_of_values_is_chosen_by_keys(made: QuietWindow, mode: Labelling) -> None:
    histogram, spread = panel_of(made).amounts.histogram, mode.sheet.spread
    press(made, "Key-w")
    made.until(lambda: made.root.focus_get() is histogram)
    position = dict(made.session.viewer.positions)
    press(made, "Right", histogram)
    chosen = mode.choice.chosen
    assert spread is not None and chosen is not None
    assert (chosen.low, chosen.high) == (spread.quantile(0.25), spread.quantile(0.75))
    press(made, "Shift-Left", histogram)
    press(made, "Up", histogram)
    press(made, "Right", histogram)
    after = mode.choice.chosen
    assert after is not None and (after.low, after.high) == (chosen.low - 10, chosen.high + 1)
    assert made.session.viewer.positions == position
    press(made, "Return", histogram)
    made.until(lambda: made.root.focus_get() is canvas_of(made))


# ---- all images ------------------------------------------------------------------------------


def list_texts(made: QuietWindow) -> list[str]:
    canvas = made.main.images.canvas
    return [canvas.itemcget(i, "text") for i in canvas.find_all() if canvas.type(i) == "text"]


def test_the_list_says_the_states_and_how_many_are_labelled(
    root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "SECONDS", 0.02)
    made = QuietWindow(root, tmp_path)
    root.geometry("1000x900")
    write_pairs(tmp_path, NAMES)
    made.session.loader.load("training", {"inputs": tmp_path / "in"})
    made.until(lambda: made.session.viewer.count() == len(NAMES))
    made.main.actions.labels.toggle()
    mode = made.session.labelling
    made.until(lambda: mode.sheet.painter is not None and not made.session.background.busy)
    loop = made.main.labelling.loop
    assert loop is not None and made.main.images.winfo_ismapped()
    made.until(lambda: list_texts(made) == [w for n in NAMES for w in (n, "to label")])
    assert str(loop.count.cget("text")) == "0 of 3 labelled"
    stroke(made, (12, 12))
    made.until(lambda: list_texts(made)[1] == "draft")
    press(made, "D")
    made.until(lambda: list_texts(made)[1] == "done")
    made.until(lambda: str(loop.count.cget("text")) == "1 of 3 labelled")
    made.main.images.canvas.event_generate("<ButtonPress-1>", x=60, y=made.main.images.height + 5)
    made.main.images.canvas.event_generate("<ButtonRelease-1>", x=60, y=60)
    made.until(lambda: mode.sheet.image == made.session.viewer.images()[1] and mode.sheet.painter)
    made.until(lambda: root.focus_get() is canvas_of(made))
    made.main.actions.labels.toggle()
    made.until(lambda: not made.session.background.busy)
    assert not loop.winfo_ismapped() and made.main.next_button.winfo_ismapped()
    made.close()


def test_an_image_with_a_target_is_labelled(made: QuietWindow, mode: Labelling) -> None:
    assert mode.states.images.words == "3 of 3 labelled"


def test_the_prediction_has_no_pane_without_a_network(
    made: QuietWindow, mode: Labelling, tmp_path: Path
) -> None:
    pane = made.main.panes.panes["prediction"]
    made.root.update()
    assert not pane.winfo_ismapped()
    made.use_weights(tmp_path / "w.h5")
    made.until(pane.winfo_ismapped)
    made.main.actions.labels.toggle()
    made.until(lambda: not made.session.background.busy)
    roles = [role for role, one in made.main.panes.panes.items() if one.winfo_ismapped()]
    assert roles == ["image", "target", "prediction"]


# ---- the loop --------------------------------------------------------------------------------


@pytest.fixture
def alone(
    root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[QuietWindow, Labelling]]:
    """Three images without targets, loaded by the menu; the mode is on."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(autosave, "SECONDS", 0.02)
    made = QuietWindow(root, tmp_path)
    root.geometry("1100x900")
    write_pairs(tmp_path, NAMES)
    assert made.main.start.winfo_ismapped()
    made.answers.paths.append(tmp_path / "in")
    menu = open_menu(made.main, "Data")
    menu.invoke(menu.index("Load images to label..."))
    mode = made.session.labelling
    made.until(lambda: mode.sheet.painter is not None and not made.session.background.busy)
    yield made, mode
    made.close()


def test_images_alone_are_loaded_and_painted_at_once(alone: tuple[QuietWindow, Labelling]) -> None:
    made, mode = alone
    assert made.session.project.specs.data.unlabelled_inputs and mode.active
    assert not made.main.start.winfo_ismapped()
    made.until(lambda: [text for text in list_texts(made) if text in NAMES] == NAMES)


def test_keys_finish_an_image_and_go_to_the_next_with_its_reason(
    alone: tuple[QuietWindow, Labelling],
) -> None:
    made, mode = alone
    first, loop = mode.sheet.image, made.main.labelling.loop
    stroke(made, (12, 12))
    press(made, "Key-d")
    made.until(lambda: mode.sheet.image != first and mode.sheet.painter)
    assert first is not None and mode.states.images.state(first) == DONE and loop is not None
    made.until(lambda: str(loop.count.cget("text")) == "1 of 3 labelled")
    assert "at random" in str(loop.reason.cget("text")) and loop.reason.winfo_ismapped()
    second = mode.sheet.image
    press(made, "Key-n")
    made.until(lambda: mode.sheet.image not in (first, second) and mode.sheet.painter)
    assert "No validation with fewer than 5" in str(loop.validation.cget("text"))


def test_a_key_trains_again_and_painting_goes_on(alone: tuple[QuietWindow, Labelling]) -> None:
    made, mode = alone
    loop, view = made.main.labelling.loop, made.main.labelling
    assert loop is not None
    stroke(made, (12, 12))
    press(made, "Key-d")
    made.until(lambda: mode.sheet.painter and "1 of 3" in str(loop.count.cget("text")))
    press(made, "T")
    made.until(lambda: made.session.jobs.kind == "training")
    monitor = next(w for w in made.root.winfo_children() if isinstance(w, TrainingMonitor))
    assert "Round 1: 1 of 3 images" in str(panel_of(made).message.cget("text"))
    assert str(loop.stop.cget("text")) == "Stop training" and loop.stop.winfo_manager()
    assert loop.buttons["Train again"].instate(["disabled"])
    monitor.destroy()
    stroke(made, (5, 5))
    assert numbers(mode)[5, 5] == mode.choice.number
    loop.stop.invoke()
    assert made.sessions.engine.asked == ["cancel"] and not loop.stop.winfo_manager()
    made.answer(JobCancelled())
    assert loop.buttons["Train again"].instate(["!disabled"]) and view.loop is loop


def test_all_keys_of_the_loop_are_shown(made: QuietWindow, mode: Labelling) -> None:
    loop = made.main.labelling.loop
    assert loop is not None
    words = [str(button.cget("text")) for button in loop.buttons.values()]
    assert words == ["Next (N)", "Worst (M)", "Train again (Shift+T)", "Draft the rest (A)"]
    made.root.geometry("1400x1000")
    made.root.update()
    for button in loop.buttons.values():
        needed = ttk.Button(loop, text=str(button.cget("text")), width=6).winfo_reqwidth()
        assert button.winfo_width() >= needed, button.cget("text")


def test_images_stay_in_place_whatever_tool_is_chosen_and_whatever_is_done(
    made: QuietWindow, mode: Labelling
) -> None:
    made.root.geometry("1400x1000")
    made.root.update()
    place = canvas_of(made).winfo_rootx(), canvas_of(made).winfo_width()
    for tool in panel_of(made).tools:
        mode.choose_tool(tool)
        made.root.update()
        assert (canvas_of(made).winfo_rootx(), canvas_of(made).winfo_width()) == place, tool
    mode.choose_tool("brush")
    stroke(made, (12, 12))
    press(made, "D")
    made.until(lambda: mode.states.status is not None and mode.states.status.state == DONE)
    made.root.update()
    assert (canvas_of(made).winfo_rootx(), canvas_of(made).winfo_width()) == place


def test_the_start_of_a_training_is_chosen_once_there_are_weights(
    alone: tuple[QuietWindow, Labelling],
) -> None:
    made, mode = alone
    loop = made.main.labelling.loop
    assert loop is not None and loop.start.get() == "from scratch"
    assert loop.start.instate(["disabled"])
    run = new_run_dir(made.session.project.runs_home)
    RunFolder(run).best.write_bytes(b"weights")
    made.session.project.add_run(run)
    stroke(made, (12, 12))
    made.until(lambda: loop.start.instate(["!disabled"]))
    loop.start.set("from last weights")
    loop.start.event_generate("<<ComboboxSelected>>")
    assert mode.rounds.continues


def test_done_images_that_cannot_be_taken_are_named(alone: tuple[QuietWindow, Labelling]) -> None:
    made, mode = alone
    gone = mode.sheet.image
    assert gone is not None
    stroke(made, (12, 12))
    press(made, "Key-d")
    made.until(lambda: mode.sheet.image not in (None, gone) and mode.sheet.painter)
    stroke(made, (12, 12))
    press(made, "D")
    made.until(lambda: mode.states.images.words == "2 of 3 labelled")
    gone.file.unlink()
    press(made, "T")
    made.until(lambda: made.session.jobs.kind == "training")
    assert gone.name in made.answers.told[0] and not made.answers.failed
