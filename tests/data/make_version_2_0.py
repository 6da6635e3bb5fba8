"""Writes version_2_0/: projects, settings, weights and a run as version 2.0.0 leaves them.

Not part of the tests, which only read the result. It needs the code of version 2.0.0 (commit
727d77c) and a screen; later code cannot run it and must not, as its files would prove nothing:

    git worktree add /tmp/code_2_0 727d77c
    cd /tmp/code_2_0
    PYTHONPATH=$PWD:tests/ml:tests/gui xvfb-run -a python .../make_version_2_0.py /tmp/version_2_0

The run's record and the settings name the images by their full paths, so FOLDER is always
/tmp/version_2_0; then its content is copied to tests/data/version_2_0.
"""

# ruff: noqa: I001  the modules imported below are those of version 2.0.0

import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from tiny import picture, project_of, target
from window import Window

import deepimagetranslator
from deepimagetranslator.core.fields import FieldInfo, fields_of
from deepimagetranslator.core.files import list_images
from deepimagetranslator.core.images import read_image, write_image
from deepimagetranslator.core.labels.classes import parse_classes
from deepimagetranslator.core.project import (
    Project,
    load_project,
    new_project,
    project_problems,
    save_project,
)
from deepimagetranslator.core.protocol import Cancelled, EpochStarted, Event, JobControl
from deepimagetranslator.core.specs import SECTIONS, AugmentationSpec, Specs, TranslationSpec
from deepimagetranslator.gui.training_monitor import TrainingMonitor
from deepimagetranslator.ml import devices
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator

SIZE = (16, 16)
LABELS = ("0,0,0=background", "255,0,0>200,0,0=fat", "rest>9,9,9=other")
AUGMENTATION = AugmentationSpec(
    scaling=2.0, translation=2.0, noise_input=True, noise_validation=True, blur_input=True
)
ON = ("scaling", "rotation", "translation", "flip")  # by default; many_choices has them off
CLEAR = 1e-3  # by how much the likeliest class must win: rounding then changes no pixel

# ---- images ---------------------------------------------------------------------------------


def write_images(folder: Path) -> dict[str, list[str]]:
    """Six pairs to learn from, two to validate; label targets in 8 bits, values in 16."""
    lists: dict[str, list[str]] = {}
    for number in range(8):
        part = "train" if number < 6 else "val"
        images = {
            "inputs": picture(number, *SIZE),
            "labels": target(number, *SIZE),
            "hounsfield": picture(number, *SIZE).astype(np.uint16) * 4 + 724,
            "values": target(number, *SIZE, "values").astype(np.uint16) * 100 + 7,
        }
        for kind, image in images.items():
            path = folder / "images" / kind / f"slice{number}.png"
            write_image(path, image)
            lists.setdefault(f"{part} {kind}", []).append(str(path))
    return lists


def write_volumes(folder: Path) -> None:
    """Four slices and their classes 0 to 2, as NIfTI."""
    inputs = np.stack([picture(number, *SIZE)[..., 0] for number in range(4)], axis=-1)
    classes = np.digitize(inputs, (80, 160))
    for name, volume in (("scan", inputs.astype(np.int16) - 100), ("classes", classes)):
        image = nibabel.Nifti1Image(volume.astype(np.int16), np.diag([0.7, 0.7, 5.0, 1.0]))
        nibabel.save(image, folder / f"{name}.nii.gz")


# ---- projects -------------------------------------------------------------------------------


def another(info: FieldInfo) -> Any:
    """A value that is not the field's default."""
    if info.kind == "bool":
        return not info.default
    if info.kind == "choice":
        return next(choice for choice in reversed(info.choices) if choice != info.default)
    if info.kind == "int":
        return info.default + 1
    if info.kind == "float":
        return (info.default + info.low) / 2
    return info.choices[-2:]


