"""Training: files, events, stopping, exact resume, every loss and optimizer."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tifffile
from tiny import STILL, picture, project_of, target, write_set

from deepimagetranslator.core.augmentation.sampling import PairSampler
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import LOSSES, OPTIMIZERS, AugmentationSpec, ModelSpec
from deepimagetranslator.core.config.validation import with_final_activation
from deepimagetranslator.core.data.domain.domain import Domain
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    EpochStarted,
    Event,
    LogLine,
)
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.history_text import text_of
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import devices, training, weights
from deepimagetranslator.ml.network.losses import build_loss
from deepimagetranslator.ml.network.unet import convolutions
from deepimagetranslator.ml.run_record import TrainingState

WEIGHTS_2021 = Path(__file__).parents[1] / "data" / "weights_2021" / "plain-weights.hdf5"
SMALL = {"depth": 2}
LEAST = {"depth": 1}
LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets")


@dataclass
class Sets:
    """Training and validation files of one kind of target."""

    train: tuple[tuple[str, ...], tuple[str, ...]]
    val: tuple[tuple[str, ...], tuple[str, ...]]

    def project(self, **choices: Any) -> Project:
        return project_of(self.train, self.val, **choices)


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Sets]:
    folder = tmp_path_factory.mktemp("sets")
    return {
        kind: Sets(
            write_set(folder / kind / "train", range(6), kind),
            write_set(folder / kind / "val", range(6, 8), kind),
        )
        for kind in ("labels", "values")
    }


class Watch:
    """Keeps the events and asks for the end when a given one comes."""

    def __init__(self, finish_in: int = 0, cancel_in: int = 0) -> None:
        self.events: list[Event] = []
        self.control = JobControl()
        self._finish_in, self._cancel_in = finish_in, cancel_in

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, EpochStarted) and event.epoch == self._finish_in:
            self.control.finish_early.set()
        if isinstance(event, EpochStarted) and event.epoch == self._cancel_in:
            self.control.cancel.set()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def log(self) -> str:
        return "\n".join(event.text for event in self.of(LogLine))


def run(project: Project, run_dir: Path, watch: Watch | None = None, **options: Any) -> Watch:
    watch = watch or Watch()
    watch.result = training.train(  # type: ignore[attr-defined]
        project, run_dir, report=watch, control=watch.control, **options
    )
    return watch


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("pairs")}


# --- what a run leaves behind ------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(sets, tmp_path_factory):
    """A whole run of three epochs with metrics: its project, folder and events."""
    project = sets["labels"].project(
        model=SMALL,
        training={
            "epochs": 3,
            "metrics": ("mse", "dice_score", "psnr"),
            "learning_rate": 0.01,
            "warmup": 0,
        },
    )
    project = replace(project, labels=Path("painted").absolute())
    folder = tmp_path_factory.mktemp("runs") / "a run"
    return project, RunFolder(folder), run(project, folder)


def test_a_run_leaves_its_files_and_no_others(whole):
    _, folder, watch = whole
    improved = {Path(event.path).name for event in watch.of(CheckpointSaved)}
    assert improved
    assert names(folder.path) == improved | {
        "project.json",
        "history.csv",
        "best.weights.h5",
        "last.weights.h5",
        "previous.weights.h5",
        "log.txt",
    }
    best = watch.result.best_epoch
    assert f"weights-improvement-{best:02d}-{watch.result.best_value:.4f}.weights.h5" in improved


def test_history_has_a_line_an_epoch_and_the_chosen_columns(whole):
    _, folder, watch = whole
    with folder.history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    figures = ["loss", "dice_blue", "dice_green", "dice_red", "mse", "psnr"]
    columns = ["epoch", *figures, *(f"val_{name}" for name in figures), "learning_rate", "seconds"]
    assert list(rows[0]) == columns
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    for row, event in zip(rows, watch.of(EpochEnded), strict=True):
        assert {name: float(text) for name, text in row.items()} == dict(event.values)
    rates = [float(row["learning_rate"]) for row in rows]
    cosine = [0.01 * (1 + np.cos(np.pi * epoch / 3)) / 2 for epoch in range(3)]
    np.testing.assert_allclose(rates, cosine, rtol=1e-5)


def test_events_tell_the_whole_story(whole):
    project, _, watch = whole
    starts, ends, batches = (watch.of(kind) for kind in (EpochStarted, EpochEnded, BatchEnded))
    assert [(e.epoch, e.epochs, e.batches) for e in starts] == [(1, 3, 3), (2, 3, 3), (3, 3, 3)]
    assert [e.epoch for e in ends] == [1, 2, 3]
    assert {(e.epoch, e.batch) for e in batches} >= {(1, 3), (2, 3), (3, 3)}
    assert all(e.seconds_left is None or e.seconds_left >= 0 for e in batches)
    assert ends[-1].best_value == watch.result.best_value
    assert watch.result.best_value == min(e.values["val_loss"] for e in ends)
    assert watch.result.epochs == project.specs.training.epochs


def test_project_json_holds_what_repeats_the_run(whole):
    project, folder, _ = whole
    stored = load_project(folder.project)
    assert stored.specs == project.specs and stored.labels is None
    facts = stored.run
    assert {"python", "keras", "tensorflow", "numpy", "deepimagetranslator"} <= set(
        facts["versions"]
    )
    assert facts["versions"]["keras"] == keras.__version__
    assert facts["precision"] == "float32" and facts["start_weights"] is None
    assert facts["network"]["input_height"] == 32 and facts["network"]["target_channels"] == 3
    data = project.specs.data
    files = [*data.train_inputs, *data.train_targets, *data.val_inputs, *data.val_targets]
    assert facts["sha256"] == {
        file: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files
    }


def test_weights_files_describe_themselves(whole):
    project, folder, watch = whole
    card = weights.read_card(folder.best)
    assert card.preset == "recommended" and card.palette is not None
    assert card.palette.colours == ((0, 0, 0), (0, 0, 255), (255, 0, 0))
    assert (card.model.input_height, card.model.input_channels) == (32, 1)
    assert card.training["epoch"] == watch.result.best_epoch
    assert card.training["val_loss"] == watch.result.best_value
    assert card.training["loss_function"] == project.specs.training.loss
    assert (card.training["train_pairs"], card.training["val_pairs"]) == (6, 2)
    assert card.input_statistics is not None and card.input_statistics.images == 6
    assert card.input_statistics.series == 1  # one folder
    assert card.domain == Domain(reason="short")


def test_only_the_last_weights_hold_the_optimizer(whole):
    _, folder, _ = whole
    with h5py.File(folder.last) as last, h5py.File(folder.best) as best:
        assert "optimizer" in last and "optimizer" not in best
    assert weights.read_state(folder.last)["epoch"] == 3
    assert weights.read_card(folder.last).model == weights.read_card(folder.best).model


def test_a_folder_with_a_run_is_not_used_again(whole):
    project, folder, _ = whole
    before = folder.history.read_bytes()
    with pytest.raises(UserError, match="resume it"):
        training.train(project, folder.path)
    assert folder.history.read_bytes() == before


def test_a_finished_run_resumes_to_nothing(whole, tmp_path):
    project, folder, _ = whole
    shutil.copytree(folder.path, tmp_path / "run")
    watch = run(project, tmp_path / "run", resume=True)
    assert "trained already" in watch.log() and not watch.of(EpochStarted)
    assert watch.result.epochs == 3
    assert (tmp_path / "run" / "history.csv").read_text() == folder.history.read_text()


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("training", "batch_size", 3),
        ("training", "seed", 2),
        ("training", "learning_rate", 0.5),
        ("model", "dropout", 0.5),
        ("augmentation", "flip_input", True),
        ("data", "train_inputs", ("elsewhere.png",)),
        ("data", "target_changes", ("turn_90: FIRST",)),
    ],
)
def test_a_resume_with_a_changed_choice_is_refused_by_name(whole, section, field, value):
    project, folder, _ = whole
    before = folder.history.read_bytes()
    if field == "target_changes":
        value = tuple(t.replace("FIRST", project.specs.data.train_targets[0]) for t in value)
    spec = replace(getattr(project.specs, section), **{field: value})
    changed = replace(project, specs=replace(project.specs, **{section: spec}))
    with pytest.raises(UserError, match=f"{section}.{field}"):
        training.train(changed, folder.path, resume=True)
    assert folder.history.read_bytes() == before


def test_a_resume_finds_moved_images_by_their_content(whole, tmp_path):
    project, folder, _ = whole
    data = project.specs.data
    shutil.copytree(folder.path, tmp_path / "run")
    shutil.copytree(Path(data.train_inputs[0]).parents[2], tmp_path / "moved")

    def moved(files: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(tmp_path / "moved" / Path(*Path(file).parts[-3:])) for file in files)

    data = replace(data, **{name: moved(getattr(data, name)) for name in LISTS})
    elsewhere = replace(project, specs=replace(project.specs, data=data))
    assert run(elsewhere, tmp_path / "run", resume=True).result.epochs == 3
    write_image(Path(data.val_targets[0]), target(9))
    with pytest.raises(UserError, match=r"data\.val_targets"):
        training.train(elsewhere, tmp_path / "run", resume=True)


def test_slices_of_volumes_are_trained_on_and_found_when_moved(sets, tmp_path):
    """A slice's path is no file; each volume is read once for its checksum."""
    lists = []
    for part, numbers in (("train", (1, 2, 3)), ("val", (4, 5))):
        for kind, make in (("x", picture), ("y", target)):
            file = tmp_path / "a" / f"{part}_{kind}.tif"
            file.parent.mkdir(exist_ok=True)
            stack = np.stack([make(n) for n in numbers]).squeeze()
            tifffile.imwrite(file, stack, photometric="rgb" if kind == "y" else "minisblack")
            lists.append(tuple(map(str, list_images(file))))
    assert [len(files) for files in lists] == [3, 3, 2, 2]
    project = project_of((lists[0], lists[1]), (lists[2], lists[3]), model=LEAST)
    run(project, tmp_path / "run")
    facts = load_project(tmp_path / "run" / "project.json").run["sha256"]
    whole = hashlib.sha256((tmp_path / "a" / "train_x.tif").read_bytes()).hexdigest()
    assert [facts[file] for file in lists[0]] == [f"{whole}/{n}" for n in (1, 2, 3)]
    (tmp_path / "a").rename(tmp_path / "b")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    moved = [tuple(file.replace(a, b) for file in one) for one in lists]
    data = replace(project.specs.data, **dict(zip(LISTS, moved, strict=True)))
    data = replace(data, unlabelled_inputs=(str(tmp_path / "b" / "more.png"),))  # not trained on
    elsewhere = replace(project, specs=replace(project.specs, data=data))
    assert run(elsewhere, tmp_path / "run", resume=True).result.epochs == 1
    turned = replace(data, train_inputs=moved[0][::-1])
    elsewhere = replace(project, specs=replace(project.specs, data=turned))
    with pytest.raises(UserError, match=r"data\.train_inputs"):
        training.train(elsewhere, tmp_path / "run", resume=True)


