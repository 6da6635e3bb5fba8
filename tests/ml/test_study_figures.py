"""The figures of a study: of whom they are, what is drawn only with enough persons, their bytes."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_page import assert_stands_alone
from matplotlib.collections import PolyCollection
from matplotlib.text import Text
from PIL import Image
from study_sets import done_study, project_of_persons, scores_of_cell

from deepimagetranslator.core.config.project import save_project
from deepimagetranslator.core.messages.events import FilesRead, FilesWritten
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.study.new_study import FOLDS, Wishes, plan_study
from deepimagetranslator.core.study.plan import Cell
from deepimagetranslator.core.study.results import Results, results_of
from deepimagetranslator.core.study.scores import write_scores
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed
from deepimagetranslator.ml.study.figures import (
    agreement,
    learning,
    losses,
    measures,
    panels,
    style,
)
from deepimagetranslator.ml.study.pack import make_pack
from deepimagetranslator.ml.study.report import make_report

TEN = tuple(f"person{number}" for number in range(10))
TWO = crossed(["augmentation=on,off"])


def quality(cell: Cell, person: str) -> float:
    return 0.6 + 0.03 * int(person[-1]) - 0.05 * (cell.variation == TWO[1].name)


def results_for(place: Path, persons: tuple[str, ...], wishes: Wishes, **done: object) -> Results:
    study = plan_study(project_of_persons(place, persons), wishes)
    folder = StudyFolder(place / "study")
    done_study(study, folder, done.pop("quality", quality), **done)  # type: ignore[arg-type]
    return results_of(study.plan, folder)


def texts(drawing: style.Drawing) -> list[str]:
    return [found.get_text() for found in drawing.figure.findobj(Text) if found.get_text()]


@pytest.mark.parametrize("persons", [9, 10])
def test_limits_of_agreement_need_ten_persons(tmp_path: Path, persons: int) -> None:
    results = results_for(tmp_path, TEN[:persons], Wishes())
    with style.journal():
        [drawing] = agreement.agreement_figures(results)
    bands = [p for axes in drawing.figure.axes for p in axes.patches]
    assert len(bands) == (3 if persons == 10 else 0)
    assert ("No limits of agreement below 10 persons" in drawing.caption) == (persons == 9)
    upper, lower = drawing.figure.axes
    points = [sum(len(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None")
              for axes in (upper, lower)]  # fmt: skip
    assert points == [persons, 2 * persons]
    assert (
        f"{persons} persons, {2 * persons} images. Source: runs 1 to {persons}" in drawing.caption
    )


def test_a_fit_is_drawn_only_where_its_interval_is_finite(tmp_path: Path) -> None:
    sizes = (1, 2, 4, 8, 12)
    saturating = {v.name: v is TWO[0] for v in TWO}

    def growing(cell: Cell, _person: str) -> float:
        if saturating[cell.variation]:
            return 0.9 - 0.5 * cell.size**-0.8
        return 0.3 + 0.04 * cell.size

    study = plan_study(
        project_of_persons(tmp_path, TEN[:3], 8), Wishes(FOLDS, 3, 2, sizes=sizes, variations=TWO)
    )
    done_study(study, StudyFolder(tmp_path / "study"), growing)
    results = results_of(study.plan, StudyFolder(tmp_path / "study"))
    with style.journal():
        drawing = learning.learning_curve(results)
    assert drawing is not None and "(1 of 2;" in drawing.caption
    [axes] = drawing.figure.axes
    assert sum(len(line.get_xdata()) == 100 for line in axes.lines) == 1
    repeats = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert [len(line.get_xdata()) for line in repeats] == [2 * len(sizes)] * 2


def test_series_differ_without_colours(tmp_path: Path) -> None:
    results = results_for(tmp_path, TEN[:3], Wishes(variations=TWO))
    with style.journal():
        [drawing] = measures.measure_figures(results)
    handles = drawing.figure.legends[0].legend_handles
    hatches = [h.get_hatch() for h in handles[:2] if h is not None]
    markers = [h.get_marker() for h in handles[2:] if h is not None]
    assert len(set(hatches)) == 2 and len(set(markers)) == 3
    assert set(TEN[:3]) <= set(texts(drawing))
    assert {text.get_fontsize() for text in drawing.figure.findobj(Text)} == {7.0}


def test_loss_curves_have_a_band_over_the_runs(tmp_path: Path) -> None:
    results = results_for(tmp_path, TEN[:3], Wishes())
    folder = StudyFolder(tmp_path / "study")
    assert losses.loss_curves(results, folder) is None, "no run has a history"
    for place, cell in enumerate(results.cells):
        rows = "".join(f"{e},{e + place},{2 * e + place},1.0\n" for e in (1, 2))
        (folder.cell(cell).path / "history.csv").write_text(f"epoch,loss,val_loss,seconds\n{rows}")
    with style.journal():
        drawing = losses.loss_curves(results, folder)
    assert drawing is not None
    [axes] = drawing.figure.axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[2.0, 3.0], [3.0, 5.0]]
    assert [line.get_linestyle() for line in axes.lines] == ["--", "-"]
    training, _ = axes.findobj(PolyCollection)
    heights = training.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1.0, 4.0)


def test_names_that_the_font_lacks_have_a_key() -> None:
    names = style.names_for(["ann", "図", "n\udcff"], "person")
    assert names == {"ann": "ann", "図": "person 2", "n\udcff": "person 3"}
    assert style.key_of(names) == "person 2: 図; person 3: n\udcff. "


def test_best_median_and_worst_are_of_all_variations(tmp_path: Path) -> None:
    results = results_for(tmp_path, TEN[:2], Wishes(variations=TWO))
    shown = panels.persons_shown(results)
    assert [person for person, _ in shown] == list(TEN[:2])
    assert [cell.name for _, cells in shown for cell in cells] == [c.name for c in results.cells]
    assert list(panels._chosen(results, TEN[0])) == ["best", "worst"], "of two images"


def test_a_report_has_three_files_a_figure_and_the_same_bytes_again(tmp_path: Path) -> None:
    results_for(tmp_path, TEN[:3], Wishes())
    folder = StudyFolder(tmp_path / "study")
    events: list[object] = []
    paths = make_report(folder, report=events.append)
    before = {path: path.read_bytes() for path in paths}
    names = {path.relative_to(folder.report).as_posix() for path in paths}
    made = {f"figures/{n}.{s}" for n in ("measures-1", "volumes-1") for s in ("png", "svg", "pdf")}
    assert {name for name in names if "/" in name} == made
    assert names == {p.relative_to(folder.report).as_posix() for p in folder.report.rglob("*")
                     if p.is_file()}  # fmt: skip
    written = [event for event in events if isinstance(event, FilesWritten)]
    assert written[-1].done == written[-1].count and written[0].done == 0
    assert make_report(folder) == paths
    assert {path: path.read_bytes() for path in paths} == before

    figures = folder.report / "figures"
    with Image.open(figures / "measures-1.png") as image:
        assert round(image.width / 300 * 25.4) == 89, "millimetres at 300 dots an inch"
        assert "cells/as-project_fold-1, last.weights.h5, SHA-256 1111" in image.info["Description"]
    assert not re.search(rb"CreationDate|ModDate", (figures / "measures-1.pdf").read_bytes())
    assert b"<dc:date>" not in (figures / "measures-1.svg").read_bytes()
    page = assert_stands_alone((folder.report / "report.html").read_text(encoding="utf-8"))
    assert len(page.images) == 2 and str(page.images[0]["src"]).startswith("data:image/svg+xml")
    assert "person0 is not shown: cells/as-project_fold-1/last.weights.h5 cannot" in page.text


def test_a_pack_reports_the_trainings_whose_records_it_holds(tmp_path: Path) -> None:
    study = plan_study(project_of_persons(tmp_path, TEN[:2]), Wishes())
    folder, late = StudyFolder(tmp_path / "study"), "as-project_fold-2"
    done_study(study, folder, quality, but=(late,))
    for cell in study.plan.cells():
        run = folder.cell(cell).run
        save_project(replace(study.projects[cell.variation], run={"sha256": {}}), run.project)
        run.history.write_text("epoch,loss,seconds\n1,0.5,2.0\n")

    def another_is_done(event: object) -> None:
        if isinstance(event, FilesRead):
            cell = study.plan.cell(late)
            write_scores(scores_of_cell(study, cell, quality), folder.cell(cell).scores)

    made = make_pack(folder, tmp_path / "pack.zip", report=another_is_done)
    with zipfile.ZipFile(made) as pack:
        rows = pack.read("study-evidence/report/runs.csv").decode().splitlines()[1:]
        runs = {name.split("/")[2] for name in pack.namelist() if "/runs/" in name}
    assert [row.split(",")[0] for row in rows] == ["as-project_fold-1"] == list(runs)


def test_a_report_can_be_cancelled(tmp_path: Path) -> None:
    results_for(tmp_path, TEN[:2], Wishes())
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        make_report(StudyFolder(tmp_path / "study"), control=control)
    assert np.all([not p.is_file() for p in (tmp_path / "study/report").rglob("*")])
