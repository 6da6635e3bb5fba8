"""One training of the protocol, in a process of its own: train, measure, print one line of JSON.

The product's code is that of PYTHONPATH, so that a branch can be measured by the same scripts.
With ``pace`` in its task it trains step by step, each block of steps at the word of ``pace``.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scores import scores
from sets import MEMBRANES, ImageSet, all_sets, membranes_at_full_size
from shifts import Tested, conditions

import deepimagetranslator
from deepimagetranslator.core.config.choices import set_field
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.export.encodings import choose_encoding
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.typing import Array


def set_named(name: str, size: int) -> ImageSet:
    """A set of the protocol, or the membranes at full size."""
    sets = all_sets(size)
    found = next((one for one in sets if one.name == name), None)
    return found or membranes_at_full_size()


def project_for(
    one: ImageSet, preset: str, settings: Sequence[str], seed: int, steps: int
) -> Project:
    """What a user gets who loads the set and chooses preset and settings; as many whole epochs as
    come nearest to the steps."""
    lists = {"train_inputs": [i for i, _ in one.train], "train_targets": [t for _, t in one.train]}
    project = new_project(preset, {name: tuple(paths) for name, paths in lists.items()})
    for setting in settings:
        name, _, text = setting.partition("=")
        project = set_field(project, name, text)
    project = suggested(project, look_for(project))
    training = project.specs.training
    of_an_epoch = -(-len(one.train) // training.batch_size)
    epochs = max(1, round(steps / of_an_epoch))
    training = replace(training, seed=seed, epochs=epochs, keep_best=1)
    return replace(project, specs=replace(project.specs, training=training))


def step_by_step(task: dict[str, Any]) -> None:
    """Train until the word "end" comes; after each block of steps one line is written."""
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    one = set_named(task["set"], task["size"])
    project = project_for(one, task["preset"], task["settings"], 1, 10**4)
    done, control = 0, JobControl()

    def serve() -> None:
        nonlocal done
        done += 1
        if done % task["pace"] == 0:
            print("block", flush=True)
            if sys.stdin.readline().strip() != "next":
                control.cancel.set()

    control = JobControl(serve=serve)
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(project, Path(folder) / "run", control=control)
        except Cancelled:
            return


def trained(task: dict[str, Any]) -> dict[str, Any]:
    """Train, unless the task's weights are there, and measure: how long it took, and the rows."""
    one = set_named(task["set"], task["size"])
    project = project_for(one, task["preset"], task["settings"], task["seed"], task["steps"])
    weights, training = Path(task["weights"]), project.specs.training
    took = {} if task.get("trained") else timed_training(project, weights)
    steps = training.epochs * -(-len(one.train) // training.batch_size)
    exclusive = "data.exclusive_classes=true" in task["settings"]
    with tempfile.TemporaryDirectory() as folder:
        if task.get("trained") and not training_averages(project):
            weights = without_average(weights, Path(folder))
        return {"steps": steps, **took, "conditions": measured(one, weights, exclusive)}


def training_averages(project: Project) -> bool:
    """Whether a training keeps a moving average of its weights; older code never does."""
    return bool(getattr(project.specs.training, "averaging", 0))


def without_average(weights: Path, folder: Path) -> Path:
    """A copy of a state with the weights of its last step alone, which else the average replaces;
    the training computed them as it would have done without the average."""
    copy = folder / weights.name
    shutil.copyfile(weights, copy)
    with h5py.File(copy, "r+") as file:
        state = file["deepimagetranslator/state"]
        for name in [name for name in state if name.startswith("average_")]:
            del state[name]
    return copy


def timed_training(project: Project, weights: Path) -> dict[str, float]:
    """Train, and keep the last weights as this file."""
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder) / "run")
        start, used = time.monotonic(), _processor_seconds()
        train(project, run.path)
        took = {
            "seconds": round(time.monotonic() - start, 1),
            "processor_seconds": round(_processor_seconds() - used, 1),
        }
        weights.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.last, weights)
    return took


def measured(
    one: ImageSet, weights: Path, exclusive: bool, shifts: bool = True
) -> dict[str, dict[str, float]]:
    """The measures of a weights file on a set, by condition.

    Args:
        one: the set.
        weights: the file.
        exclusive: decide among exclusive classes, whatever the file says.
        shifts: measure the shifted images too.
    """
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    translator = Translator(weights)
    if exclusive and translator.network.palette is not None:
        palette = replace(translator.network.palette, exclusive=True)
        translator.encoding = choose_encoding(replace(translator.network, palette=palette))
    return measured_by(translator, one, shifts)


def measured_by(translator: Any, one: ImageSet, shifts: bool) -> dict[str, dict[str, float]]:
    """The measures of a network on a set, by condition.

    Args:
        translator: the product's, with the network.
        one: the set.
        shifts: measure the shifted images too.
    """

    def outputs(tested: Sequence[Tested]) -> tuple[list[Array], list[Array]]:
        raw = [translator.predict([image], [one.name])[0] for image, _ in tested]
        whites = [_white(translator, y) for y in raw] if one.kind == MEMBRANES else []
        return [translator.as_image(y) for y in raw], whites

    return {
        condition: {"images": len(tested), **scores(one.kind, tested, *outputs(tested))}
        for condition, tested in conditions(one, shifts)
    }


def _white(translator: Any, output: Array) -> Array:
    """The probability of white (height, width) in a network's output."""
    network = translator.network
    if not network.by_class:
        return np.asarray(output.mean(axis=-1))
    return np.asarray(output @ (network.palette.array[0].mean(axis=-1) / 255))


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Do the task of the command line."""
    task = json.loads(sys.argv[1])
    home = Path(deepimagetranslator.__file__).resolve().parents[1]
    if home != Path(task["code"]).resolve():
        sys.exit(f"The product's code is that of {home}, not of {task['code']}; set PYTHONPATH.")
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    if "pace" in task:
        step_by_step(task)
    else:
        print(json.dumps(trained(task)))


if __name__ == "__main__":
    main()
