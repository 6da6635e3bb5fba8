"""The commands as a user meets them: exit status, JSON, sentences, files."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from told import Told
from waiting import PATIENCE, wait_until

from deepimagetranslator import cli
from deepimagetranslator.core.config.fields import fields_of
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import SECTIONS, Specs
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import image_size, read_image, write_image
from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.version import __version__
from deepimagetranslator.ml.devices import load_engine

QUICK = ("model.depth=2", "model.base_filters=4", "training.epochs=2", "training.batch_size=4")
COMMANDS = (
    "demo",
    "new",
    "check",
    "train",
    "translate",
    "evaluate",
    "augment",
    "benchmark",
    "self-test",
)


def start(*arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
    """The program in a process of its own, as a user starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def run(*arguments: str | Path, cwd: Path | None = None) -> Told:
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err + out
    return Told(process.returncode, out, err)


@pytest.fixture
def call(capsys):
    """The same without a new process."""

    def call(*arguments: str | Path) -> Told:
        capsys.readouterr()
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return Told(status, told.out, told.err)

    return call


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder as users have them, with two drawn people of 32 x 32 pixels."""
    folder = tmp_path_factory.mktemp("e2e") / "Größe und Имя, 脂肪"
    write_sample(folder / "sample set", size=32, people=[1, 2], slices=3)
    return folder


def people(place: Path, person: str, kind: str) -> Path:
    return place / "sample set" / person / kind


def new_arguments(place: Path, project: Path) -> tuple[str | Path, ...]:
    return (
        "new",
        project,
        "--train-inputs",
        people(place, "person01", "images"),
        "--train-targets",
        people(place, "person01", "targets"),
        "--val-inputs",
        people(place, "person02", "images"),
        "--val-targets",
        people(place, "person02", "targets"),
    )


def settings(*assignments: str) -> list[str]:
    return [word for assignment in assignments for word in ("--set", assignment)]


@pytest.fixture(scope="module")
def project(place) -> Path:
    path = place / "a project.json"
    assert cli.main([*map(str, new_arguments(place, path)), *settings(*QUICK)]) == 0
    return path


@pytest.fixture(scope="module")
def trained(place, project) -> tuple[Told, Path]:
    """What training in a process of its own said, and the run's folder."""
    run_dir = place / "the run"
    return run("train", project, "--run-dir", run_dir, "--json"), run_dir


# --- help --------------------------------------------------------------------------------------


def test_help_lists_every_command_and_each_its_options(call):
    told = call("--help")
    assert told.status == 0
    for command in COMMANDS:
        assert command in told.out
        own = call(command, "--help")
        assert own.status == 0 and "--json" in own.out and "130 cancelled" in own.out
    assert call("--version").out.strip() == __version__


@pytest.mark.parametrize("command", ["new", "train"])
def test_help_lists_every_field_with_its_bounds(call, command):
    told = call(command, "--help").out.replace("\n", " ").lower()
    for section in SECTIONS:
        for info in fields_of(getattr(Specs(), section)):
            assert f"{section}.{info.name} = " in told
            assert info.bounds().lower() in told


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("demo", ["--output", "--epochs", "--size"]),
        ("new", ["--train-inputs", "--train-targets", "--val-inputs", "--val-targets"]),
        ("new", ["--val-fraction", "--group", "--preset", "--set"]),
        ("train", ["--run-dir", "--set", "--resume", "--weights"]),
        ("translate", ["--weights", "--output", "--overwrite", "--accept-values"]),
        ("evaluate", ["--predictions", "--weights", "--inputs", "--targets", "--output"]),
        ("augment", ["--output", "--epochs"]),
    ],
)
def test_the_options_of_the_contract_are_there(call, command, options):
    told = call(command, "--help").out
    assert [option for option in options if option not in told] == []


def test_without_a_command_the_help_says_which(call):
    told = call()
    assert told.status == 2 and "self-test" in told.err


# --- new and check -----------------------------------------------------------------------------


def test_new_makes_a_project_and_says_so(call, place, tmp_path):
    told = call(*new_arguments(place, tmp_path / "p.json"), "--json")
    assert told.status == 0
    assert told.json == {
        "project": str(tmp_path / "p.json"),
        "train_pairs": 3,
        "val_pairs": 3,
        "unlabelled": 0,
        "problems": [],
    }
    project = load_project(tmp_path / "p.json")
    assert project.preset == "recommended" and project.specs.model == PRESETS["recommended"].model