def test_a_resume_after_an_image_was_changed_is_refused(sets, whole, tmp_path):
    project, folder, _ = whole
    file = Path(project.specs.data.train_targets[2])
    before = file.read_bytes()
    try:
        write_image(file, target(9))
        with pytest.raises(UserError, match=r"data\.train_targets"):
            training.train(project, folder.path, resume=True)
    finally:
        file.write_bytes(before)


def test_a_resume_without_a_run_is_refused(whole, tmp_path):
    with pytest.raises(UserError, match="no run"):
        training.train(whole[0], tmp_path / "nothing", resume=True)
    assert not (tmp_path / "nothing").exists()


# --- stopping ----------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [False, True])
def test_the_engine_prepares_each_step_once(sets, tmp_path, monkeypatch, deep):
    """Tracing takes seconds with a real network; the smaller last batch needs none of its own."""
    traced = []
    for name in ("train_step", "test_step"):
        real = getattr(training.SharedModel, name)

        def step(self, data, real=real, name=name):
            traced.append(name)
            return real(self, data)

        monkeypatch.setattr(training.SharedModel, name, step)
    choices = {"epochs": 3, "batch_size": 4, "metrics": ("mse", "dice_score")}
    model = {"depth": 3, "deep_supervision": deep}
    run(sets["labels"].project(model=model, training=choices), tmp_path / "run")
    assert traced == ["train_step", "test_step"]


