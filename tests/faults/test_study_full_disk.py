"""The disk becomes full in the middle of a study: a sentence, and what is done stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from full_disk import Disk, full_disk
from small_run import small_project
from study_sets import scores_without_dates

from deepimagetranslator.core.study.new_study import (
    FIXED,
    NewStudy,
    Wishes,
    plan_study,
    write_study,
)
from deepimagetranslator.core.study.status import Step, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.ml.devices import load_engine
from deepimagetranslator.ml.study.run import run_study

EPOCHS = 2


class Undisturbed:
    """A study of two trainings on a disk with space.

    Attributes:
        study: its plan.
        tables: the scores of its cells.
        steps: how often it needed space.
        first: how often its first cell did.
    """

    def __init__(self, folder: Path) -> None:
        load_engine()
        project = small_project(folder / "images", EPOCHS)
        varied = crossed(["training.learning_rate=0.01,0.001"])
        self.study: NewStudy = plan_study(project, Wishes(FIXED, variations=varied))
        whole = StudyFolder(folder / "whole")
        write_study(self.study, whole)
        disk = Disk(whole.path)
        with pytest.MonkeyPatch.context() as patch, full_disk(disk, patch):
            run_study(whole, only=[next(self.study.plan.cells()).name])
            self.first = disk.steps
            run_study(whole)
        self.steps, self.tables = disk.steps, tables(self.study, whole)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's folder, on another disk."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))


def tables(study: NewStudy, folder: StudyFolder) -> list[str]:
    """The scores of all cells."""
    return scores_without_dates(folder.path, [cell.name for cell in study.plan.cells()])


def check(undisturbed: Undisturbed, folder: StudyFolder, step: int) -> None:
    """Fill the disk at a step of a study; then there is space again, and it is run again."""
    study = undisturbed.study
    write_study(study, folder)
    disk = Disk(folder.path, step)
    with (
        pytest.MonkeyPatch.context() as patch,
        full_disk(disk, patch),
        pytest.raises(NoSpaceError) as told,
    ):
        run_study(folder)
    assert "is done of the study stays" in str(told.value)
    done = [one.cell for one in status_of(study.plan, folder) if one.step is Step.DONE]
    assert len(done) == (step > undisturbed.first), step
    before = {cell: folder.cell(cell).run.last.stat().st_mtime_ns for cell in done}
    run_study(folder)
    assert tables(study, folder) == undisturbed.tables, step
    assert before == {cell: folder.cell(cell).run.last.stat().st_mtime_ns for cell in done}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_full_disk_ends_a_study_with_a_sentence(
    undisturbed: Undisturbed, tmp_path: Path, share: float
) -> None:
    check(undisturbed, StudyFolder(tmp_path / "study"), round(share * undisturbed.steps))


@pytest.mark.faults
def test_a_full_disk_at_every_step(undisturbed: Undisturbed, tmp_path: Path) -> None:
    for step in range(1, undisturbed.steps + 1):
        check(undisturbed, StudyFolder(tmp_path / str(step)), step)
    print(f"{undisturbed.steps} steps")
