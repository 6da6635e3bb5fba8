"""The same project, seed and machine give the same history and the same translated files."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from deepimagetranslator.core.config.project import load_project, new_project, save_project
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.runs.run_folder import RunFolder

ROOT = Path(__file__).parents[2]
PATIENCE = 600
SIZE = 32


def write_images(folder: Path) -> None:
    """Six PNG images with masks, and a volume and a 16-bit TIFF file of the same kind."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIZE, :SIZE]
    for number in range(6):
        disc = np.hypot(y - rng.integers(10, 22), x - rng.integers(10, 22)) < 7
        grey = np.where(disc, 180, 60) + rng.normal(0, 12, disc.shape)
        image = np.clip(grey, 0, 255).astype(np.uint8)[..., None]
        write_image(folder / "images" / f"{number}.png", image)
        write_image(folder / "masks" / f"{number}.png", (disc * np.uint8(255))[..., None])
        write_image(folder / "new" / f"{number}.tif", image)
    volume = nibabel.Nifti1Image(np.stack([image[..., 0]] * 2, -1), np.eye(4))
    volume.to_filename(folder / "new" / "volume.nii.gz")


def write_project(folder: Path, precision: str) -> Path:
    """A project with everything random: augmentation, order of the images, dropout."""
    write_images(folder)
    names = [str(folder / side / f"{n}.png") for side in ("images", "masks") for n in range(6)]
    lists = {
        "train_inputs": tuple(names[:4]),
        "val_inputs": tuple(names[4:6]),
        "train_targets": tuple(names[6:10]),
        "val_targets": tuple(names[10:]),
    }
    project = new_project("recommended", lists)
    specs = project.specs
    # A constant learning rate does not depend on the planned number of epochs.
    quick = {"batch_size": 2, "schedule": "constant", "precision": precision}
    specs = replace(
        specs,
        model=replace(specs.model, depth=2, base_filters=4, dropout=0.2),
        training=replace(specs.training, **quick),
    )
    save_project(replace(project, specs=specs), folder / "study.json")
    return folder / "study.json"


def run(*arguments: str | Path, hash_seed: int) -> None:
    """A command in a process of its own; what a set iterates over differs with the hash seed."""
    done = subprocess.run(  # noqa: PLW1510  the assertion tells what it said
        [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)},
    )
    assert done.returncode == 0, done.stderr


def results(project: Path, place: Path, hash_seed: int) -> tuple[list[str], dict[str, bytes]]:
    """The rows of the history without seconds, and the translated files."""
    weights, new = place / "run" / "best.weights.h5", project.parent / "new"
    values = ("--set", "translation.output=values", "--accept-values")
    run(
        "translate",
        "--weights",
        weights,
        "--output",
        place / "out",
        new,
        *values,
        hash_seed=hash_seed,
    )
    rows = RunFolder(place / "run").read_history()
    history = [repr({**row, "seconds": 0}) for row in rows]
    return history, {path.name: path.read_bytes() for path in (place / "out").iterdir()}


@pytest.mark.faults
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_repeats_exactly_also_when_it_was_resumed(
    tmp_path: Path, precision: str
) -> None:
    project = write_project(tmp_path, precision)
    found = []
    for number, epochs in enumerate(([3], [3], [1, 3])):  # the last one is resumed
        place = tmp_path / f"turn{number}"
        for planned in epochs:
            stored = load_project(project)
            training = replace(stored.specs.training, epochs=planned)
            save_project(replace(stored, specs=replace(stored.specs, training=training)), project)
            resume = () if planned == epochs[0] else ("--resume",)
            run("train", project, "--run-dir", place / "run", *resume, hash_seed=number)
        found.append(results(project, place, number))
    assert len(found[0][0]) == 3 and len(found[0][1]) == 7
    assert found[0] == found[1]
    assert found[0] == found[2]
    print(f"{precision}: 3 runs of 3 epochs, one of them resumed: equal; 7 translated files: equal")