def many_choices(folder: Path) -> Project:
    """A project in which no field has its default, but for what the rules of the specs forbid."""
    slices, classes = (
        [str(path) for path in list_images(folder / f"{name}.nii.gz")]
        for name in ("scan", "classes")
    )
    chosen = {
        "data": {
            "train_inputs": (*slices[1:], "/archive/another.nii.gz/0003"),
            "train_targets": (*classes[1:], "/archive/another_classes.nii.gz/0003"),
            "val_inputs": (slices[0],),
            "val_targets": (classes[0],),
            "target_kind": "labels",
            "labels": (
                "0=background",
                "1 + 3>200=fat, under the skin",
                "#0a0b0c",
                "rest>7=Änderes",
            ),
            "input_scaling": "window",
            "input_low": -160.0,
            "input_high": 240.5,
            "input_offset": -1024.0,
            "target_scaling": "window",
            "target_low": 0.25,
            "target_high": 1e6,
            "target_offset": 12.0,
        },
        "model": {
            "depth": 4,
            "input_height": 32,
            "input_width": 48,
            "target_height": 64,
            "target_width": 96,
            "dropout": 0.25,
        },
        "training": {"loss": "sparse_categorical_crossentropy"},
        "augmentation": {f"{name}_validation": False for name in ON},
        "translation": {"output": "values", "value_type": "float", "file_format": "nifti"},
    }
    specs = Specs()
    for section in SECTIONS:
        spec = getattr(specs, section)
        rest = {info.name: another(info) for info in fields_of(spec) if info.kind != "paths"}
        specs = replace(specs, **{section: replace(spec, **rest | chosen.get(section, {}))})
    return Project(specs)


def readings(project: Project, folder: Path) -> dict[str, Any]:
    """What the project file holds as this version reads it; paths inside the folder relative."""
    specs = asdict(project.specs)
    data = project.specs.data
    names = ("train_inputs", "train_targets", "val_inputs", "val_targets")
    images = [
        name for part in names for name in getattr(data, part) if Path(name).is_relative_to(folder)
    ]
    for part in names:
        specs["data"][part] = [relative(name, folder) for name in specs["data"][part]]
    return {
        "preset": project.preset,
        "specs": specs,
        "classes": [asdict(one) for one in parse_classes(data.labels)],
        "images": {relative(name, folder): facts(read_image(Path(name))) for name in images},
    }


def relative(name: str, folder: Path) -> str:
    path = Path(name)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name


def facts(image: np.ndarray) -> dict[str, Any]:
    """What is compared of an image."""
    total = float(image.sum(dtype=np.float64))
    return {"shape": list(image.shape), "dtype": image.dtype.name, "sum": total}


def write_projects(folder: Path, lists: dict[str, list[str]]) -> None:
    data = {
        "train_inputs": tuple(lists["train inputs"]),
        "train_targets": tuple(lists["train labels"]),
        "val_inputs": tuple(lists["val inputs"]),
        "val_targets": tuple(lists["val labels"]),
    }
    projects = {"many_choices": many_choices(folder), "preset_2021": new_project("2021", data)}
    found = {}
    for name, project in projects.items():
        assert not project_problems(project), project_problems(project)
        path = folder / f"{name}.json"
        save_project(project, path)
        assert load_project(path) == project
        found[path.name] = readings(project, folder)
    write_json(folder / "expected_projects.json", found)


def write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")


# ---- settings -------------------------------------------------------------------------------


def write_settings(folder: Path) -> None:
    """What the window leaves: once after work in it, once as it was only opened and closed."""
    settings = folder / "settings"
    settings.mkdir()
    used_window(folder)
    shutil.move(folder / "home" / "settings.json", settings / "used.json")
    shutil.copy(folder / "preset_2021.json", folder / "gone.json")
    window = Window(folder / "gone.json")
    window.until(lambda: window.session.settings.recent)
    window.close()
    (folder / "gone.json").unlink()
    shutil.move(folder / "home" / "settings.json", settings / "opened_once.json")


def used_window(folder: Path) -> None:
    window = Window(folder / "many_choices.json")
    window.until(lambda: window.session.settings.recent)
    window.root.geometry("1100x640+30+20")
    window.choose("View", "Light")
    window.answers.paths = [folder / "preset_2021.json"]
    window.choose("File", "Open project...")
    window.until(lambda: window.session.dataset is not None)
    window.answers.files = [sorted((folder / "images" / "inputs").iterdir())]
    window.choose("Translate", "Load images for translation")
    window.choose("Train", "Show monitor")
    window.dialog(TrainingMonitor).geometry("900x600+40+30")
    window.until(lambda: window.app.window.commands.places.get("monitor geometry", "")[:3] == "900")
    window.close()


