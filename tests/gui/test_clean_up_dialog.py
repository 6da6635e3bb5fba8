"""The clean-up in the window: the table, the live prediction, what the project keeps."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from quiet import QuietWindow
from sessions import write_pairs
from window import open_menu

from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.messages.events import WeightsDescribed
from deepimagetranslator.core.messages.requests import Evaluate, PreviewTranslation
from deepimagetranslator.gui.dialogs.clean_up_dialog import STAYS, CleanUpDialog
from deepimagetranslator.gui.theme.theme import theme_of

TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
RED, GREEN = 3, 2
INNER = "red: connected to outside, else green"


class Tried:
    """A dialog, the rules that it tried, and those that it was accepted with."""

    def __init__(self, root: tk.Tk, rules: tuple[str, ...] = (), **rest: Any) -> None:
        self.tried: list[tuple[str, ...] | None] = []
        self.accepted: list[tuple[str, ...]] = []
        choices = {"palette": TISSUES, "pixels": 512 * 512} | rest
        self.dialog = CleanUpDialog(
            root, rules, on_try=self.tried.append, on_ok=self.accepted.append, **choices
        )
        root.update()


def test_each_change_is_tried_and_ok_gives_the_rules(root: tk.Tk) -> None:
    made = Tried(root)
    red = made.dialog.lines[RED]
    assert red.texts["other"].get() == STAYS and red.controls["gap"].instate(["disabled"])
    red.texts["other"].set("green")
    assert made.tried[-1] == (INNER,) and red.controls["gap"].instate(["!disabled"])
    made.dialog.lines[GREEN].texts["islands"].set("20")
    assert made.tried[-1] == ("green: islands under 20", INNER)
    made.dialog.ok_button.invoke()
    assert made.accepted == [("green: islands under 20", INNER)]
    assert made.tried[-1] is None


def test_rules_are_shown_and_cleared(root: tk.Tk) -> None:
    made = Tried(root, (INNER, "blue: all holes", "green: largest only"))
    dialog = made.dialog
    assert dialog.value() == ("blue: all holes", "green: largest only", INNER)
    dialog.clear_button.invoke()
    assert dialog.value() == () and made.tried[-1] == ()
    dialog.suggest_button.invoke()
    assert dialog.value() == tuple(
        f"{colour}: islands under 20" for colour in ("black", "blue", "green", "red")
    )
    dialog.cancel()
    assert made.accepted == [] and made.tried[-1] is None


def test_a_wrong_number_is_said_and_not_tried(root: tk.Tk) -> None:
    made = Tried(root)
    made.dialog.lines[RED].texts["holes"].set("ten")
    assert "'ten' for red is not a number of pixels" in made.dialog.message.text()
    assert made.dialog.ok_button.instate(["disabled"])
    assert made.tried == [()]
    made.dialog.lines[RED].texts["holes"].set("10")
    assert made.dialog.message.text() == ""
    assert made.dialog.ok_button.instate(["!disabled"])


@pytest.mark.parametrize("palette", ["dark", "light"])
def test_nothing_is_clipped(root: tk.Tk, palette: str) -> None:
    many = Palette(tuple((number,) for number in range(8)), "uint8", tuple("abcdefgh"))
    dialog = Tried(root, palette=many).dialog
    theme_of(dialog).apply(palette)
    dialog.update()
    controls = [control for line in dialog.lines for control in line.controls.values()]
    for widget in (*controls, dialog.suggest_button, dialog.clear_button):
        assert widget.winfo_ismapped()
        assert widget.winfo_width() >= widget.winfo_reqwidth() - 1, widget
    assert dialog.winfo_height() <= 768 - 80


# ---- in the main window ------------------------------------------------------------------------


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    """Pairs of masks, and a model of coloured label maps."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    window = QuietWindow(root, tmp_path)
    write_pairs(tmp_path, ["a.png", "b.png"])
    window.load(tmp_path)
    yield window
    window.close()


def use(window: QuietWindow, tmp_path: Path) -> None:
    window.answer(WeightsDescribed(str(tmp_path / "a.weights.h5"), palette=TISSUES))


def the_dialog(window: QuietWindow) -> CleanUpDialog:
    open_menu(window.main, "Translate").invoke("Clean-up...")
    window.root.update()
    (dialog,) = (w for w in window.root.winfo_children() if isinstance(w, CleanUpDialog))
    return dialog


def requested(window: QuietWindow) -> PreviewTranslation:
    return window.sessions.requests(PreviewTranslation)[-1]


def test_the_prediction_follows_the_dialog_and_the_project_keeps_it(
    window: QuietWindow, tmp_path: Path
) -> None:
    use(window, tmp_path)
    assert requested(window).clean_up == ()
    dialog = the_dialog(window)
    assert [line.row.word for line in dialog.lines] == ["black", "blue", "green", "red"]
    dialog.lines[RED].texts["other"].set("green")
    assert requested(window).clean_up == (INNER,)
    assert window.session.viewer.preview_note == "cleaned up"
    dialog.cancel()
    assert requested(window).clean_up == ()
    assert window.session.viewer.preview_note == ""
    dialog = the_dialog(window)
    dialog.lines[RED].texts["other"].set("green")
    dialog.ok_button.invoke()
    window.until(lambda: not window.session.background.busy)
    specs = window.session.project.specs
    assert specs.translation.clean_up == (INNER,)
    assert requested(window).clean_up == (INNER,)
    window.session.jobs.evaluate(window.session.project.matched.train)
    assert window.sessions.requests(Evaluate)[-1].clean_up == (INNER,)


def test_without_label_maps_there_is_nothing_to_clean(window: QuietWindow, tmp_path: Path) -> None:
    menu = open_menu(window.main, "Translate")
    assert menu.entrycget("Clean-up...", "state") == "normal"  # the targets are masks
    window.session.project.new()
    window.until(lambda: not window.session.background.busy)
    menu = open_menu(window.main, "Translate")
    assert menu.entrycget("Clean-up...", "state") == "disabled"
    use(window, tmp_path)
    menu = open_menu(window.main, "Translate")
    assert menu.entrycget("Clean-up...", "state") == "normal"