def test_new_says_what_follows_from_the_targets_and_stores_what_was_chosen(call, place, tmp_path):
    arguments = new_arguments(place, tmp_path / "p.json")
    told = call(*arguments)
    assert "loss dice_crossentropy (automatic, since the targets are label maps)." in told.err
    assert load_project(tmp_path / "p.json").chosen == frozenset()
    told = call(*arguments, *settings("training.loss=dice"), "--window", "40/400")
    assert "loss dice." in told.err
    window = {f"data.input_{name}" for name in ("scaling", "low", "high")}
    assert load_project(tmp_path / "p.json").chosen == {"training.loss", *window}
    assert call(*arguments, *settings("data.target_kind=values")).status == 0
    project = load_project(tmp_path / "p.json")
    assert (project.specs.training.loss, project.specs.model.normalization) == ("mae", "none")


def test_new_with_the_2021_preset_has_that_programs_settings(call, place, tmp_path):
    arguments = [*new_arguments(place, tmp_path / "p.json"), "--preset", "2021"]
    assert call(*arguments).status == 0
    project = load_project(tmp_path / "p.json")
    assert project.preset == "2021"
    assert project.specs.training == PRESETS["2021"].training
    assert project.specs.model == PRESETS["2021"].model
    assert specs_problems(project.specs) == []


def test_new_keeps_the_older_project_of_that_name(call, place, tmp_path):
    path = tmp_path / "p.json"
    call(*new_arguments(place, path), *settings("training.seed=5"))
    told = call(*new_arguments(place, path))
    assert "p.json.bak" in told.err
    assert load_project(tmp_path / "p.json.bak").specs.training.seed == 5
    for seed, name in ((6, "p.json.bak2"), (7, "p.json.bak3")):
        told = call(*new_arguments(place, path), *settings(f"training.seed={seed}"))
        assert name in told.err
    assert load_project(tmp_path / "p.json.bak").specs.training.seed == 5
    assert load_project(tmp_path / "p.json.bak3").specs.training.seed == 6


def test_new_splits_off_whole_people(call, place, tmp_path):
    told = call(
        "new",
        tmp_path / "p.json",
        "--train-inputs",
        *(people(place, person, "images") for person in ("person01", "person02")),
        "--train-targets",
        *(people(place, person, "targets") for person in ("person01", "person02")),
        "--val-fraction",
        "0.5",
        "--group",
        "person[0-9]+",
        "--json",
    )
    assert told.status == 0 and (told.json["train_pairs"], told.json["val_pairs"]) == (3, 3)
    data = load_project(tmp_path / "p.json").specs.data
    parts = [
        {Path(file).name[:8] for file in files} for files in (data.train_inputs, data.val_inputs)
    ]
    assert len(parts[0]) == len(parts[1]) == 1 and parts[0] != parts[1]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--set", "model.depht=3"], "depht"),
        (["--set", "model.depth=13"], "1 to 12"),
        (["--set", "nonsense"], "SECTION.FIELD=VALUE"),
        (["--set", "model.deep_supervision=true", "--set", "model.depth=2"], "depth of 3"),
        (["--preset", "2022"], "2021"),
        (["--val-fraction", "0.5"], "leave out --val-fraction"),
        (["--group", "x"], "--val-fraction"),
        (["--persons", "."], "not both"),
        (["--val-persons", "person01"], "leave out --val-persons"),
    ],
)
def test_new_refuses_in_one_sentence_and_writes_nothing(call, place, tmp_path, more, sentence):
    told = call(*new_arguments(place, tmp_path / "p.json"), *more, "--json")
    assert told.status == 2
    assert sentence in told.err and len(told.err.strip().splitlines()) == 1
    assert told.json["error"] in told.err
    assert not (tmp_path / "p.json").exists()


def test_check_passes_a_good_project(call, project):
    told = call("check", project, "--json")
    assert told.status == 0 and "can be trained" in told.err
    assert told.json["train_pairs"] == told.json["val_pairs"] == 3
    (remark,) = told.json["problems"]  # it is a tiny set
    keys = {"subject", "message", "fatal", "kind", "files", "repair", "repairs", "remedy"}
    assert set(remark) == keys
    assert (remark["kind"], remark["fatal"], remark["repair"]) == ("few_images", False, None)


