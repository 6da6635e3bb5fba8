"""As tests/e2e/test_privacy.py, with every format that is read or written, and the window."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from planted import plant_dicom
from privacy import (
    ACQUIRED,
    DERIVED,
    NAMES,
    SMALL,
    Study,
    hounsfield,
    new_study,
    plant_persons,
    plant_pictures,
    plant_volumes,
    settings,
    undeclared,
)

from deepimagetranslator.app.viewer import TRANSLATED
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.runs.run_folder import RunFolder

sys.path += [str(Path(__file__).parents[1] / "gui")]

pytestmark = pytest.mark.faults


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with new_study(tmp_path) as study:
        yield study
        assert undeclared(study, DERIVED | ACQUIRED) == {}
        for command, text in study.told.items():
            assert study.planted.in_text(text) <= NAMES | {"SeriesDescription"}, command
        files = sum(path.is_file() for path in study.written.rglob("*"))
        print(
            f"{len(study.planted.places)} texts planted, {files} written files searched: none found"
        )


def train(study: Study, *new: str | Path) -> Path:
    """Make a project, check it, repair it, train it; the weights."""
    project, run = study.written / "study.json", study.written / "run"
    study.call("new", project, *new, "--val-fraction", "0.5", *settings(*SMALL))
    study.call("check", project, "--repair", "all")
    study.call("train", project, "--run-dir", run)
    study.call("train", project, "--run-dir", run, "--resume", *settings("training.epochs=2"))
    study.call("augment", project, "--output", study.written / "augmented")
    return run / "best.weights.h5"


def translate(study: Study, weights: Path, inputs: Path, formats: tuple[str, ...]) -> None:
    for number, chosen in enumerate(formats):
        out = study.written / f"{inputs.name}-{number}"
        more = settings(f"translation.file_format={chosen}", "translation.output=values")
        command = ("translate", "--weights", weights, "--output", out, inputs)
        study.call(*command, "--accept-values", *more)


def test_pictures_of_every_format(study: Study) -> None:
    images, masks = plant_pictures(study)
    weights = train(study, "--train-inputs", images, "--train-targets", masks)
    translate(study, weights, images, ("automatic", "png", "tif"))
    both = ("--inputs", images, "--targets", masks)
    study.call("evaluate", "--weights", weights, *both, "--output", study.written)


def test_ct_that_becomes_ct(study: Study) -> None:
    images, targets = study.given / "images", study.given / "targets"
    for number in range(4):
        name = study.name()
        plant_dicom(images / f"{name}.dcm", hounsfield(number), study.planted, number + 1)
        plant_dicom(targets / f"{name}.dcm", hounsfield(number) // 2, study.planted, number + 1)
    weights = train(study, "--train-inputs", images, "--train-targets", targets)
    translate(study, weights, images, ("automatic", "dicom", "tif"))
    translate(study, weights, plant_volumes(study), ("automatic", "tif"))
    derived = study.planted.found_in(study.written / "images-0").values()
    assert set().union(*derived) == DERIVED | ACQUIRED


def test_series_to_choose_from_are_told_by_their_descriptions(study: Study) -> None:
    tree = plant_persons(study, persons=1)
    for path in tree.glob("*/images/*"):
        other = path.with_stem(study.name())
        other.write_bytes(path.read_bytes().replace(b"1.2.3.4.5\0", b"1.2.3.4.6\0"))
    study.call("new", study.written / "study.json", "--persons", tree, status=2)


def test_the_window(study: Study) -> None:
    from window import Window  # noqa: PLC0415

    from deepimagetranslator.gui.app import log_to_file  # noqa: PLC0415

    tree = plant_persons(study)
    log_to_file()
    window = Window()
    window.answers.paths = [tree]
    window.choose("File", "Load persons...")
    window.until(lambda: window.session.project.matched.train)
    window.until(lambda: window.session.project.reader.complete)
    window.app.leave_at_once()  # keeps the project that was not saved
    (kept,) = (study.written / "home" / "unsaved").glob("*.json")

    window = Window(kept)
    project, jobs = window.session.project, window.session.jobs
    window.until(lambda: project.reader.complete)
    project.set_section("model", replace(project.specs.model, depth=2, base_filters=4))
    project.set_section("training", replace(project.specs.training, epochs=1))
    project.save(study.written / "study.json")
    jobs.train()
    window.until(lambda: not jobs.kind)
    best = RunFolder(jobs.monitor.run_dir).best
    window.until(lambda: window.session.model.weights == best)
    images = list_images(sorted(tree.glob("*/images/*")))
    window.session.loader.load(TRANSLATED, {"inputs": [image.file for image in images]})
    window.until(lambda: window.session.viewer.to_translate)
    jobs.translate(best, study.written / "translated", TranslationSpec())
    window.until(lambda: not jobs.kind)
    jobs.evaluate(project.matched.train)
    window.until(lambda: not jobs.kind)
    logging.getLogger("tifffile").warning("a text of a file: %s", study.name("a library's record"))
    window.close()
    assert not window.answers.failed
    logs = study.written / "home" / "logs"
    assert {path.name for path in logs.iterdir()} == {"window.log", "engine.log"}
