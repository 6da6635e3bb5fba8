"""Texts in images, and names of files and folders, are written nowhere but where README says.

tests/faults/test_privacy_everywhere.py does the same with all formats, all commands and the window.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from privacy import (
    DERIVED,
    NAMES,
    SMALL,
    Study,
    new_study,
    plant_persons,
    plant_volumes,
    settings,
    undeclared,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study on which every command has worked."""
    with new_study(tmp_path_factory.mktemp("privacy")) as study:
        tree, volumes, out = plant_persons(study), plant_volumes(study), study.written
        project = out / "study.json"
        study.call("new", project, "--persons", tree, "--val-fraction", "0.5", *settings(*SMALL))
        study.call("check", project)
        study.call("train", project, "--run-dir", out / "run")
        weights = ("translate", "--weights", out / "run" / "best.weights.h5")
        images = sorted(tree.glob("*/images/*"))
        study.call(*weights, "--output", out / "dicom", *images)
        study.call(*weights, "--output", out / "volumes", volumes, "--accept-values")
        masks = sorted(tree.glob("*/masks/*"))
        study.call("evaluate", "--predictions", out / "dicom", "--targets", *masks)
        study.call("augment", project, "--output", out / "augmented")
        yield study


def test_no_file_holds_a_text_that_readme_does_not_list(study: Study) -> None:
    assert len(study.planted.places) > 4000
    assert undeclared(study) == {}


def test_what_a_derived_file_keeps_is_there(study: Study) -> None:
    found = study.planted.found_in(study.written / "dicom")
    derived = {place for path, places in found.items() for place in places if path.suffix == ".dcm"}
    assert derived == DERIVED


def test_project_files_and_tables_are_the_only_ones_with_names(study: Study) -> None:
    found = study.planted.found_in(study.written).items()
    files = {path.as_posix() for path, places in found if places & NAMES}
    assert files == {"study.json", "run/project.json", "dicom/evaluation.csv"}
    run = [path.name for path in (study.written / "run").iterdir()]
    assert study.planted.in_text(" ".join(run)) == set()


def test_json_names_files_and_nothing_from_inside_them(study: Study) -> None:
    assert len(study.told) == 6
    for command, text in study.told.items():
        assert study.planted.in_text(text) <= NAMES, command
