"""A dialog over the main window leaves its images in sight, wherever the dialog lies."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from quiet import QuietWindow
from sessions import write_pairs

from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog
from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import ValuesDialog
from deepimagetranslator.gui.dialogs.labels.labels_dialog import LabelsDialog
from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog
from deepimagetranslator.gui.widgets.beside import stand_beside
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.screens import Area


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    """A wide window with the list of images; it is 1200 x 600."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    write_pairs(tmp_path, ["p1.png", "p2.png"])
    window = QuietWindow(root, tmp_path)
    root.geometry("1200x600+0+0")
    window.until(lambda: root.winfo_width() == 1200 and root.winfo_rootx() == 0)
    window.load(tmp_path)
    window.main.listed.set(True)
    window.main.toggle_list()
    yield window
    window.close()


def area(widget: tk.Misc) -> Area:
    return Area(
        widget.winfo_rootx(), widget.winfo_rooty(), widget.winfo_width(), widget.winfo_height()
    )


def in_sight(window: QuietWindow, dialog: tk.Misc) -> bool:
    """Whether all panes are seen: on the window, and beside the dialog."""
    canvases = [area(pane.canvas) for pane in window.main.panes.panes.values()]
    return all(
        min(canvas.width, canvas.height) > 50
        and min(canvas.overlap(area(dialog))) <= 0
        and canvas.overlap(area(window.root)) == (canvas.width, canvas.height)
        for canvas in canvases
    )


@pytest.fixture
def dialog(window: QuietWindow) -> tk.Toplevel:
    dialog = tk.Toplevel(window.root)
    stand_beside(dialog)
    return dialog


@pytest.mark.parametrize("x", [450, 0, 250], ids=["at the right", "at the left", "in the middle"])
def test_images_are_shown_beside_a_dialog(window: QuietWindow, dialog: tk.Toplevel, x: int) -> None:
    dialog.geometry(f"700x500+{x}+20")
    window.until(lambda: in_sight(window, dialog) and window.main.panes.sashes.stacked)
    assert not window.main.images.winfo_ismapped()
    panes = list(window.main.panes.panes.values())
    assert not any(pane.details.winfo_ismapped() for pane in panes)
    dialog.destroy()
    window.until(lambda: not window.main.panes.sashes.stacked)
    window.until(lambda: len({pane.winfo_rooty() for pane in panes}) == 1)
    window.until(panes[0].details.winfo_ismapped)
    window.until(window.main.images.winfo_ismapped)
    assert min(pane.winfo_width() for pane in panes) > 200


def test_the_images_follow_a_dialog_that_is_moved(window: QuietWindow, dialog: tk.Toplevel) -> None:
    dialog.geometry("400x500+800+20")
    window.until(lambda: dialog.winfo_width() == 400 and in_sight(window, dialog))
    assert not window.main.panes.sashes.stacked  # there is room enough
    for place in ("700x500+400+20", "700x500+0+20"):
        dialog.geometry(place)
        window.until(lambda: in_sight(window, dialog) and window.main.panes.sashes.stacked)
    dialog.withdraw()
    window.until(lambda: not window.main.panes.sashes.stacked)


def test_a_dialog_over_nearly_everything_or_elsewhere_moves_nothing(
    window: QuietWindow, dialog: tk.Toplevel
) -> None:
    before = [area(pane) for pane in window.main.panes.panes.values()]
    room = window.main.panes.winfo_rootx()
    for place in (f"{1200 - room - 80}x500+{room + 80}+20", "300x200+300+650"):
        seen: list[object] = []
        dialog.bind("<Configure>", seen.append, add=True)
        dialog.geometry(place)
        window.until(lambda: seen and not window.main._moving_panes)  # noqa: B023
        assert [area(pane) for pane in window.main.panes.panes.values()] == before


@pytest.mark.parametrize(
    ("menu", "entry", "kind"),
    [
        ("Model", "New model", ModelDialog),
        ("Train", "Data augmentation", AugmentationDialog),
        ("Data", "Label colours...", LabelsDialog),
        ("Data", "Values and window...", ValuesDialog),
    ],
)
def test_dialogs_about_images_leave_them_in_sight(
    window: QuietWindow, menu: str, entry: str, kind: type[Dialog[object]]
) -> None:
    entries = window.main.menus[menu]
    entries.invoke(entries.index(entry))
    (dialog,) = [one for one in window.root.winfo_children() if isinstance(one, kind)]
    window.until(dialog.winfo_viewable)
    if dialog.winfo_width() > dialog.winfo_screenwidth() - 330:
        pytest.skip("the screen is too narrow for this dialog and an image")
    window.until(lambda: in_sight(window, dialog))
    dialog.cancel()
    window.until(lambda: not window.main.panes.sashes.stacked)
