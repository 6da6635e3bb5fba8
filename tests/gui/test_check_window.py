"""The check window: findings, repairs, the table of pairs by keyboard and by mouse, training."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from focus import focus
from window import Window

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.gui.data_check.check_window import CheckWindow
from deepimagetranslator.gui.data_check.target_dialog import TargetDialog
from deepimagetranslator.gui.dialogs.series_dialog import SeriesDialog

NAMES = [f"p{k}_1.png" for k in range(10)]


def write_pairs(folder: Path, names: list[str], targets: list[str]) -> None:
    """Blobs of two values, each elsewhere, and their masks."""
    for side, files in (("in", names), ("out", targets)):
        (folder / side).mkdir(parents=True)
        for file in files:
            rng = np.random.default_rng(sum(map(ord, file)))
            rows, columns = np.mgrid[:48, :48]
            row, column = rng.integers(12, 36, 2)
            mask = ((rows - row) ** 2 + (columns - column) ** 2 < 64)[..., None]
            noise = rng.integers(0, 40, (48, 48, 1))
            values = mask * 255 if side == "out" else mask * 160 + noise + 20
            write_image(folder / side / file, values.astype(np.uint8))


def load(window: Window, folder: Path) -> None:
    window.answers.paths = [folder / "in", folder / "out"]
    window.choose("File", "Load folder pair...")
    window.until(lambda: window.session.project.reader.complete)


def opened(window: Window) -> CheckWindow:
    check = window.dialog(CheckWindow)
    assert isinstance(check, CheckWindow)
    focus(check.table.canvas)
    return check


def press(window: Window, check: CheckWindow, key: str) -> None:
    focus(check.table.canvas)
    check.table.canvas.event_generate(f"<{key}>")
    window.root.update()


def pairs(window: Window) -> dict[str, str]:
    return {pair.input.name: pair.target.name for pair in window.session.project.matched.train}


def drag(window: Window, check: CheckWindow, source: int, goal: int) -> None:
    """Drag the target of one row onto another row."""
    table = check.table
    x = table.canvas.winfo_width() - 60
    start, end = (int((number + 0.5) * table.height) for number in (source, goal))
    table.canvas.event_generate("<Button-1>", x=x, y=start)
    for y in (start + 10, (start + end) // 2, end):
        table.canvas.event_generate("<B1-Motion>", x=x, y=y)
    window.root.update()
    table.canvas.event_generate("<ButtonRelease-1>", x=x, y=end)
    window.root.update()


def test_a_folder_pair_with_lone_files_opens_it_and_a_drag_mends(
    window: Window, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[:-1], "other.png"])
    load(window, tmp_path)
    check = opened(window)
    assert [row.confidence for row in check.table.rows[:3]] == ["no partner"] * 2 + ["certain"]
    drag(window, check, 1, 0)
    assert pairs(window)["p9_1.png"] == "other.png"
    assert not check.check.blocked
    check.buttons["undo"].invoke()
    assert len(pairs(window)) == 9


def test_a_drag_onto_another_pair_exchanges(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    load(window, tmp_path)
    window.key("F4")
    drag(window, opened(window), 0, 2)
    found = pairs(window)
    assert (found["p0_1.png"], found["p2_1.png"]) == ("p2_1.png", "p0_1.png")


def test_the_keyboard_does_everything(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    for key, place in (("Down", 1), ("End", 9), ("Home", 0), ("Down", 1)):
        press(window, check, key)
        assert check.table.current == place
    assert window.session.viewer.positions["training"] == 1  # the main window shows that pair
    press(window, check, "Shift-Down")
    press(window, check, "Delete")
    assert len(pairs(window)) == 8
    assert {"p1_1.png", "p2_1.png"}.isdisjoint(pairs(window))
    press(window, check, "Control-z")
    assert len(pairs(window)) == 10
    press(window, check, "Home")
    press(window, check, "Return")
    dialog = window.dialog(TargetDialog)
    assert isinstance(dialog, TargetDialog)
    dialog.pattern.set("p5")
    dialog.ok_button.invoke()
    assert (pairs(window)["p0_1.png"], pairs(window)["p5_1.png"]) == ("p5_1.png", "p0_1.png")
    press(window, check, "Escape")
    assert not check.winfo_exists()


def test_another_file_can_be_the_target(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    write_pairs(tmp_path / "more", [], ["new.png"])
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    check.buttons["change"].invoke()
    dialog = window.dialog(TargetDialog)
    window.answers.paths = [tmp_path / "more" / "out" / "new.png"]
    dialog._take_other()  # type: ignore[attr-defined]
    assert pairs(window)["p0_1.png"] == "new.png"
    window.until(lambda: check.table.rows[0].confidence == "no partner")


def test_a_repair_mends_and_its_files_show_the_pair(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    (tmp_path / "in" / "p6_1.png").write_bytes(b"")
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    view = check.findings
    assert view.chosen is not None
    assert view.chosen.kind == "unreadable"
    assert view.chosen.fatal
    view.files.selection_set(0)
    view.files.event_generate("<<ListboxSelect>>")
    window.root.update()
    row = check.table.rows[check.table.current]
    assert row.input is not None
    assert row.input.name == "p6_1.png"
    view.repair_button.invoke()
    window.until(lambda: window.session.project.reader.complete)
    assert not check.check.blocked
    assert "p6_1.png" not in pairs(window)
    check.buttons["undo"].invoke()
    window.until(lambda: window.session.project.reader.complete)
    assert check.check.blocked


def test_the_user_chooses_one_of_several_repairs(window: Window, tmp_path: Path) -> None:
    """The mask of a NIfTI volume lies three slices higher than the image."""
    rng = np.random.default_rng(1)
    affine = np.diag([-1.0, -1, 5, 1])
    for side, up in (("in", 0), ("out", 15)):
        (tmp_path / side).mkdir()
        moved = affine.copy()
        moved[2, 3] = up
        voxels = rng.integers(0, 90, (16, 16, 9)).astype(np.uint8)
        voxels = voxels if side == "in" else (voxels > 50).astype(np.uint8)
        nibabel.save(nibabel.Nifti1Image(voxels, moved), tmp_path / side / "p1.nii.gz")
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    view = check.findings
    assert view.chosen is not None and view.chosen.kind == "displaced"
    buttons = view.other_repairs.winfo_children()
    assert view.repair_button.cget("text").startswith("Pair slices by their place")
    assert [button.cget("text").split()[0] for button in buttons] == ["Resample", "Ignore", "Leave"]
    buttons[1].invoke()  # type: ignore[attr-defined]
    window.until(lambda: window.session.project.reader.complete)
    data = window.session.project.specs.data
    assert data.target_changes == (f"array_order: {tmp_path / 'out' / 'p1.nii.gz'}",)
    assert "displaced" not in {problem.kind for problem in view.findings}
    assert view.chosen is not None and not view.other_repairs.winfo_children()
    check.buttons["undo"].invoke()
    window.until(lambda: window.session.project.reader.complete)
    assert "displaced" in {problem.kind for problem in view.findings}


def test_training_asks_once_about_remarks(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    load(window, tmp_path)
    trained = []
    actions = window.app.window.actions.train
    monkeypatch.setattr(actions, "_train", lambda weights=None: trained.append(weights))
    window.key("F5")
    check = opened(window)
    assert check.findings.findings
    assert trained == []
    check.buttons["train"].invoke()
    assert trained == [None]
    assert not check.winfo_exists()
    window.key("F5")
    window.until(lambda: len(trained) == 2)


def test_training_waits_for_what_must_be_mended(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[:-1], "other.png"])
    load(window, tmp_path)
    trained = []
    actions = window.app.window.actions.train
    monkeypatch.setattr(actions, "_train", lambda weights=None: trained.append(weights))
    window.choose("Train", "Train model")
    check = opened(window)
    assert check.buttons["train"].instate(["disabled"])
    check.leave_out([row for row in check.check.rows if row.confidence == "no partner"])
    window.until(lambda: window.session.project.reader.complete)
    window.root.update()
    check.buttons["train"].invoke()
    assert trained == [None]


def test_only_rows_in_view_are_drawn(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    table = check.table
    few = len(table.canvas.find_all())
    table.show(list(table.rows) * 1000)
    window.root.update()
    assert len(table.canvas.find_all()) <= few + 20
    table.go(9999)
    window.root.update()
    first, last = table.bar.get()
    assert last == pytest.approx(1.0)
    assert first > 0.99
    window.until(lambda: table.pictures.get(ImageRef(tmp_path / "in" / "p9_1.png")))


def test_a_series_is_chosen_by_its_description(window: Window, tmp_path: Path) -> None:
    from deepimagetranslator.app.events import SeveralSeriesFound  # noqa: PLC0415
    from deepimagetranslator.core.imaging.series import Series  # noqa: PLC0415

    both = (
        Series("1.2.3", 2, "thin slices", "CT", "P7", (tmp_path / "a", tmp_path / "b")),
        Series("1.2.4", None, "", "CT", "P7", (tmp_path / "c",)),
    )
    chosen: list[str] = []
    for key, uid in (("Return", "1.2.3"), ("Down", "1.2.4")):
        window.session.bus.publish(SeveralSeriesFound(both, chosen.append))
        dialog = window.dialog(SeriesDialog)
        assert isinstance(dialog, SeriesDialog)
        values = dialog.table.item("1.2.3", "values")
        assert [str(value) for value in values] == ["2", "thin slices", "CT", "P7", "2"]
        focus(dialog.table)
        dialog.table.event_generate(f"<{key}>")
        if key == "Down":
            dialog.table.event_generate("<Return>")
        window.root.update()
        assert chosen[-1] == uid
        assert not dialog.winfo_exists()


def test_a_long_heading_wraps_in_a_small_window(window: Window, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, NAMES)
    load(window, tmp_path)
    window.choose("Data", "Check data...")
    check = opened(window)
    check.geometry("900x600")
    long = "120 training pairs and 30 validation pairs, paired by the same name and a similar name"
    check.heading.set(f"{long}; 12 paired manually, and still more words until it cannot fit")
    window.root.update()
    for label in [
        w for w in check.winfo_children()[0].winfo_children() if w.winfo_class() == "TLabel"
    ]:
        assert label.winfo_height() >= label.winfo_reqheight() - 1
        assert int(str(label.cget("wraplength"))) <= label.winfo_width()
        assert label.winfo_rootx() + label.winfo_width() <= check.winfo_rootx() + 900
    check.destroy()
