"""As test_privacy_everywhere.py: what studies, their reports and packs, and label maps say."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import plant_dicom
from privacy import (
    ABOVE,
    ACQUIRED,
    DERIVED,
    NAMES,
    SMALL,
    Study,
    hounsfield,
    new_study,
    plant_persons,
    settings,
    undeclared,
)

from deepimagetranslator.core.config.project import new_project, save_project
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette

sys.path += [str(Path(__file__).parents[1] / "ml")]

pytestmark = pytest.mark.faults


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """Images below a folder with a name of its own; what was written of them is searched."""
    with new_study(tmp_path) as study:
        study.given /= study.name(ABOVE)
        yield study
        assert undeclared(study, DERIVED | ACQUIRED) == {}
        for command, text in study.told.items():
            assert study.planted.in_text(text) <= NAMES | {ABOVE}, command


def run_study(study: Study, project: Path, *new: str) -> Path:
    """Plan, train, report, pack and translate; the study's folder."""
    folder = study.written / "study"
    study.call("study", "new", project, "--output", folder, "--epochs", "1", *new)
    study.call("study", "run", folder, "--no-forecast")
    for command in ("status", "report", "pack", "commands"):
        study.call("study", command, folder)
    return folder


def test_a_study_by_folders_of_persons(study: Study) -> None:
    tree, project = plant_persons(study), study.written / "project.json"
    study.call("new", project, "--persons", tree, *settings(*SMALL))
    folder = run_study(study, project, "--folds", "2")
    images = sorted(tree.glob("*/images/*"))
    study.call("study", "translate", folder, "--output", study.written / "out", *images)
    found = study.planted.found_in(study.written)
    (pack,) = (path for path in found if path.suffix == ".zip")
    assert found[pack] == NAMES, "the names are those of the report, but not the folder above"
    with zipfile.ZipFile(study.written / pack) as packed:
        assert study.planted.in_text(" ".join(packed.namelist())) == set()


def test_a_study_of_patients_says_no_name_of_them(study: Study) -> None:
    """Persons are known from the DICOM files alone, and the targets are CT as well."""
    for person in range(2):
        for side, divisor in (("images", 1), ("targets", 2)):
            for number in (2 * person, 2 * person + 1):
                path = study.given / side / f"{person}-{number}.dcm"
                plant_dicom(path, hounsfield(number) // divisor, study.planted, number + 1)
    project = study.written / "project.json"
    sides = ("--train-inputs", study.given / "images", "--train-targets", study.given / "targets")
    study.call("new", project, *sides, *settings(*SMALL))
    run_study(study, project, "--folds", "2")


def test_label_maps(study: Study) -> None:
    from networks import write_network  # noqa: PLC0415  after TensorFlow's settings

    tree, project = plant_persons(study), study.written / "project.json"
    inputs = tuple(map(str, sorted(tree.glob("*/images/*"))))
    data = {"train_inputs": inputs, "labels": ("0=air", "255=lean")}
    save_project(new_project("recommended", data), project)
    hounsfield_units = IntensityNormalization("data", -400, 400, "float32")
    palette = Palette(((0,), (255,)), "uint8")
    net = write_network(study.written, "net", input_scaling=hounsfield_units, palette=palette)
    drafts = study.written / "drafts"
    study.call("label", "next", project)
    study.call("label", "draft", project, "--weights", net, "--output", drafts)
    study.call("label", "draft", project, "--weights", net)
    study.call("label", "accept", project, drafts)
    study.call("label", "next", project)
    kept = [path.name for path in (study.written / "labels" / "project").iterdir()]
    assert "labels.json" in kept and study.planted.in_text(" ".join(kept)) == {"file name"}
