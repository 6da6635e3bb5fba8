"""The plan of a study: what is decided before the first training, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from study_sets import begin_run, done_study, project_of_persons

from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study import new_study
from deepimagetranslator.core.study.new_study import (
    FIXED,
    FOLDS,
    LEAVE_ONE_OUT,
    Wishes,
    plan_study,
    write_study,
)
from deepimagetranslator.core.study.plan import (
    DICE,
    INNER,
    LAST,
    TRAINED_ON,
    all_pairs,
    project_of_cell,
)
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.status import Step, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import Variation, crossed
from deepimagetranslator.core.system.lock import FileLock

THREE = ("ann", "bob", "cid")


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    varied = crossed(["augmentation=on,off", "model.deep_supervision=off,on"])
    wishes = Wishes(FOLDS, 3, 2, (1, 3), varied, optimistic=True, threads=2)
    study = plan_study(project_of_persons(tmp_path, THREE), wishes)
    folder = StudyFolder(tmp_path / "study")
    write_study(study, folder)
    assert load_plan(folder.plan) == study.plan
    assert study.plan.measure == DICE and study.plan.weights == LAST
    names = [cell.name for cell in study.plan.cells()]
    assert len(names) == 4 * 3 * 2 * 2
    assert names[0] == "augmentation-on_deep-supervision-off_fold-1_size-1_repeat-1"
    assert [pair[1] for pair in study.plan.comparisons] == [varied[0].name] * 3
    with pytest.raises(UserError, match="holds a study already"):
        write_study(study, folder)


@pytest.mark.parametrize("name", ["con", "NUL.1", "com1", "a/b", "ends.", "", "x" * 101])
def test_a_variation_has_a_name_that_every_system_allows(tmp_path: Path, name: str) -> None:
    study = plan_study(project_of_persons(tmp_path, THREE), Wishes())
    wishes = Wishes(variations=(Variation(name),))
    with pytest.raises(UserError, match="cannot be named"):
        plan_study(project_of_persons(tmp_path, THREE), wishes)
    folder = StudyFolder(tmp_path / "study")
    write_study(study, folder)
    text = folder.plan.read_text().replace('"as-project"', json.dumps(name))
    folder.plan.write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        load_plan(folder.plan)


@pytest.mark.parametrize("name", ["console", "nul-1", "com", "x" * 100])
def test_other_names_of_variations_are_taken(tmp_path: Path, name: str) -> None:
    wishes = Wishes(variations=(Variation(name),))
    assert plan_study(project_of_persons(tmp_path, THREE), wishes).plan.variations[0].name == name


def test_a_cell_trains_on_others_with_its_own_settings_and_seed(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, THREE)
    wishes = Wishes(
        repeats=2,
        variations=crossed(["augmentation=on,off"]),
        settings=("training.epochs=7", "training.early_stopping=3"),
    )
    study = plan_study(project, wishes)
    cells = [c for c in study.plan.cells() if c.variation == "augmentation-off"]
    assert {cell.fold for cell in cells} == {1, 2, 3}
    for cell in cells:
        made = project_of_cell(study.plan, cell, study.projects[cell.variation])
        tested = study.plan.folds[0][cell.fold - 1][0]
        train, val = (matched(made.specs.data, part) for part in ("train", "val"))
        assert {pair.input.path.parent.parent.name for pair in val} == {tested}
        assert {p.input.path.parent.parent.name for p in train} == {*THREE} - {tested}
        specs = made.specs
        assert specs.training.seed == project.specs.training.seed + cell.repeat - 1
        assert specs.training.epochs == 7 and not specs.training.recognize_unlike
        assert specs.training.early_stopping == 0, "its watched images choose nothing"
        assert not specs.augmentation.flip_input and not specs.augmentation.rotation_target
    assert study.projects["augmentation-on"].specs.augmentation.flip_input


def test_presets_are_taken_before_settings(tmp_path: Path) -> None:
    wishes = Wishes(
        variations=crossed(["preset=2021,recommended"]), settings=("training.epochs=4",)
    )
    found = plan_study(project_of_persons(tmp_path, THREE), wishes).projects
    old, new = found["preset-2021"].specs, found["preset-recommended"].specs
    assert (old.training.optimizer, new.training.optimizer) == ("adam", "muon")
    assert old.training.epochs == new.training.epochs == 4
    assert old.data.target_kind == "values" and new.data.target_kind == "automatic"


def test_from_six_persons_on_inner_persons_choose(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, [f"person{n}" for n in range(6)], 1)
    assert plan_study(project, Wishes()).plan.weights == INNER
    assert plan_study(project, Wishes(weights=LAST)).plan.weights == LAST
    assert plan_study(project, Wishes(optimistic=True)).plan.weights == LAST
    with pytest.raises(UserError, match="no training sees the tested images"):
        plan_study(project, Wishes(optimistic=True, weights=INNER))
    few = project_of_persons(tmp_path / "few", THREE)
    with pytest.raises(UserError, match="from 6 persons on; with 3"):
        plan_study(few, Wishes(weights=INNER))


def test_a_fixed_split_tests_the_projects_validation_images(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, THREE, validate=("cid",))
    plan = plan_study(project, Wishes(FIXED)).plan
    [cell] = plan.cells()
    assert cell.name == "as-project"
    assert plan.images(cell).train == (0, 1, 2, 3) and plan.images(cell).tested == (4, 5)
    assert plan.folds == ((("cid",),),) and plan.known_in_training == ()
    with pytest.raises(UserError, match="Inner persons cannot choose the weights where"):
        plan_study(project, Wishes(FIXED, weights=INNER))
    with pytest.raises(UserError, match="no validation images"):
        plan_study(project_of_persons(tmp_path / "none", THREE), Wishes(FIXED))


def test_one_specimen_in_a_fixed_split_is_named_as_such(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, THREE, validate=("cid",))
    plan = plan_study(project, Wishes(FIXED, group="slice")).plan
    assert dict(plan.persons) == {"slice": (4, 5), "slice" + TRAINED_ON: (0, 1, 2, 3)}
    assert plan.known_in_training == ("slice",)


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (Wishes(FOLDS, 4), "only 3 persons for 4 folds"),
        (Wishes(sizes=(2, 5)), "4 training images, which is less than the size 5"),
        (Wishes(sizes=(0,)), "1 image or more, not 0"),
        (Wishes(repeats=0), "1 repeat or more"),
        (Wishes(repeats=10**9), "1 repeat or more"),
        (Wishes(repeats=9000), "27000 trainings"),
        (Wishes(threads=-1), "1 to 1024 threads, not -1"),
        (Wishes(group="(x)"), "not found in"),
        (Wishes(group="slice"), "only one person"),
        (Wishes(settings=("training.epochs",)), "not of the form SECTION.FIELD=VALUE"),
        (Wishes(settings=("model.deep_supervision=on", "model.depth=2")), "needs a depth of 3"),
        (Wishes(comparisons=(("a", "b"),)), "no variation 'a'"),
        (Wishes(comparisons=(("as-project", "as-project"),)), "with itself"),
    ],
)
def test_what_cannot_be_planned_is_a_sentence(
    tmp_path: Path, wishes: Wishes, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        plan_study(project_of_persons(tmp_path, THREE), wishes)


def test_dicom_patients_are_one_person_each_and_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One patient in two folders, and another one."""
    project = project_of_persons(tmp_path, THREE)
    whose = {"ann": "DOE^JANE", "bob": "ROE^RICHARD", "cid": "DOE^JANE"}
    monkeypatch.setattr(new_study, "patient_of", lambda f: whose[f.path.parent.parent.name])
    study = plan_study(project, Wishes())
    assert dict(study.plan.persons) == {"person 1": (0, 1, 4, 5), "person 2": (2, 3)}
    folder = StudyFolder(tmp_path / "study")
    write_study(study, folder)
    assert "DOE" not in folder.plan.read_text(encoding="utf-8")


