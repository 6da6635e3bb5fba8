"""Files and folders dropped onto the window: by a real drag, and what becomes of each kind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from window import Window

from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.messages.requests import DescribeWeights
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two persons, in a folder with a name as users have them."""
    folder = tmp_path_factory.mktemp("drop") / "Größe {und} 脂肪"
    write_sample(folder, size=32, people=[1, 2], slices=2)
    return folder


def point(*words: str) -> None:
    """Move the pointer, or press its button."""
    subprocess.run(["xdotool", *words], check=True)


def drop(window: Window, role: str, *paths: Path) -> None:
    """Drop files in the middle of a pane; "" is beside the panes."""
    pane = window.app.window.panes.panes[role] if role else window.app.window.next_button
    middle = pane.winfo_rootx() + pane.winfo_width() // 2, pane.winfo_rooty() + 5
    window.app.window.take_dropped(paths, *middle)


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool, which moves the pointer")
def test_files_of_another_program_are_dragged_onto_a_pane(window: Window, tree: Path) -> None:
    window.root.geometry("900x600+200+100")
    window.until(lambda: window.root.winfo_width() == 900)
    files = sorted((tree / "person01" / "targets").iterdir())
    window.session.loader.load("training", {"inputs": tree / "person01" / "images"})
    window.until(window.app.window.panes.winfo_ismapped)
    source = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("drag_source.py"), "20", "20", *files],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert source.stdout is not None and source.stdout.readline() == "ready\n"
    pane = window.app.window.panes.panes["target"]
    steps = count()
    places: list[int] = []  # of the pointer, as the source tells them; it waits for our answers
    target: Any = window.app.window
    target.dnd_bind("<<DropPosition>>", lambda event: places.append(event.x_root) or event.action)

    def above_the_pane() -> bool:
        step = next(steps) % 9
        point("mousemove", str(pane.winfo_rootx() + 60 + step), str(pane.winfo_rooty() + 60 + step))
        return len(places) > 2

    try:
        point("mousemove", "50", "50", "mousedown", "1")
        window.until(above_the_pane)
        point("mouseup", "1")
        window.until(lambda: window.session.project.specs.data.train_targets)
    finally:
        point("mouseup", "1")
        source.kill()
        source.wait(60)
        source.stdout.close()
    assert window.session.project.specs.data.train_targets == tuple(map(str, files))
    assert window.answers.failed == []


def test_images_go_to_the_pane_s_side_of_the_part_in_view(window: Window, tree: Path) -> None:
    data = window.session.project
    person = tree / "person01"
    drop(window, "image", *sorted((person / "images").iterdir()))
    window.until(lambda: data.specs.data.train_inputs)
    drop(window, "target", person / "targets")
    window.until(lambda: data.specs.data.train_targets)
    assert len(data.matched.train) == 2
    window.app.window.part_buttons["validation"].invoke()
    drop(window, "image", tree / "person02" / "images")
    window.until(lambda: data.specs.data.val_inputs)
    drop(window, "prediction", tree / "person02" / "images")
    window.until(lambda: window.session.viewer.to_translate)
    assert window.session.viewer.folder_to_translate == tree / "person02" / "images"
    assert len(data.specs.data.train_inputs) == 2


def test_a_tree_a_folder_pair_and_a_project_are_recognized(
    window: Window, tree: Path, tmp_path: Path
) -> None:
    project = window.session.project
    drop(window, "", tree / "person01" / "targets", tree / "person01" / "images")
    window.until(lambda: len(project.matched.train) == 2)
    assert "images" in project.specs.data.train_inputs[0]
    window.answers.choice = 1
    drop(window, "", tree)
    window.until(lambda: len(project.matched.train) == 4)
    window.dialog(SplitDialog).destroy()
    save_project(Project(), tmp_path / "p.json")
    drop(window, "image", tmp_path / "p.json")
    window.until(lambda: project.path == tmp_path / "p.json")
    assert window.answers.failed == []


def test_weights_become_the_model(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr(window.session.model, "_send", sent.append)
    drop(window, "", tmp_path / "best.weights.h5")
    assert sent == [DescribeWeights(tmp_path / "best.weights.h5")]


def test_folders_whose_names_do_not_tell_are_a_sentence(window: Window, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    drop(window, "image", tmp_path / "one", tmp_path / "two")
    assert "do not say which folder holds the targets" in window.answers.failed[0]


def test_on_the_start_page_no_pane_is_below_the_pointer(window: Window, tree: Path) -> None:
    panes = window.app.window.panes
    window.root.update()
    assert not panes.winfo_viewable()
    places = [
        (x, y)
        for x in range(window.root.winfo_rootx(), window.root.winfo_rootx() + 1300, 100)
        for y in range(window.root.winfo_rooty(), window.root.winfo_rooty() + 700, 100)
    ]
    assert {panes.role_at(*place) for place in places} == {""}
    drop(window, "", *sorted((tree / "person01" / "images").iterdir()))
    window.until(lambda: window.session.project.specs.data.train_inputs)
    window.until(panes.winfo_viewable)
    pane = panes.panes["prediction"]
    assert panes.role_at(pane.winfo_rootx() + 5, pane.winfo_rooty() + 5) == "prediction"
