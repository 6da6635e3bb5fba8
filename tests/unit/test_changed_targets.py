"""Targets that are read with a change: stored in the project, applied wherever a target is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions

from deepimagetranslator.app.data_check import DataCheck
from deepimagetranslator.app.label_editor import count_colours
from deepimagetranslator.app.views import TRAINING, load
from deepimagetranslator.cli.data_commands import with_settings
from deepimagetranslator.core.augmentation.sampling import PairReader
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.repairs import changing, chosen_repair, moved, repaired
from deepimagetranslator.core.config import target_changes
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data import check_record
from deepimagetranslator.core.data.chosen_changes import changes_in_order, with_changes
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.data.targets import _CHANGED, _READ, LABELS, read_target, target_size
from deepimagetranslator.core.errors import Problem, Repair, UserError
from deepimagetranslator.core.evaluation.comparison import ByValues
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.ml import evaluation

SIZE = 16


def mask(number: int) -> np.ndarray:
    image = np.zeros((SIZE, SIZE, 1), np.uint8)
    image[1 : 5 + number, 2:4] = 255
    return image


@pytest.fixture
def specs(tmp_path: Path) -> Specs:
    """Ten pairs; the file of each target is turned by 90 degrees to the right."""
    rng = np.random.default_rng(1)
    lists: dict[str, list[str]] = {"inputs": [], "targets": []}
    for number in range(10):
        noisy = mask(number) // 2 + rng.integers(0, 90, (SIZE, SIZE, 1), np.uint8)
        for side, image in (("inputs", noisy), ("targets", np.rot90(mask(number), -1))):
            file = tmp_path / side / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            write_image(file, np.ascontiguousarray(image))
            lists[side].append(str(file))
    data = DataSpec(tuple(lists["inputs"][:8]), tuple(lists["targets"][:8]))
    data = replace(
        data, val_inputs=tuple(lists["inputs"][8:]), val_targets=tuple(lists["targets"][8:])
    )
    return replace(Specs(), data=data, model=replace(Specs().model, depth=2, base_filters=4))


def turned(specs: Specs, *numbers: int, name: str = "turn_90") -> Specs:
    targets = (*specs.data.train_targets, *specs.data.val_targets)
    files = [ImageRef(Path(targets[number])) for number in numbers]
    return repaired(specs, changing("Turn", name, files))


def test_every_change_has_a_name_a_function_and_words() -> None:
    assert set(target_changes.NAMES) == _CHANGED.keys() | _READ.keys() == LABELS.keys()
    assert not _CHANGED.keys() & _READ.keys()


def test_changes_of_orientation_are_the_seven_that_differ_from_the_image() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    names = target_changes.GROUPS["orientation"]
    results = [image, *(_CHANGED[name](image) for name in names)]
    assert len({(result.shape, result.tobytes()) for result in results}) == len(names) + 1 == 8


def test_a_target_is_read_with_its_change_everywhere(specs: Specs) -> None:
    specs = turned(specs, *range(10))
    dataset, matched, found = examine(specs)
    assert dataset is not None and "changed_targets" in {problem.kind for problem in found}
    reader = PairReader(dataset, 0, dataset.contents)
    for number, pair in enumerate((*matched.train, *matched.val)):
        assert np.array_equal(read_target(pair), mask(number))
        assert target_size(pair) == (SIZE, SIZE, 1, "uint8")
        assert np.array_equal(reader.read(pair)[1] > 0, mask(number) > 0)
    compare = ByValues(dataset.target_scaling)
    measured = evaluation._measured(
        matched.val,
        lambda pair: evaluation.Images(mask(int(pair.input.path.stem))),
        compare,
        [],
        ignore,
        JobControl(),
    )
    assert measured.whole_volume()["grey"]["mae"] == 0
    assert count_colours(matched.train, lambda: False).pixels[(255,)] == sum(
        int((mask(number) > 0).sum()) for number in range(8)
    )


def test_the_order_of_changes_is_fixed_and_a_group_has_one(specs: Specs) -> None:
    target = specs.data.train_targets[0]
    data = with_changes(specs.data, [(target, "inverted"), (target, "turn_90")])
    assert data.target_changes == (f"turn_90+inverted: {target}",)
    data = with_changes(data, [(target, "mirror_x")])
    assert data.target_changes == (f"mirror_x+inverted: {target}",)
    assert with_changes(data, [(target, "")]).target_changes == ()


def test_changes_may_be_given_with_paths_from_the_current_folder(
    specs: Specs, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(specs.data.train_targets[1])
    monkeypatch.chdir(target.parent)
    project = with_settings(Project(specs), [f"data.target_changes=turn_90: {target.name}"])
    found = [pair.changes for pair in matched(project.specs.data, "train")]
    assert found == [("turn_90",) if number == 1 else () for number in range(len(found))]


def test_a_slice_has_the_changes_of_its_file_and_its_own(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.tif").touch()
    image, target = tmp_path / "images" / "a.tif", tmp_path / "masks" / "a.tif"
    lists = (tuple(str(ImageRef(file, n)) for n in (1, 2)) for file in (image, target))
    data = DataSpec(*lists)
    second = str(ImageRef(target, 2))
    data = with_changes(data, [(str(target), "inverted"), (second, "turn_90")])
    changes = [("inverted",), ("turn_90", "inverted")]
    assert [pair.changes for pair in match(data).train] == changes == changes_in_order(data)
    assert with_changes(data, [(str(target), "")]).target_changes == ()


def test_a_moved_project_keeps_its_changes(specs: Specs, tmp_path: Path) -> None:
    specs = turned(specs, 3)
    save_project(Project(specs), tmp_path / "p.json")
    assert '"turn_90: targets/3.png"' in (tmp_path / "p.json").read_text()
    moved_to = tmp_path.with_name(tmp_path.name + "_moved")
    tmp_path.rename(moved_to)
    data = load_project(moved_to / "p.json").specs.data
    assert data.target_changes == (f"turn_90: {moved_to / 'targets' / '3.png'}",)
    assert changes_in_order(data) == changes_in_order(specs.data)
    assert [pair.changes for pair in match(data).train][3] == ("turn_90",)


def test_pairs_that_move_or_lose_others_keep_their_changes(specs: Specs) -> None:
    specs = turned(specs, 3, 9)
    matched = match(specs.data)
    pairs = [*matched.train, *matched.val]
    split = moved(pairs[5:], pairs[:5], "Split")
    for repair in (split, Repair("", (specs.data.train_inputs[0],))):
        changed = match(repaired(specs, repair).data)
        found = {pair.target.name: pair.changes for pair in (*changed.train, *changed.val)}
        assert {name for name, changes in found.items() if changes} == {"3.png", "9.png"}


def test_a_change_that_this_version_does_not_know_is_named(specs: Specs) -> None:
    target = specs.data.train_targets[0]
    for text in (f"spun: {target}", "turn_90", f"turn_90+spun: {target}"):
        data = replace(specs.data, target_changes=(text,))
        (problem,) = problems(data)
        assert problem.subject == "target_changes" and "newer version" in problem.message
        missing = "spun' is no change" if "spun" in text else "names no target"
        assert missing in problem.message
        assert match(data).train[0].changes == ()


def test_the_record_of_a_check_holds_for_its_changes_only(specs: Specs, tmp_path: Path) -> None:
    record = tmp_path / "p.facts"
    examine(turned(specs, *range(10)), record=record)
    known = match(turned(specs, *range(10)).data)
    assert all(check_record.recall(record, known.train, known.val))
    other = match(turned(specs, *range(1, 10)).data)
    assert check_record.recall(record, other.train, other.val)[0] is None
    dataset = prepare(turned(specs, *range(10)), record=record)
    assert PairReader(dataset, 0, dataset.contents).read(dataset.train[0])


def test_a_guess_is_repaired_only_by_its_own_kind() -> None:
    first, second = Repair("Turn", name="turn", guess=True), Repair("Leave out", name="leave_out")
    problem = Problem("a.png", "It is turned.", kind="turned", repair=first, others=(second,))
    assert problem.repairs == (first, second)
    assert chosen_repair(problem, {"all"}) is None
    assert chosen_repair(problem, {"turned"}) == chosen_repair(problem, {"turned:turn"}) == first
    assert chosen_repair(problem, {"turned:leave_out", "all"}) == second
    assert chosen_repair(problem, {"mispaired"}) is None
    assert chosen_repair(replace(problem, repair=second), {"all"}) == second


def test_a_change_in_the_window_is_shown_and_undone(sessions: Sessions, specs: Specs) -> None:
    session = sessions.session
    session.project.set_specs(specs)
    check = DataCheck(session.project)
    before = session.project.specs
    check.repair(changing("Turn", "turn_90", parse_images(specs.data.train_targets)))
    session.viewer.augmented = False
    session.viewer.part = TRAINING
    wanted = session.viewer.wanted()
    shown = load(replace(wanted, dataset=None, augmentation=None)).target
    assert shown is not None and np.array_equal(shown, mask(0))
    assert check.undo_label == "Turn"
    check.undo()
    assert session.project.specs == before
    target = session.viewer.wanted().target
    assert target is not None and not session.viewer.wanted().changes
    assert not np.array_equal(read_image(target), mask(0))


def test_targets_to_evaluate_are_read_as_the_project_has_chosen(
    sessions: Sessions, specs: Specs
) -> None:
    session, found = sessions.session, []
    specs = turned(specs, 0, 1)
    session.project.set_specs(specs)
    session.viewer.set_images_to_translate(parse_images(specs.data.train_inputs))
    folder = Path(specs.data.train_targets[0]).parent
    session.loader.load_targets_to_evaluate(folder, lambda pairs, _problems: found.extend(pairs))
    sessions.until(lambda: found)
    assert [pair.changes for pair in found] == [("turn_90",)] * 2 + [()] * 6


def test_an_evaluation_names_a_change_that_does_not_exist() -> None:
    with pytest.raises(UserError, match="'spun' is no change of a target"):
        pairs_to_evaluate([], [], changes=["spun"])