def test_check_names_every_bad_file(call, tmp_path):
    write_sample(tmp_path, size=32, people=[1], slices=5)
    folder = tmp_path / "person01"
    arguments = ("--train-inputs", folder / "images", "--train-targets", folder / "targets")
    assert call("new", tmp_path / "p.json", *arguments).status == 0
    (folder / "targets" / "person01_slice002.png").write_bytes(b"no image")
    write_image(folder / "targets" / "person01_slice003.png", np.zeros((16, 20, 3), np.uint8))
    (folder / "images" / "person01_slice004.png").unlink()
    told = call("check", tmp_path / "p.json", "--json")
    assert told.status == 2
    named = [problem["subject"] for problem in told.json["problems"] if problem["fatal"]]
    assert sorted(Path(name).parent.name + Path(name).stem[-3:] for name in named) == [
        "images004",
        "targets002",
        "targets003",
    ]
    assert "20 x 16" in told.err
    remarks = [problem for problem in told.json["problems"] if not problem["fatal"]]
    kinds = [problem["kind"] for problem in remarks]
    assert kinds == ["empty_target", "few_images", "no_validation"]
    assert "repair: Leave out this pair (--repair unreadable)" in told.err


def test_check_mends_what_it_is_asked_to(call, tmp_path):
    write_sample(tmp_path, size=32, people=[1], slices=8)
    folder, path = tmp_path / "person01", tmp_path / "p.json"
    shutil.copy(folder / "images" / "person01_slice001.png", folder / "images" / "copy_009.png")
    shutil.copy(folder / "targets" / "person01_slice001.png", folder / "targets" / "copy_009.png")
    arguments = ("--train-inputs", folder / "images", "--train-targets", folder / "targets")
    assert call("new", path, *arguments).status == 0
    (folder / "targets" / "person01_slice002.png").write_bytes(b"no image")
    (folder / "images" / "person01_slice004.png").write_bytes(b"")
    before = path.read_bytes()
    images = {file: file.read_bytes() for file in folder.rglob("*.png")}

    told = call("check", path, "--repair", "duplicates", "--json")
    assert told.status == 2 and len(told.json["mended"]) == 1
    kinds = [problem["kind"] for problem in told.json["problems"]]
    assert kinds.count("unreadable") == 2 and "duplicates" not in kinds
    assert path.with_name("p.json.bak").read_bytes() == before and "p.json.bak" in told.err
    assert len(load_project(path).specs.data.train_inputs) == 8

    told = call("check", path, "--repair", "all", "--json")
    assert told.status == 0 and len(told.json["mended"]) == 2
    assert told.json["train_pairs"] == 6
    names = {Path(file).name for file in load_project(path).specs.data.train_targets}
    assert names.isdisjoint({"person01_slice002.png", "person01_slice004.png"})
    assert images == {file: file.read_bytes() for file in folder.rglob("*.png")}

    saved = path.read_bytes()
    told = call("check", path, "--repair", "few_images", "--repair", "all", "--json")
    assert told.status == 0 and told.json["mended"] == []
    assert "has no automatic repair" in told.err
    assert path.read_bytes() == saved


def test_every_file_without_a_partner_is_left_out_at_once(call, tmp_path):
    write_sample(tmp_path, size=32, people=[1], slices=4)
    folder, path = tmp_path / "person01", tmp_path / "p.json"
    (folder / "targets" / "person01_slice002.png").rename(folder / "targets" / "other.png")
    arguments = ("--train-inputs", folder / "images", "--train-targets", folder / "targets")
    assert call("new", path, *arguments).status == 2
    told = call("check", path, "--repair", "unmatched", "--json")
    assert told.status == 0 and told.json["train_pairs"] == 3
    assert "(person01_slice002.png)" in told.err and "(other.png)" in told.err


def test_a_repair_of_no_finding_is_refused(call, project):
    told = call("check", project, "--repair", "everything", "--json")
    assert told.status == 2 and "everything" in told.json["error"]
    assert "duplicates" in told.json["error"]
    assert call("check", project, "--repair", "all:outline", "--json").status == 2


def test_a_repair_that_a_finding_does_not_have_is_told(call, tmp_path):
    write_sample(tmp_path, size=32, people=[1], slices=8)
    folder, path = tmp_path / "person01", tmp_path / "p.json"
    arguments = ("--train-inputs", folder / "images", "--train-targets", folder / "targets")
    assert call("new", path, *arguments).status == 0
    told = call("check", path, "--repair", "no_validation:typo", "--json")
    assert told.json["mended"] == [] and "has no repair 'typo'" in told.err


