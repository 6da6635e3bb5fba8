"""The labelling mode without a window: what strokes do, when they are written, and where."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest
from sessions import Sessions, write_pairs
from waiting import wait_until

from deepimagetranslator.app.events import ProblemOccurred, ProjectSaved
from deepimagetranslator.app.labelling import autosave
from deepimagetranslator.app.labelling.changes import (
    LabelFileChanged,
    LabellingNoticed,
    LabelsPainted,
)
from deepimagetranslator.app.labelling.editing import LOCKED
from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.app.labelling.tool_choice import OPERATIONS, ToolChoice
from deepimagetranslator.app.project_state import unsaved_projects
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling import borders, regions
from deepimagetranslator.core.labelling.label_map import Edit
from deepimagetranslator.core.labelling.progress import Progress
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL
from deepimagetranslator.core.labelling.rect import NOTHING
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.labelling.values import Range
from deepimagetranslator.core.messages.events import PreviewReady, WeightsDescribed

NAMES = [f"s{k}.png" for k in range(4)]
SIDE = 24


@pytest.fixture(autouse=True)
def written_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosave, "SECONDS", 0.02)


def load_inputs(sessions: Sessions, folder: Path) -> None:
    """Four inputs without targets."""
    write_pairs(folder, NAMES)
    project = sessions.session.project
    files = tuple(str(folder / "in" / name) for name in NAMES)
    project.set_files(replace(project.specs.data, train_inputs=files))
    quiet(sessions)


def load_pairs(sessions: Sessions, folder: Path) -> None:
    write_pairs(folder, NAMES)
    project = sessions.session.project
    sides = {
        f"train_{sides}": tuple(str(folder / side / name) for name in NAMES)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    project.set_files(replace(project.specs.data, **sides))  # type: ignore[arg-type]
    sessions.until(lambda: project.dataset is not None)
    quiet(sessions)


def quiet(sessions: Sessions) -> None:
    sessions.until(lambda: not sessions.session.background.busy)


def entered(sessions: Sessions) -> Labelling:
    mode = sessions.session.labelling
    mode.enter()
    sessions.until(lambda: mode.sheet.painter is not None)
    return mode


def numbers(mode: Labelling) -> np.ndarray:
    assert mode.sheet.painter is not None
    return mode.sheet.painter.label_map.numbers


def stroke(mode: Labelling, *points: tuple[float, float], role: str = "image") -> None:
    mode.editing.press(points[0], role)
    for point in points[1:]:
        mode.editing.drag(point)
    mode.editing.release()


def written(sessions: Sessions, mode: Labelling) -> None:
    sessions.until(lambda: not mode.unsaved)


def go(sessions: Sessions, mode: Labelling, index: int) -> None:
    viewer = sessions.session.viewer
    viewer.go(index)
    sessions.until(lambda: mode.sheet.image == viewer.images()[index] and mode.sheet.painter)


def notices(sessions: Sessions) -> str:
    return sessions.changes(LabellingNoticed)[-1].text


# ---- strokes ---------------------------------------------------------------------------------


def test_a_stroke_is_one_step_and_is_written(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.choice.size = 3
    stroke(mode, (5.5, 5.5), (5.5, 15.5))
    assert (numbers(mode)[4:7, 4:17] == 1).all() and mode.states.status.state == DRAFT
    assert sessions.changes(LabelsPainted)
    written(sessions, mode)
    assert mode.opened is not None and mode.sheet.image is not None
    file = mode.opened.store.path(mode.sheet.image)
    assert np.array_equal(read_image(file)[..., 0], numbers(mode))
    mode.editing.undo()
    assert not numbers(mode).any()
    mode.editing.redo()
    assert numbers(mode).any()


@pytest.mark.parametrize("tool", ["eraser", "threshold", "polygon", "freehand", "bucket", "sample"])
def test_each_tool_works_with_the_pointer(sessions: Sessions, tmp_path: Path, tool: str) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    if tool == "eraser":
        mode.choice.size = 20
        stroke(mode, (12, 12))
    mode.choice.size = 5
    mode.choose_tool(tool)
    before = numbers(mode).copy()
    if tool == "threshold":
        stroke(mode, (12, 12))
        assert "First take a sample" in notices(sessions)
        mode.choice.chosen = Range(0, 254)
    corners = [(4, 4), (4, 18), (18, 18)]
    if tool in ("polygon", "freehand"):
        stroke(mode, *corners) if tool == "freehand" else [stroke(mode, one) for one in corners]
        mode.editing.close_outline()
    else:
        stroke(mode, (12.5, 12.5))
    quiet(sessions)
    if tool == "sample":
        assert mode.choice.chosen is not None
        assert mode.choice.chosen.low < mode.choice.chosen.high
    assert (numbers(mode) != before).any() == (tool != "sample")


def test_a_class_is_picked_and_an_island_removed(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    second = mode.classes.add("lean")
    mode.choose_class(second)
    mode.choice.size = 4
    stroke(mode, (6, 6))
    mode.choose_nth_class(1)
    stroke(mode, (16, 16))
    mode.choose_tool("pick")
    stroke(mode, (6, 6))
    assert mode.choice.number == second
    mode.choose_tool("remove island")
    stroke(mode, (16, 16))
    quiet(sessions)
    assert set(np.unique(numbers(mode))) == {0, second}


def test_esc_takes_back_a_stroke_and_an_outline(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.editing.press((5, 5))
    assert numbers(mode).any() and mode.editing.cancel() and not numbers(mode).any()
    mode.choose_tool("polygon")
    stroke(mode, (2, 2))
    stroke(mode, (2, 9))
    mode.editing.drop_corner()
    assert mode.sheet.painter is not None and len(mode.sheet.painter.corners) == 1
    assert mode.editing.cancel() and not mode.sheet.painter.corners and not mode.editing.cancel()


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "copy prediction"])
def test_each_operation_changes_the_label_map(
    sessions: Sessions, tmp_path: Path, name: str
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.choice.size = 9
    for index in (0, 2):
        go(sessions, mode, index)
        stroke(mode, (12.5, 12.5))
    if name in ("copy before", "copy after", "interpolate"):
        go(sessions, mode, 1)
    elif name == "fill holes":
        mode.choose_tool("eraser")
        mode.choice.size = 1
        stroke(mode, (12.5, 12.5))
    elif name in ("remove specks", "smooth"):
        mode.choice.size = 1
        stroke(mode, (1.5, 1.5))
    mode.choice.chosen = Range(0, 255)
    before = numbers(mode).copy()
    mode.editing.operate(name)
    quiet(sessions)
    assert (numbers(mode) != before).any()
    mode.editing.undo()
    assert np.array_equal(numbers(mode), before)


def test_giving_up_a_stroke_that_changed_nothing_leaves_the_one_before(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    before = numbers(mode).copy()
    mode.editing.press((5, 5), "image")
    assert mode.editing.cancel() and before.any()
    assert np.array_equal(numbers(mode), before)


def test_what_an_operation_lacks_is_said(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    for name, words in (
        ("copy after", "slice after has no labels yet"),
        ("interpolate", "No slice before this one"),
        ("copy prediction", "No label map is predicted"),
    ):
        with pytest.raises(UserError, match=words):
            mode.editing.operate(name)
    mode.editing.operate("grow")
    quiet(sessions)
    assert "no pixel here to grow from" in notices(sessions)


def test_the_brush_grows_by_quarters_and_at_least_by_a_pixel() -> None:
    choice = ToolChoice(size=1)
    sizes = []
    for _ in range(6):
        choice.resize(1)
        sizes.append(choice.size)
    assert sizes == [2, 3, 4, 5, 6, 8]
    choice.resize(-100)
    assert choice.size == 1


# ---- states ----------------------------------------------------------------------------------


def test_a_done_image_is_locked_until_it_is_unlocked(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    quiet(sessions)  # the images are found in a thread
    assert mode.states.status.state == TO_LABEL and mode.states.images.words == "0 of 4 labelled"
    stroke(mode, (5, 5))
    mode.editing.mark_done()
    sessions.until(lambda: "Unpainted pixels" in notices(sessions))
    assert mode.states.status.state == DONE and "are background" in notices(sessions)
    assert mode.states.images.words == "1 of 4 labelled"
    before = numbers(mode).copy()
    stroke(mode, (15, 15))
    assert notices(sessions) == LOCKED and np.array_equal(numbers(mode), before)
    mode.states.unlock()
    stroke(mode, (15, 15))
    written(sessions, mode)
    assert mode.states.status.state == DRAFT


def test_an_image_without_foreground_can_be_done(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.editing.mark_done()
    sessions.until(lambda: mode.states.status.state == DONE)
    assert mode.opened is not None and mode.sheet.image is not None
    assert not read_image(mode.opened.store.path(mode.sheet.image)).any()


def test_labels_and_history_come_back_with_their_image(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    before = numbers(mode).copy()
    go(sessions, mode, 1)
    assert not numbers(mode).any()
    go(sessions, mode, 0)
    assert np.array_equal(numbers(mode), before)
    mode.editing.undo()
    assert not numbers(mode).any()


def test_a_target_is_the_first_label_map(sessions: Sessions, tmp_path: Path) -> None:
    load_pairs(sessions, tmp_path)
    mode = entered(sessions)
    target = read_image(tmp_path / "out" / NAMES[0])[..., 0]
    assert np.array_equal(numbers(mode) == 1, target == 255)
    mode.choice.size = 40
    stroke(mode, (12, 12))
    assert mode.opened is not None
    assert mode.sheet.save_into_target(mode.opened) == f"{NAMES[0]}.bak"
    assert (read_image(tmp_path / "out" / NAMES[0]) == 255).all()
    assert np.array_equal(write_bak(tmp_path / "out" / NAMES[0]), target)


def write_bak(path: Path) -> np.ndarray:
    copy = path.with_name("copy.png")
    copy.write_bytes(path.with_name(f"{path.name}.bak").read_bytes())
    return read_image(copy)[..., 0]


def test_the_classes_of_targets_are_taken_once_these_have_been_read(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    sides = {
        f"train_{sides}": tuple(str(tmp_path / side / name) for name in NAMES)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    project.set_files(replace(project.specs.data, **sides))  # type: ignore[arg-type]
    mode = sessions.session.labelling
    mode.enter()
    sessions.until(lambda: project.dataset is not None and mode.sheet.painter is not None)
    assert [mode.classes.table.name(n) for n in mode.classes.table.numbers] == ["0", "255"]
    target = read_image(tmp_path / "out" / NAMES[0])[..., 0]
    assert np.array_equal(numbers(mode) == 1, target == 255)


def test_a_slow_tool_is_stopped_and_nothing_is_painted_meanwhile(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    before, go_on, begun = numbers(mode).copy(), Event(), Event()

    def slow(classes: np.ndarray, number: int, reach: int, progress: Progress) -> Edit:
        begun.set()
        go_on.wait()
        progress(0.5)
        return regions.of_map(classes, np.full_like(classes, number))

    monkeypatch.setattr(borders, "smooth", slow)
    mode.editing.operate("smooth")
    sessions.until(begun.is_set)
    stroke(mode, (15, 15))
    assert "Smooth is at work" in notices(sessions)
    assert mode.editing.cancel()
    go_on.set()
    quiet(sessions)
    assert np.array_equal(numbers(mode), before)
    mode.editing.operate("smooth")
    quiet(sessions)
    assert (numbers(mode) == 1).all()


def test_a_target_of_another_size_is_refused_with_the_reason(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    write_image(tmp_path / "out" / NAMES[0], np.zeros((12, 10), np.uint8))
    project = sessions.session.project
    sides = {
        f"train_{sides}": tuple(str(tmp_path / side / name) for name in NAMES)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    labels = ("0=background", "255=object")
    project.set_files(replace(project.specs.data, labels=labels, **sides))  # type: ignore[arg-type]
    quiet(sessions)
    mode = sessions.session.labelling
    mode.enter()
    sessions.until(lambda: sessions.changes(LabellingNoticed))
    assert "has 10 x 12 pixels and its input 24 x 24" in notices(sessions)
    assert mode.sheet.painter is None


def test_a_stroke_on_the_prediction_makes_a_draft_of_it(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    weights = tmp_path / "w.weights.h5"
    palette = Palette(((0, 0, 0), (255, 0, 0)), "uint8", ("", "fat"), ((0, 0, 0), (9, 9, 9)))
    sessions.answer(WeightsDescribed(str(weights), palette=palette))
    mode = entered(sessions)
    predicted = np.zeros((SIDE, SIDE, 3), np.uint8)
    predicted[:8] = 9
    number = sessions.session.viewer._wanted_number
    sessions.answer(PreviewReady(number, predicted, 3))
    assert mode.sheet.has_prediction
    mode.choice.size = 1
    stroke(mode, (20.5, 20.5), role="prediction")
    assert (numbers(mode)[:8] == 1).all() and numbers(mode)[20, 20] == 1
    assert mode.states.status.state == DRAFT


# ---- classes ---------------------------------------------------------------------------------


def test_classes_become_the_projects_label_colours(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.classes.rename(1, "fat")
    second = mode.classes.add("lean")
    labels = sessions.session.project.specs.data.labels
    assert labels == ("0,0,0=background", "255,0,0=fat", "0,255,0=lean")
    stroke(mode, (5, 5))
    mode.merge_class(1, second)
    sessions.until(lambda: mode.sheet.painter is not None)
    assert set(np.unique(numbers(mode))) == {0, second} and mode.choice.number == second
    assert len(sessions.session.project.specs.data.labels) == 2
    with pytest.raises(UserError, match="only class besides the background"):
        mode.delete_class(second)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_merged_or_deleted_class_is_brought_back(
    sessions: Sessions, tmp_path: Path, deleted: bool
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    mode.classes.rename(1, "fat")
    second = mode.classes.add("lean")
    mode.choice.size = 8
    stroke(mode, (6, 6))
    mode.choose_class(second)
    stroke(mode, (16, 16))
    painted = numbers(mode).copy()
    go(sessions, mode, 1)
    stroke(mode, (16, 16))
    other = numbers(mode).copy()
    go(sessions, mode, 0)
    labels = sessions.session.project.specs.data.labels
    mode.delete_class(second) if deleted else mode.merge_class(second, 1)
    sessions.until(lambda: mode.sheet.painter is not None)
    assert not (numbers(mode) == second).any() and mode.classes.undoable == "lean"
    mode.choice.size = 1
    mode.choose_class(1)
    stroke(mode, (2.5, 2.5))  # the file is written without the class
    written(sessions, mode)
    mode.undo_class()
    sessions.until(lambda: mode.sheet.painter is not None)
    painted[2, 2] = 1
    assert np.array_equal(numbers(mode), painted) and mode.choice.number == second
    assert sessions.session.project.specs.data.labels == labels
    go(sessions, mode, 1)
    assert np.array_equal(numbers(mode), other)
    with pytest.raises(UserError, match="No class was merged or deleted"):
        mode.undo_class()


def test_classes_are_brought_back_one_after_the_other(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    second, third = mode.classes.add("second"), mode.classes.add("third")
    for place, number in enumerate((1, second, third)):
        mode.choose_class(number)
        mode.choice.size = 5
        stroke(mode, (5 + 6 * place, 5 + 6 * place))
    painted = numbers(mode).copy()
    for number, into in ((1, second), (second, third)):
        mode.merge_class(number, into)
        sessions.until(lambda: mode.sheet.painter is not None)
        mode.choice.size = 1
        mode.choose_class(third)
        stroke(mode, (22.5, number + 0.5))
        painted[22, number] = third
        written(sessions, mode)
    assert set(np.unique(numbers(mode))) == {0, third}
    fourth = mode.classes.add("fourth")
    mode.undo_class()
    mode.undo_class()
    sessions.until(lambda: mode.sheet.painter is not None)
    assert np.array_equal(numbers(mode), painted)
    assert set(mode.classes.table.numbers) == {0, 1, second, third, fourth}
    assert mode.classes.table.name(fourth) == "fourth"


def test_a_class_whose_name_is_taken_is_not_brought_back(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    second = mode.classes.add("lean")
    mode.delete_class(second)
    mode.classes.add("lean")
    with pytest.raises(UserError, match="Another class is called 'lean'"):
        mode.undo_class()
    assert mode.classes.undoable == "lean"


# ---- files -----------------------------------------------------------------------------------


def test_labels_of_an_unsaved_project_move_beside_it(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    before = numbers(mode).copy()
    written(sessions, mode)
    project = sessions.session.project
    assert project.contents.labels is not None
    assert project.contents.labels.is_relative_to(unsaved_projects())
    old = project.contents.labels
    project.save(tmp_path / "study.json")
    sessions.until(lambda: len(sessions.changes(ProjectSaved)) == 2)
    assert load_project(tmp_path / "study.json").labels is None and not project.changed
    assert not old.exists() and mode.opened is not None
    assert mode.opened.store.folder == tmp_path / "labels" / "study"
    stroke(mode, (15, 15))
    written(sessions, mode)
    mode.leave()
    mode = entered(sessions)
    assert (numbers(mode) != 0).sum() > (before != 0).sum()


def test_a_project_saved_elsewhere_takes_copies_with_it(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    project = sessions.session.project
    project.save(tmp_path / "one.json")
    mode = entered(sessions)
    stroke(mode, (5, 5))
    mode.leave()
    project.save(tmp_path / "two.json")
    sessions.until(lambda: not mode.place.moving)
    for name in ("one", "two"):
        assert len(list((tmp_path / "labels" / name).glob("*.png"))) == 1


def test_a_project_saved_twice_takes_its_labels_to_the_last_place(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    written(sessions, mode)
    project = sessions.session.project
    for name in ("one", "one", "two"):
        project.save(tmp_path / f"{name}.json")
    sessions.until(lambda: not mode.place.moving and project.contents.labels is None)
    assert not sessions.changes(ProblemOccurred)
    assert mode.opened is not None
    assert mode.opened.store.folder == mode.place.folder == tmp_path / "labels" / "two"
    assert len(list((tmp_path / "labels" / "two").glob("*.png"))) == 1
    assert load_project(tmp_path / "two.json").labels is None


@pytest.mark.parametrize("end", ["tick", "leave"])
def test_a_slow_tool_that_ends_while_labels_are_copied_paints_where_they_are_then(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The project is saved for the first time while the tool is at work, then the mode is left."""
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    written(sessions, mode)
    tool_goes_on, copy_goes_on, copying = Event(), Event(), Event()
    copy_to = LabelStore.copy_to

    def slow(classes: np.ndarray, number: int, reach: int, progress: Progress) -> Edit:
        tool_goes_on.wait(60)
        return regions.of_map(classes, np.full_like(classes, number))

    def slow_copy(store: LabelStore, folder: Path) -> LabelStore:
        copied = copy_to(store, folder)
        copying.set()
        copy_goes_on.wait(60)
        return copied

    monkeypatch.setattr(borders, "smooth", slow)
    monkeypatch.setattr(LabelStore, "copy_to", slow_copy)
    mode.editing.operate("smooth")
    project = sessions.session.project
    project.save(tmp_path / "study.json")
    sessions.until(copying.is_set)
    tool_goes_on.set()
    sessions.until(lambda: not mode.editing.slow.name)
    assert mode.place.moving and (numbers(mode) == 1).all()
    if end == "leave":
        Timer(0.1, copy_goes_on.set).start()
        mode.leave()
    copy_goes_on.set()
    sessions.until(lambda: not mode.place.moving and not mode.unsaved)
    if end == "tick":
        mode.leave()
    mode = entered(sessions)
    assert mode.opened is not None
    assert mode.opened.store.folder == tmp_path / "labels" / "study"
    assert (numbers(mode) == 1).all()


