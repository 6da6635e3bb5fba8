"""A new study as it is typed: the command's plan, or the field that does not allow one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sessions import Sessions
from study_sets import project_of_persons

from deepimagetranslator import cli
from deepimagetranslator.app.study.axes import Axis, labels, usual, words_of
from deepimagetranslator.app.study.draft import Draft
from deepimagetranslator.app.study.outlook import (
    PLAN,
    Outlook,
    fold_words,
    outlook_of,
    trainings,
)
from deepimagetranslator.app.study.outlook import (
    test_words as words_on_the_test,
)
from deepimagetranslator.core.config.chosen import EVERY_FIELD
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.study.new_study import FIXED, FOLDS
from deepimagetranslator.core.study.variations import crossed

PEOPLE = ("anna", "bert", "carl", "dora", "emil", "fred")
ON_OFF = Axis("augmentation", "on, off")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_of_persons(tmp_path_factory.mktemp("people"), PEOPLE, 3)


def draft(tmp_path: Path, **values: object) -> Draft:
    return replace(Draft(output=str(tmp_path / "study")), **values)  # type: ignore[arg-type]


def planned(project: Project, draft: Draft) -> Outlook:
    found = outlook_of(project, draft)
    assert not found.problems, found.problems
    return found


CASES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "plain": ({}, ("--leave-one-out",)),
    "crossed": (
        {
            "kind": FOLDS,
            "folds": "3",
            "axes": (ON_OFF, Axis("model.deep_supervision", "on, off")),
            "epochs": "7",
        },
        ("--folds", "3", "--vary", "augmentation=on,off", "--vary",
         "model.deep_supervision=on,off", "--epochs", "7"),
    ),
    "learning curve": (
        {
            "kind": FOLDS,
            "folds": "2",
            "axes": (Axis("preset", "recommended, 2021"),),
            "sizes": "1, 2,6",
            "repeats": "2",
            "steps": "40",
        },
        ("--folds", "2", "--vary", "preset=recommended,2021", "--sizes", "1,2,6", "--repeats", "2",
         "--set", "training.steps_per_epoch=40"),
    ),
    "chosen": (
        {
            "axes": (Axis("training.loss", "mae, mse"),),
            "comparisons": (("loss-mae", "loss-mse"),),
            "measure": "psnr",
            "weights": "last",
            "optimistic": True,
            "group": "slice([0-9])",
        },
        ("--vary", "training.loss=mae,mse", "--compare", "loss-mae:loss-mse", "--measure", "psnr",
         "--weights", "last", "--optimistic", "--group", "slice([0-9])"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_window_writes_the_files_of_the_command(
    name: str, project: Project, tmp_path: Path
) -> None:
    values, options = CASES[name]
    ours, theirs = tmp_path / "window", tmp_path / "command"
    save_project(project, tmp_path / "project.json")
    line = ["study", "new", str(tmp_path / "project.json"), "--output", str(theirs), *options]
    assert cli.main(line) == 0
    sessions = Sessions(tmp_path)
    found = planned(project, draft(tmp_path, output=str(ours), **values))
    assert found.study is not None
    sessions.session.studies.make(found.study, ours)
    sessions.until(lambda: sessions.session.studies.state is not None)
    written = [
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.json")}
        for folder in (ours, theirs)
    ]
    assert written[0] == written[1] and Path("plan.json") in written[0]
    sessions.session.close()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"kind": FOLDS, "folds": "7"}, "folds", "only 6 persons for 7 folds"),
        ({"kind": FOLDS, "folds": "three"}, "folds", "'three' is not a whole number"),
        ({"kind": FIXED}, "folds", "no validation images"),
        ({"group": "("}, "group", "no regular expression"),
        ({"group": "zoe"}, "group", "not found in"),
        ({"sizes": "2,99"}, "sizes", "less than the size 99"),
        ({"sizes": "few"}, "sizes", "no list of sizes"),
        ({"repeats": "0"}, "repeats", "1 repeat or more"),
        ({"epochs": "-3"}, "epochs", "Epochs must be"),
        ({"steps": "many"}, "steps", "Steps per epoch must be"),
        ({"axes": (ON_OFF, Axis("training.learning_rate", "1, fast"))}, "axis 1", "'fast'"),
        ({"axes": (ON_OFF, Axis("training.loss", ""))}, "axis 1", "A,B"),
        ({"axes": (ON_OFF, ON_OFF)}, "axis 1", "varied twice"),
        ({"axes": (Axis("training.learning_rate", "1, 1.0"),)}, "axis 0", "the same value"),
        (
            {"axes": (ON_OFF, Axis("augmentation.noise_validation", "on"))},
            "axis 1",
            "only if it acts",
        ),
        (
            {"axes": (Axis("model.deep_supervision", "on"), Axis("model.depth", "1, 2"))},
            PLAN,
            "a depth of 3 or more",
        ),
        ({"weights": "inner", "kind": FIXED}, "folds", "no validation images"),
        ({"weights": "inner", "optimistic": True}, "weights", "best weights by the tested"),
        ({"repeats": "9999"}, "repeats", "more than 10000"),
        ({"repeats": "999", "axes": (ON_OFF,)}, PLAN, "more than 10000"),
        ({"output": " "}, "output", "Choose a folder"),
        ({"output": "here"}, "output", "no whole path"),
    ],
)
def test_a_problem_stands_beside_its_field(
    project: Project, tmp_path: Path, values: dict[str, object], field: str, words: str
) -> None:
    found = outlook_of(project, draft(tmp_path, **values))
    assert list(found.problems) == [field], found.problems
    assert words in "\n".join(map(str, found.problems[field]))
    assert found.study is None or field == "output"


def test_a_folder_with_a_study_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    assert not outlook_of(project, draft(tmp_path)).problems
    (tmp_path / "study" / "plan.json").write_text("{}")
    found = outlook_of(project, draft(tmp_path))
    assert "holds a study already" in str(found.problems["output"][0])


def test_it_is_said_beforehand_what_it_amounts_to(project: Project, tmp_path: Path) -> None:
    axes = (ON_OFF, Axis("model.deep_supervision", "on, off"))
    found = planned(project, draft(tmp_path, kind=FOLDS, axes=axes, sizes="2,4", repeats="2"))
    assert found.study is not None
    plan = found.study.plan
    assert trainings(plan) == "48 trainings: 4 variations × 3 folds × 2 sizes × 2 repeats."
    assert found.recognized == "6 persons, recognized by their folders."
    folds = fold_words(plan)
    assert len(folds) == 3
    assert all("2 persons (" in fold and fold.endswith("6 images") for fold in folds)
    assert sorted(name for name in PEOPLE if any(name in fold for fold in folds)) == list(PEOPLE)
    # 2 / 2^6 = 0.031 allows one comparison; three make it 0.094
    assert "0.094" in words_on_the_test(plan) and "7 persons are needed" in words_on_the_test(plan)
    one = planned(project, draft(tmp_path, axes=(ON_OFF,)))
    assert one.study is not None
    assert words_on_the_test(one.study.plan) == (
        "Smallest possible p: 0.031 (6 persons, 1 comparison)."
    )
    alone = planned(project, draft(tmp_path))
    assert alone.study is not None
    assert words_on_the_test(alone.study.plan) == "Nothing is compared, so there is no p."


def test_persons_who_are_trained_on_too_give_no_p(tmp_path: Path) -> None:
    mixed = project_of_persons(tmp_path / "p", ("anna", "bert"), 2, validate=("bert",))
    data = mixed.specs.data
    moved = replace(
        data,
        train_inputs=(*data.train_inputs, data.val_inputs[0]),
        train_targets=(*data.train_targets, data.val_targets[0]),
        val_inputs=data.val_inputs[1:],
        val_targets=data.val_targets[1:],
    )
    mixed = replace(mixed, specs=replace(mixed.specs, data=moved))
    found = planned(mixed, draft(tmp_path, kind=FIXED, axes=(ON_OFF,)))
    assert found.study is not None
    assert "No p: other images of bert are trained on" in words_on_the_test(found.study.plan)


def test_everything_that_can_be_varied_has_a_label_and_values_that_can_be_taken(
    project: Project,
) -> None:
    found = labels()
    assert found.keys() >= {"preset", "augmentation", "training.loss", "model.depth"}
    assert found.keys() - {"preset", "augmentation"} <= EVERY_FIELD
    assert len(set(found.values())) == len(found)
    for name in found:
        words = ", ".join(words_of(name)) or usual(name, project.specs).values
        assert crossed([f"{name}={words}"]), name


def test_the_usual_values_begin_with_the_project_s(project: Project) -> None:
    loss = project.specs.training.loss
    assert usual("training.loss", project.specs).values.startswith(f"{loss}, ")
    values = replace(project.specs, training=replace(project.specs.training, loss="mae"))
    assert usual("training.loss", values).values == "mae, mse"
    assert usual("augmentation", values).values == "on, off"
