"""Weights and a run of version 2.0.0 give what they gave; see data/make_version_2_0.py."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.reading import READING_VERSION
from deepimagetranslator.core.messages.events import Event, LogLine
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import devices, training, weights
from deepimagetranslator.ml.run_record import run_to_resume
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate

DATA = Path(__file__).parents[1] / "data" / "version_2_0"
MADE_IN = "/tmp/version_2_0"
"""The folder in which version 2.0.0 wrote these files."""
LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets")


# ---- weights --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As version 2.0.0 computed these: other processors would choose bfloat16."""
    monkeypatch.setattr(devices, "choose_precision", lambda wanted: "float32")


def translated(name: str, folder: Path) -> tuple[Path, np.ndarray]:
    """The file that a network of version 2.0.0 gives for its input, and what it holds."""
    source = DATA / f"{name}_input.png"
    result = translate(DATA / f"{name}.weights.h5", [source], folder, TranslationSpec())
    ((_, written),) = result.translated
    return written.file, read_image(written)


def test_a_label_network_gives_the_same_label_map(tmp_path: Path) -> None:
    """Exactly: at every pixel the likeliest class wins by more than rounding could change."""
    written, found = translated("labels", tmp_path)
    assert written.suffix == ".png"
    assert np.unique(found.reshape(-1, 3), axis=0).tolist() == [[0, 0, 0], [9, 9, 9], [200, 0, 0]]
    np.testing.assert_array_equal(found, read_image(DATA / "labels_output.png"))


def test_a_value_network_gives_the_same_image(tmp_path: Path) -> None:
    """But for one step of 65,536, as sums are rounded otherwise on other processors."""
    written, found = translated("values", tmp_path)
    expected = read_image(DATA / "values_output.tif")
    assert written.suffix == ".tif"
    assert (
        (found.dtype, found.shape) == (np.uint16, (20, 24, 1)) == (expected.dtype, expected.shape)
    )
    assert np.ptp(expected) > 5000
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_the_cards_say_what_2_0_wrote() -> None:
    labels, values = (weights.read_card(DATA / f"{n}.weights.h5") for n in ("labels", "values"))
    assert labels.program == values.program == "DeepImageTranslator 2.0.0"
    assert labels.preset == values.preset == "recommended"
    assert labels.palette is not None and values.palette is None
    assert labels.palette.names == ("background", "fat", "other")
    assert labels.palette.colours[:2] == ((0, 0, 0), (255, 0, 0))
    assert labels.palette.written == ((0, 0, 0), (200, 0, 0), (9, 9, 9))
    assert labels.palette.rest == 2
    assert (labels.model.depth, labels.model.base_filters) == (2, 4)
    assert (labels.model.final_activation, labels.model.normalization) == ("softmax", "deep")
    assert labels.training["loss_function"] == "sparse_categorical_crossentropy"
    assert (values.model.depth, values.model.deep_supervision) == (3, True)
    assert values.model.final_activation == "linear"
    scaling = values.input_scaling
    assert (scaling.kind, scaling.low, scaling.high) == ("window", -200, 400)
    assert (scaling.offset, scaling.dtype) == (-1024, "uint16")
    assert values.target_scaling.dtype == "uint16"
    assert values.training["loss_function"] == "mae"
    assert (values.training["train_pairs"], values.training["val_pairs"]) == (6, 2)


# ---- a run ----------------------------------------------------------------------------------


def with_images_here(project: Project) -> Project:
    """The run's choices with its images where they lie now; the record still names ``MADE_IN``."""

    def here(path: str) -> str:
        return str(DATA / PurePosixPath(path).relative_to(MADE_IN))

    data = project.specs.data
    data = replace(data, **{part: tuple(map(here, getattr(data, part))) for part in LISTS})
    return replace(project, specs=replace(project.specs, data=data))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A copy of a run that version 2.0.0 was told to cancel in the third of four epochs."""
    shutil.copytree(DATA / "run", tmp_path / "run")
    return RunFolder(tmp_path / "run")


def columns(history: list[dict[str, float]]) -> dict[str, list[float]]:
    """The history's numbers by column, without the seconds that epochs took."""
    return {name: [row[name] for row in history] for name in history[0] if name != "seconds"}


def test_a_cancelled_run_resumes_to_the_epochs_of_one_that_was_not(
    run: RunFolder, tmp_path: Path
) -> None:
    project = with_images_here(load_project(run.project))
    before = run.read_history()
    assert [row["epoch"] for row in before] == [1, 2]
    shutil.copy(DATA / "whole_run.csv", tmp_path / "history.csv")
    expected = columns(RunFolder(tmp_path).read_history())
    result = train(project, run.path, resume=True)
    assert result.epochs == 4
    found = columns(run.read_history())
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-5), name
    assert [row["seconds"] for row in run.read_history()[:2]] == [row["seconds"] for row in before]


# ---- files that are read otherwise now ---------------------------------------------------------


def negative_film(path: Path) -> Path:
    """A radiograph with a slope, which version 2.0.0 did not invert."""
    file = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    file.Modality, file.PhotometricInterpretation = "CR", "MONOCHROME1"
    file.RescaleSlope, file.RescaleIntercept, file.RescaleType = 0.5, 0, "US"
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save_as(path)
    return path


def test_a_run_keeps_the_normalization_that_it_began_with(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever this version would choose for the same images."""
    project, begun = with_images_here(load_project(run.project)), weights.read_card(run.last)
    dataset = prepare(project.specs)
    other = replace(dataset, input_scaling=IntensityNormalization("data", -5, 9, "float32"))
    monkeypatch.setattr(training, "prepared", lambda *_given: other)
    train(project, run.path, resume=True)
    now = weights.read_card(run.last)
    assert (now.input_scaling, now.target_scaling) == (begun.input_scaling, begun.target_scaling)
    assert (now.palette, now.model) == (begun.palette, begun.model)
    assert (begun.reading, now.reading) == (1, READING_VERSION)


def test_a_run_with_an_image_that_is_read_otherwise_now_is_not_resumed(
    run: RunFolder, tmp_path: Path
) -> None:
    project = with_images_here(load_project(run.project))
    run_to_resume(run, project)
    film = negative_film(tmp_path / "film.dcm")
    stored = json.loads(run.project.read_text(encoding="utf-8"))
    stored["data"]["val_inputs"][0] = str(film)
    run.project.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(UserError, match=r"film.dcm is read otherwise.*brightness is inverted"):
        run_to_resume(run, project)
    moved = str(film.rename(tmp_path / "moved.dcm"))
    val_inputs = (moved, *project.specs.data.val_inputs[1:])
    data = replace(project.specs.data, val_inputs=val_inputs)
    with pytest.raises(UserError, match=r"moved.dcm is read otherwise"):
        run_to_resume(run, replace(project, specs=replace(project.specs, data=data)))
    Path(moved).rename(film)
    stored["run"]["reading"] = READING_VERSION  # a run that this version began
    run.project.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(UserError, match="names other files"):
        train(project, run.path, resume=True)


def test_translating_files_that_are_read_otherwise_says_so_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        negative_film(tmp_path / "films" / f"{name}.dcm")
    events: list[Event] = []
    inputs = [tmp_path / "films" / f"{name}.dcm" for name in ("a", "b")]
    inputs.append(DATA / "values_input.png")
    old = DATA / "labels.weights.h5"
    translate(old, inputs, tmp_path / "out", TranslationSpec(), report=events.append)
    (line,) = [event.text for event in events if isinstance(event, LogLine)]
    assert "a.dcm (and 1 more file) is read otherwise" in line
    assert "its brightness is inverted" in line