def test_labels_that_cannot_be_copied_are_found_again_and_never_deleted(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_inputs(sessions, tmp_path)
    project = sessions.session.project
    project.save(tmp_path / "one.json")
    mode = entered(sessions)
    stroke(mode, (5, 5))
    mode.leave()
    other = LabelStore(tmp_path / "labels" / "two")
    other.open()
    project.save(tmp_path / "two.json")
    sessions.until(lambda: sessions.changes(ProblemOccurred))
    one = tmp_path / "labels" / "one"
    assert load_project(tmp_path / "two.json").labels == one == mode.place.folder
    other.close()
    project.save(tmp_path / "two.json")
    sessions.until(lambda: not mode.place.moving and project.contents.labels is None)
    for name in ("one", "two"):
        assert len(list((tmp_path / "labels" / name).glob("*.png"))) == 1


def test_a_kept_unsaved_project_finds_its_labels(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    mode.leave()
    project = sessions.session.project
    project.keep()
    assert project.path is not None
    sessions.until(lambda: not mode.place.moving)
    path = project.path
    project.new()
    project.open(path)
    mode = entered(sessions)
    assert numbers(mode).any()


def test_two_windows_do_not_paint_the_same_project(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    sessions.session.project.save(tmp_path / "study.json")
    entered(sessions)
    other = Sessions(tmp_path)
    other.session.labelling.place.folder = sessions.session.labelling.place.folder
    with pytest.raises(UserError, match="open in another window"):
        other.session.labelling.enter()
    assert not other.session.labelling.active
    other.session.close()


@pytest.mark.parametrize("answer", ["keep", "take"])
def test_a_label_map_changed_meanwhile_is_asked_about(
    sessions: Sessions, tmp_path: Path, answer: str
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    written(sessions, mode)
    assert mode.opened is not None and mode.sheet.image is not None
    file = mode.opened.store.path(mode.sheet.image)
    write_image(file, np.ones((SIDE, SIDE), np.uint8))
    stroke(mode, (15, 15))
    mine = numbers(mode).copy()
    sessions.until(lambda: sessions.changes(LabelFileChanged))
    (asked,) = sessions.changes(LabelFileChanged)
    assert "Another program has changed" in asked.text
    (asked.keep if answer == "keep" else asked.take)()
    written(sessions, mode)
    sessions.until(lambda: mode.sheet.painter is not None)
    expected = mine if answer == "keep" else np.ones((SIDE, SIDE))
    assert np.array_equal(read_image(file)[..., 0], expected)
    assert np.array_equal(numbers(mode), expected)
    assert len(list(file.parent.glob("*.bak"))) == (answer == "keep")


def test_an_image_whose_file_was_changed_meanwhile_is_not_done(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    stroke(mode, (5, 5))
    written(sessions, mode)
    assert mode.opened is not None and mode.sheet.image is not None
    file = mode.opened.store.path(mode.sheet.image)
    write_image(file, np.ones((SIDE, SIDE), np.uint8))
    stroke(mode, (15, 15))
    mine = numbers(mode).copy()
    for count in (1, 2):  # the second time the first question was left for later
        mode.editing.mark_done()
        sessions.until(lambda count=count: len(sessions.changes(LabelFileChanged)) == count)
        assert mode.states.status.state == DRAFT and not mode.states.status.locked
    sessions.changes(LabelFileChanged)[-1].keep()
    written(sessions, mode)
    assert np.array_equal(read_image(file)[..., 0], mine)
    mode.editing.mark_done()
    written(sessions, mode)
    assert mode.states.status.state == DONE and not mode.states.marking
    assert len(list(file.parent.glob("*.bak*"))) == 1


def test_a_full_disk_is_said_once_and_what_is_painted_stays(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "SECONDS", 0.0)
    monkeypatch.setattr(autosave, "_AGAIN", 0.0)
    load_inputs(sessions, tmp_path)
    mode = entered(sessions)
    full: list[int] = []
    original = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if path.suffix == ".png":
            full.append(1)
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        stroke(mode, (5, 5))
        sessions.until(lambda: len(full) > 3)
        with pytest.raises(UserError, match="free some space, then leave once more"):
            mode.leave()
        assert mode.active
    (problem,) = sessions.problems()
    assert "No space left on device" in problem
    expected = numbers(mode).copy()
    mode.leave()
    mode = entered(sessions)
    assert np.array_equal(numbers(mode), expected) and expected.any()


def test_a_stroke_is_on_the_disk_within_two_seconds_and_survives_a_kill(tmp_path: Path) -> None:
    """The button is still down when the process is killed."""
    write_pairs(tmp_path, NAMES)
    child = """
import sys, time
from dataclasses import replace
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from sessions import Sessions
from test_labelling import NAMES, entered, quiet
folder = Path(sys.argv[1])
sessions = Sessions(folder)
project = sessions.session.project
files = tuple(str(folder / "in" / name) for name in NAMES)
project.set_files(replace(project.specs.data, train_inputs=files))
quiet(sessions)
project.save(folder / "study.json")
mode = entered(sessions)
mode.editing.press((5.5, 5.5))
print(time.time(), flush=True)
while True:
    mode.editing.drag((5.5, 15.5))
    sessions.session.tick()
    time.sleep(0.01)
"""
    tests = Path(__file__).parent
    environment = os.environ | {"DEEPIMAGETRANSLATOR_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", child, str(tmp_path), str(tests), str(tests.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        began = float(writer.stdout.readline())

        def files() -> list[Path]:
            return list((tmp_path / "labels" / "study").glob("[!.]*.png"))

        wait_until(files)
        seconds = files()[0].stat().st_mtime - began
        os.kill(writer.pid, signal.SIGKILL)
    assert (read_image(files()[0])[5, 5:16] == 1).all()
    # A second until it is due, and a part of one to write it; more only on a busy machine.
    assert 0.9 < seconds < 2 or os.getloadavg()[0] > 1
    sessions = Sessions(tmp_path)
    sessions.session.project.open(tmp_path / "study.json")
    quiet(sessions)
    assert (numbers(entered(sessions))[5, 5:16] == 1).all()
    sessions.session.close()


def test_the_augmentation_is_off_while_labels_are_painted(
    sessions: Sessions, tmp_path: Path
) -> None:
    load_pairs(sessions, tmp_path)
    viewer = sessions.session.viewer
    viewer.show_augmented(True)
    assert viewer.may_augment and viewer.wanted().dataset is not None
    mode = entered(sessions)
    assert not viewer.may_augment and viewer.wanted().dataset is None
    mode.leave()
    assert viewer.augmented and not viewer.labelling


def test_nothing_is_written_by_looking(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    sessions.session.project.save(tmp_path / "study.json")
    mode = entered(sessions)
    go(sessions, mode, 1)
    mode.leave()
    assert not (tmp_path / "labels").exists() and not sessions.session.project.changed


def test_an_unreadable_image_has_no_label_map(sessions: Sessions, tmp_path: Path) -> None:
    load_inputs(sessions, tmp_path)
    (tmp_path / "in" / NAMES[0]).write_bytes(b"no image")
    mode = sessions.session.labelling
    mode.enter()
    sessions.until(lambda: sessions.changes(LabellingNoticed))
    assert mode.sheet.painter is None and notices(sessions) == "An input is needed to paint on."
    mode.editing.press((5, 5))
    mode.editing.undo()
    mode.editing.mark_done()
    assert mode.states.status is None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_any_depth_is_labelled(sessions: Sessions, tmp_path: Path, dtype: str) -> None:
    image = (np.arange(30 * 20).reshape(30, 20) * 100).astype(dtype)
    image = image if dtype != "uint8" else (np.arange(600) % 256).astype(np.uint8).reshape(30, 20)
    path = tmp_path / "deep.tif"
    write_image(path, image)
    project = sessions.session.project
    project.set_files(replace(project.specs.data, train_inputs=(str(ImageRef(path)),)))
    quiet(sessions)
    mode = entered(sessions)
    mode.choose_tool("bucket")
    mode.choice.tolerance = 0
    stroke(mode, (10.5, 10.5))
    quiet(sessions)
    assert (numbers(mode) == 1).sum() == 1 and numbers(mode)[10, 10] == 1
    assert mode.sheet.painter is not None and mode.sheet.painter.label_map.undo() != NOTHING
