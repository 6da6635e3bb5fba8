"""What an evidence pack holds: hashes of the images trained on, and no path of the machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from study_sets import done_study, project_of_persons

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import load_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.evidence import ImageFiles, evidence, image_files
from deepimagetranslator.core.study.new_study import NewStudy, Wishes, plan_study
from deepimagetranslator.core.study.plan import all_pairs
from deepimagetranslator.core.study.results import results_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.verifying import Verified, verify


@pytest.fixture
def study(tmp_path: Path) -> NewStudy:
    """A study of two persons, done, with the records of its runs."""
    study = plan_study(project_of_persons(tmp_path / "persons", ("ann", "bob")), Wishes())
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5)
    project = load_project(folder.project("as-project"))
    files = [image.file for pair in all_pairs(project) for image in (pair.input, pair.target)]
    hashes = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for cell in study.plan.cells():
        run = folder.cell(cell).run
        save_project(replace(project, run={"sha256": hashes}), run.project)
        run.history.write_text("epoch,loss,seconds\n1,0.5,2.0\n")
    return study


def packed(study: NewStudy, tmp_path: Path) -> dict[str, bytes]:
    folder = StudyFolder(tmp_path / "study")
    images = image_files(study.plan, folder, ignore, JobControl())
    return dict(evidence(results_of(study.plan, folder), folder, images))


def test_the_pack_names_no_folder_of_the_machine(study: NewStudy, tmp_path: Path) -> None:
    found = packed(study, tmp_path)
    assert all(str(tmp_path).encode() not in content for content in found.values())
    record = json.loads(found["runs/as-project_fold-1/project.json"])
    assert record["data"]["train_inputs"][0] == "../../images/ann/inputs/slice0.png"
    assert "../../images/bob/targets/slice1.png" in record["run"]["sha256"]
    lines = found["images.sha256"].decode().splitlines()
    assert len(lines) == 8 and all(
        hashlib.sha256((tmp_path / "persons" / name.removeprefix("images/")).read_bytes())
        .hexdigest() == digest
        for digest, name in (line.split("  ") for line in lines)
    )  # fmt: skip
    assert "study run study" in found["README.txt"].decode()


def test_an_image_that_was_changed_since_its_training_is_refused(
    study: NewStudy, tmp_path: Path
) -> None:
    other = tmp_path / "persons/bob/inputs/slice0.png"
    other.write_bytes((tmp_path / "persons/ann/inputs/slice0.png").read_bytes())
    with pytest.raises(UserError, match=r"slice0.png was changed since as-project_fold-1 was"):
        packed(study, tmp_path)


def test_an_image_that_is_missing_is_named(study: NewStudy, tmp_path: Path) -> None:
    (tmp_path / "persons/bob/inputs/slice1.png").unlink()
    with pytest.raises(UserError, match=r"slice1.png cannot be read .*hash of every image"):
        packed(study, tmp_path)


def test_a_record_that_is_missing_is_named(study: NewStudy, tmp_path: Path) -> None:
    run = StudyFolder(tmp_path / "study").cell(next(study.plan.cells())).run
    run.history.unlink()
    with pytest.raises(UserError, match=r"history.csv cannot be read"):
        packed(study, tmp_path)


@pytest.mark.parametrize(
    ("text", "placed"),
    [
        ("/data/set/ann/a.png", "images/ann/a.png"),
        ("/data/set/ann/scan.nii.gz/0007", "images/ann/scan.nii.gz/0007"),
        ("/data/set", "images"),
        ("/data", "images"),
        ("/other/b.png", "images/elsewhere/b.png"),
    ],
)
def test_paths_are_those_in_the_folder_of_images(text: str, placed: str) -> None:
    root = Path("/data/set").absolute()  # with a drive on Windows
    found = ImageFiles(root, {}).placed(text)
    assert found == placed


def test_files_that_are_not_as_the_pack_states_are_named(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "files.sha256").write_text(f"{digest}  a.csv\n{'0' * 64}  b.csv\n")
    (tmp_path / "images.sha256").write_text(f"{digest}  images/c.png\n")
    assert verify(tmp_path) == Verified(1, ("b.csv",), ("images/c.png",))
    assert cli.main(["study", "verify", str(tmp_path)]) == 3


@pytest.mark.parametrize("line", ["no hash", f"{'0' * 64}  ../a", f"{'0' * 64}  /etc/hosts", ""])
def test_a_damaged_list_is_a_sentence(line: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no unpacked evidence pack"):
        verify(tmp_path)
    (tmp_path / "files.sha256").write_text(f"{line}\n")
    with pytest.raises(UserError, match="is damaged; unpack it again"):
        verify(tmp_path)
