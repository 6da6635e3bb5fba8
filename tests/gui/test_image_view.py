"""One pane: what is drawn, zoom, pan, keys, words."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import numpy as np
import pytest
from focus import focus

from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.image_pane import Caption, ImagePane, elided
from deepimagetranslator.gui.viewer.viewport import FIT, View

Pump = Callable[..., None]
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (40, 60, 1)).astype(np.uint8)
TARGET = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
PREDICTION = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)


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


def test_a_long_hint_is_not_clipped(canvas: ImageCanvas) -> None:
    canvas.show(None, hint="Load training images and targets to see them changed here. " * 3)
    canvas.update()
    (words,) = (item for item in canvas.find_all() if canvas.type(item) == "text")
    left, top, right, bottom = canvas.bbox(words)
    assert min(left, top) >= 0 and right <= 304 and bottom <= 204


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
    focus(canvas)
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
    focus(canvas)
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
