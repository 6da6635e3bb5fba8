"""Limits of memory: a training ends with a sentence, never with a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.core.config.project import new_project, save_project
from deepimagetranslator.core.imaging.images import write_image

resource = pytest.importorskip("resource", reason="limits of address space are POSIX's")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="macOS does not hold RLIMIT_AS")

SECONDS = 600
GIB = 2**30


def project_of(folder: Path, batch_size: int) -> Path:
    """Eight pairs for a network of 1024 x 1024 pixels."""
    rng = np.random.default_rng(1)
    lists: dict[str, tuple[str, ...]] = {}
    for side in ("inputs", "targets"):
        files = [folder / side / f"{number}.png" for number in range(8)]
        for file in files:
            pixels = rng.integers(0, 256, (64, 64, 1)).astype(np.uint8)
            write_image(file, pixels if side == "inputs" else (pixels > 128) * np.uint8(255))
        lists[f"train_{side}"] = tuple(map(str, files))
    project = new_project("recommended", lists)
    specs = project.specs
    model = replace(specs.model, depth=5, base_filters=32, input_height=1024, input_width=1024)
    training = replace(specs.training, epochs=1, batch_size=batch_size, metrics=())
    path = folder / "p.json"
    save_project(replace(project, specs=replace(specs, model=model, training=training)), path)
    return path


def run(limit: float, *arguments: object) -> tuple[int, dict[str, object], str]:
    """The program in a group of its own with so many GiB of address space."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(limit * GIB), int(limit * GIB)))

    command = [sys.executable, "-m", "deepimagetranslator", *map(str, arguments), "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limited,  # noqa: PLW1509  the child starts no thread before exec
    ) as child:
        try:
            out, err = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    lines = out.strip().splitlines()
    return child.returncode, json.loads(lines[-1]) if lines else {}, err


@pytest.mark.faults
@linux_only
@pytest.mark.parametrize("limit", [2, 3, 4, 6])
def test_no_limit_crashes_the_training(tmp_path, limit):
    status, result, err = run(limit, "train", project_of(tmp_path, 8), "--run-dir", tmp_path / "r")
    print(f"limit {limit} GiB: status {status}, {result.get('error')} {result.get('remedy')}")
    assert status == 2, err
    assert "not enough memory" in str(result["error"])
    assert (limit > 3) == ("--set training.batch_size=1" in str(result["remedy"]))
    assert not list((tmp_path / "r").glob("*"))


@pytest.mark.faults
@linux_only
def test_the_training_with_the_advice_runs(tmp_path):
    project = project_of(tmp_path, 8)
    _, refused, _ = run(4, "train", project, "--run-dir", tmp_path / "r")
    advice = str(refused["remedy"]).removeprefix("Use ").removesuffix(".").split()
    status, _, err = run(4, "train", project, "--run-dir", tmp_path / "r", *advice)
    print(f"with {advice}: status {status}")
    assert status == 0, err
