"""The panes: what is drawn, zoom and pan in step, overlay, difference, values."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ImageTk

from deepimagetranslator.gui import shading, viewport
from deepimagetranslator.gui.image_canvas import ImageCanvas
from deepimagetranslator.gui.image_view import Caption, ImagePane, elided
from deepimagetranslator.gui.pane_group import DIFFERENCE_TITLE, PaneGroup
from deepimagetranslator.gui.theme import theme_of
from deepimagetranslator.gui.viewport import FIT, View

Pump = Callable[..., None]
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (40, 60, 1)).astype(np.uint8)
TARGET = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
PREDICTION = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)


# --- which part, at which size ---


def test_an_image_keeps_its_shape_and_stands_in_the_middle() -> None:
    rect = viewport.place(IMAGE, 600, 500, FIT)
    assert (rect.left, rect.top, rect.width, rect.height) == (0, 50, 600, 400)


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    at, before = (150, 200), viewport.place(IMAGE, 600, 500, FIT)
    view = viewport.zoomed(FIT, 3, IMAGE, 600, 500, at)
    after = viewport.place(IMAGE, 600, 500, view)
    assert before.relative(*at) == pytest.approx(after.relative(*at), abs=0.002)
    assert after.width == pytest.approx(3 * before.width)


def test_zoom_is_bounded_and_panning_leaves_no_empty_border() -> None:
    view = viewport.zoomed(FIT, 1e9, IMAGE, 600, 500, (0, 0))
    assert viewport.place(IMAGE, 600, 500, view).scale(IMAGE) == pytest.approx(64)
    view = viewport.panned(view, 1e9, -1e9, IMAGE, 600, 500)
    rect = viewport.place(IMAGE, 600, 500, view)
    assert rect.left == pytest.approx(0) and rect.top + rect.height == pytest.approx(500)
    assert viewport.clamped(View(0.001), IMAGE, 600, 500).zoom == pytest.approx(0.1)


def test_enlarged_pixels_are_squares_of_their_exact_value() -> None:
    rect = viewport.place(IMAGE, 600, 400, FIT)
    expected = IMAGE.repeat(10, axis=0).repeat(10, axis=1)
    np.testing.assert_array_equal(viewport.sample(IMAGE, rect, 600, 400), expected)


def test_reduced_images_are_averaged() -> None:
    fine = np.zeros((400, 400, 1), np.float32)
    fine[::2] = 1
    rect = viewport.place(fine, 100, 100, FIT)
    np.testing.assert_allclose(viewport.sample(fine, rect, 100, 100), 0.5)


@pytest.mark.parametrize("zoom", [1, 1.3, 2.7, 9, 40])
@pytest.mark.parametrize("pane", [(33, 47), (200, 90), (61, 401)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (500, 3, 3), (40, 60, 3), (900, 700, 1)])
def test_the_sample_is_as_large_as_what_is_visible(
    zoom: float, pane: tuple[int, int], shape: tuple[int, int, int]
) -> None:
    image = np.zeros(shape, np.uint16)
    rect = viewport.place(image, *pane, View(zoom, 0.7, 0.2))
    left, top, right, bottom = rect.visible(*pane)
    drawn = viewport.sample(image, rect, *pane)
    assert drawn.shape == (bottom - top, right - left, shape[2])
    assert drawn.dtype == np.uint16


# --- how values look ---


@pytest.mark.parametrize(
    ("image", "levels"),
    [
        (np.array([0, 3, 200], np.uint8), (0, 255)),
        (np.array([0, 1, 3], np.uint8), (0, 3)),
        (np.array([0, 0, 0], np.uint8), (0, 255)),
        (np.array([100, 4000], np.uint16), (100, 4000)),
        (np.array([7, 7], np.uint16), (7, 8)),
        (np.array([0.25, 0.5], np.float32), (0, 1)),
        (np.array([-1000, 400, np.nan], np.float32), (-1000, 400)),
        (np.array([np.nan], np.float32), (0, 1)),
    ],
)
def test_levels_show_any_type_well(image: np.ndarray, levels: tuple[float, float]) -> None:
    assert shading.levels_of(image.reshape(1, -1, 1)) == levels


def test_a_hot_pixel_does_not_make_an_image_black() -> None:
    image = RNG.integers(0, 1000, (200, 200, 1)).astype(np.uint16)
    image[0, 0] = 65535
    assert shading.levels_of(image)[1] < 1100


def test_values_between_the_levels_become_grey() -> None:
    values = np.array([[[-5.0], [0.0], [5.0], [10.0], [99.0], [np.nan]]], np.float32)
    rgb = shading.to_rgb(values, (0, 10))
    assert rgb[0, :, 0].tolist() == [0, 0, 127, 255, 255, 0]
    assert rgb.shape == (1, 6, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_grey_difference_tells_higher_from_lower(dtype: type) -> None:
    target = np.array([[[100], [100], [100]]], dtype)
    prediction = np.array([[[100], [200], [0]]], dtype)
    same, higher, lower = shading.difference_to_rgb(prediction, target, (0, 255))[0].tolist()
    assert same == [0, 0, 0]
    assert higher[0] > higher[2] and lower[2] > lower[0]


def test_a_colour_difference_is_black_where_equal() -> None:
    changed = TARGET.copy()
    changed[3, 4, 1] ^= 128
    drawn = shading.difference_to_rgb(changed, TARGET, (0, 255))
    assert drawn[3, 4].tolist() == [0, 255, 0]
    assert drawn.astype(int).sum() == 255


def test_a_grey_prediction_of_a_colour_target_has_a_difference() -> None:
    drawn = shading.difference_to_rgb(IMAGE, TARGET, (0, 255))
    assert drawn.shape == TARGET.shape


# --- one pane ---


@pytest.fixture
def canvas(root: tk.Tk) -> ImageCanvas:
    made = ImageCanvas(root)
    made.configure(width=300, height=200)
    made.pack()
    root.update()
    return made


def drawn_size(canvas: ImageCanvas) -> tuple[int, int]:
    name = canvas.itemcget("image", "image")
    return int(canvas.tk.call("image", "width", name)), int(canvas.tk.call("image", "height", name))


def test_the_mark_and_its_hint_are_shown_without_an_image(canvas: ImageCanvas) -> None:
    canvas.show(None, hint="Load training images.")
    canvas.update()
    assert sorted(canvas.type(item) for item in canvas.find_all()) == ["image", "text"]
    canvas.show(IMAGE)
    canvas.update()
    assert [canvas.type(item) for item in canvas.find_all()] == ["image"]
    assert drawn_size(canvas) == canvas.room == (300, 200)


def test_many_changes_make_one_drawing(canvas: ImageCanvas) -> None:
    canvas.show(IMAGE)
    canvas.update()
    before = canvas.redraws
    for step in range(20):
        canvas.set_view(View(1 + step / 10))
    canvas.update()
    assert canvas.redraws == before + 1
    canvas.set_view(canvas.view)
    canvas.set_overlay(None)
    canvas.update()
    assert canvas.redraws == before + 1


def test_keys_zoom_fit_and_pan(canvas: ImageCanvas) -> None:
    canvas.show(IMAGE)
    canvas.focus_force()
    canvas.update()
    canvas.event_generate("<plus>")
    canvas.event_generate("<KP_Add>")
    assert canvas.view.zoom == pytest.approx(1.25**2)
    canvas.event_generate("<Shift-Right>")
    assert canvas.view.x > 0.5
    canvas.event_generate("<minus>")
    assert canvas.view.zoom == pytest.approx(1.25)
    canvas.event_generate("<Key-1>")
    assert canvas.rect().scale(IMAGE) == pytest.approx(1)
    canvas.event_generate("<Key-0>")
    assert canvas.view == FIT


def test_plain_arrow_keys_are_left_to_the_window(root: tk.Tk, canvas: ImageCanvas) -> None:
    seen: list[str] = []
    root.bind("<Right>", lambda _: seen.append("next"))
    canvas.show(IMAGE)
    canvas.focus_force()
    root.update()
    canvas.event_generate("<Right>")
    assert seen == ["next"]


def test_wheel_and_drag(canvas: ImageCanvas) -> None:
    canvas.show(IMAGE)
    canvas.update()
    place = canvas.rect().relative(50, 60)
    canvas.event_generate("<MouseWheel>", delta=480, x=52, y=62)
    assert canvas.view.zoom > 1
    assert canvas.rect().relative(50, 60) == pytest.approx(place, abs=0.01)
    left = canvas.rect().left
    canvas.event_generate("<ButtonPress-1>", x=50, y=60)
    canvas.event_generate("<B1-Motion>", x=40, y=60)
    canvas.event_generate("<ButtonRelease-1>", x=40, y=60)
    assert canvas.rect().left == pytest.approx(left - 10)
    for _ in range(2):
        canvas.event_generate("<ButtonPress-1>", x=40, y=60)
        canvas.event_generate("<ButtonRelease-1>", x=40, y=60)
    assert canvas.view == FIT


def test_a_palette_change_draws_the_mark_anew(root: tk.Tk, canvas: ImageCanvas) -> None:
    before = canvas.redraws
    theme_of(root).apply("light")
    root.update()
    assert canvas.redraws > before
    assert canvas.cget("background") == theme_of(root).palette.pane
    assert int(str(canvas.cget("highlightthickness"))) > 0, "the keyboard's frame stays"


def test_a_pane_names_its_image(root: tk.Tk) -> None:
    pane = ImagePane(root, "Original image")
    pane.pack(fill="both", expand=True)
    root.geometry("500x400")
    root.update()
    pane.show(IMAGE.astype(np.uint16) * 16, Caption("s059.png", "7 / 12", "epoch 3"))
    root.update()
    words = [str(label.cget("text")) for label in (pane.title, pane.position, pane.name, pane.note)]
    assert words == ["Original image", "7 / 12", "s059.png", "epoch 3"]
    assert str(pane.details.cget("text")) == "60 x 40, 16-bit grey, shown 0 to 4080"
    pane.show(None)
    assert [str(label.cget("text")) for label in (pane.name, pane.details)] == ["", ""]


def test_long_names_lose_their_middle(root: tk.Tk) -> None:
    font = theme_of(root).font()
    name = "patient_0001_" * 10 + "slice_059.png"
    short = elided(name, font, 200)
    assert font.measure(short) <= 200
    assert short.startswith("patient") and short.endswith("059.png") and "…" in short
    assert elided("s.png", font, 200) == "s.png"


# --- the three panes ---


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