def test_new_reports_missing_partners_and_status_2(call, tmp_path):
    write_sample(tmp_path, size=32, people=[1], slices=3)
    folder = tmp_path / "person01"
    (folder / "targets" / "person01_slice002.png").unlink()
    arguments = ("--train-inputs", folder / "images", "--train-targets", folder / "targets")
    told = call("new", tmp_path / "p.json", *arguments, "--json")
    assert told.status == 2
    assert [Path(p["subject"]).name for p in told.json["problems"]] == ["person01_slice002.png"]


def test_a_missing_or_foreign_project_is_one_sentence(call, tmp_path):
    (tmp_path / "other.json").write_text("[1, 2", encoding="utf-8")
    for name in ("missing.json", "other.json"):
        for command in (("check",), ("augment", "--output", tmp_path / "out"), ("train",)):
            told = call(command[0], tmp_path / name, *command[1:])
            assert told.status == 2 and name in told.err
            assert len(told.err.strip().splitlines()) == 1


# --- train, translate, evaluate, augment -------------------------------------------------------


def test_train_leaves_a_run_and_tells_of_it(trained):
    told, run_dir = trained
    assert told.status == 0, told.err
    keys = {"run_dir", "weights", "epochs", "best_epoch", "best_value", "seconds", "values"}
    assert set(told.json) == keys | {"better_than_input"}
    assert told.json["better_than_input"] is None  # of label maps
    assert told.json["run_dir"] == str(run_dir) and told.json["epochs"] == 2
    assert Path(told.json["weights"]).is_file()
    assert len(RunFolder(run_dir).read_history()) == 2
    assert "Epoch 2/2" in told.err
    assert [line for line in told.err.splitlines() if "W0000" in line or "I0000" in line] == []


def test_train_resumes_a_finished_run_with_more_epochs(call, place, trained, project):
    told = call(
        "train",
        project,
        "--run-dir",
        trained[1],
        "--resume",
        *settings("training.epochs=3"),
        "--json",
    )
    assert told.status == 0 and told.json["epochs"] == 3
    assert len(RunFolder(trained[1]).read_history()) == 3


def test_the_latest_run_is_resumed_unless_another_is_named(call, project, tmp_path, monkeypatch):
    copy = tmp_path / "project.json"
    shutil.copy(project, copy)
    for name in ("2024-01-03", "2024-01-02", "2024-01-01", "2023-12-31"):
        (tmp_path / "project-runs" / name).mkdir(parents=True)
        if name != "2024-01-03":  # it failed in its first epoch
            RunFolder(tmp_path / "project-runs" / name).write_state(b"weights", 1)
    resumed: list[Path] = []

    def train(_project: Project, run_dir: Path, **_rest: Any) -> None:
        resumed.append(run_dir)
        raise UserError("Enough.")

    load_engine()
    monkeypatch.setattr("deepimagetranslator.ml.training.train", train)
    assert call("train", copy, "--resume").status == 2
    assert resumed == [tmp_path / "project-runs" / "2024-01-02"]


def test_train_refuses_a_used_folder_and_a_changed_resume(call, trained, project):
    told = call("train", project, "--run-dir", trained[1])
    assert told.status == 2 and "--resume" in told.err
    told = call("train", project, "--run-dir", trained[1], "--resume", *settings("training.seed=9"))
    assert told.status == 2 and "training.seed" in told.err
    told = call("train", project, "--resume", "--weights", trained[1] / "best.weights.h5")
    assert told.status == 2
    told = call("train", project, "--resume", "--run-dir", trained[1] / "none")
    assert told.status == 2 and "no run" in told.err


