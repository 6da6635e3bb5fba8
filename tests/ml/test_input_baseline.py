"""The validation inputs as the baseline of a training, and the inputs of an evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import write_identity, write_network
from tiny import STILL, picture, project_of, target, write_set

from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.evaluation.measures import measure
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import Event, InputsMeasured, LogLine
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import training
from deepimagetranslator.ml.evaluation import evaluate, evaluate_weights

VALUES = {"loss": "mae", "metrics": ("psnr", "mse", "ssim")}
NUMBERS = range(6, 9)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    return write_set(folder / "t", range(4), "values"), write_set(folder / "v", NUMBERS, "values")


def run(project, run_dir: Path, **options) -> tuple[training.TrainingResult, list[Event]]:
    events: list[Event] = []
    return training.train(project, run_dir, report=events.append, **options), events


def of(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def expected() -> dict[str, float]:
    """Means over the validation images, computed without Keras."""
    found = []
    for number in NUMBERS:
        y, x = (
            image.astype(np.float32) / 255
            for image in (target(number, kind="values"), picture(number))
        )
        found.append(measure(y, x).results(["grey"])["grey"])
    names = {"loss": "mae", "mse": "mse", "psnr": "psnr", "ssim": "ssim"}
    return {name: float(np.mean([one[own] for one in found])) for name, own in names.items()}


@pytest.mark.parametrize("deep", [False, True])
def test_a_training_that_ends_below_its_inputs_says_so_and_remembers(sets, tmp_path, deep):
    model = {"depth": 3 if deep else 1, "deep_supervision": deep}
    project = project_of(*sets, training=VALUES | {"learning_rate": 1e-6}, model=model)
    result, events = run(project, tmp_path / "run")
    (measured,) = of(events, InputsMeasured)
    assert dict(measured.values) == pytest.approx(expected(), rel=1e-4)
    assert result.verdict is not None and not result.verdict.better
    assert result.verdict.inputs == measured.values["psnr"]
    assert of(events, LogLine)[-1].text == str(result.verdict)
    kept = json.loads(RunFolder(tmp_path / "run").project.read_text(encoding="utf-8"))
    assert kept["run"]["input_itself"] == measured.values
    assert "input" not in RunFolder(tmp_path / "run").history.read_text().splitlines()[0]
    longer = replace(project.specs.training, epochs=2)
    project = replace(project, specs=replace(project.specs, training=longer))
    again, events = run(project, tmp_path / "run", resume=True)
    assert of(events, InputsMeasured) == [measured] and again.epochs == 2
    assert not any("without a network" in line.text for line in of(events, LogLine))


def test_the_inputs_are_those_that_the_network_gets(sets, tmp_path):
    noisy = replace(STILL, noise=0.5, noise_input=True, noise_validation=True)
    project = project_of(*sets, training=VALUES, model={"depth": 1}, augmentation=noisy)
    (measured,) = of(run(project, tmp_path / "run")[1], InputsMeasured)
    assert measured.values["mse"] > 2 * expected()["mse"]


def test_nothing_is_said_where_inputs_are_no_baseline(sets, tmp_path):
    labels = [
        write_set(tmp_path / part, numbers) for part, numbers in (("t", range(3)), ("v", NUMBERS))
    ]
    as_values = {"target_kind": "values"}
    same = (sets[0][0], sets[0][0]), (sets[1][0], sets[1][0])
    cases = {
        "label maps": project_of(*labels, model={"depth": 1}),
        "label maps as values": project_of(
            *labels, training=VALUES, data=as_values, model={"depth": 1, "input_channels": 3}
        ),
        "each image's range": project_of(
            *sets, training=VALUES, data={"input_scaling": "image"}, model={"depth": 1}
        ),
        "inputs as targets": project_of(*same, training=VALUES, model={"depth": 1}),
        "no validation": project_of(sets[0], training=VALUES, model={"depth": 1}),
    }
    for name, project in cases.items():
        result, events = run(project, tmp_path / name)
        assert result.verdict is None and not of(events, InputsMeasured), name


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    write_set(tmp_path, NUMBERS, "values", (16, 24))
    return tmp_path / "images", tmp_path / "targets"


def pairs_of(folders: tuple[Path, Path]) -> list[ImagePair]:
    sides = (sorted(folder.iterdir()) for folder in folders)
    return [ImagePair(ImageRef(x), ImageRef(y)) for x, y in zip(*sides, strict=True)]


def test_a_network_that_does_nothing_equals_its_input(folders, tmp_path):
    weights = write_identity(tmp_path, BYTES)
    table = evaluate_weights(weights, pairs_of(folders))
    whole = table.whole_volume()["grey"]
    for name in ("mae", "mse", "psnr", "ssim"):
        assert whole[name] == pytest.approx(whole[f"input_{name}"], rel=1e-5)


def test_weights_and_folders_are_compared_with_the_same_inputs(folders, tmp_path):
    weights = write_network(tmp_path, "grey", 0.5, input_scaling=BYTES, target_scaling=BYTES)
    by_weights = evaluate_weights(weights, pairs_of(folders))
    assert by_weights.verdict is not None and not by_weights.verdict.better
    for path in folders[1].iterdir():
        write_image(tmp_path / "out" / path.name, np.full((16, 24, 1), 128, np.uint8))
    events: list[Event] = []
    by_folders = evaluate(
        [tmp_path / "out"], [folders[1]], inputs=[folders[0]], report=events.append
    )
    assert by_folders.verdict is not None and not of(events, LogLine)
    assert by_folders.verdict.inputs == pytest.approx(by_weights.verdict.inputs)
    assert evaluate([tmp_path / "out"], [folders[1]]).verdict is None


def test_grey_images_that_come_out_in_colour_are_compared_with_their_inputs(folders, tmp_path):
    """As of networks with three channels, which the preset 2021 has for all images."""
    for path in folders[1].iterdir():
        for out, channels in (("grey", 1), ("colour", 3)):
            write_image(tmp_path / out / path.name, np.full((16, 24, channels), 128, np.uint8))
    grey, colour = (
        evaluate([tmp_path / out], [folders[1]], inputs=[folders[0]]) for out in ("grey", "colour")
    )
    assert grey.verdict is not None and colour.verdict is not None
    assert colour.verdict.network == pytest.approx(grey.verdict.network)
    assert colour.verdict.inputs == pytest.approx(grey.verdict.inputs)
    whole = colour.whole_volume()["all"]
    for name, value in grey.whole_volume()["all"].items():
        assert whole[name] == pytest.approx(value)


def test_inputs_that_cannot_be_compared_are_told_of(folders, tmp_path):
    for path in folders[1].iterdir():
        write_image(tmp_path / "deep" / path.name, np.full((16, 24, 1), 4000, np.uint16))
        write_image(tmp_path / "out" / path.name, np.full((16, 24, 1), 128, np.uint8))
    events: list[Event] = []
    table = evaluate(
        [tmp_path / "out"], [folders[1]], inputs=[tmp_path / "deep"], report=events.append
    )
    assert table.verdict is None and "size, type or channels" in of(events, LogLine)[-1].text
