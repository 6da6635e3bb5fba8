"""The machine's figures: all there, plausible, nothing left behind; epochs beside bare steps."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import EpochEnded, LogLine
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import bare_steps, benchmark, devices, training

TINY = {"size": 32, "depth": 2, "base_filters": 4}
GOOD: dict[str, Any] = {
    "step_share": 0.95,
    "predict_ms": 100.0,
    "read_pair_ms": 5.0,
    "augment_pair_ms": 3.0,
    "translated_images_per_second": 9.0,
}


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """An empty folder that all temporary files go to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_figures_are_all_there_and_nothing_is_left(temporary):
    events: list[Any] = []
    found = benchmark.figures(events.append, **TINY)
    precision = devices.choose_precision("automatic")
    values = [found["step_ms"], found["predict_ms"]]
    values += [found["read_pair_ms"], found["augment_pair_ms"], found["step_share"]]
    values += [found[f"{what}_images_per_second"] for what in ("step", "epoch", "translated")]
    assert all(0 < value < 1e6 for value in values)
    assert found["step_images_per_second"] == pytest.approx(1000 / found["step_ms"])
    machine = found["machine"]
    assert machine["processor"] and machine["cores"] >= 1 and machine["memory"]
    assert machine["precision"] == precision and "keras" in machine["versions"]
    assert "limit" in found["limit"] and found["limit"].endswith(".")
    said = [event.text for event in events if isinstance(event, LogLine)]
    assert said[0] == "Drawing images ..." and said[-1] == "Translating files ..."
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("when", ["Training steps", "Epochs", "Translating"])
def test_it_can_be_cancelled_at_any_part(temporary, when):
    control = JobControl()

    def cancel(event: Any) -> None:
        if isinstance(event, LogLine) and event.text.startswith(when):
            control.cancel.set()

    with pytest.raises(Cancelled):
        benchmark.figures(cancel, control, **TINY)
    assert list(temporary.iterdir()) == []


def test_too_little_memory_is_a_sentence(temporary, monkeypatch):
    def too_much(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(bare_steps.BareSteps, "_mean", too_much)
    with pytest.raises(UserError, match="not enough memory"):
        benchmark.figures(**TINY)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "free", "sentence"),
    [
        ({}, 50, "training step itself limits training: it takes 95% of an epoch."),
        ({"translated_images_per_second": 2.0}, 50, "reading and writing files limits transl"),
        ({"step_share": 0.5}, 50, "Reading the pairs"),
        ({"step_share": 0.5, "augment_pair_ms": 30.0}, 50, "Making the pairs"),
        ({"step_share": 0.5}, 1, "Memory limits"),
    ],
)
def test_what_limits_is_named(changes, free, sentence):
    assert sentence in benchmark.limit(GOOD | changes, free * 2**20, 100 * 2**20)


def test_epochs_are_trained_as_train_does_with_bare_steps_between(tmp_path):
    project = benchmark.drawn_project(tmp_path / "sample", 3, 1, size=32)
    specs = project.specs
    specs = replace(
        specs,
        model=replace(specs.model, depth=2, base_filters=4),
        training=replace(specs.training, batch_size=2, precision="float32"),
    )
    project = replace(project, specs=specs)
    losses: list[float] = []

    def note(event: Any) -> None:
        if isinstance(event, EpochEnded):
            losses.append(event.values["loss"])

    found = bare_steps.compare(project, tmp_path / "beside", epochs=2, report=note)
    assert (found.train_steps, found.val_steps) == (2, 1)
    assert len(found.epochs) == len(found.steps) == len(found.forward) == 3
    for epoch in found.epochs:
        assert 0 < epoch.training < epoch.training + epoch.validation < epoch.whole
    # The bare steps have changed nothing of the training.
    longer = replace(project, specs=replace(specs, training=replace(specs.training, epochs=3)))
    training.train(longer, tmp_path / "alone")
    alone = RunFolder(tmp_path / "alone").read_history()
    assert losses == [row["loss"] for row in alone]


def test_ratios_take_the_bare_steps_on_both_sides():
    epochs = (bare_steps.Epoch(9, 9, 18), bare_steps.Epoch(10, 3, 14), bare_steps.Epoch(12, 2, 15))
    found = bare_steps.Comparison(epochs, (1, 3, 1), (1, 1, 3), train_steps=4, val_steps=2)
    assert found.ratios("training") == [10 / 8, 12 / 8]
    assert found.ratios("validation") == [3 / 2, 2 / 4]
    assert found.ratios("whole") == [14 / 10, 15 / 12]
