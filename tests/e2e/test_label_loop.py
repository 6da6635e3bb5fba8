"""The labelling loop by commands: images alone, accept, train, draft, correct, train again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny import picture, target
from told import Told

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling.store import LabelStore, labels_folder

SMALL = (
    *("--set", "model.depth=2", "--set", "model.base_filters=2"),
    *("--set", "training.precision=float32"),
    *("--set", "data.labels=0,0,0=air;0,0,255=rim;255,0,0=core"),
)
SIZES = {1: (48, 40)}
NO_CORE = 2


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def call(*arguments: str | Path) -> Told:
        capsys.readouterr()
        status = cli.main([*map(str, arguments), "--json"])
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return Told(status, told.out, told.err)

    return call


@pytest.fixture
def study(tmp_path: Path, call: Callable[..., Told]) -> Path:
    """A project of seven images without targets; truth/ has what a painter would paint.

    One image is larger than the others, and in one there is no core.
    """
    for number in range(7):
        write_image(tmp_path / "images" / name(number), picture(number, *SIZES.get(number, ())))
        write_image(tmp_path / "truth" / name(number), painted(number))
    path = tmp_path / "study.json"
    told = call("new", path, "--unlabelled", tmp_path / "images", *SMALL)
    assert told.status == 0 and told.json["unlabelled"] == 7
    assert "7 images are to be labelled; 'label next' says which one next." in told.err
    return path


def name(number: int) -> str:
    return f"CT-1-{number:03}.png"


def painted(number: int) -> np.ndarray:
    image = target(number, *SIZES.get(number, ())).copy()
    if number == NO_CORE:
        image[(image == (255, 0, 0)).all(axis=-1)] = 0, 0, 255
    return image


def truth(study: Path, *numbers: int) -> list[Path]:
    return [study.parent / "truth" / name(number) for number in numbers]


def store_of(study: Path) -> LabelStore:
    found = LabelStore(labels_folder(study))
    found.look()
    return found


def shown(store: LabelStore, number: int) -> np.ndarray:
    image = next(one for one in store.begun() if one.file.name == name(number))
    numbers = store.read(image, read_image(image).shape[:2])
    assert numbers is not None
    return store.table.palette().decode(numbers)


def test_from_images_alone_to_the_second_round(call, study) -> None:
    told = call("train", study)
    assert told.status == 2 and "7 images have no target, and none of them is labelled" in told.err
    assert "'label train'" in told.json["remedy"]
    first = study.parent / "first"
    told = call("label", "train", study, "--output", first)
    assert told.status == 2 and "None of the 7 images is done yet" in told.err
    told = call("label", "train", study, "--continue", "--resume")
    assert told.status == 2 and "--resume continues a run" in told.err
    told = call("label", "train", study, "--resume")
    assert told.status == 2 and "has no round yet" in told.err
    assert not first.exists() and call("label", "status", study).json["rounds"] == []

    assert call("label", "accept", study, *truth(study, NO_CORE)).counts == [6, 0, 1]
    told = call("train", study)
    assert told.status == 2 and "1 of the 7 images is labelled. Train on these" in told.err
    told = call("label", "train", study, "--output", first, "--continue")
    assert told.status == 2 and "no weights to continue yet" in told.err

    told = call("label", "train", study, "--output", first, "--epochs", "1")
    assert told.status == 0, told.err
    assert told.json["round"] == 1 and told.json["validation_by"] == "none"
    assert "1 image is done: too few for validation" in told.err
    assert told.json["start_weights"] is None and told.json["epochs"] == 1
    assert [Path(one).name for one in told.json["trained_on"]] == [name(NO_CORE)]
    recorded = load_project(first / "project.json").specs
    assert recorded.training.loss == "dice_crossentropy"  # as suggested for label maps
    assert recorded.data.labels[2] == "255,0,0=core"

    told = call("label", "draft", study)
    assert told.status in (0, 3) and told.counts == [0, 6, 1], told.err
    assert told.json["round"] == 1 and told.json["weights"] == str(first / "best.weights.h5")
    worst = [one["confidence"] for one in told.json["worst_first"]]
    assert len(worst) == 6 and worst == sorted(worst) and all(0 < one <= 1 for one in worst)
    assert "Worst first, by the mean probability" in told.err
    again = call("label", "draft", study)
    assert again.json["drafted"] == 0 and "No image is to be labelled" in again.err

    store, corrected = store_of(study), (0, 1, 3, 4, 5)
    wrong = [int((shown(store, n) != painted(n)).any(axis=-1).sum()) for n in corrected]
    pixels = sum(painted(n).shape[0] * painted(n).shape[1] for n in corrected)
    assert sum(wrong) > 0
    assert call("label", "accept", study, *truth(study, *corrected)).counts == [0, 1, 6]
    told = call("label", "status", study)
    assert "6 of 7 labelled, 1 draft." in told.err
    (of_first,) = told.json["rounds"]
    assert of_first["run"] == str(first) and (of_first["train"], of_first["validation"]) == (1, 0)
    assert of_first["corrected"] == {
        "round": 1,
        "images": 5,
        "pixels": sum(wrong),
        "mean": pytest.approx(sum(wrong) / 5),
        "share": pytest.approx(sum(wrong) / pixels),
    }

    second = study.parent / "second"
    told = call("label", "train", study, "--output", second, "--continue", "--epochs", "1")
    assert told.status == 0 and told.json["round"] == 2, told.err
    assert told.json["start_weights"] == str(first / "best.weights.h5")
    assert told.json["validation_by"] == "images" and len(told.json["validated_on"]) == 1
    assert name(NO_CORE) not in told.json["validated_on"][0]  # round 1 was trained on it
    assert "Same person in training and validation: the figures are optimistic." in told.err
    rate = load_project(second / "project.json").specs.training.learning_rate
    assert rate == pytest.approx(0.3 * recorded.training.learning_rate)

    told = call("label", "draft", study)  # the last draft of round 1 was not touched
    assert told.json["round"] == 2 and told.json["drafted"] == 1 and told.counts == [0, 1, 6]
    assert [one["round"] for one in call("label", "status", study).json["rounds"]] == [1, 2]


def test_a_run_is_resumed_on_its_snapshot_although_painting_went_on(call, study) -> None:
    call("label", "accept", study, *truth(study, 0, 2, 3))
    run = study.parent / "run"
    told = call("label", "train", study, "--output", run, "--epochs", "1")
    assert told.status == 0, told.err
    for number in (0, 2, 3):
        write_image(study.parent / "later" / name(number), np.zeros((32, 32, 3), np.uint8))
    told = call("label", "accept", study, study.parent / "later", "--replace")
    assert told.status == 0 and len(told.json["accepted"]) == 3
    refused = call("label", "train", study, "--output", run)
    assert refused.status == 2 and "holds a run already: resume it" in refused.err
    told = call("label", "train", study, "--resume", "--epochs", "2")
    assert told.status == 0 and told.json["run_dir"] == str(run), told.err
    assert told.json["epochs"] == 2 and told.json["round"] == 1
    targets = load_project(run / "project.json").specs.data.train_targets
    assert [Path(one).parent for one in targets] == [run / "snapshot"] * 3
    for number, one in zip((0, 2, 3), targets, strict=True):
        assert np.array_equal(read_image(Path(one)), painted(number))
