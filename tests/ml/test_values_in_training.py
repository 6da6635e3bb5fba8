"""Numbers that go wrong while training or translating: told with names, never in silence."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tifffile
from networks import write_network
from tiny import picture, project_of, target, write_set

from deepimagetranslator.core.augmentation.sampling import PairSampler
from deepimagetranslator.core.data.facts import ImageChangedError
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.messages.events import EpochEnded, Event, LogLine
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import training, weights
from deepimagetranslator.ml.translation import translate

LEAST = {"depth": 1}


def test_a_loss_that_is_not_finite_names_the_images_of_its_batch(tmp_path, monkeypatch):
    folder = tmp_path / "set"
    train, val = write_set(folder, range(6), "mask"), write_set(folder, range(6, 8), "mask")
    project = project_of(train, val, model=LEAST, training={"epochs": 3})
    real, drawn = PairSampler.sample, {}

    def sample(self, epoch, position):
        x, y = real(self, epoch, position)
        if not self.validation and (epoch, position) == (2, 4):
            order = self.order(epoch).tolist()
            first = order.index(4) // 2 * 2
            drawn["names"] = [self.pairs[i].input.name for i in order[first : first + 2]]
            y = np.full_like(y, np.nan)  # not x: ReLU turns NaN into 0 on some processors
        return x, y

    monkeypatch.setattr(PairSampler, "sample", sample)
    with pytest.raises(UserError, match="epoch 2 at the batch of ") as caught:
        training.train(project, tmp_path / "run")
    assert " and ".join(drawn["names"]) + ";" in str(caught.value)
    rate = project.specs.training.learning_rate / 10
    assert caught.value.problems[0].remedy == Remedy((("training.learning_rate", rate),))
    run = RunFolder(tmp_path / "run")
    assert not [name for name in drawn["names"] if name in run.log.read_text(encoding="utf-8")]
    model, card = weights.load(run.best)
    assert card.training["epoch"] == 1
    assert all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for v in model.weights)


def with_nan(path: Path, image: np.ndarray) -> str:
    image = image.astype(np.float32)[..., 0]
    image[3, 4] = np.nan
    tifffile.imwrite(path, image)
    return str(path)


def test_nan_is_told_and_a_file_that_changes_between_two_epochs_ends_the_training(tmp_path):
    inputs = tuple(with_nan(tmp_path / f"x{n}.tif", picture(n)) for n in range(6))
    targets = tuple(with_nan(tmp_path / f"y{n}.tif", target(n, kind="values")) for n in range(6))
    training_spec = {"epochs": 6, "loss": "mae"}
    project = project_of(
        (inputs, targets), model=LEAST, training=training_spec, data={"cache_mib": 0}
    )
    events: list[Event] = []

    def report(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            changed = Path(targets[1])
            with_nan(changed, picture(99))
            os.utime(changed, ns=(1, changed.stat().st_mtime_ns + 1_000_000))

    with pytest.raises(ImageChangedError, match=r"y1.tif has changed since the images were"):
        training.train(project, tmp_path / "run", report=report)
    epochs = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert max(epochs) < 6  # batches are drawn ahead, at most for one epoch more
    assert RunFolder(tmp_path / "run").best.exists()
    lines = [event.text for event in events if isinstance(event, LogLine)]
    assert sum("12 of 12 inputs and targets hold values that are" in line for line in lines) == 1


def test_a_translation_tells_which_images_hold_nan(tmp_path):
    weights_file = write_network(tmp_path, "plain")
    folder = tmp_path / "in"
    folder.mkdir()
    with_nan(folder / "odd.tif", picture(1) / np.float32(255))
    tifffile.imwrite(folder / "right.tif", (picture(2) / np.float32(255))[..., 0])
    events: list[Event] = []
    result = translate(weights_file, [folder], tmp_path / "out", report=events.append)
    assert len(result.translated) == 2
    lines = [event.text for event in events if isinstance(event, LogLine)]
    assert sum("1 of 2 images (such as odd.tif) holds values" in line for line in lines) == 1
