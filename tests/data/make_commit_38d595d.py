"""Writes commit_38d595d/: two runs, translations and samples as the code of that commit makes them.

Not part of the tests, which only read the result. It needs the code of that commit; later code
must not run it, as its files would prove nothing:

    git worktree add CODE 38d595d
    cd CODE
    PYTHONPATH=$PWD:tests/ml python .../make_commit_38d595d.py /set

The records of the runs name the images by their full paths, so FOLDER is always
/set; then its content, without the images, is copied to tests/data/commit_38d595d.
The images are those of tests/data/version_2_0.
"""

import platform
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tiny import project_of

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec, TranslationSpec
from deepimagetranslator.core.messages.events import EpochStarted, Event
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml import devices
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate

IMAGES = Path("tests/data/version_2_0/images")
EPOCHS = 4
CANCELLED_IN = 3
SIDES = ("input", "target")
AMOUNTS = {"scaling": 2.0, "translation": 2.0, "drop": 4.0, "elastic": 1.0}
EVERYTHING = AugmentationSpec(
    **AMOUNTS, **{f"{name}_{side}": True for name in OPERATIONS for side in SIDES}
)
TRAINING = {"epochs": EPOCHS, "batch_size": 4, "metrics": ("mse", "psnr"), "keep_best": 1}


def projects(folder: Path) -> dict[str, Project]:
    """A label project with all that training has, and one of the preset 2021."""
    files = {
        kind: tuple(str(path) for path in sorted((folder / "images" / kind).iterdir()))
        for kind in ("inputs", "labels")
    }
    sets = [(files["inputs"][part], files["labels"][part]) for part in (slice(6), slice(6, 8))]
    augmentation = replace(EVERYTHING, noise_validation=True)
    return {
        "recommended": project_of(
            *sets,
            model={"depth": 2, "base_filters": 2, "dropout": 0.25},
            training=TRAINING | {"learning_rate": 0.01},
            augmentation=augmentation,
        ),
        "2021": project_of(
            *sets,
            model={"depth": 2, "base_filters": 4},
            training=TRAINING | {"learning_rate": 0.03},  # four steps must show in the output
            augmentation=replace(EVERYTHING, behaviour="2021"),
            preset="2021",
        ),
    }


def samples(project: Project) -> dict[str, np.ndarray]:
    """Inputs and targets of all training pairs in epochs 1 and 7, and of validation, in order."""
    dataset = prepare(project.specs)
    reader = PairReader(dataset, 2**20)
    spec, seed = project.specs.augmentation, project.specs.training.seed
    found: dict[str, np.ndarray] = {}
    for part, pairs, epochs in (("train", dataset.train, (1, 7)), ("val", dataset.val, (1,))):
        sampler = PairSampler(reader, pairs, spec, seed, part == "val")
        drawn = [sampler.sample(epoch, place) for epoch in epochs for place in sampler.order(epoch)]
        for side, arrays in zip(SIDES, zip(*drawn, strict=True), strict=True):
            found[f"{part}_{side}"] = np.clip(np.rint(np.stack(arrays) * 255), 0, 255).astype("u1")
    return found


def write_run(folder: Path, name: str, project: Project) -> None:
    """A run cancelled in the third of four epochs, and the history of one that was not."""
    train(project, folder / "whole")
    shutil.move(folder / "whole" / "history.csv", folder / f"{name}_whole.csv")
    shutil.rmtree(folder / "whole")
    control = JobControl()

    def report(event: Event) -> None:
        if isinstance(event, EpochStarted) and event.epoch == CANCELLED_IN:
            control.cancel.set()

    run = folder / name
    try:
        train(project, run, report=report, control=control)
    except Cancelled:
        for path in run.iterdir():
            if path.name not in ("project.json", "history.csv", "last.weights.h5"):
                path.unlink()
        return
    raise AssertionError("the run was not cancelled")


def main(folder: Path) -> None:
    # The record of a run names the system; this one is nobody's.
    platform.platform = lambda **_options: "Linux"
    devices.load_engine()
    shutil.copytree(IMAGES, folder / "images")
    for name, project in projects(folder).items():
        write_run(folder, name, project)
        np.savez_compressed(folder / f"{name}_samples.npz", **samples(project))
        source = Path(project.specs.data.val_inputs[0])
        spec = TranslationSpec(output="values")
        result = translate(folder / name / "last.weights.h5", [source], folder / "out", spec)
        ((_, written),) = result.translated
        shutil.move(written.file, folder / f"{name}_output.png")
    shutil.rmtree(folder / "out")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