def test_translate_skips_a_bad_file_with_status_3(call, place, trained, tmp_path):
    inputs = tmp_path / "in puts"
    for name in ("one.png", "sub/two.png"):
        write_image(
            inputs / name, read_image(people(place, "person02", "images") / "person02_slice001.png")
        )
    (inputs / "broken.png").write_bytes(b"\x89PNG no more")
    told = call(
        "translate",
        "--weights",
        trained[1] / "best.weights.h5",
        "--output",
        tmp_path / "out é",
        inputs,
        "--json",
    )
    assert told.status == 3
    keys = {"output", "translated", "outputs", "skipped", "problems", "clean_up", "seconds"}
    assert set(told.json) == keys | {
        "marked",
        "marks_file",
        "domain_unknown",
        "confidence",
        "calibrated",
    }
    assert told.json["marked"] == [] and told.json["marks_file"] is None
    assert "too short" in told.json["domain_unknown"] and told.err.count("too short") == 1
    expected = {tmp_path / "out é" / "one.png", tmp_path / "out é" / "sub" / "two.png"}
    assert set(map(Path, told.json["outputs"])) == expected
    assert told.json["translated"] == 2
    assert [Path(item["file"]).name for item in told.json["skipped"]] == ["broken.png"]
    assert "broken.png" in told.err
    written = {
        p.relative_to(tmp_path / "out é").as_posix() for p in (tmp_path / "out é").rglob("*.*")
    }
    assert written == {"one.png", "sub/two.png"}
    again = call(
        "translate",
        "--weights",
        trained[1] / "best.weights.h5",
        "--output",
        tmp_path / "out é",
        inputs / "one.png",
    )
    assert again.status == 2 and "--overwrite" in again.err
    again = call(
        "translate",
        "--weights",
        trained[1] / "best.weights.h5",
        "--output",
        tmp_path / "out é",
        "--overwrite",
        inputs / "one.png",
    )
    assert again.status == 0


def test_images_unlike_the_training_images_are_told_with_status_3(call, place, tmp_path):
    from networks import write_knowing  # noqa: PLC0415

    images = people(place, "person02", "images")
    known = [resize(read_image(path), 16, 24) for path in sorted(images.iterdir())]
    weights = write_knowing(tmp_path, known)
    noise = np.random.default_rng(1).normal(0, 60, known[0].shape)
    write_image(tmp_path / "in" / "noisy.png", (known[0] + noise).clip(0, 255).astype(np.uint8))
    write_image(tmp_path / "in" / "usual.png", known[1])
    out = tmp_path / "out"
    told = call("translate", "--weights", weights, "--output", out, tmp_path / "in", "--json")
    assert told.status == 3 and told.json["translated"] == 2 and not told.json["skipped"]
    (marked,) = told.json["marked"]
    assert Path(marked["file"]).name == "noisy.png" == Path(marked["output"]).name
    assert marked["score"] >= 1 and marked["kind"] == "noise"
    assert Path(told.json["marks_file"]) == out / "unlike_images.csv"
    assert "1 of 2 images is unlike the training images" in told.err
    assert marked["reason"] in told.err and "unlike_images.csv" in told.err


def test_translate_skips_images_of_other_values_unless_accepted(call, place, trained, tmp_path):
    inverted = tmp_path / "inverted"
    for number in (1, 2):
        name = f"person02_slice00{number}.png"
        image = read_image(people(place, "person02", "images") / name)
        write_image(inverted / name, 255 - image)
    weights = "--weights", trained[1] / "best.weights.h5"
    told = call("translate", *weights, "--output", tmp_path / "out", inverted, "--json")
    assert told.status == 3 and not (tmp_path / "out").exists()
    assert "black and white are exchanged. Use --accept-values." in told.err
    assert told.err.count("exchanged") == 1  # a line for each series
    (problem,) = told.json["problems"]
    assert (problem["kind"], len(problem["files"])) == ("unlike_inputs", 2)
    assert problem["remedy"] == "Use --accept-values."
    assert len(told.json["skipped"]) == 2
    for way in (["--accept-values"], settings("translation.accept_values=true")):
        more = "--output", tmp_path / "out", "--overwrite", inverted, "--json"
        told = call("translate", *weights, *way, *more)
        assert (told.status, told.json["translated"], told.json["problems"]) == (0, 2, [])


