"""The document of a study's report: one HTML file that stands alone, its words, and its files."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from html_page import assert_stands_alone
from study_sets import done_study, project_of_persons

from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.study.new_study import FIXED, NewStudy, Wishes, plan_study
from deepimagetranslator.core.study.report import results_to_report, write_report
from deepimagetranslator.core.study.reporting.blocks import Picture
from deepimagetranslator.core.study.reporting.citation import PAPER
from deepimagetranslator.core.study.reporting.methods import augmentation
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.results import results_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed

ROOT = Path(__file__).parents[2]
PERSONS = ("ann", "bob", "cid")
TWO = crossed(["augmentation=on,off"])
PICTURE = Picture(
    "losses", "Loss. 3 persons.", "Curves of <2> runs", ("figures/losses.png",), b"PNG",
    "image/png", 89.0,
)  # fmt: skip


def half(*_: object) -> float:
    return 0.5


@pytest.fixture
def study(tmp_path: Path) -> NewStudy:
    return plan_study(project_of_persons(tmp_path, PERSONS), Wishes(variations=TWO))


def written(study: NewStudy, folder: StudyFolder, *pictures: Picture) -> str:
    write_report(results_to_report(study.plan, folder), folder, pictures)
    return (folder.report / "report.html").read_text(encoding="utf-8")


def test_the_page_needs_nothing_else(study: NewStudy, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    (folder.report / "figures").mkdir(parents=True)
    (folder.report / "figures/losses.png").write_bytes(b"PNG")
    page = assert_stands_alone(written(study, folder, PICTURE))
    [image] = page.images
    assert image["src"] == f"data:image/png;base64,{base64.b64encode(b'PNG').decode()}"
    assert image["alt"] == "Curves of <2> runs"
    for section in ("Methods", "Limits", "Sources", "Citation", "Loss curves"):
        assert page.text.count(f"\n{section}\n") == 2, "in the contents and as a heading"


@pytest.mark.parametrize("name", ["<b onclick=x>", "a&amp;b", "'\"", "图像", "x\x07y", "n|m"])
def test_no_name_becomes_markup(name: str, tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, PERSONS), Wishes())
    persons = {name: study.plan.persons["ann"]} | {p: study.plan.persons[p] for p in PERSONS[1:]}
    study = replace(study, plan=replace(study.plan, persons=persons,
                                        folds=(tuple((p,) for p in persons),)))  # fmt: skip
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    page = assert_stands_alone(written(study, folder))
    assert name.replace("\x07", "?") in page.text
    table = next(line for line in (folder.report / "report.md").read_text().split("\n")
                 if line.startswith("| as-project"))  # fmt: skip
    assert table.count("|") == 9


def test_tables_that_are_no_longer_made_are_removed(study: NewStudy, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    written(study, folder)
    report = folder.report
    assert (report / "comparisons.csv").exists() and (report / "differences.csv").exists()
    (report / "notes.csv").write_text("mine")
    (report / "differences.csv").write_text("mine too")
    alone = replace(study, plan=replace(study.plan, comparisons=()))
    written(alone, folder)
    assert not (report / "comparisons.csv").exists()
    assert (report / "notes.csv").read_text() == "mine"
    assert (report / "differences.csv").read_text() == "mine too", "it was changed by hand"


@pytest.mark.parametrize("line", ["../plan.json", "/etc/hosts", "..\\plan.json", "a/b/c.csv", ""])
def test_a_list_that_was_tampered_with_removes_nothing_else(
    line: str, study: NewStudy, tmp_path: Path
) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    digest = hashlib.sha256(folder.plan.read_bytes()).hexdigest()
    folder.report.mkdir()
    (folder.report / "files.sha256").write_text(f"{digest}  {line}\n")
    written(study, folder)
    assert folder.plan.exists()


def test_methods_name_what_each_variation_did(study: NewStudy, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    cell = next(study.plan.cells())
    run = load_project(folder.project(cell.variation))
    facts = {
        "device": "CPU, 2 cores",
        "precision": "float32",
        "versions": {"keras": "3.15.1"},
        "network": {"depth": 4, "input_width": 64, "input_height": 32, "input_channels": 1,
                    "target_channels": 3},
    }  # fmt: skip
    save_project(replace(run, run=facts), folder.cell(cell).run.project)
    text = assert_stands_alone(written(study, folder)).text
    on, off = (text[text.index(f"augmentation-{way}: a U-Net") :].split("\n")[0]
               for way in ("on", "off"))  # fmt: skip
    assert "of 4 levels" in on and "64 x 32 pixels" in on and "computed in float32" in on
    assert "rotation up to 70 degrees (inputs and targets)" in on and "seed 1" in on
    assert "no augmentation" in off and "100 epochs with batches of 1" in off
    assert "Hardware: CPU, 2 cores." in text and "Software: keras 3.15.1." in text
    assert "ann (2), bob (2), cid (2); 6 images in all" in text


def test_the_augmentation_of_2021_has_only_the_operations_of_2021() -> None:
    chosen = AugmentationSpec(noise_input=True, stretch_input=True, behaviour="2021")
    project = Project()
    said = [augmentation(replace(project, specs=replace(project.specs, augmentation=one)))
            for one in (chosen, replace(chosen, behaviour="current"))]  # fmt: skip
    assert "noise up to" in said[0] and "stretch" not in said[0]
    assert "noise up to" in said[1] and "stretch up to" in said[1]


def test_limits_follow_from_the_data(study: NewStudy, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half, but=["augmentation-on_fold-2"], empty="cid")
    text = assert_stands_alone(written(study, folder)).text
    for sentence in (
        "3 persons were tested, too few for an interval or a p",
        "concern these trained networks; trainings share persons",
        "trained once, with one seed",
        "1 training of the plan is not done",
        "Of 1 person the primary measure is undefined",
    ):
        assert sentence in text


def test_one_image_of_one_person_is_reported(tmp_path: Path) -> None:
    project = project_of_persons(tmp_path, ("ann", "bob"), 1, validate=("bob",))
    study = plan_study(project, Wishes(FIXED))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half, empty="bob")
    text = assert_stands_alone(written(study, folder)).text
    assert "1 person, 1 image. Source: run 1." in text and "1 undefined" in text


def test_sources_are_numbered_as_in_their_table(study: NewStudy, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half)
    results = results_of(study.plan, folder)
    cells = list(results.cells)
    assert said_of(results, cells).endswith("Source: runs 1 to 6.")
    assert said_of(results, [cells[5], cells[0], cells[1], cells[3]]).endswith("runs 1, 2, 4, 6.")
    text = written(study, folder)
    assert text.count("1" * 64) == 6, "the hash of the arrays, of each run"
    assert "0" * 64 not in text, "that of the file differs in equal trainings"


def test_every_table_names_its_source(tmp_path: Path) -> None:
    varied = crossed(["augmentation=on,off", "model.deep_supervision=off,on"])
    study = plan_study(project_of_persons(tmp_path, PERSONS), Wishes(variations=varied))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda cell, person: 0.5 + 0.1 * PERSONS.index(person))
    html = written(study, folder)
    captions = re.findall("<figcaption>(.*?)</figcaption>", html)
    assert len(captions) == 6 and html.count("<table>") == 7, "and the table of sources itself"
    assert all("3 persons, 6 images. Source: runs 1 to 12." in caption for caption in captions)


def test_the_citation_is_that_of_the_repository() -> None:
    found = " ".join((ROOT / "CITATION.cff").read_text(encoding="utf-8").split())
    title, _, rest = PAPER.partition("et al. ")[2].partition(". bioRxiv 2021. doi ")
    assert title in found and f"doi: {rest.split()[0].rstrip('.')}" in found
    families = [text.split()[0] for text in found.split("family-names: ")[1:]]
    assert len(families) == 3 and all(f"{family} " in PAPER for family in families)
