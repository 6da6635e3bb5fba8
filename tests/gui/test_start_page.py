"""The start page: what it offers, and that it makes room for the panes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from window import Window

from deepimagetranslator.app.goals import GOALS
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.sample import write_sample


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A folder of images and one of their label maps."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, size=32, people=[1], slices=3)
    return [folder / "person01" / "images", folder / "person01" / "targets"]


def visible(window: Window) -> tuple[bool, bool]:
    window.root.update()
    main = window.app.window
    return bool(main.start.winfo_ismapped()), bool(main.panes.winfo_ismapped())


@pytest.mark.parametrize("goal", GOALS)
def test_a_goal_loads_two_folders_and_says_what_the_targets_are(
    window: Window, folders: list[Path], goal: object
) -> None:
    start, project = window.app.window.start, window.session.project
    assert visible(window) == (True, False)
    window.until(lambda: set(start._photos) >= {"mark", *(one.name for one in GOALS)})
    window.answers.paths = [folders[0], folders[1]]
    start.goals[goal.name].invoke()  # type: ignore[attr-defined]
    window.until(lambda: project.dataset is not None)
    assert project.specs.data.target_kind == goal.target_kind  # type: ignore[attr-defined]
    values = goal.name != "maps"  # type: ignore[attr-defined]
    assert (project.dataset.palette is None) == values  # type: ignore[union-attr]
    assert project.specs.training.loss == ("mae" if values else "dice_crossentropy")
    window.until(lambda: visible(window) == (False, True))


def test_a_cancelled_picker_changes_nothing(window: Window, folders: list[Path]) -> None:
    start = window.app.window.start
    for paths in ([None], [folders[0], None]):
        window.answers.paths = list(paths)
        start.goals["cleaner"].invoke()
    assert not window.session.project.changed
    assert window.session.project.specs.data.target_kind == "automatic"
    assert visible(window) == (True, False)


def test_folders_can_be_dropped_onto_it(window: Window, folders: list[Path]) -> None:
    main, project = window.app.window, window.session.project
    main.take_dropped(folders, main.start.winfo_rootx() + 50, main.start.winfo_rooty() + 50)
    window.until(lambda: len(project.matched.train) == 3)
    window.until(lambda: visible(window) == (False, True))


def test_recent_projects_are_shown_with_a_picture_and_open(
    window: Window, folders: list[Path], tmp_path: Path
) -> None:
    start, session = window.app.window.start, window.session
    window.until(lambda: not session.background.busy)
    assert start.projects == []
    session.loader.load("training", {"inputs": folders[0], "targets": folders[1]})
    window.until(lambda: session.project.dataset is not None)
    session.project.save(tmp_path / "fat" / "project.json")
    window.choose("File", "New project")
    window.until(lambda: start.projects)
    assert visible(window) == (True, False)
    (button,) = start.projects
    assert str(button.cget("text")).split("\n")[:2] == ["  fat", "  3 training images"]
    picture = start._photos["project 1"]
    assert picture.width() > 2 * picture.height() - 1
    button.invoke()
    window.until(lambda: len(session.project.matched.train) == 3)
    window.until(lambda: visible(window) == (False, True))


def test_one_sort_of_images_is_enough_to_see_the_panes(window: Window, folders: list[Path]) -> None:
    window.answers.files = [sorted(folders[0].iterdir())]
    window.choose("Translate", "Load images for translation")
    window.until(lambda: visible(window) == (False, True))
    window.choose("File", "New project")
    window.until(lambda: window.session.viewer.part == "training")
    assert visible(window) == (False, True), "the images to translate are still loaded"


def test_it_fits_a_large_scaling_on_a_small_screen(window: Window) -> None:
    start = window.app.window.start
    window.root.geometry("640x420")
    window.root.minsize(1, 1)
    window.until(lambda: start.winfo_width() < 620)
    window.root.update()
    assert start._down.winfo_ismapped(), "it scrolls"
    assert start._recent.grid_info()["row"] == 1
    window.root.geometry("1320x760")
    window.until(lambda: start._recent.grid_info()["row"] == 0)


def test_unreadable_images_of_a_recent_project_leave_a_gap(window: Window, tmp_path: Path) -> None:
    for side in ("in", "out"):
        (tmp_path / side).mkdir()
        image = np.arange(32 * 32).astype(np.uint8).reshape(32, 32, 1)
        write_image(tmp_path / side / "a.png", image)
    session = window.session
    session.loader.load("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    # What follows from the data comes last, and would count as a change after saving.
    window.until(lambda: session.project.dataset is not None)
    session.project.save(tmp_path / "a.json")
    (tmp_path / "in" / "a.png").write_bytes(b"damaged")
    window.choose("File", "New project")
    window.until(lambda: window.app.window.start.projects)
    (button,) = window.app.window.start.projects
    assert "1 training image" in str(button.cget("text"))
