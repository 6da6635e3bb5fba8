"""Trainings whose steps are shared by several devices; ``test_devices.py`` starts this file.

It makes two devices out of the processor, which only a fresh process can do, trains as told and
prints what came of it: ``python several_devices.py FOLDER`` with the cases as JSON on stdin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tiny import project_of, write_set

from deepimagetranslator.core.messages.events import EpochStarted, Event, LogLine
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import devices

TRAIN, VAL = range(5), range(5, 8)


def train(
    folder: Path, name: str, model: dict[str, Any], training: dict[str, Any], cancel_in: int = 0
) -> dict[str, Any]:
    """Train on five pairs, validate on three; cancelled in an epoch, resume.

    Returns:
        "rows", the history's lines without the seconds; "log", what the user was told; "best" and
        "last", all numbers of these weights files.
    """
    from deepimagetranslator.ml import training as engine  # noqa: PLC0415

    sets = write_set(folder / "train", TRAIN), write_set(folder / "val", VAL)
    training = {"epochs": 2, "learning_rate": 0.01} | training
    training["metrics"] = tuple(training.get("metrics", ()))  # JSON knows lists only
    project = project_of(*sets, model={"depth": 2} | model, training=training)
    told: list[str] = []
    control = JobControl()

    def report(event: Event) -> None:
        if isinstance(event, LogLine):
            told.append(event.text)
        if isinstance(event, EpochStarted) and event.epoch == cancel_in:
            control.cancel.set()

    run = RunFolder(folder / name)
    try:
        engine.train(project, run.path, report=report, control=control)
    except Cancelled:
        engine.train(project, run.path, resume=True)
    rows = [{**row, "seconds": 0.0} for row in run.read_history()]
    return {"rows": rows, "log": told, "best": numbers_of(run.best), "last": numbers_of(run.last)}


def numbers_of(path: Path) -> list[float]:
    """All numbers of a weights file but its own texts, one after the other."""
    import h5py  # noqa: PLC0415

    found: list[np.ndarray] = []

    def take(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype != np.uint8:
            found.append(item[()].ravel().astype(float))

    with h5py.File(path) as file:
        file.visititems(take)
    return np.concatenate(found).tolist()


def overflow() -> dict[str, Any]:
    """One step whose gradient is infinite on the second device only."""
    import keras  # noqa: PLC0415

    from deepimagetranslator.ml.network.sharing import LossScaling, SharedModel  # noqa: PLC0415

    scope, _ = devices.distribution(2)
    with scope:
        inputs = keras.Input((1,))
        model = SharedModel(inputs, keras.layers.Dense(1)(inputs))
        model.compile(LossScaling(keras.optimizers.SGD(0.1), initial_scale=8.0), "mse")
    before = model.get_weights()
    x = np.array([[1.0], [1e30]], np.float32)
    model.fit(x, np.zeros_like(x), batch_size=2, shuffle=False, verbose=0)
    after = model.get_weights()
    return {
        "unchanged": all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)),
        "scale": float(keras.ops.convert_to_numpy(model.optimizer.dynamic_scale)),
    }


if __name__ == "__main__":
    devices.load_engine(cpu_devices=2)
    found = {
        name: train(Path(sys.argv[1]) / name, "run", **case)
        for name, case in json.load(sys.stdin).items()
    }
    print(json.dumps(found | {"overflow": overflow()}))
