"""The program as a library: the README's example runs, and importing it is quick."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import picture, write_set

import deepimagetranslator
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image

README = Path(__file__).resolve().parents[2] / "README.md"
SMALL = {"model.depth": 2, "model.base_filters": 4, "training.epochs": 1}


def test_importing_the_package_imports_no_engine() -> None:
    code = (
        "import sys, deepimagetranslator as d; sys.exit(len([m for m in ('keras', 'tensorflow', "
        "'numpy', 'tkinter', 'deepimagetranslator.library') if m in sys.modules]))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_names_are_there_and_no_others() -> None:
    assert {"train", "translate", "evaluate", "load_weights"} <= set(dir(deepimagetranslator))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        deepimagetranslator.trian  # noqa: B018


def test_the_readme_s_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"<!-- library -->\n```python\n(.*?)```", README.read_text("utf-8"), re.S)
    assert found is not None
    example = found[1]
    assert len(example.strip().splitlines()) <= 10
    write_set(tmp_path, range(6))
    write_set(tmp_path / "val", range(6, 8))
    monkeypatch.chdir(tmp_path)
    values: dict[str, object] = {}
    exec(example.replace("20", "1"), values)
    assert (tmp_path / "run" / "best.weights.h5").exists()
    assert (tmp_path / "evaluation.csv").exists()
    written = sorted((tmp_path / "translated").glob("*.png"))
    assert len(written) == 2
    from_file, from_array = read_image(written[0]), values["image"]
    assert isinstance(from_array, np.ndarray)
    assert np.array_equal(from_file, from_array)


def test_settings_are_named_as_in_a_project_and_checked(tmp_path: Path) -> None:
    inputs, targets = write_set(tmp_path, range(2))
    for settings, words in (
        ({"training.epoch": 3}, "no setting 'training.epoch'"),
        ({"epochs": 3}, "no setting 'epochs'"),
        ({"augmentation.ticks": 3}, "no setting 'augmentation.ticks'"),  # a method, no field
        ({"training.epochs": -3}, "training.epochs"),
    ):
        with pytest.raises(UserError, match=words):
            deepimagetranslator.train(inputs, targets, tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


def test_weights_translate_arrays(tmp_path: Path) -> None:
    inputs, targets = write_set(tmp_path, range(2), "mask")
    result = deepimagetranslator.train(inputs, targets, tmp_path / "run", settings=SMALL)
    translator = deepimagetranslator.load_weights(result.best_weights)
    image = translator.translate(picture(5))
    assert image.shape == (32, 32, 1)
    assert set(np.unique(image)) <= {0, 255}
    assert translator.card.training["train_pairs"] == 2