def test_translate_writes_a_volume_that_evaluate_measures(call, place, trained, tmp_path):
    """A NIfTI volume in, its class numbers out, measured against colours in PNG files."""
    import nibabel  # noqa: PLC0415

    images = sorted(people(place, "person02", "images").iterdir())
    voxels = np.stack([read_image(path)[..., 0].T for path in images], axis=-1)
    affine = np.diag([-0.8, -0.8, 5.0, 1.0])
    (tmp_path / "in").mkdir()
    nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / "in" / "person02.nii.gz")
    weights = ("--weights", trained[1] / "best.weights.h5")
    out = tmp_path / "out"
    told = call("translate", *weights, "--output", out, tmp_path / "in", "--json")
    assert told.status == 0 and told.json["translated"] == len(images)
    assert [Path(path).name for path in told.json["outputs"]] == ["person02.nii.gz"]
    assert "(1 file)" in told.err
    written = nibabel.load(out / "person02.nii.gz")
    np.testing.assert_allclose(written.affine, affine)
    targets = people(place, "person02", "targets")
    sides = ("--predictions", out, "--targets", targets)
    told = call("evaluate", *sides, "--pairing", "order", "--output", tmp_path / "v", "--json")
    assert told.status == 0 and told.json["images"] == len(images)
    volume = told.json["pooled"]
    out = tmp_path / "png"
    call("translate", *weights, "--output", out, people(place, "person02", "images"))
    sides = ("--predictions", out, "--targets", targets)
    told = call("evaluate", *sides, "--output", tmp_path / "p", "--json")
    for name in ("red", "green", "blue"):
        assert volume[name]["dice"] == pytest.approx(told.json["pooled"][name]["dice"])


def test_translate_refuses_a_format_before_anything_is_read(call, place, trained, tmp_path):
    weights = ("--weights", trained[1] / "best.weights.h5", "--output", tmp_path / "out")
    inputs = people(place, "person02", "images")
    for choice, words in (("nifti", "is not a NIfTI file"), ("dicom", "is not a DICOM file")):
        setting = f"translation.file_format={choice}"
        told = call("translate", *weights, "--set", setting, inputs)
        assert told.status == 2 and words in told.err
    assert not (tmp_path / "out").exists()


def test_weights_are_evaluated_as_their_translations_are(call, place, trained, tmp_path):
    weights = ("--weights", trained[1] / "best.weights.h5")
    inputs, targets = (people(place, "person02", kind) for kind in ("images", "targets"))
    call("translate", *weights, "--output", tmp_path / "out", inputs)
    sides = ("--predictions", tmp_path / "out", "--targets", targets)
    call("evaluate", *sides, "--output", tmp_path / "written")
    (targets / "more.png").write_bytes((targets / "person02_slice001.png").read_bytes())
    sides = (*weights, "--inputs", inputs, "--targets", targets)
    told = call("evaluate", *sides, "--output", tmp_path / "weights", "--json")
    (targets / "more.png").unlink()
    assert told.status == 3 and told.json["images"] == 3
    assert ["more.png" in problem for problem in told.json["problems"]] == [True]
    tables = [(tmp_path / name / "evaluation.csv").read_text() for name in ("written", "weights")]
    assert tables[0] == tables[1]
    told = call("evaluate", *weights, "--targets", targets)
    assert told.status == 2 and "give both" in told.err
    predictions = ("--predictions", tmp_path / "out", "--targets", targets)
    told = call("evaluate", *predictions, "--calibrate")
    assert told.status == 2 and "--weights" in told.err


def test_confidence_is_calibrated_judged_and_written(call, place, trained, tmp_path):
    best = tmp_path / "best.weights.h5"
    shutil.copy(trained[1] / best.name, best)
    inputs, targets = (people(place, "person02", kind) for kind in ("images", "targets"))
    sides = ("--weights", best, "--inputs", inputs, "--targets", targets, "--output", tmp_path)
    told = call("evaluate", *sides, "--calibrate", "--json")
    assert told.status == 0, told.err
    found = told.json["confidence"]
    assert set(found) == {"images", "pixels", "uncalibrated_error", "calibration_error"}
    assert found["images"] == 3 and found["calibration_error"] < 0.05
    assert "expected calibration error" in told.err
    told = call("evaluate", *sides, "--confidence", "--json")
    assert told.json["confidence"] == found
    out = ("--output", tmp_path / "out", *settings("translation.confidence=true"))
    told = call("translate", "--weights", best, *out, inputs, "--json")
    assert told.status == 0 and told.json["calibrated"] is True
    assert "not calibrated" not in told.err and len(told.json["confidence"]) == 3
    assert all(Path(path).is_file() for path in told.json["confidence"])


