"""The study of denoising (issue 17, item 14): trained networks beside methods without training."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from classical import METHODS, Chosen, choose
from cross_validation import PRESETS, settings
from noise import BEHAVIOUR, KERNELS, LEVELS, Case, cases
from product import Product

from deepimagetranslator.core.system.csv_text import csv_text

EPOCHS = 30
MEASURES = ("mae", "mse", "psnr", "ssim")
COLUMNS = ("noise", "tested", "level", "method", "strength", "images", *MEASURES)
NOISY = "noisy"

_STEP_SECONDS = 0.2
"""A guess at 256 x 256 on two cores, until a training has been measured."""


def denoising(product: Product, folder: Path) -> None:
    """Train, translate and measure what is not done yet; write measures.csv."""
    found = cases(folder / "images", product.size)
    _forecast(product, folder, found)
    for case in found:
        for method in METHODS:
            _fitted(folder, case, method)
        for preset in PRESETS[::-1]:
            _train(product, folder, case, preset)
            for level, (noisy, _) in case.tests.items():
                _translate(product, folder, case, preset, level, noisy)
        for level, (noisy, clean) in case.tests.items():
            for method in _methods():
                _measure(product, folder, case, method, level, noisy, clean)
    rows = list(_rows(folder, found))
    (folder / "measures.csv").write_text(csv_text([COLUMNS, *rows]), encoding="utf-8")


def _methods() -> list[str]:
    return [NOISY, *PRESETS[::-1], *METHODS]


def _run(folder: Path, case: Case, preset: str) -> Path:
    return folder / "runs" / f"{case.name}-{preset}"


def _outputs(folder: Path, case: Case, method: str, level: str) -> Path:
    return folder / "outputs" / "-".join(filter(None, (case.name, level))) / method


def _train(product: Product, folder: Path, case: Case, preset: str) -> None:
    """Train a fixed length; the tested person's loss is watched and chooses nothing."""
    run = _run(folder, case, preset)
    done = run / "trained.json"
    if done.exists():
        return
    project = folder / "projects" / f"{run.name}.json"
    if not project.exists():
        watched = case.tests[next(iter(case.tests))]
        if case.noise != KERNELS:  # augmentation makes the watched inputs noisy
            watched = watched[1], watched[1]
        lists = [
            word
            for part, pair in (("train", case.train), ("val", watched))
            for word in (f"--{part}-inputs", pair[0], f"--{part}-targets", pair[1])
        ]
        project.parent.mkdir(parents=True, exist_ok=True)
        product("new", project, "--preset", preset, *lists, *settings(product, preset),
                *_own_settings(product, case))  # fmt: skip
    again = ["--resume"] * (run / "project.json").exists()
    result = product("train", project, "--run-dir", run, *again)
    done.write_text(json.dumps(result), encoding="utf-8")


def _own_settings(product: Product, case: Case) -> Iterator[str]:
    values = {
        "training.epochs": 2 if product.quick else EPOCHS,
        "training.loss": "mae",
        "training.recognize_unlike": "false",
        "augmentation.scaling": 15,
        "augmentation.translation": 15,
    }
    if case.noise != KERNELS:
        values |= {
            "augmentation.behaviour": BEHAVIOUR[case.noise],
            "augmentation.noise": LEVELS[0],
            "augmentation.noise_input": "true",
            "augmentation.noise_validation": "true",
        }
    for name, value in values.items():
        yield from ("--set", f"{name}={value}")


def _translate(
    product: Product, folder: Path, case: Case, preset: str, level: str, noisy: Path
) -> None:
    """Translate the noisy images with the last weights."""
    output = _outputs(folder, case, preset, level)
    done = output.with_suffix(".translated")
    if not done.exists():
        weights = _run(folder, case, preset) / "last.weights.h5"
        product("translate", "--weights", weights, "--output", output, "--overwrite",
                "--accept-values", noisy)  # fmt: skip
        done.touch()


def _measure(
    product: Product, folder: Path, case: Case, method: str, level: str, noisy: Path, clean: Path
) -> None:
    """Evaluate what a method made of the noisy images."""
    output = _outputs(folder, case, method, level)
    done = output.with_suffix(".json")
    if done.exists():
        return
    predictions = noisy if method == NOISY else output
    if method in METHODS:
        _fitted(folder, case, method).write(noisy, output)
    result = product("evaluate", "--predictions", predictions, "--inputs", noisy,
                     "--targets", clean, "--output", done.with_suffix(".evaluation"))  # fmt: skip
    if result["images"] != len(list(clean.iterdir())):
        sys.exit(f"{output}: only {result['images']} images could be measured.")
    done.write_text(json.dumps(result), encoding="utf-8")


def _fitted(folder: Path, case: Case, method: str) -> Chosen:
    """A method, fitted once on the person who is learnt."""
    file = folder / "fitted" / f"{case.name}-{method}.json"
    if not file.exists():
        print(f"{case.name}: choosing the strength of {method}", file=sys.stderr, flush=True)
        chosen = choose(method, *case.fitted)
        if chosen.at_end:
            print(f"Note: {chosen.strength:g} is at the end of those tried.", file=sys.stderr)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(vars(chosen) | {"curve": chosen.curve.tolist()}))
    found = json.loads(file.read_text())
    return Chosen(**found | {"curve": np.array(found["curve"])})


def _rows(folder: Path, found: list[Case]) -> Iterator[list[Any]]:
    for case in found:
        for level in case.tests:
            for method in _methods():
                file = _outputs(folder, case, method, level).with_suffix(".json")
                result = json.loads(file.read_text(encoding="utf-8"))
                strength = _fitted(folder, case, method).strength if method in METHODS else ""
                measures = [f"{result['pooled']['all'][name]:.6g}" for name in MEASURES]
                yield [case.noise, case.tested, level, method, strength, result["images"],
                       *measures]  # fmt: skip


def _forecast(product: Product, folder: Path, found: list[Case]) -> None:
    """Say about how long the open trainings take, by those that are done."""
    steps = seconds = left = trainings = 0.0
    for case in found:
        for preset in PRESETS:
            own = len(list(case.train[0].iterdir())) * (2 if product.quick else EPOCHS)
            file = _run(folder, case, preset) / "trained.json"
            if file.exists():
                steps, seconds = steps + own, seconds + json.loads(file.read_text())["seconds"]
            else:
                left, trainings = left + own, trainings + 1
    pace = seconds / steps if steps else _STEP_SECONDS
    minutes = left * pace / 60
    how = "measured" if steps else "assumed"
    print(f"denoising: {trainings:.0f} trainings, {left:.0f} steps, about {minutes:.0f} min "
          f"({how} {pace:.2f} s a step)", file=sys.stderr)  # fmt: skip
