"""Where a project lies, the system's language, and what the clock says change nothing."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from privacy import SMALL, picture, settings
from waiting import PATIENCE

from deepimagetranslator import cli
from deepimagetranslator.core.imaging.images import write_image

ROOT = Path(__file__).parents[2]


def write_pairs(folder: Path, ending: str = "") -> None:
    for number in range(4):
        for side, image in zip(("in", "out"), picture(number), strict=True):
            write_image(folder / side / f"{ending}{number}.png", image[..., None])


def longer(folder: Path, length: int) -> Path:
    """A folder below this one whose path has so many bytes."""
    while (missing := length - len(os.fsencode(folder))) > 1:
        folder /= "f" * min(100, missing - 1 if missing < 102 else 100)
    return folder


def commands(folder: Path) -> list[list[str]]:
    """Commands that read, check, write images and evaluate, without an engine."""
    project = str(folder / "study.json")
    files = ["--train-inputs", str(folder / "in"), "--train-targets", str(folder / "out")]
    return [
        ["new", project, *files, "--val-fraction", "0.5", *settings(*SMALL)],
        ["check", project],
        ["augment", project, "--output", str(folder / "augmented")],
        ["evaluate", "--predictions", str(folder / "in"), "--targets", str(folder / "out")],
    ]


def told_in(language: dict[str, str], arguments: list[str]) -> dict[str, object]:
    """What a command prints with ``--json``, after a library has taken over the language."""
    code = (
        "import locale, sys; locale.setlocale(locale.LC_ALL, ''); from deepimagetranslator import "
        "cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--json"],
        check=False,
        capture_output=True,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | language,
    )
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, object] = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    return told


@pytest.fixture(params=["C", "de_DE.UTF-8"])
def language(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The variables of a language; German writes decimals with a comma."""
    name = request.param
    variables = {"LC_ALL": name, "PYTHONCOERCECLOCALE": "0"}
    if name == "C":
        return variables
    maker = shutil.which("localedef")
    made = maker and subprocess.run(
        [maker, "-i", "de_DE", "-f", "UTF-8", str(tmp_path / name)],
        check=False,
        capture_output=True,
    )
    if not made or made.returncode:
        pytest.skip("no localedef with German (Debian: apt install locales)")
    return variables | {"LOCPATH": str(tmp_path)}


def test_the_language_of_the_system_changes_no_file(
    tmp_path: Path, language: dict[str, str]
) -> None:
    folder = tmp_path / "Größe Имя, 脂肪"
    write_pairs(folder)
    new, _, _, evaluate = commands(folder)
    assert told_in(language, new)["project"] == str(folder / "study.json")
    table = told_in(language, evaluate)["table"]
    assert table == str(folder / "in" / "evaluation.csv")
    with (folder / "in" / "evaluation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    errors = [float(row["mae"]) for row in rows if row.get("mae")]
    assert errors and any(error % 1 for error in errors)


@pytest.mark.parametrize("length", [240, 300, 1000])
def test_long_paths_and_names_are_as_good_as_others(tmp_path: Path, length: int) -> None:
    folder = longer(tmp_path / "two words  twice", length)
    write_pairs(folder, "Größe" * 30)
    for arguments in commands(folder):
        assert cli.main(arguments) == 0
    assert len(list((folder / "augmented").rglob("*.png"))) == 4
    assert not list(folder.rglob(".tmp-*"))


def test_files_that_vanish_after_the_check_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pairs(tmp_path)
    new, check, *_ = commands(tmp_path)
    assert cli.main(new) == cli.main(check) == 0
    train = ["train", str(tmp_path / "study.json"), "--run-dir", str(tmp_path / "run")]
    (tmp_path / "in" / "2.png").unlink()
    capsys.readouterr()
    assert cli.main(train) == 2
    assert str(tmp_path / "in" / "2.png") in capsys.readouterr().err
    shutil.rmtree(tmp_path / "out")
    assert cli.main(train) == 2
    assert str(tmp_path / "out") in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_no_duration_is_measured_by_a_clock_that_may_be_set_back() -> None:
    sources = sorted((ROOT / "deepimagetranslator").rglob("*.py"))
    assert len(sources) > 200
    assert [path for path in sources if "time.time(" in path.read_text(encoding="utf-8")] == []