def test_evaluate_writes_a_table(call, place, tmp_path):
    targets = people(place, "person01", "targets")
    told = call(
        "evaluate", "--predictions", targets, "--targets", targets, "--output", tmp_path, "--json"
    )
    assert told.status == 2 and "own targets" in told.err
    copies = tmp_path / "predictions"
    for path in targets.iterdir():
        write_image(copies / path.name, read_image(path))
    told = call(
        "evaluate", "--predictions", copies, "--targets", targets, "--output", tmp_path, "--json"
    )
    assert told.status == 0
    keys = {"images", "pooled", "persons", "table", "problems", "better_than_input"}
    assert set(told.json) == keys | {"confidence", "clean_up"}
    assert told.json["images"] == 3 and told.json["persons"] == []
    assert [told.json["pooled"][name]["dice"] for name in ("red", "green", "blue")] == [1, 1, 1]
    assert told.json["pooled"]["all"]["psnr"] is None  # infinite
    assert Path(told.json["table"]) == tmp_path / "evaluation.csv"
    (copies / "person01_slice001.png").unlink()
    told = call("evaluate", "--predictions", copies, "--targets", targets, "--json")
    assert told.status == 3 and "person01_slice001.png" in told.err
    assert (copies / "evaluation.csv").is_file()


def test_evaluate_compares_with_the_inputs_themselves(call, tmp_path):
    rng = np.random.default_rng(1)
    for number in range(2):
        clean = rng.integers(0, 256, (16, 16, 1), np.uint8)
        noise = rng.normal(0, 1, clean.shape)
        for side, amount in (("targets", 0), ("inputs", 5), ("predictions", 20)):
            noisy = np.clip(clean + amount * noise, 0, 255).astype(np.uint8)
            write_image(tmp_path / side / f"{number}.png", noisy)
    sides = ("--targets", tmp_path / "targets", "--inputs", tmp_path / "inputs")
    told = call("evaluate", "--predictions", tmp_path / "predictions", *sides, "--json")
    assert told.status == 0 and told.json["better_than_input"] is False
    grey = told.json["pooled"]["grey"]
    assert 8 < grey["input_psnr"] - grey["psnr"] < 16  # 12 dB for four times the noise
    assert "leaving them as they are" in told.err and " input itself" in told.out
    header = (tmp_path / "predictions/evaluation.csv").read_text().splitlines()[0]
    assert header.endswith("ssim,input_mae,input_mse,input_psnr,input_ssim")


def test_evaluate_tells_patients_apart_and_names_none(call, tmp_path):
    for side in ("predictions", "targets"):
        for number, who in enumerate(["Miller", "Smith", "Miller"], 1):
            image = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
            image.PatientID = image.PatientName = who
            image.SeriesInstanceUID = f"1.2.3.{len(who)}"
            (tmp_path / side).mkdir(exist_ok=True)
            image.save_as(tmp_path / side / f"{number}.dcm")
    sides = ("--predictions", tmp_path / "predictions", "--targets", tmp_path / "targets")
    told = call("evaluate", *sides, "--json")
    assert told.json["persons"] == ["person 1", "person 1", "person 2"]  # by series
    table = (tmp_path / "predictions/evaluation.csv").read_text()
    told = call("evaluate", *sides)
    assert "2 persons, mean and standard deviation" in told.out
    assert not {"Miller", "Smith"} & {*re.findall(r"\w+", table + told.out + told.err)}


def test_augment_writes_the_pairs_of_each_epoch(call, project, tmp_path):
    told = call("augment", project, "--output", tmp_path / "out", "--epochs", "2", "--json")
    assert told.status == 0
    assert told.json == {"output": str(tmp_path / "out"), "pairs": 6}
    for epoch in ("epoch001", "epoch002"):
        inputs, targets = (
            sorted((tmp_path / "out" / epoch / kind).iterdir()) for kind in ("inputs", "targets")
        )
        assert [path.name for path in inputs] == [path.name for path in targets]
        assert len(inputs) == 3
        assert {image_size(path) for path in inputs} == {(32, 32, 1, "uint8")}
        colours = {tuple(c) for path in targets for c in read_image(path).reshape(-1, 3).tolist()}
        assert colours <= {(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)}
    one, two = (
        read_image(tmp_path / "out" / epoch / "inputs" / "person01_slice001.png")
        for epoch in ("epoch001", "epoch002")
    )
    assert not np.array_equal(one, two)


def test_self_test_says_all_is_well():
    told = run("self-test", "--json")
    assert told.status == 0, told.err
    assert set(told.json) == {"ok", "device", "versions", "seconds"}
    assert told.json["ok"] is True and "keras" in told.json["versions"]


# --- benchmark ---------------------------------------------------------------------------------


