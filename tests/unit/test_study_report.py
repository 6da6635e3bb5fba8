"""The report of a study: persons and not images, p and interval only where they exist."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from study_sets import done_study, project_of_persons

from deepimagetranslator.cli import main
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.comparing import compared
from deepimagetranslator.core.study.new_study import FIXED, FOLDS, Wishes, plan_study, write_study
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.report import results_to_report, write_report
from deepimagetranslator.core.study.results import results_of
from deepimagetranslator.core.study.scores import primary, read_scores
from deepimagetranslator.core.study.statistics.families import holm
from deepimagetranslator.core.study.statistics.sign_flips import interval, p_value
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed

EIGHT = tuple(f"person{number}" for number in range(8))
TWO = crossed(["augmentation=on,off"])


def quality(cell: Cell, person: str) -> float:
    """Better with augmentation for all but one, and another in each repeat."""
    place = int(person[-1])
    gain = 0.01 * (place + 1) * (1 if place else -1) * (cell.variation == "augmentation-on")
    return 0.6 + 0.02 * place + gain + 0.01 * (cell.repeat - 1)


def dice(found: float) -> float:
    """Of an object of which this share is found, and nothing else."""
    return 2 * found / (1 + found)


def plan_of(folder: StudyFolder) -> Plan:
    return load_plan(folder.plan)


def rows(folder: StudyFolder, name: str) -> list[dict[str, str]]:
    text = (folder.report / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def eight(tmp_path: Path) -> StudyFolder:
    """A study of eight persons and two variations in two repeats, done."""
    project = project_of_persons(tmp_path, EIGHT)
    study = plan_study(project, Wishes(FOLDS, 4, 2, variations=TWO))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, quality)
    write_report(results_to_report(study.plan, folder), folder)
    return folder


def expected_differences() -> list[float]:
    cells = [[Cell("", v.name, repeat, 1) for repeat in (1, 2)] for v in TWO]
    on, off = (
        [np.mean([dice(round(100 * quality(c, p)) / 100) for c in own]) for p in EIGHT]
        for own in cells
    )
    return [float(b - a) for a, b in zip(on, off, strict=True)]


def test_repeats_are_averaged_within_a_person(eight: StudyFolder) -> None:
    found = [float(row["difference"]) for row in rows(eight, "differences")]
    assert found == pytest.approx(expected_differences(), abs=1e-5)


def test_a_comparison_is_the_test_over_persons(eight: StudyFolder) -> None:
    [row] = rows(eight, "comparisons")
    d = expected_differences()
    assert (row["first"], row["second"]) == ("augmentation-off", "augmentation-on")
    assert row["persons"] == "8"
    assert float(row["mean_difference"]) == pytest.approx(np.mean(d), abs=1e-5)
    assert float(row["p"]) == float(row["p_holm"]) == pytest.approx(p_value(d))
    limits = interval(d)
    assert limits is not None
    assert (float(row["lower_95"]), float(row["upper_95"])) == pytest.approx(limits, abs=1e-5)
    text = (eight.report / "report.md").read_text(encoding="utf-8")
    assert "| augmentation-off minus augmentation-on | 8 |" in text
    assert "concern these trained networks; trainings share persons" in text
    assert "8 persons" in text and "16 images" in text


def test_the_report_twice_is_the_same_bytes(eight: StudyFolder) -> None:
    before = {path.name: path.read_bytes() for path in eight.report.iterdir()}
    write_report(results_to_report(plan_of(eight), eight), eight)
    assert {path.name: path.read_bytes() for path in eight.report.iterdir()} == before
    assert len(before) > 5


def test_figures_say_whence_they_come(eight: StudyFolder) -> None:
    found = rows(eight, "runs")
    assert len(found) == 16 and {len(row["sha256"]) for row in found} == {64}
    assert all((eight.path / row["folder"] / "study-scores.csv").exists() for row in found)


def test_three_persons_have_their_values_and_a_sentence_and_no_p(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, EIGHT[:3]), Wishes(variations=TWO))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, quality)
    write_report(results_to_report(study.plan, folder), folder)
    [row] = rows(folder, "comparisons")
    assert row["p"] == row["lower_95"] == ""
    assert "3 persons and one comparison" in row["why"] and "No interval" in row["why"]
    text = (folder.report / "report.md").read_text(encoding="utf-8")
    assert "| augmentation-off minus augmentation-on | 3 |" in text and "| - | - | - |" in text
    assert "| person0 | " in text


def test_a_family_is_corrected_and_needs_more_persons(tmp_path: Path) -> None:
    varied = crossed(["augmentation=on,off", "model.deep_supervision=off,on"])

    def better(cell: Cell, person: str) -> float:
        place = [v.name for v in varied].index(cell.variation)
        return 0.5 + 0.03 * place + 0.01 * int(person[-1]) * place

    for persons, tested in ((EIGHT[:6], False), (EIGHT, True)):
        place = tmp_path / str(len(persons))
        study = plan_study(project_of_persons(place, persons), Wishes(variations=varied))
        folder = StudyFolder(place / "study")
        done_study(study, folder, better)
        found = compared(results_of(study.plan, folder))
        assert len(found) == 3
        assert all((one.p is not None) == tested for one in found)
        assert all(one.interval is not None for one in found)
        if tested:
            values = [one.p for one in found if one.p is not None]
            assert [one.adjusted for one in found] == holm(values)
        write_report(results_to_report(study.plan, folder), folder)
        anova = [row for row in rows(folder, "as_in_paper") if row["test"] == "two-way ANOVA"]
        assert [row["what"] for row in anova] == [
            *("augmentation", "model.deep_supervision"),
            *("augmentation x model.deep_supervision", "error"),
        ]


def test_undefined_dice_is_left_out_and_counted(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, EIGHT[:3]), Wishes())
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5, empty="person1")
    write_report(results_to_report(study.plan, folder), folder)
    [row] = [
        row
        for row in rows(folder, "summary")
        if (row["over"], row["channel"]) == ("persons", "primary")
    ]
    assert (row["persons"], row["undefined"]) == ("3", "1")
    assert float(row["mean"]) == pytest.approx(dice(0.5), abs=1e-5)


def test_a_persons_images_are_one_volume(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, EIGHT[:2]), Wishes())
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5)
    [cell, _] = study.plan.cells()
    scores = read_scores(folder.cell(cell).scores)
    assert scores is not None
    [own] = scores.of_persons().values()
    total = sum(one.measurement.overlap[0] for one in scores.images)
    both = sum((one.measurement.target + one.measurement.predicted)[0] for one in scores.images)
    assert primary(own, "dice") == 2 * total / both
    assert math.isinf(own["all"]["psnr"]) or primary(own, "psnr") == own["all"]["psnr"]


def test_what_is_not_done_is_named(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, EIGHT[:3]), Wishes())
    folder = StudyFolder(tmp_path / "study")
    write_study(study, folder)
    with pytest.raises(UserError, match="No cell"):
        write_report(results_to_report(study.plan, folder), folder)
    other = StudyFolder(tmp_path / "other")
    done_study(study, other, quality, but=["as-project_fold-2"])
    write_report(results_to_report(study.plan, other), other)
    text = (other.report / "report.md").read_text(encoding="utf-8")
    assert "2 of 3 trainings are done" in text and "Not done: as-project_fold-2." in text


def test_what_is_compared_before_all_is_done_is_provisional(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, EIGHT), Wishes(variations=TWO))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, quality, but=["augmentation-on_fold-2"])
    [one] = compared(results_of(study.plan, folder))
    assert one.p is not None and len(one.differences) == 7
    assert one.why.startswith("Provisional: 1 of the 16 trainings compared are not done")


def test_a_person_whose_folder_is_no_utf8_is_reported(tmp_path: Path) -> None:
    name = os.fsdecode(b"n\xff")
    try:
        project = project_of_persons(tmp_path, [*EIGHT[:2], name])
    except UserError:
        pytest.skip("this file system takes UTF-8 only")
    study = plan_study(project, Wishes())
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5)
    assert main(["study", "report", str(folder.path)]) == 0
    assert os.fsencode(name) in (folder.report / "report.md").read_bytes()


def test_one_specimen_has_neither_p_nor_interval(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, EIGHT, validate=EIGHT[1:])
    study = plan_study(project, Wishes(FIXED, variations=TWO, group="slice"))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda cell, _person: 0.5 + 0.1 * cell.repeat)
    [one] = compared(results_of(study.plan, folder))
    assert one.p is None and one.interval is None
    assert "other images of slice were trained on" in one.why


def test_a_learning_curve_has_each_repeats_points(tmp_path: Path) -> None:
    sizes = (1, 2, 4, 8, 12)
    study = plan_study(project_of_persons(tmp_path, EIGHT[:3], 8), Wishes(FOLDS, 3, 2, sizes=sizes))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda cell, _person: 0.9 - 0.5 * cell.size**-0.8)
    write_report(results_to_report(study.plan, folder), folder)
    found = rows(folder, "learning_curve")
    assert [int(r["size"]) for r in found if r["what"] == "repeat 2"] == list(sizes)
    [a] = [row for row in found if row["what"] == "fit a"]
    assert float(a["value"]) == pytest.approx(dice(0.9), abs=0.02)
    assert len([row for row in rows(folder, "as_in_paper") if row["test"] == "Tukey"]) == 10


def test_damaged_scores_are_a_sentence_and_their_cell_is_not_done(eight: StudyFolder) -> None:
    cell = next(plan_of(eight).cells())
    path = eight.cell(cell).scores
    whole = path.read_bytes()
    for cut in (len(whole) - 2, len(whole) - 300, len(whole) // 3, 5):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError, match="damaged"):
            read_scores(path)
        assert results_of(plan_of(eight), eight).missing == (cell.name,)
    path.write_bytes(whole[: whole.index(b"\n", whole.index(b"\n") + 1) + 1])  # fewer images
    assert results_of(plan_of(eight), eight).missing == (cell.name,)
