"""The three panes: zoom in step, overlay, difference, values under the pointer."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ImageTk

from deepimagetranslator.gui.viewer import viewport
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.pane_group import DIFFERENCE_TITLE, PaneGroup
from deepimagetranslator.gui.viewer.viewport import FIT

Pump = Callable[..., None]
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (40, 60, 1)).astype(np.uint8)
TARGET = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
PREDICTION = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def group(root: tk.Tk, told: list[str]) -> PaneGroup:
    made = PaneGroup(root, on_pointer=told.append)
    made.pack(fill="both", expand=True)
    root.geometry("1200x600")
    root.update()
    made.show("image", IMAGE, Caption("a.png", "1 / 2"))
    made.show("target", TARGET)
    made.show("prediction", PREDICTION, Caption(note="epoch 3"))
    root.update()
    return made


def pixels(canvas: ImageCanvas) -> np.ndarray:
    assert isinstance(canvas._photo, ImageTk.PhotoImage)
    return np.asarray(ImageTk.getimage(canvas._photo))[..., :3]


def in_canvas(canvas: ImageCanvas, image: np.ndarray) -> np.ndarray:
    return viewport.sample(image, canvas.rect(), *canvas.room)


def test_panes_have_equal_widths_whatever_their_words(group: PaneGroup) -> None:
    widths = [pane.winfo_width() for pane in group.panes.values()]
    assert max(widths) - min(widths) <= 4


def test_panes_zoom_in_step(root: tk.Tk, group: PaneGroup) -> None:
    canvas = group.panes["target"].canvas
    canvas.event_generate("<MouseWheel>", delta=240, x=30, y=200)
    views = {pane.canvas.view for pane in group.panes.values()}
    assert len(views) == 1 and views != {FIT}
    assert str(group.tools.percent.cget("text")) == f"{group.scale() * 100:.0f} %"
    group.show("image", IMAGE)
    assert group.view in views, "the next image is shown at the same place"
    group.tools.fit.invoke()
    assert group.view == FIT
    group.tools.zoom_in.invoke()
    group.tools.zoom_out.invoke()
    assert group.view.zoom == pytest.approx(1)
    group.tools.true_size.invoke()
    assert group.scale() == pytest.approx(1)


def test_the_target_is_laid_over_the_image(root: tk.Tk, group: PaneGroup) -> None:
    canvas = group.panes["image"].canvas
    plain = pixels(canvas)
    group.tools.overlay.set("Target")
    group.tools.overlay.event_generate("<<ComboboxSelected>>")
    group.tools.part.set(100)
    root.update()
    assert (group.overlay, group.overlay_part) == ("target", 1.0)
    np.testing.assert_array_equal(pixels(canvas), in_canvas(canvas, TARGET))
    group.set_overlay("prediction", 0.5)
    root.update()
    mixed = (plain.astype(float) + in_canvas(canvas, PREDICTION)) / 2
    np.testing.assert_allclose(pixels(canvas), mixed, atol=1)
    group.set_overlay("none")
    root.update()
    np.testing.assert_array_equal(pixels(canvas), plain)
    assert group.tools.part.instate(["disabled"])


def test_an_overlay_of_another_size_is_stretched(root: tk.Tk, group: PaneGroup) -> None:
    group.show("target", np.full((20, 30, 1), 255, np.uint8))
    group.set_overlay("target", 1)
    root.update()
    assert pixels(group.panes["image"].canvas).min() == 255


def test_the_difference_replaces_the_prediction(root: tk.Tk, group: PaneGroup) -> None:
    pane = group.panes["prediction"]
    group.tools.difference.invoke()
    group.show("prediction", TARGET)
    root.update()
    assert group.difference and str(pane.title.cget("text")) == DIFFERENCE_TITLE
    assert pixels(pane.canvas).max() == 0
    assert "±64" in str(pane.details.cget("text"))
    group.show("target", None)
    root.update()
    assert str(pane.title.cget("text")) == "Predicted target", "without a target it is plain"
    group.tools.difference.invoke()
    assert not group.difference


def test_values_under_the_pointer_are_told_for_all_panes(
    root: tk.Tk, group: PaneGroup, told: list[str]
) -> None:
    canvas = group.panes["target"].canvas
    rect = canvas.rect()
    x = round(rect.left + rect.width * 30.5 / 60) + 2
    y = round(rect.top + rect.height * 10.5 / 40) + 2
    canvas.event_generate("<Motion>", x=x, y=y)
    three = [" ".join(map(str, image[10, 30])) for image in (IMAGE, TARGET, PREDICTION)]
    expected = f"x 30, y 10: image {three[0]}, target {three[1]}, prediction {three[2]}"
    assert told[-1] == expected
    assert group.panes["image"].canvas.find_withtag("marker")
    assert not canvas.find_withtag("marker")
    group.show("image", IMAGE // 2)
    assert told[-1] != expected, "a new image under a still pointer is told too"
    canvas.event_generate("<Leave>")
    assert told[-1] == ""
    assert not group.panes["image"].canvas.find_withtag("marker")


def test_a_prediction_is_drawn_with_its_targets_levels(group: PaneGroup) -> None:
    group.show("target", np.array([[[0], [4000]]], np.uint16))
    group.show("prediction", np.array([[[100], [2000]]], np.uint16))
    assert group.panes["prediction"].levels == (0, 4000)
    group.show("target", np.array([[[10], [3000]]], np.uint16))
    assert group.panes["prediction"].levels == (10, 3000)


def test_tools_are_off_while_there_is_nothing(root: tk.Tk) -> None:
    group = PaneGroup(root)
    group.pack()
    root.update()
    assert group.tools.zoom_in.instate(["disabled"])
    assert group.tools.difference.instate(["disabled"])
    group.zoom_in()
    group.true_size()
    assert group.view == FIT


def test_narrow_tools_fold_into_two_rows(root: tk.Tk, group: PaneGroup) -> None:
    assert group.tools.far.grid_info()["row"] == 0
    root.geometry("420x600")
    root.update()
    assert group.tools.far.grid_info()["row"] == 1


def test_three_panes_stay_usable_when_destroyed_in_mid_drawing(root: tk.Tk) -> None:
    group = PaneGroup(root)
    group.pack()
    group.show("image", IMAGE)
    group.destroy()
    root.update()
