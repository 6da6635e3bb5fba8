"""The data doctor's truth: rows, mending, undo, what was seen. Tk-free."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sessions import Sessions, write_pairs

from deepimagetranslator.app.data_check import ALONE, CERTAIN, MANUAL, DataCheck, Row
from deepimagetranslator.app.events import ProjectChanged
from deepimagetranslator.core.errors import Repair

NAMES = [f"p{k}.png" for k in range(5)]


def load(sessions: Sessions, folder: Path) -> DataCheck:
    session = sessions.session
    session.loader.load("training", {"inputs": folder / "in", "targets": folder / "out"})
    first = str(folder / "out" / "p0.png")
    sessions.until(lambda: first in session.project.specs.data.train_targets)
    check = DataCheck(session.project)
    session.bus.subscribe(ProjectChanged, lambda _: check.refresh())
    return check


def row(check: DataCheck, name: str) -> Row:
    """The row of the input with that name."""
    return next(row for row in check.rows if row.input is not None and row.input.name == name)


def pairs(check: DataCheck) -> dict[str, str | None]:
    """Targets by inputs, as the project holds them."""
    matched = check.project.matched
    return {pair.input.name: pair.target.name for pair in matched.train}


def test_files_without_a_partner_stand_on_top(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[:4], "other.png"])
    check = load(sessions, tmp_path)
    assert [one.confidence for one in check.rows] == [ALONE, ALONE, *[CERTAIN] * 4]
    assert [path.name for path in check.unused_targets] == ["other.png"]
    assert check.blocked
    assert "4 training pairs" in check.heading
    assert "the same file name" in check.heading


def test_a_chosen_target_repairs_and_is_kept_in_the_project(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[:4], "other.png"])
    check = load(sessions, tmp_path)
    check.set_target(row(check, "p4.png"), check.unused_targets[0])
    expected = {name: name for name in NAMES[:4]} | {"p4.png": "other.png"}
    assert pairs(check) == expected
    assert sessions.session.project.specs.data.pairing == "order"
    assert not check.blocked
    assert (row(check, "p4.png").confidence, row(check, "p4.png").rule) == (MANUAL, "")
    assert check.heading == "5 training pairs, paired by the same file name; 1 paired manually"
    assert row(check, "p0.png").rule == "the same file name"
    saved = tmp_path / "project.json"
    sessions.session.project.save(saved)
    sessions.session.project.new()
    sessions.session.project.open(saved)
    assert pairs(check) == expected


def test_a_target_of_another_row_is_exchanged(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    check = load(sessions, tmp_path)
    target = row(check, "p1.png").target
    assert target is not None
    check.set_target(row(check, "p3.png"), target)
    assert pairs(check) == {
        "p0.png": "p0.png",
        "p1.png": "p3.png",
        "p2.png": "p2.png",
        "p3.png": "p1.png",
        "p4.png": "p4.png",
    }


def test_a_new_file_leaves_the_old_target_unused(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    write_pairs(tmp_path / "more", ["new.png"])
    check = load(sessions, tmp_path)
    check.set_target(row(check, "p2.png"), tmp_path / "more" / "out" / "new.png")
    assert pairs(check)["p2.png"] == "new.png"
    assert [path.name for path in check.unused_targets] == ["p2.png"]
    assert check.blocked  # until the old one is left out
    check.leave_out([one for one in check.rows if one.confidence == ALONE])
    assert not check.blocked


def test_lone_files_of_both_sides_never_become_pairs_by_themselves(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, [*NAMES, "x.png"], [*NAMES, "y.png", "z.png"])
    check = load(sessions, tmp_path)
    target = row(check, "p1.png").target
    assert target is not None
    check.set_target(row(check, "p0.png"), target)
    assert set(pairs(check)) == set(NAMES)
    assert check.blocked
    assert {path.name for path in check.unused_targets} == {"y.png", "z.png"}
    check.set_target(row(check, "x.png"), check.unused_targets[0])
    assert pairs(check)["x.png"] == "y.png"
    assert [path.name for path in check.unused_targets] == ["z.png"]


def test_every_step_can_be_undone(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, [*NAMES, "x.png"], [*NAMES, "y.png"])
    check = load(sessions, tmp_path)
    states = [(sessions.session.project.specs, check.rows)]
    target = row(check, "p1.png").target
    assert target is not None
    check.set_target(row(check, "p0.png"), target)
    states.append((sessions.session.project.specs, check.rows))
    check.leave_out([row(check, "p2.png"), row(check, "x.png")])
    states.append((sessions.session.project.specs, check.rows))
    assert "2 rows" in check.undo_label
    check.repair(Repair("Snap", settings=(("data.snap_labels", True),)))
    assert sessions.session.project.specs.data.snap_labels
    for specs, rows in reversed(states):
        check.undo()
        assert sessions.session.project.specs == specs
        assert check.rows == rows
    assert check.undo_label == ""
    check.undo()
    assert sessions.session.project.specs == states[0][0]


def test_what_a_repair_sets_is_chosen_until_it_is_undone(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    check, project = load(sessions, tmp_path), sessions.session.project
    settings = (("data.target_kind", "values"), ("augmentation.drop_input", True))
    check.repair(Repair("Repair", settings=settings))
    assert project.contents.chosen == {"data.target_kind", "augmentation.drop_input"}
    assert project.specs.training.loss == "mae"  # it follows
    project.set_section("training", replace(project.specs.training, epochs=3))
    check.undo()
    assert project.contents.chosen == {"training.epochs"}
    assert project.specs.training.loss == "dice_crossentropy"


def test_undo_takes_back_nothing_that_others_chose(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    check = load(sessions, tmp_path)
    chosen = sessions.session.project.contents.chosen
    check.leave_out([row(check, "p2.png")])
    assert sessions.session.project.contents.chosen == chosen | {"data.pairing"}
    check.undo()
    assert sessions.session.project.contents.chosen == chosen
    check.leave_out([row(check, "p2.png")])
    training = replace(sessions.session.project.specs.training, epochs=7)
    sessions.session.project.set_section("training", training)
    check.undo()
    assert len(pairs(check)) == 5
    assert sessions.session.project.specs.training.epochs == 7
    check.leave_out([row(check, "p2.png")])
    sessions.session.project.new()
    assert check.undo_label == ""


def test_leaving_out_a_pair_keeps_the_others_together(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    check = load(sessions, tmp_path)
    check.leave_out([row(check, "p1.png"), row(check, "p3.png")])
    assert pairs(check) == {name: name for name in ("p0.png", "p2.png", "p4.png")}
    assert not check.blocked


def test_validation_pairs_are_mended_too(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path / "train", NAMES)
    write_pairs(tmp_path / "val", ["v1.png", "v2.png"])
    check = load(sessions, tmp_path / "train")
    val = tmp_path / "val"
    sessions.session.loader.load("validation", {"inputs": val / "in", "targets": val / "out"})
    sessions.until(lambda: sessions.session.project.matched.val)
    assert "2 validation pairs" in check.heading
    target = row(check, "v2.png").target
    assert target is not None
    check.set_target(row(check, "v1.png"), target)
    found = {pair.input.name: pair.target.name for pair in sessions.session.project.matched.val}
    assert found == {"v1.png": "v2.png", "v2.png": "v1.png"}
    assert check.place_of(row(check, "v2.png")) == ("validation", 1)


def test_remarks_are_new_once_for_the_same_files(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    check = load(sessions, tmp_path)
    sessions.until(lambda: sessions.session.project.reader.complete)
    assert check.findings  # there are no validation images, for one
    assert len(check.unseen()) == len(check.findings)
    check.mark_seen()
    assert check.unseen() == []
    assert DataCheck(sessions.session.project).unseen() == []
    write_pairs(tmp_path / "other", NAMES)
    other = load(sessions, tmp_path / "other")
    sessions.until(lambda: sessions.session.project.reader.complete)
    assert len(other.unseen()) == len(other.findings)


def test_the_row_of_a_file(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    check = load(sessions, tmp_path)
    assert check.row_of(tmp_path / "out" / "p3.png") == 3
    assert check.row_of(tmp_path / "elsewhere.png") is None
