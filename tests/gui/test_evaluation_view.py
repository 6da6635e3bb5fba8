"""The result of an evaluation: sorting, copying, going to an image, the figure."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.evaluation.summary import summarized
from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.jobs.evaluation_view import EvaluationView
from deepimagetranslator.gui.jobs.measures_figure import draw_measures
from deepimagetranslator.gui.theme.palette import DARK, LIGHT

DICE = {"a/1.png": 0.9, "a/2.png": 0.7, "b/1.png": 0.95, "b/2.png": math.nan}
FILES = tuple(ImageRef(Path("images") / name) for name in DICE)


def evaluation(files: tuple[ImageRef, ...] = FILES, labels: bool = True) -> Evaluation:
    rows: list[dict[str, Any]] = []
    for name, dice in [*DICE.items(), ("pooled", 0.8)]:
        own = {"mae": 0.1, "mse": 0.01, "psnr": 20.0, "ssim": 0.5}
        image = Path(name).name if name != "pooled" else name
        rows.append({"image": image, "channel": "red", "dice": dice, **own})
        rows.append({"image": image, "channel": "all", **own})
    return Evaluation(tuple(rows), (), files, labels)


@pytest.fixture
def opened() -> list[ImageRef]:
    return []


@pytest.fixture
def view(root: tk.Tk, opened: list[ImageRef], pump: Callable[..., None]) -> Iterator[Any]:
    background = Background()
    made = EvaluationView(root, summarized(evaluation()), background, opened.append)
    made.pack(fill="both", expand=True)
    root.geometry("900x700")

    def ready() -> bool:
        background.poll()
        return made.figure is not None

    pump(root, ready)
    yield made
    background.close()


def cells(view: EvaluationView) -> list[list[str]]:
    rows = view.table.get_children()
    return [[str(cell) for cell in view.table.item(row, "values")] for row in rows]


def images(view: EvaluationView) -> list[tuple[str, str]]:
    """Person and image of the red rows below the summary."""
    found = [row for row in cells(view) if row[2] == "red" and row[0].endswith(".png")]
    return [(row[1], row[0]) for row in found]


def test_the_summary_stands_above_the_images(view: EvaluationView) -> None:
    rows = cells(view)
    assert [(row[0], row[2]) for row in rows[:6]] == [
        ("Whole volume", "red"),
        ("Whole volume", "all"),
        ("4 images, mean ± SD", "red"),
        ("4 images, mean ± SD", "all"),
        ("2 persons, mean ± SD", "red"),
        ("2 persons, mean ± SD", "all"),
    ]
    assert (rows[2][3], rows[4][3]) == ("0.85 ± 0.13", "0.875 ± 0.11")
    assert len(rows) == 6 + 8
    assert images(view) == [("a", "1.png"), ("a", "2.png"), ("b", "1.png"), ("b", "2.png")]


def test_a_heading_sorts_and_sorts_the_other_way_round(view: EvaluationView) -> None:
    def click(column: str) -> None:
        view.tk.call(*view.tk.splitlist(view.table.heading(column, "command")))

    click("Dice")
    assert [image for _, image in images(view)] == ["2.png", "1.png", "1.png", "2.png"]
    assert str(view.table.heading("Dice", "text")).endswith("▴")
    click("Dice")
    assert images(view)[0] == ("b", "1.png") and images(view)[-1] == ("b", "2.png")
    assert cells(view)[0][0] == "Whole volume", "the summary stays"
    click("Person")
    assert [person for person, _ in images(view)] == ["a", "a", "b", "b"]
    assert str(view.table.heading("Dice", "text")) == "Dice"


def test_an_image_is_opened_on_return_and_double_click(
    root: tk.Tk, view: EvaluationView, opened: list[ImageRef]
) -> None:
    view.sort("Dice")
    row = view.table.get_children()[6]
    view.table.selection_set(row)
    view.table.focus_force()
    root.update()
    view.table.event_generate("<Return>")
    assert opened == [FILES[1]]
    box = view.table.bbox(view.table.get_children()[8])
    x, y = box[0] + 5, box[1] + 5
    for name in ("<Button-1>", "<ButtonRelease-1>", "<Button-1>", "<ButtonRelease-1>"):
        view.table.event_generate(name, x=x, y=y)
    assert len(opened) == 2
    view.table.selection_set(view.table.get_children()[0])
    view.table.event_generate("<Return>")
    assert len(opened) == 2, "the whole volume is no image"


def test_the_table_is_copied_for_a_spreadsheet(root: tk.Tk, view: EvaluationView) -> None:
    view.copy()
    lines = [line.split("\t") for line in root.clipboard_get().split("\n")]
    assert lines[0][:4] == ["Image", "Person", "Channel", "Dice"]
    assert len(lines) == 1 + 6 + 8 and len({len(line) for line in lines}) == 1
    chosen = view.table.get_children()[6:8]
    view.table.selection_set(chosen)
    view.table.focus_force()
    root.update()
    view.table.event_generate("<Control-c>")
    assert len(root.clipboard_get().split("\n")) == 3


def test_without_persons_there_is_no_such_column(root: tk.Tk) -> None:
    background = Background()
    view = EvaluationView(root, summarized(evaluation(files=())), background)
    assert "Person" not in view.table.cget("columns")
    assert cells(view)[2][0] == "4 images, mean ± SD"
    background.close()


def test_ten_thousand_images_are_filled_in_turns(root: tk.Tk, pump: Callable[..., None]) -> None:
    rows = tuple({"image": f"{i}.png", "channel": "grey", "dice": i / 3000} for i in range(3000))
    files = tuple(ImageRef(Path(f"{i}.png")) for i in range(3000))
    background = Background()
    view = EvaluationView(root, summarized(Evaluation(rows, (), files)), background)
    assert len(view.table.get_children()) < 1000
    pump(root, lambda: len(view.table.get_children()) == 3000 + 1)
    view.sort("Dice")
    view.sort("Dice")
    pump(root, lambda: len(view.table.get_children()) == 3000 + 1)
    assert cells(view)[1][0] == "2999.png"
    view.destroy()
    background.close()


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_small_differences_fill_the_figure(palette: Any) -> None:
    """The dots of values between 0.95 and 0.97 spread over most of the axis."""
    values = np.linspace(0.95, 0.97, 25)
    rows = [{"image": str(i), "channel": "red", "dice": v, "ssim": v} for i, v in enumerate(values)]
    picture = np.asarray(draw_measures(rows, (820, 240), palette)).astype(int)
    reddish = (picture[..., 0] - picture[..., 1:].max(axis=2)) > 60
    found = np.flatnonzero(reddish[:, :410].any(axis=1))
    assert found[-1] - found[0] > 120


def test_values_are_drawn_by_their_psnr_and_odd_tables_do_not_fail() -> None:
    rows = [{"image": "a", "channel": "grey", "psnr": math.inf, "ssim": 1.0}]
    by_values = draw_measures(rows, (400, 200), DARK, labels=False)
    assert by_values.tobytes() != draw_measures(rows, (400, 200), DARK).tobytes()
    assert draw_measures([], (400, 200), DARK).size == (400, 200)


def test_the_inputs_stand_beside_the_network_in_table_and_figure(root: tk.Tk) -> None:
    own = {"mae": 0.1, "mse": 0.01, "psnr": 20.0, "ssim": 0.5}
    of_input = {f"input_{name}": value / 2 for name, value in own.items()}
    names = ("a.png", "pooled")
    rows = tuple({"image": n, "channel": "grey", "dice": 1.0, **own, **of_input} for n in names)
    background = Background()
    view = EvaluationView(root, summarized(Evaluation(rows)), background)
    columns = list(view.table.cget("columns"))
    assert columns[2:6] == ["SSIM", "Input SSIM", "PSNR", "Input PSNR"]
    assert [row[2:6] for row in cells(view)] == [["0.5", "0.25", "20", "10"]] * 3
    background.close()
    without = [{key: value for key, value in row.items() if "input" not in key} for row in rows]
    pictures = [draw_measures(each, (400, 200), DARK, labels=False) for each in (rows, without)]
    assert pictures[0].tobytes() != pictures[1].tobytes()
