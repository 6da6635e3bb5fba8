"""A study as a user runs it: planned, trained, looked at, reported."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from html_page import assert_stands_alone

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import load_project, save_project, with_data
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.plan_file import load_plan

QUICK = (
    *("model.depth=1", "model.base_filters=4", "model.normalization=none"),
    *("model.initialization=he_normal", "training.optimizer=sgd", "training.schedule=constant"),
    *("training.precision=float32", "training.metrics="),
)
VARIED = ("training.learning_rate=0.1,0.01",)
Call = Callable[..., dict[str, object]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command with --json; its result with the exit status and both streams."""

    def call(*arguments: str | Path) -> dict[str, object]:
        capsys.readouterr()
        status = cli.main([*map(str, arguments), "--json"])
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        result = json.loads(told.out.rstrip("\n").splitlines()[-1])
        return result | {"status": status, "out": told.out, "err": told.err}

    return call


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three drawn persons, two slices of 32 x 32 pixels each."""
    folder = tmp_path_factory.mktemp("study")
    write_sample(folder / "persons", size=32, people=[1, 2, 3], slices=2)
    project = folder / "project.json"
    line = ["new", str(project), "--persons", str(folder / "persons")]
    assert cli.main([*line, *(word for text in QUICK for word in ("--set", text))]) == 0
    return project


def states(told: dict[str, object]) -> list[str]:
    return [cell["state"] for cell in told["cells"]]  # type: ignore[attr-defined]


def test_a_whole_study(project: Path, tmp_path: Path, call: Call) -> None:
    """Two variations x three persons left out in turn x one epoch."""
    study = tmp_path / "study"
    made = call("study", "new", project, "--output", study, "--epochs", "1", "--vary", *VARIED)
    assert made["status"] == 0, made["err"]
    assert made["cells"] == [
        f"learning-rate-{rate}_fold-{fold}" for fold in (1, 2, 3) for rate in ("0.1", "0.01")
    ]
    assert states(call("study", "status", study)) == ["to do"] * 6

    one = "learning-rate-0.01_fold-2"
    first = call("study", "run", study, "--cell", one)
    assert first["status"] == 0, first["err"]
    assert "1 training, about" in str(first["err"])
    assert states(call("study", "status", study)).count("done") == 1
    assert_reported(call("study", "report", study))
    weights = study / "cells" / one / "last.weights.h5"
    before = weights.stat().st_mtime_ns

    whole = call("study", "run", study, "--no-forecast")
    assert whole["status"] == 0 and states(whole) == ["done"] * 6, whole["err"]
    assert weights.stat().st_mtime_ns == before, "what is done is not repeated"
    again = call("study", "run", study)
    assert "training" not in str(again["err"]) and states(again) == ["done"] * 6

    images = sorted((project.parent / "persons").rglob("images/*.png"))
    names = ("--output", tmp_path / "out", "--variation", "learning-rate-0.01")
    together = call("study", "translate", study, *names, *images)
    assert together["status"] == 0 and together["translated"] == len(images) == 6
    looks = [one["disagreement"] for one in together["second_look"]]  # type: ignore[attr-defined]
    assert looks == sorted(looks, reverse=True) and len(looks) == 6
    assert (tmp_path / "out" / "second_look.csv").exists()
    assert "3 networks of learning-rate-0.01 translate together." in str(together["err"])


def test_an_ensemble_needs_trainings(project: Path, tmp_path: Path, call: Call) -> None:
    study = tmp_path / "study"
    call("study", "new", project, "--output", study)
    line = ("study", "translate", study, "--output", tmp_path / "out", project.parent / "persons")
    assert "0 of 3 trainings of as-project are done" in str(call(*line)["error"])
    assert "choose among as-project" in str(call(*line, "--variation", "x")["error"])


def test_a_pack_is_run_again_elsewhere_with_the_same_result(
    project: Path, tmp_path: Path, call: Call
) -> None:
    """Two persons, a training each; then from the pack and the images alone."""
    study = tmp_path / "study"
    two = project.with_name("two.json")
    found = load_project(project)
    lists = {f"train_{side}": getattr(found.specs.data, f"train_{side}")[:4]
             for side in ("inputs", "targets")}  # fmt: skip
    save_project(with_data(found, lists), two)
    call("study", "new", two, "--output", study, "--epochs", "1")
    assert call("study", "pack", study)["status"] == 2, "nothing is done"
    assert states(call("study", "run", study, "--no-forecast")) == ["done"] * 2
    made = call("study", "pack", study)
    assert made["status"] == 0, made["err"]
    report = contents(study / "report")
    again = call("study", "pack", study)
    assert again["status"] == 2 and "exists already" in str(again["error"])

    with zipfile.ZipFile(str(made["pack"])) as pack:
        pack.extractall(tmp_path / "elsewhere")
    place = tmp_path / "elsewhere" / "study-evidence"
    assert contents(place / "report") == report
    assert str(tmp_path) not in "".join(
        path.read_text() for path in place.rglob("*") if path.suffix in (".json", ".sha256", ".md")
    )
    shutil.copytree(project.parent / "persons", place / "images")
    told = call("study", "verify", place)
    listed = ["files.sha256", "images.sha256"]
    lines = sum(len((place / name).read_text().splitlines()) for name in listed)
    assert told["status"] == 0 and told["right"] == lines and not told["missing"]
    assert states(call("study", "run", place / "study", "--no-forecast")) == ["done"] * 2
    call("study", "report", place / "study")
    rerun = contents(place / "study" / "report")
    with_dates = {"runs.csv", "files.sha256"}
    figures = {name for name in report if name.startswith("figures")}
    assert rerun.keys() == report.keys() and len(figures) == 15
    assert {n: rerun[n] for n in rerun.keys() - with_dates} == {
        n: report[n] for n in report.keys() - with_dates
    }


def assert_reported(told: dict[str, object]) -> None:
    """The report of one training of six."""
    assert len(told["missing"]) == 5  # type: ignore[arg-type]
    files = {Path(name).name: Path(name) for name in told["files"]}  # type: ignore[attr-defined]
    assert {"report.md", "summary.csv", "comparisons.csv", "runs.csv"} <= files.keys()
    assert {"losses.pdf", "measures-1.svg", "volumes-1.png", "images-1.png"} <= files.keys()
    page = assert_stands_alone(files["report.html"].read_text(encoding="utf-8"))
    assert len(page.images) == 4 and "is not shown" not in page.text
    assert "1 of 6 trainings are done" in page.text and "Not done: learning-rate" in page.text


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_commands_for_other_machines(project: Path, tmp_path: Path, call: Call) -> None:
    study = tmp_path / "my study"
    call("study", "new", project, "--output", study, "--folds", "3")
    told = call("study", "commands", study)
    lines = told["commands"]
    assert isinstance(lines, list) and len(lines) == 3
    assert all("study run '" in line and " --cell as-project_fold-" in line for line in lines)
    script = Path(str(told["script"])).read_text()
    assert "--array=1-3" in script and '--cell "$1"' in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are for bash and sh")
def test_the_array_script_runs_each_cell_once(project: Path, tmp_path: Path, call: Call) -> None:
    """A loop does what sbatch does for each task; the trainings only note themselves."""
    study = tmp_path / "it's my study"
    call("study", "new", project, "--output", study, "--folds", "3", "--vary", *VARIED)
    told = call("study", "commands", study)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {shlex.quote(str(tmp_path / "ran"))}\n')
    python.chmod(0o755)
    script, path = str(told["script"]), f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-n", script], check=True)
    lines = told["commands"]
    assert isinstance(lines, list) and len(lines) == 6
    for task in range(1, 7):
        environment = os.environ | {"PATH": path, "SLURM_ARRAY_TASK_ID": str(task)}
        subprocess.run(["sh", script], check=True, env=environment)
    by_array = (tmp_path / "ran").read_text().splitlines()
    (tmp_path / "ran").unlink()
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True, env=os.environ | {"PATH": path})
    assert (tmp_path / "ran").read_text().splitlines() == by_array
    names = [cell.name for cell in load_plan(study / "plan.json").cells()]
    assert [line.rpartition(" ")[2] for line in by_array] == names
    assert all(f"study run {study} --no-forecast" in line for line in by_array)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("--folds", "4"), "only 3 persons for 4 folds"),
        (("--sizes", "3,9"), "less than the size 9"),
        (("--sizes", "few"), "no list of sizes"),
        (("--vary", "training.speed=1"), "no field 'speed'"),
        (("--compare", "a"), "VARIATION:VARIATION"),
        (("--weights", "inner"), "from 6 persons on"),
    ],
)
def test_what_cannot_be_planned_is_a_sentence(
    project: Path, tmp_path: Path, call: Call, line: tuple[str, ...], sentence: str
) -> None:
    told = call("study", "new", project, "--output", tmp_path / "study", *line)
    assert told["status"] == 2 and sentence in str(told["error"])
    assert not (tmp_path / "study").exists()