def test_patients_of_a_fixed_split_are_not_named_and_known_in_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of_persons(tmp_path, THREE, validate=("cid",))
    whose = {"ann": "DOE^JANE", "bob": "ROE^RICHARD", "cid": "DOE^JANE"}
    monkeypatch.setattr(new_study, "patient_of", lambda f: whose[f.path.parent.parent.name])
    plan = plan_study(project, Wishes(FIXED)).plan
    assert dict(plan.persons) == {
        "person 1": (4, 5),
        "person 1" + TRAINED_ON: (0, 1),
        "person 2": (2, 3),
    }
    assert plan.known_in_training == ("person 1",)


def test_names_that_differ_in_capitals_may_be_one_persons(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, ["train/P1", "val/p1", "train/P2"])
    with pytest.raises(UserError, match="P1 and p1 differ in capital letters only"):
        plan_study(project, Wishes())


def test_an_image_in_two_lists_is_named(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, THREE)
    data = project.specs.data
    again = replace(data, val_inputs=data.train_inputs[:1], val_targets=data.train_targets[:1])
    twice = replace(project, specs=replace(project.specs, data=again))
    for kind in (LEAVE_ONE_OUT, FIXED):
        with pytest.raises(UserError, match=r"slice0.png is in the project's lists twice"):
            plan_study(twice, Wishes(kind))