def test_benchmark_prints_a_table_and_its_figures(call, monkeypatch):
    load_engine()
    from deepimagetranslator.ml import benchmark  # noqa: PLC0415

    real = benchmark.figures

    def tiny(*arguments: Any) -> dict[str, Any]:
        return real(*arguments, size=32, depth=2, base_filters=4)

    monkeypatch.setattr(benchmark, "figures", tiny)
    told = call("benchmark", "--json")
    assert told.status == 0, told.err
    assert "Epochs of training ..." in told.err
    for line in ("processor", "training step", "translating files", told.json["limit"]):
        assert line in told.out
    keys = {"machine", "step_ms", "predict_ms", "step_share", "limit", "seconds"}
    assert keys <= set(told.json) and told.json["seconds"] > 0
    help = call("benchmark", "--help").out
    assert all(key in help for key in (*told.json, *told.json["machine"]))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone")
def test_ctrl_c_ends_a_benchmark_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start("benchmark", "--json")
    assert process.stderr is not None
    said = ""
    while "Training steps" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1]) == {"error": "cancelled"}
    assert list(tmp_path.glob("deepimagetranslator-*")) == []


# --- Ctrl+C and the unexpected -----------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone")
def test_ctrl_c_cancels_a_training_which_then_resumes(call, project, place):
    run_dir = place / "interrupted"
    process = start(
        "train", project, "--run-dir", run_dir, "--json", *settings("training.epochs=1000")
    )
    weights = run_dir / "last.weights.h5"
    wait_until(lambda: weights.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err and "Cancelled" in err
    assert json.loads(out.splitlines()[-1]) == {"error": "cancelled"}
    assert list(run_dir.glob(".tmp*")) == []
    done = len(RunFolder(run_dir).read_history())
    assert done >= 1
    told = call(
        "train",
        project,
        "--run-dir",
        run_dir,
        "--resume",
        *settings(f"training.epochs={done + 1}"),
        "--json",
    )
    assert told.status == 0 and told.json["epochs"] >= done


def test_the_unexpected_is_one_sentence_with_details_in_a_file(call, project, monkeypatch):
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("deepimagetranslator.core.checks.examination.examine", broken)
    told = call("check", project, "--json")
    assert told.status == 1 and "nobody thought of this" in told.err
    assert told.err.strip() == told.json["error"]
    details = Path(told.json["error"].split("Details are in ")[1].rstrip("."))
    assert "ZeroDivisionError" in details.read_text(encoding="utf-8")
    details.unlink()
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("tempfile.NamedTemporaryFile", Mock(side_effect=full))
    told = call("check", project, "--json")
    assert told.status == 1 and told.json["error"].endswith("nobody thought of this.")


# --- the demo ----------------------------------------------------------------------------------


def test_the_demo_leaves_everything_in_one_folder(call, tmp_path):
    told = run(
        "demo", "--size", "32", "--epochs", "1", "--output", "my demo", "--json", cwd=tmp_path
    )
    assert told.status == 0, told.err
    assert set(told.json) == {"dice", "seconds", "output"}
    assert len(told.json["dice"]) == 3 and told.json["output"] == "my demo"
    output = tmp_path / "my demo"
    for name in (
        "project.json",
        "best.weights.h5",
        "last.weights.h5",
        "history.csv",
        "evaluation.csv",
        "loss_curves.png",
        "translated.png",
    ):
        assert (output / name).is_file(), name
    assert str(Path("my demo")) in told.err
    translated = list((output / "translated").glob("*.png"))
    assert len(translated) == 30
    stored = load_project(output / "project.json").specs.data
    persons = [
        {Path(file).name.split("_")[0] for file in files}
        for files in (stored.train_inputs, stored.val_inputs, map(str, translated))
    ]
    assert not (persons[0] & persons[1] or persons[0] & persons[2] or persons[1] & persons[2])
    assert call("demo", "--output", output).status == 2
    told = call("demo", "--output", output / "translated.png")
    assert told.status == 2 and "is a file, not a folder" in told.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a screen")
def test_without_a_screen_the_window_says_so(tmp_path: Path) -> None:
    surroundings = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    result = subprocess.run(
        [sys.executable, "-m", "deepimagetranslator"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=surroundings | {"DEEPIMAGETRANSLATOR_HOME": str(tmp_path)},
    )
    assert result.returncode == 2
    assert "cannot open" in result.stderr
    assert "Traceback" not in result.stderr