def test_finish_early_ends_after_the_whole_epoch(sets, tmp_path):
    project = sets["labels"].project(model=LEAST, training={"epochs": 5})
    watch = run(project, tmp_path / "run", Watch(finish_in=2))
    assert watch.result.epochs == 2 and len(watch.of(EpochEnded)) == 2
    assert {(e.epoch, e.batch) for e in watch.of(BatchEnded)} >= {(1, 3), (2, 3)}
    assert weights.read_state(tmp_path / "run" / "last.weights.h5")["epoch"] == 2
    assert not threads()


def test_cancel_leaves_nothing_of_the_partial_epoch(sets, tmp_path):
    project = sets["labels"].project(model=LEAST, training={"epochs": 5})
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Cancelled):
        run(project, folder.path, Watch(cancel_in=2))
    assert [row["epoch"] for row in folder.read_history()] == [1]
    assert weights.read_state(folder.last)["epoch"] == 1
    assert [improvement.epoch for improvement in folder.improvements()] == [1]
    assert not [name for name in names(folder.path) if "tmp" in name]
    assert not threads()


def test_cancel_in_the_first_epoch_leaves_a_folder_to_start_in(sets, tmp_path):
    project = sets["labels"].project(model=LEAST)
    with pytest.raises(Cancelled):
        run(project, tmp_path / "run", Watch(cancel_in=1))
    assert names(tmp_path / "run") == {"project.json", "log.txt"}
    assert run(project, tmp_path / "run").result.epochs == 1