def test_trainings_of_another_study_are_not_taken_over(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, THREE), Wishes())
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5)
    folder.plan.unlink()
    with pytest.raises(UserError, match="holds a study already"):
        write_study(study, folder)


def test_a_person_in_two_folders_is_named(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, ["thorax/ann", "abdomen/ann", "abdomen/bob"])
    with pytest.raises(UserError, match=r"thorax.ann and .*abdomen.ann have the same name"):
        plan_study(project, Wishes())
    parts = project_of_persons(tmp_path / "parts", ["train/ann", "val/ann", "train/bob"])
    assert dict(plan_study(parts, Wishes()).plan.persons) == {"ann": (0, 1, 2, 3), "bob": (4, 5)}
    plan = plan_study(project, Wishes(group="(ann|bob)")).plan
    assert {name: len(own) for name, own in plan.persons.items()} == {"ann": 4, "bob": 2}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["training.epochs"], "not of the form"),
        (["training.epochs="], "not of the form"),
        (["training.epochs=1,x"], "Epochs must be a whole number"),
        (["training.speed=1,2"], "no field 'speed'"),
        (["speed=1,2"], "'speed' cannot be varied"),
        (["training.metrics=mse,mae"], "is a list and cannot be varied"),
        (["augmentation=yes"], "augmentation is one of on, off"),
        (["preset=2020"], "preset is one of recommended, 2021"),
        (["model.depth=2,3", "model.depth=4"], "varied twice"),
        (["model.deep_supervision=on,off,True"], "on and True are the same value"),
        (["training.learning_rate=0.1,0.10"], "0.1 and 0.10 are the same value"),
    ],
)
def test_what_cannot_be_varied_is_a_sentence(asked: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        crossed(asked)


def test_names_of_variations_fit_a_folder() -> None:
    [one] = crossed(["training.learning_rate=0.001"])
    assert one.name == "learning-rate-0.001"
    [one] = crossed(["training.learning_rate=1."])
    assert one.name == "learning-rate-1", "Windows takes the dot at the end of a name away"
    long = [f"augmentation.{name}_input=on" for name in ("ripple", "scaling", "rotation", "flip")]
    assert [found.name for found in crossed([*long, "model.depth=2,3"])] == [
        "variation-1",
        "variation-2",
    ]


def test_damaged_plans_are_a_sentence(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    with pytest.raises(UserError, match="is no study"):
        load_plan(folder.plan)
    write_study(plan_study(project_of_persons(tmp_path, THREE), Wishes()), folder)
    whole = json.loads(folder.plan.read_text(encoding="utf-8"))
    changes = (
        {"persons": {"ann": [0, 1], "bob": [1, 2], "cid": [4, 5]}},
        {"folds": [[["ann"], ["ann"], ["cid"]]]},
        {"folds": [[["dan"]]]},
        {"folds": []},
        {"variations": []},
        {"variations": [{"name": "../up", "settings": []}]},
        {"measure": "iou"},
        {"comparisons": [["a", "b"]]},
        {"sizes": ["many"]},
        {"sizes": [2, 1]},
        {"sizes": [-1]},
        {"sizes": [5]},
        {"folds": [[["ann", "bob", "cid"]]]},
        {"seed": math.inf},
        {"threads": 10**9},
        {"weights": "inner", "folds": [[["ann", "bob"], ["cid"]]]},
        {"folds": whole["folds"] * 4000},
        {"variations": [{"name": "$(touch x)", "settings": []}]},
        {"variations": [{"name": "a.", "settings": []}]},
        {"variations": [{"name": name, "settings": []} for name in ("a", "A")]},
    )
    for change in changes:
        folder.plan.write_text(json.dumps(whole | change), encoding="utf-8")
        with pytest.raises(UserError, match="damaged"):
            load_plan(folder.plan)
    for text in ("", "[]", '{"format": "1"}', '{"format": 1}'):
        folder.plan.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="damaged"):
            load_plan(folder.plan)
    newer = whole | {"format": 2, "program": "DeepImageTranslator 9.1.0"}
    folder.plan.write_text(json.dumps(newer), encoding="utf-8")
    with pytest.raises(UserError, match=r"newer version, 9.1.0"):
        load_plan(folder.plan)


def test_another_number_of_images_than_the_plans_is_refused(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, THREE), Wishes())
    other = project_of_persons(tmp_path / "other", THREE[:2])
    with pytest.raises(UserError, match="has 4 pairs, the plan 6"):
        project_of_cell(study.plan, next(study.plan.cells()), other)


