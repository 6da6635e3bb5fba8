"""Windows by name and by centre and width, and what a project makes of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.cli import main
from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs, TrainingSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data.intensity.chosen import chosen_windows
from deepimagetranslator.core.data.intensity.windows import PRESETS, Window, parse_window
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("abdomen", (-160, 240)),
        ("Lung", (-1350, 150)),
        ("bone", (-500, 1300)),
        ("brain", (0, 80)),
        ("fat", (-190, -30)),
        (" full ", (-1024, 3071)),
        ("40/400", (-160, 240)),
        ("-600/1500", (-1350, 150)),
        ("0.5 / 0.2", (0.4, 0.6)),
    ],
)
def test_a_window_is_read(text: str, limits: tuple[float, float]) -> None:
    window = parse_window(text)
    assert (window.low, window.high) == pytest.approx(limits)
    again = Window.between(window.low, window.high)
    assert (again.centre, again.width) == pytest.approx((window.centre, window.width))


@pytest.mark.parametrize(
    "text", ["", "liver", "40", "40/0", "40/-5", "a/b", "1/2/3", "nan/5", "0/inf"]
)
def test_no_window_is_named_with_the_remedy(text: str) -> None:
    with pytest.raises(UserError, match="CENTRE/WIDTH") as found:
        parse_window(text)
    assert all(name in str(found.value) for name in PRESETS)


@pytest.mark.parametrize("side", ["input", "target"])
@pytest.mark.parametrize("limits", [(0.0, 0.0), (5.0, -5.0)])
def test_a_window_without_width_is_a_problem(side: str, limits: tuple[float, float]) -> None:
    low, high = limits
    spec = replace(DataSpec(), **{f"{side}_low": low, f"{side}_high": high})
    assert problems(spec) == []
    (problem,) = problems(replace(spec, **{f"{side}_scaling": "window"}))
    assert problem.subject == f"{side}_low"
    assert f"The {side} window goes from {limits[0]:g} to {limits[1]:g}" in problem.message


def set_of(folder: Path, *levels: int) -> tuple[str, ...]:
    """16-bit images, each of one level and with noise of up to 100 above it."""
    random = np.random.default_rng(1)
    files = []
    for number, level in enumerate(levels):
        path = folder / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, (level + random.integers(0, 100, (16, 16, 1))).astype(np.uint16))
        files.append(str(path))
    return tuple(files)


def specs_of(folder: Path, **data: object) -> Specs:
    """Two training pairs from 1000 to 3099, and one brighter pair for validation."""
    train, val = set_of(folder / "train", 1000, 3000), set_of(folder / "val", 60_000)
    files = DataSpec(train_inputs=train, train_targets=train, val_inputs=val, val_targets=val)
    return Specs(
        replace(files, target_kind="values", **data),  # type: ignore[arg-type]
        ModelSpec(depth=1),
        TrainingSpec(loss="mae"),
    )


def test_scalings_come_from_the_training_set_and_the_choices(tmp_path: Path) -> None:
    offset = {"input_offset": -1024.0}
    dataset, _, _ = examine(specs_of(tmp_path, input_scaling="percentiles", percentile=20.0))
    assert dataset is not None
    scaling = dataset.input_scaling
    assert scaling.kind == "window"
    assert 1000 < scaling.low < 1100 and 3000 < scaling.high < 3100, "not the validation set's"
    window = {"input_scaling": "window", "input_low": -160.0, "input_high": 240.0}
    dataset, _, _ = examine(specs_of(tmp_path, **window, **offset))
    assert dataset is not None
    scaling = dataset.input_scaling
    assert (scaling.low, scaling.high, scaling.offset) == (-160, 240, -1024)
    assert (scaling.kind, scaling.dtype) == ("window", "uint16")
    assert dataset.target_scaling.offset == 0
    dataset, _, _ = examine(specs_of(tmp_path, target_offset=-1024.0))
    assert dataset is not None
    assert (dataset.target_scaling.kind, dataset.target_scaling.low) == ("data", -24)


def test_a_bad_window_is_found_before_training(tmp_path: Path) -> None:
    dataset, _, found = examine(specs_of(tmp_path, input_scaling="window"))
    assert dataset is None
    assert [p.subject for p in found if p.fatal] == ["data.input_low"]


def test_windows_are_known_before_files_are_read() -> None:
    assert chosen_windows(DataSpec()) == (None, None)
    assert chosen_windows(DataSpec(input_scaling="window")) == (None, None)
    spec = DataSpec(target_scaling="window", target_low=1.0, target_high=3.0, target_offset=9.0)
    inputs, targets = chosen_windows(spec)
    assert inputs is None and targets is not None
    assert (targets.low, targets.high, targets.offset) == (1, 3, 9)
    assert targets.fits("uint16") and targets.fits("float32")


@pytest.mark.parametrize("option", ["--window=fat", "--window=-110/160"])
def test_new_takes_a_window(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_of(tmp_path / "images", 1000, 1100)
    folder, project = str(tmp_path / "images"), tmp_path / "p.json"
    given = ["new", str(project), "--train-inputs", folder, "--train-targets", folder]
    assert main([*given, option, "--set", "data.input_offset=-1024"]) == 0
    data = load_project(project).specs.data
    assert (data.input_scaling, data.input_low, data.input_high) == ("window", -190, -30)
    assert data.input_offset == -1024
    capsys.readouterr()
    assert main([*given, "--window", "heart"]) == 2
    assert "heart" in capsys.readouterr().err
