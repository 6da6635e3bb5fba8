"""The list of images beside the panes: order, scores, going to an image."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from focus import focus
from window import Window

from deepimagetranslator.core.evaluation.score import AGREEMENT, Score
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.viewer.image_list import BY_NAME, FILE_ORDER, WORST_FIRST, ImageList

NAMES = ["c.png", "a.png", "b.png", "d.png"]
SCORES = {0: 0.9, 1: 0.5, 2: math.nan, 3: 0.7}


@pytest.fixture
def opened() -> list[int]:
    return []


@pytest.fixture
def images(root: tk.Tk, opened: list[int], tmp_path: Path) -> Iterator[ImageList]:
    for number, name in enumerate(NAMES):
        write_image(tmp_path / name, np.full((20, 30, 1), 60 * number, np.uint8))
    made = ImageList(root, opened.append)
    made.pack(fill="both", expand=True)
    root.geometry("240x400")
    made.show([ImageRef(tmp_path / name) for name in NAMES], 0, lambda i: Score("dice", SCORES[i]))
    root.update()
    yield made
    made.destroy()


def texts(images: ImageList) -> list[str]:
    canvas = images.canvas
    return [canvas.itemcget(i, "text") for i in canvas.find_all() if canvas.type(i) == "text"]


def choose(images: ImageList, order: str) -> None:
    images.sorting.set(order)
    images.sorting.event_generate("<<ComboboxSelected>>")
    images.update()


def test_names_and_scores_are_shown(
    root: tk.Tk, images: ImageList, pump: Callable[..., None]
) -> None:
    assert texts(images) == [
        *("c.png", "Dice 0.900", "a.png", "Dice 0.500"),
        *("b.png", "no object", "d.png", "Dice 0.700"),
    ]
    pump(root, lambda: not images.pictures.busy)
    root.update()
    kinds = [images.canvas.type(item) for item in images.canvas.find_all()]
    assert kinds.count("image") == 4


def test_the_worst_come_first_if_wanted(images: ImageList) -> None:
    for order, expected in ((WORST_FIRST, [1, 3, 0, 2]), (BY_NAME, [1, 2, 0, 3])):
        choose(images, order)
        assert images.order == expected
    choose(images, FILE_ORDER)
    assert images.order == [0, 1, 2, 3]


def test_images_on_which_networks_disagree_come_first_if_wanted(images: ImageList) -> None:
    apart = (0.1, 0.3, 0.0, 0.2)
    images.show(images._images, 0, lambda index: Score(AGREEMENT, -apart[index]))
    choose(images, WORST_FIRST)
    assert images.order == [1, 3, 0, 2]
    assert texts(images)[1] == "networks apart 0.3"


def test_new_scores_sort_again(
    root: tk.Tk, images: ImageList, pump: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(images, WORST_FIRST)
    monkeypatch.setitem(SCORES, 0, 0.1)
    images.refresh("3 of 4 scored")
    pump(root, lambda: images.order == [0, 1, 3, 2])
    assert str(images.note.cget("text")) == "3 of 4 scored"


def test_a_click_and_the_arrow_keys_go_to_an_image(
    root: tk.Tk, images: ImageList, opened: list[int]
) -> None:
    choose(images, WORST_FIRST)
    images.canvas.event_generate("<Button-1>", x=60, y=images.height + 5)
    assert opened == [3]
    images.show(images._images, 3, images._score_of)
    focus(images.canvas)
    images.canvas.event_generate("<Down>")
    images.canvas.event_generate("<Up>")
    assert opened == [3, 0, 1]


def test_ten_thousand_images_are_drawn_as_far_as_they_are_seen(
    root: tk.Tk, images: ImageList
) -> None:
    many = [ImageRef(Path(f"none/{number}.png")) for number in range(10_000)]
    images.show(many, 9_000, lambda _index: None)
    root.update()
    assert len(images.canvas.find_all()) < 60
    assert "9000.png" in texts(images)


def test_the_window_s_list_follows_the_view_and_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    pairs = write_sample(tmp_path, size=32, people=[1], slices=3).pairs["person01"]
    window = Window()
    main, session = window.app.window, window.session
    sides = {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}
    session.loader.load("training", sides)
    window.until(main.images.winfo_ismapped)
    window.until(lambda: len(main.images.order) == 3)
    main.images.canvas.event_generate("<Button-1>", x=60, y=2 * main.images.height + 5)
    window.until(lambda: session.viewer.positions["training"] == 2)
    window.key("Home")
    window.until(lambda: main.images.current == 0)
    window.choose("View", "Image list")
    window.root.update()
    assert not main.images.winfo_ismapped() and not session.scores.wanted
    assert session.settings.get("image list") == "off"
    window.choose("View", "Image list")
    window.root.update()
    assert main.images.winfo_ismapped() and session.scores.wanted
    window.close()
