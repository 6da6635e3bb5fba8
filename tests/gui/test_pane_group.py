"""The three panes: zoom in step, overlay, difference, values under the pointer."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ImageTk

from deepimagetranslator.app.shown_classes import ShownClass, ShownClasses
from deepimagetranslator.core.export.confidence import ConfidenceMap
from deepimagetranslator.gui.viewer import viewport
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.pane_group import DIFFERENCE_TITLE, PaneGroup
from deepimagetranslator.gui.viewer.shading import BOTH_LINE, PREDICTED_LINE, TARGET_LINE, UNCERTAIN
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


# ---- label maps ----------------------------------------------------------------------------

CLASSES = ShownClasses(
    (
        ShownClass("black", "#000000", ((0, 0, 0),)),
        ShownClass("liver", "#ff0000", ((255, 0, 0),), named=True),
    )
)


def square(left: int) -> np.ndarray:
    """A label map with a red square of 20 pixels whose left side is there."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, left : left + 20, 0] = 255
    return image


def line_columns(canvas: ImageCanvas, colour: tuple[int, int, int]) -> set[int]:
    """The columns of the image, in its own pixels, in which the canvas has a line's colour."""
    found = np.argwhere((pixels(canvas) == colour).all(axis=2))[:, 1]
    return set((found / canvas.rect().width * 60).astype(int))


def test_outlines_of_target_and_prediction_are_drawn_over_the_image(
    root: tk.Tk, group: PaneGroup
) -> None:
    assert "Outlines" not in group.tools.overlay.cget("values"), "there are no classes"
    group.set_classes(CLASSES)
    assert "Outlines" in group.tools.overlay.cget("values")
    group.show("image", np.full((40, 60, 1), 90, np.uint8))
    group.show("target", square(20))
    group.show("prediction", square(24))
    group.set_overlay("outlines")
    root.update()
    canvas = group.panes["image"].canvas
    assert {19, 39} <= line_columns(canvas, TARGET_LINE) <= set(range(19, 41))
    assert {23, 43} <= line_columns(canvas, PREDICTED_LINE) <= set(range(23, 45))
    assert line_columns(canvas, BOTH_LINE) <= set(range(23, 41))
    inside = pixels(canvas)[pixels(canvas).shape[0] // 2, pixels(canvas).shape[1] // 2]
    assert tuple(inside) == (90, 90, 90), "the image is not covered"
    assert group.tools.part.instate(["disabled"])
    group.show("prediction", square(20))
    root.update()
    assert not line_columns(canvas, TARGET_LINE) and line_columns(canvas, BOTH_LINE)
    group.set_overlay("none")
    root.update()
    assert not line_columns(canvas, BOTH_LINE)


def test_outlines_keep_their_width_and_place_when_the_image_is_reduced(root: tk.Tk) -> None:
    group = PaneGroup(root)
    group.pack(fill="both", expand=True)
    root.geometry("900x500")
    group.set_classes(CLASSES)
    large = square(20).repeat(40, axis=0).repeat(40, axis=1)
    group.show("image", np.full(large.shape, 90, np.uint8))
    group.show("target", large)
    group.set_overlay("outlines")
    root.update()
    canvas = group.panes["image"].canvas
    lines = (pixels(canvas) == TARGET_LINE).all(axis=2)
    middle = lines[lines.shape[0] // 2]
    assert 2 <= middle.sum() <= 8, "two lines of a few screen pixels"
    root.update()


def test_the_legend_names_classes_and_lines(root: tk.Tk, group: PaneGroup) -> None:
    assert not group.legend.winfo_ismapped()
    group.set_classes(CLASSES)
    root.update()
    assert group.legend.texts == ["black", "liver"] and group.legend.winfo_ismapped()
    group.set_overlay("outlines")
    root.update()
    assert group.legend.texts == ["target", "prediction", "both", "black", "liver"]
    many = tuple(ShownClass(f"organ number {i}", "#123456", ((i,),)) for i in range(32))
    group.set_classes(ShownClasses(many))
    group.set_overlay("none")
    root.update()
    shown = len(group.legend.texts) - 1
    assert 0 < shown < 32 and group.legend.texts[-1] == f"and {32 - shown} more"
    group.set_classes(ShownClasses())
    root.update()
    assert not group.legend.winfo_ismapped()


def test_the_pointer_tells_the_class_and_the_unit(
    root: tk.Tk, group: PaneGroup, told: list[str]
) -> None:
    group.set_classes(CLASSES)
    group.set_unit("HU")
    group.show("image", np.full((40, 60, 1), -87, np.float32))
    group.show("target", square(20))
    group.show("prediction", np.zeros((40, 60, 3), np.uint8))
    canvas = group.panes["target"].canvas
    rect = canvas.rect()
    x, y = round(rect.left + rect.width * 30.5 / 60) + 2, round(rect.top + rect.height / 2) + 2
    canvas.event_generate("<Motion>", x=x, y=y)
    assert told[-1] == "x 30, y 20: image -87 HU, target 255 0 0 (liver), prediction 0 0 0"


def test_class_numbers_have_the_same_shade_in_every_image(root: tk.Tk, group: PaneGroup) -> None:
    three = tuple(ShownClass(str(i), "#000000", ((i,),)) for i in range(4))
    group.set_classes(ShownClasses(three, high=3.0))
    group.show("target", np.array([[[0], [1]]], np.uint8))
    assert group.panes["target"].levels == (0, 3)
    group.show("prediction", np.array([[[0], [3]]], np.uint8))
    assert group.panes["prediction"].levels == (0, 3)


def test_the_confidence_is_laid_over_the_prediction(
    root: tk.Tk, group: PaneGroup, told: list[str]
) -> None:
    chosen: list[str] = []
    group._on_overlay = chosen.append
    canvas = group.panes["prediction"].canvas
    plain = pixels(canvas)
    values = np.full((40, 60, 1), 0.5, np.float32)
    values[:, 30:] = 1
    group.set_confidence(ConfidenceMap(values, "labels", False))
    root.update()
    np.testing.assert_array_equal(pixels(canvas), plain)
    group.tools.overlay.set("Confidence")
    group.tools.overlay.event_generate("<<ComboboxSelected>>")
    group.tools.part.set(100)
    root.update()
    assert chosen[0] == "confidence" and group.tools.part.instate(["!disabled"])
    drawn = np.where(values < 1, np.array(UNCERTAIN), PREDICTION).astype(np.uint8)
    np.testing.assert_array_equal(pixels(canvas), in_canvas(canvas, drawn))
    assert any("not calibrated" in text for text in group.legend.texts)
    group._on_pointer("image", (0.1, 0.5))
    assert told[-1].endswith("confidence 0.5")
    group.show("prediction", PREDICTION)
    root.update()
    np.testing.assert_array_equal(pixels(canvas), plain)  # that of another image is not kept
    assert not group.legend.texts