def test_status_is_read_from_the_files(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, ["a1", "b1", "c1", "d1", "e1"], 1), Wishes())
    folder = StudyFolder(tmp_path / "study")
    cells = list(study.plan.cells())
    names = [cell.name for cell in cells]
    done_study(study, folder, lambda _cell, _person: 0.5, but=names[1:])
    begin_run(folder.cell(cells[1]).run)
    folder.cell(cells[2]).path.mkdir(parents=True)
    folder.cell(cells[2]).failure.write_text("No memory.\n", encoding="utf-8")
    folder.cell(cells[3]).path.mkdir(parents=True)
    folder.cell(cells[3]).scores.write_text("number\n", encoding="utf-8")
    lock = FileLock(folder.cell(cells[3]).run.lock)
    lock.take()
    found = status_of(study.plan, folder)
    assert [one.step for one in found] == [
        *(Step.DONE, Step.INTERRUPTED, Step.FAILED),
        *(Step.RUNNING, Step.TO_DO),
    ]
    assert found[0].value == pytest.approx(2 * 0.5 / 1.5)
    assert found[2].failure == "No memory."
    lock.release()
    assert status_of(study.plan, folder)[3].step is Step.TO_DO


def test_the_projects_of_a_study_hold_all_pairs(tmp_path: Path) -> None:
    project = replace(project_of_persons(tmp_path, THREE), labels=tmp_path / "painted")
    study = plan_study(project, Wishes(LEAVE_ONE_OUT))
    folder = StudyFolder(tmp_path / "study")
    write_study(study, folder)
    written = load_project(folder.project("as-project"))
    assert len(all_pairs(written)) == 6
    assert written.labels is None, "label maps are painted for the project, not for a study"