def test_cancel_while_files_are_read_leaves_no_folder(sets, tmp_path):
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        training.train(sets["labels"].project(), tmp_path / "run", control=control)
    assert not (tmp_path / "run").exists()


def scripted(monkeypatch, values: list[float]) -> None:
    """Let the validation losses of epochs 1, 2 ... be these."""
    real = training.Job._epoch_ended

    def ended(self, epoch, logs, seconds):
        return real(self, epoch, logs | {self.monitored: values[epoch - 1]}, seconds)

    monkeypatch.setattr(training.Job, "_epoch_ended", ended)


def test_early_stopping_counts_on_over_a_resume(sets, tmp_path, monkeypatch):
    scripted(monkeypatch, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    project = sets["labels"].project(model=LEAST, training={"epochs": 6, "early_stopping": 3})
    run(project, tmp_path / "run", Watch(finish_in=2))
    watch = run(project, tmp_path / "run", resume=True)
    assert watch.result.epochs == 4  # epoch 1 was the best, three more were waited for
    assert (watch.result.best_epoch, watch.result.best_value) == (1, 0.5)
    assert "3 epochs" in watch.log()


def test_the_best_k_are_kept_and_best_is_the_last_of_them(sets, tmp_path, monkeypatch):
    scripted(monkeypatch, [0.5, 0.4, 0.45, 0.3, 0.35])
    project = sets["labels"].project(model=LEAST, training={"epochs": 5, "keep_best": 2})
    watch = run(project, tmp_path / "run")
    kept = RunFolder(tmp_path / "run").improvements()
    assert [(i.epoch, i.value) for i in kept] == [(2, 0.4), (4, 0.3)]
    assert [event.epoch for event in watch.of(CheckpointSaved)] == [1, 2, 4]
    assert weights.read_card(tmp_path / "run" / "best.weights.h5").training["epoch"] == 4
    assert watch.result.best_weights.read_bytes() == kept[-1].path.read_bytes()


# --- resume ------------------------------------------------------------------------------------

RESTLESS = AugmentationSpec(noise_input=True, blur_input=True, drop_input=True, scaling=4.0)


def exacting(sets) -> Project:
    """A project with everything that a resume could lose."""
    return sets["labels"].project(
        model={"depth": 2, "dropout": 0.5},
        training={
            "epochs": 4,
            "precision": "automatic",
            "schedule": "cosine",
            "optimizer": "muon",
            "learning_rate": 0.01,
            "metrics": ("mse",),
        },
        augmentation=RESTLESS,
    )


def figures(folder: Path) -> np.ndarray:
    """The history without its seconds."""
    rows = RunFolder(folder).read_history()
    return np.array([[v for name, v in row.items() if name != "seconds"] for row in rows])


@pytest.fixture(scope="module")
def uninterrupted(sets, tmp_path_factory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("exact") / "four"
    run(exacting(sets), folder)
    history = figures(folder)
    assert len(history) == 4
    return history


@pytest.fixture(scope="module")
def half(sets, tmp_path_factory) -> Path:
    """The same run, ended after two epochs."""
    folder = tmp_path_factory.mktemp("exact") / "two"
    run(exacting(sets), folder, Watch(finish_in=2))
    return folder


def resumed(sets, half: Path, folder: Path) -> np.ndarray:
    shutil.copytree(half, folder)
    run(exacting(sets), folder, resume=True)
    return figures(folder)


def test_two_and_two_resumed_epochs_equal_four(sets, uninterrupted, half, tmp_path):
    found = resumed(sets, half, tmp_path / "run")
    np.testing.assert_allclose(found, uninterrupted, rtol=0, atol=1e-6)


def test_two_runs_are_equal_to_the_last_digit(uninterrupted, half):
    # tests/faults/test_determinism.py compares translated files and other precisions, too.
    np.testing.assert_array_equal(figures(half), uninterrupted[:2])


def test_a_resume_after_a_cancelled_or_killed_epoch_equals_four_too(
    sets, uninterrupted, half, tmp_path
):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(half, folder.path)
    with pytest.raises(Cancelled):
        run(exacting(sets), folder.path, Watch(cancel_in=3), resume=True)
    # As if killed after the history was written and before the weights were.
    rows = folder.read_history()
    folder.write_history(text_of([*rows, rows[-1] | {"epoch": 3.0, "loss": 9.0}]))
    shutil.copyfile(folder.best, folder.improvement(3, 0.0001))
    run(exacting(sets), folder.path, resume=True)
    np.testing.assert_allclose(figures(folder.path), uninterrupted, rtol=0, atol=1e-6)
    assert 0.0001 not in [improvement.value for improvement in folder.improvements()]


def _forget_moments(job: Any) -> None:
    optimizer = job.trained.optimizer
    for variable in optimizer.variables:
        if "momentum" in variable.path or "velocity" in variable.path:
            variable.assign(keras.ops.zeros_like(variable))


def _forget_step(job: Any) -> None:
    job.trained.optimizer.iterations.assign(0)


def _forget_dropout(job: Any) -> None:
    for variable in job._seed_states().values():
        variable.assign(keras.random.SeedGenerator(1).state)


class _OldOrder(PairSampler):
    def order(self, epoch: int) -> Any:
        return super().order(epoch - 2)


class _OldDraws(PairSampler):
    def sample(self, epoch: int, position: int) -> Any:
        return super().sample(epoch - 2, position)


def _forget_order(job: Any) -> None:
    job.train_batches.sampler = _OldOrder(**vars(job.train_batches.sampler))


def _forget_draws(job: Any) -> None:
    job.train_batches.sampler = _OldDraws(**vars(job.train_batches.sampler))


@pytest.mark.parametrize(
    "forget", [_forget_moments, _forget_step, _forget_dropout, _forget_order, _forget_draws]
)
def test_a_resume_that_forgot_something_would_be_noticed(
    sets, uninterrupted, half, tmp_path, monkeypatch, forget: Callable[[Any], None]
):
    real = training.Job.build

    def build(self, start_weights):
        real(self, start_weights)
        forget(self)

    monkeypatch.setattr(training.Job, "build", build)
    found = resumed(sets, half, tmp_path / "run")
    assert np.array_equal(found[:2], uninterrupted[:2])
    losses = found[2:, 1:3] - uninterrupted[2:, 1:3]
    assert np.abs(losses).max() > 1e-5


def test_more_epochs_may_be_asked_for_at_a_resume(sets, tmp_path):
    project = sets["labels"].project(model=LEAST, training={"epochs": 1, "schedule": "constant"})
    run(project, tmp_path / "run")
    longer = replace(
        project, specs=replace(project.specs, training=replace(project.specs.training, epochs=3))
    )
    run(longer, tmp_path / "run", resume=True)
    run(longer, tmp_path / "at once")
    np.testing.assert_allclose(
        figures(tmp_path / "run"), figures(tmp_path / "at once"), rtol=0, atol=1e-6
    )


# --- losses, optimizers, judging ---------------------------------------------------------------

RATES = {
    "muon": 0.01,
    "adam": 0.01,
    "adamw": 0.01,
    "rmsprop": 0.003,
    "sgd": 0.1,
    "adagrad": 0.05,
    "adadelta": 10.0,
}


def final_activation(loss: str) -> str:
    return with_final_activation(ModelSpec(), loss).final_activation


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    list(zip(LOSSES, cycle(reversed(OPTIMIZERS)), strict=False)),
)
def test_every_loss_and_every_optimizer_train(sets, tmp_path, loss, optimizer):
    kind = "values" if loss in ("mse", "mae", "ssim_mae") else "labels"
    project = sets[kind].project(
        model=SMALL,
        training={
            "epochs": 6,
            "loss": loss,
            "optimizer": optimizer,
            "learning_rate": RATES[optimizer],
            "schedule": "constant",
        },
    )
    run(project, tmp_path / "run")
    losses = [row["loss"] for row in RunFolder(tmp_path / "run").read_history()]
    assert losses[-1] < 0.985 * losses[0]
    card = weights.read_card(tmp_path / "run" / "best.weights.h5")
    assert card.model.final_activation == final_activation(loss)


def test_the_losses_above_were_all_with_all_optimizers():
    assert len(LOSSES) >= len(OPTIMIZERS) == len(RATES)


def test_with_deep_supervision_losses_are_the_final_outputs(sets, tmp_path):
    project = sets["labels"].project(
        model={"depth": 3, "deep_supervision": True},
        training={"loss": "binary_crossentropy", "judge": "val_total_loss", "metrics": ("mse",)},
    )
    watch = run(project, tmp_path / "run")
    values = watch.result.values
    assert list(values) == [
        "loss",
        "total_loss",
        "mse",
        "val_loss",
        "val_total_loss",
        "val_mse",
    ]
    model, _ = weights.load(watch.result.best_weights)
    x = np.stack([picture(number) for number in (6, 7)]).astype(np.float32) / 255
    y = np.stack([target(number) for number in (6, 7)]).astype(np.float32) / 255
    outputs = model.predict(x, verbose=0)
    loss = build_loss("binary_crossentropy", "sigmoid")
    final, coarse = (float(loss(y, outputs[name])) for name in ("final", "coarse"))
    assert abs(final - coarse) > 1e-4
    assert values["val_loss"] == pytest.approx(final, abs=1e-5)
    assert values["val_total_loss"] == pytest.approx((final + coarse) / 2, abs=1e-5)
    assert values["val_mse"] == pytest.approx(float(np.mean((outputs["final"] - y) ** 2)), abs=1e-5)
    assert watch.result.best_value == values["val_total_loss"]


@pytest.mark.parametrize(
    ("deep", "validated", "chosen", "judge"),
    [
        (True, True, "val_loss", "val_loss"),
        (True, True, "val_total_loss", "val_total_loss"),
        (True, False, "val_total_loss", "total_loss"),
        (False, True, "val_total_loss", "val_loss"),
        (False, False, "val_loss", "loss"),
    ],
)
def test_the_monitored_metric_is_one_that_the_run_has(
    sets, tmp_path, deep, validated, chosen, judge
):
    project = project_of(
        sets["labels"].train,
        sets["labels"].val if validated else ((), ()),
        model={"deep_supervision": deep},
        training={"judge": chosen},
    )
    job = training.Job(
        project,
        prepare(project.specs),
        RunFolder(tmp_path),
        TrainingState(),
        Watch(),
        JobControl(),
    )
    assert job.monitored == judge


def test_without_validation_the_training_loss_judges(sets, tmp_path):
    project = project_of(sets["labels"].train, model=LEAST)
    watch = run(project, tmp_path / "run")
    assert watch.result.best_value == watch.result.values["loss"]
    assert not [name for name in watch.result.values if name.startswith("val_")]


def test_a_loss_that_is_no_number_says_what_to_do_and_keeps_nothing(sets, tmp_path):
    project = sets["values"].project(
        model=SMALL | {"final_activation": "linear"},
        training={
            "loss": "mse",
            "optimizer": "sgd",
            "learning_rate": 10.0,
            "schedule": "constant",
            "epochs": 20,
        },
    )
    with pytest.raises(UserError, match="smaller learning rate"):
        run(project, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert all(np.isfinite(row["val_loss"]) for row in folder.read_history())
    for kept in folder.path.glob("*.weights.h5"):
        model, _ = weights.load(kept)
        assert all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for v in model.weights)


def test_a_file_that_breaks_during_training_is_named(sets, tmp_path, monkeypatch):
    """The original sentence, not Keras' wrapping of it."""
    project = sets["labels"].project(model=LEAST)
    real = PairSampler.sample

    def sample(self, epoch, position):
        if not self.validation and position == 3:
            raise UserError("slice03.png is damaged; replace it.")
        return real(self, epoch, position)

    monkeypatch.setattr(PairSampler, "sample", sample)
    with pytest.raises(UserError, match=r"^slice03\.png is damaged; replace it\.$"):
        run(project, tmp_path / "run")
    assert not threads()


def test_a_project_that_cannot_be_trained_leaves_no_folder(sets, tmp_path):
    train = (sets["labels"].train[0], sets["labels"].train[1][:-1])
    with pytest.raises(UserError, match="slice05"):
        training.train(project_of(train), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- starting from weights ---------------------------------------------------------------------


def start(sets, folder: Path, weights_file: Path, kind: str = "labels", **model: Any) -> Watch:
    """One epoch that changes next to nothing, from these weights."""
    project = sets[kind].project(
        model=model,
        training={
            "optimizer": "sgd",
            "learning_rate": 1e-8,
            "loss": "mse",
            "schedule": "constant",
        },
        preset="2021" if weights_file == WEIGHTS_2021 else "recommended",
    )
    return run(project, folder, start_weights=weights_file)


def kernels(path: Path) -> list[np.ndarray]:
    model, _ = weights.load(path, size=(32, 32))
    return [layer.get_weights()[0] for layer in convolutions(model)]


def test_training_starts_from_weights_of_the_2021_program(sets, tmp_path):
    watch = start(sets, tmp_path / "run", WEIGHTS_2021, depth=4)
    assert "plain-weights.hdf5" in watch.log() and "DeepImageTranslator 1.0" in watch.log()
    for ours, theirs in zip(kernels(watch.result.best_weights), kernels(WEIGHTS_2021), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    stored = json.loads((tmp_path / "run" / "project.json").read_text(encoding="utf-8"))
    assert stored["run"]["start_weights"] == str(WEIGHTS_2021)
    sha256 = hashlib.sha256(WEIGHTS_2021.read_bytes()).hexdigest()
    assert stored["run"]["sha256"][str(WEIGHTS_2021)] == sha256


def test_a_transfer_to_other_target_channels_says_what_is_new(sets, whole, tmp_path):
    _, folder, _ = whole
    watch = start(sets, tmp_path / "run", folder.best, "values", depth=2)
    assert "3 target channels, this project has 1" in watch.log()
    old, new = kernels(folder.best), kernels(watch.result.best_weights)
    for before, after in zip(old[:-1], new[:-1], strict=True):
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)
    assert new[-1].shape != old[-1].shape


def test_weights_of_another_network_are_refused(sets, whole, tmp_path):
    with pytest.raises(UserError, match="another network"):
        start(sets, tmp_path / "run", whole[1].best, depth=3)
    project = sets["labels"].project(model=SMALL, augmentation=STILL)
    for wrong in (whole[1].project, tmp_path / "missing.hdf5"):
        with pytest.raises(UserError, match=wrong.name):
            training.train(project, tmp_path / "other", start_weights=wrong)
    assert not (tmp_path / "other").exists()


@pytest.mark.skipif(not devices.fuses_normalization(), reason="not on this device")
def test_training_on_single_images_fuses_the_normalization(sets, tmp_path, monkeypatch):
    fused = []
    real = devices.channel_moments

    def counted(image: Any) -> Any:
        fused.append(tuple(image.shape))
        return real(image)

    monkeypatch.setattr(devices, "channel_moments", counted)
    model = LEAST | {"normalization": "group", "fused_normalization": True}
    chosen = {"epochs": 1, "batch_size": 1}
    run(sets["labels"].project(model=model, training=chosen), tmp_path / "run")
    # Two layers, traced for training and for validation at least.
    assert len(fused) >= 4 and len(set(fused)) == 1 and fused[0][:3] == (1, 32, 32)
    card = weights.read_card(RunFolder(tmp_path / "run").best)
    assert card.model.fused_normalization