# ---- weights and a run ----------------------------------------------------------------------


def pairs(lists: dict[str, list[str]], inputs: str, targets: str) -> list[tuple[Any, Any]]:
    return [
        (tuple(lists[f"{part} {inputs}"]), tuple(lists[f"{part} {targets}"]))
        for part in ("train", "val")
    ]


def label_project(lists: dict[str, list[str]]) -> Project:
    return project_of(
        *pairs(lists, "inputs", "labels"),
        model={"depth": 2},
        training={
            "epochs": 150,
            "learning_rate": 0.01,
            "loss": "sparse_categorical_crossentropy",
            "metrics": ("dice_score",),
        },
        data={"labels": LABELS},
    )


def value_project(lists: dict[str, list[str]]) -> Project:
    return project_of(
        *pairs(lists, "hounsfield", "values"),
        model={"deep_supervision": True, "base_filters": 2, "normalization": "none"},
        training={"epochs": 40, "loss": "mae", "metrics": ("psnr",)},
        data={
            "target_kind": "values",
            "input_scaling": "window",
            "input_low": -200.0,
            "input_high": 400.0,
            "input_offset": -1024.0,
            "target_scaling": "percentiles",
        },
    )


def write_network(folder: Path, name: str, project: Project, image: np.ndarray) -> None:
    """Train a network; keep its weights, an image that it never saw, and what it makes of it."""
    weights, source = folder / f"{name}.weights.h5", folder / f"{name}_input.png"
    train(project, folder / name)
    shutil.copy(folder / name / "best.weights.h5", weights)
    shutil.rmtree(folder / name)
    write_image(source, image)
    ((_, written),) = translate(weights, [source], folder / name, TranslationSpec()).translated
    shutil.move(written, folder / f"{name}_output{written.suffix}")
    (folder / name).rmdir()


def check_labels(folder: Path) -> None:
    """All three classes were found, and each clearly enough for any processor."""
    image, output = (read_image(folder / f"labels_{side}.png") for side in ("input", "output"))
    assert len(np.unique(output.reshape(-1, 3), axis=0)) == len(LABELS)
    values = np.sort(Translator(folder / "labels.weights.h5").predict([image], ["input"])[0])
    least = float((values[..., -1] - values[..., -2]).min())
    print("The likeliest class wins by", least, "or more.")
    assert least > CLEAR


def write_run(folder: Path, lists: dict[str, list[str]]) -> None:
    """A run cancelled in the third of four epochs, and the history of one that was not."""
    project = project_of(
        *pairs(lists, "inputs", "labels"),
        model={"depth": 2, "dropout": 0.25},
        training={
            "epochs": 4,
            "learning_rate": 0.01,
            "metrics": ("mse", "psnr"),  # no counts of pixels, which rounding may tip
            "keep_best": 1,
        },
        augmentation=AUGMENTATION,
    )
    train(project, folder / "whole")
    shutil.move(folder / "whole" / "history.csv", folder / "whole_run.csv")
    shutil.rmtree(folder / "whole")
    control = JobControl()

    def report(event: Event) -> None:
        if isinstance(event, EpochStarted) and event.epoch == 3:
            control.cancel.set()

    try:
        train(project, folder / "run", report=report, control=control)
    except Cancelled:
        return
    raise AssertionError("the run was not cancelled")


def main(folder: Path) -> None:
    assert deepimagetranslator.__version__ == "2.0.0"
    platform.platform = lambda: "Linux"  # the run's record names it, and this one is nobody's
    os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(folder / "home")
    devices.load_engine()
    assert devices.choose_precision("automatic") == "float32", "another processor would round more"
    lists = write_images(folder)
    write_volumes(folder)
    write_projects(folder, lists)
    # Between pixels of a label network two classes may come out equal: that one is not resized.
    write_network(folder, "labels", label_project(lists), picture(11, *SIZE))
    check_labels(folder)
    hounsfield = picture(11, 20, 24).astype(np.uint16) * 4 + 724
    write_network(folder, "values", value_project(lists), hounsfield)
    write_run(folder, lists)
    write_settings(folder)
    shutil.rmtree(folder / "home")
    for kind in ("hounsfield", "values"):  # no test reads them
        shutil.rmtree(folder / "images" / kind)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
