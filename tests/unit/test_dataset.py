"""From files to a data set: every decision, and every refusal with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import (
    CATEGORICAL_LOSSES,
    LOSSES,
    DataSpec,
    ModelSpec,
    Specs,
)
from deepimagetranslator.core.config.validation import with_final_activation
from deepimagetranslator.core.data.dataset import Dataset, channel_names, match
from deepimagetranslator.core.errors import DataProblems, Problem
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import FilesRead
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl

PURE = ((0, 0, 0), (255, 0, 0), (0, 255, 0))
MIXED = ((0, 0, 0), (200, 30, 30), (30, 200, 90))
Files = tuple[tuple[str, ...], tuple[str, ...]]


def colours_at(palette: Any, number: int, height: int, width: int) -> np.ndarray:
    """Stripes of the palette's colours, each some pixels wide."""
    rows = (np.arange(height) + number) // 3 % len(palette)
    return np.repeat(np.array(palette, np.uint8)[rows][:, None], width, axis=1)


def target_of(kind: str, number: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    return {
        "pure": lambda: colours_at(PURE, number, height, width),
        "mixed": lambda: colours_at(MIXED, number, height, width),
        "mask": lambda: colours_at(((0,), (255,)), number, height, width),
        "mask 0 1": lambda: colours_at(((0,), (1,)), number, height, width),
        "numbers": lambda: colours_at(((0,), (1,), (2,), (3,)), number, height, width),
        "values": lambda: rng.integers(0, 256, (height, width, 1), np.uint8),
        "deep": lambda: rng.integers(500, 3000, (height, width, 1), np.uint16),
    }[kind]()


def write_pairs(
    folder: Path,
    kind: str,
    count: int = 2,
    size: tuple[int, int] = (18, 24),
    target_size: tuple[int, int] | None = None,
) -> Files:
    inputs, targets = [], []
    for number in range(count):
        rng = np.random.default_rng(100 + number)
        inputs.append(folder / "in" / f"p{number}.png")
        targets.append(folder / "out" / f"p{number}.png")
        write_image(inputs[-1], rng.integers(0, 256, (*size, 1), np.uint8))
        write_image(targets[-1], target_of(kind, number, *(target_size or size)))
    return tuple(map(str, inputs)), tuple(map(str, targets))


def specs_of(
    train: Files,
    val: Files = ((), ()),
    *,
    data: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    **training: Any,
) -> Specs:
    base = Specs()
    return replace(
        base,
        data=DataSpec(train[0], train[1], val[0], val[1], **(data or {})),
        model=replace(base.model, **{"depth": 2} | (model or {})),
        training=replace(base.training, **training),
    )


def fatal(problems: list[Problem] | tuple[Problem, ...]) -> dict[str, str]:
    return {problem.subject: str(problem) for problem in problems if problem.fatal}


def refused(specs: Specs) -> dict[str, str]:
    dataset, _, problems = examine(specs)
    assert dataset is None
    with pytest.raises(DataProblems) as caught:
        prepare(specs)
    assert str(caught.value).splitlines() == [str(p) for p in problems if p.fatal]
    return fatal(problems)


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Files]:
    folder = tmp_path_factory.mktemp("sets")
    kinds = ("pure", "mixed", "mask", "mask 0 1", "numbers", "values", "deep")
    return {kind: write_pairs(folder / kind, kind) for kind in kinds}


# --- which loss fits which targets -------------------------------------------------------------

FITTING = {
    "pure": set(LOSSES),
    "mask": set(LOSSES),
    "mask 0 1": set(LOSSES),
    "mixed": {*CATEGORICAL_LOSSES, "mse", "mae", "ssim_mae"},
    "numbers": {*CATEGORICAL_LOSSES, "mse", "mae", "ssim_mae"},
    "values": {"binary_crossentropy", "mse", "mae", "ssim_mae"},
    "deep": {"binary_crossentropy", "mse", "mae", "ssim_mae"},
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", FITTING)
def test_a_loss_is_taken_or_refused_by_what_the_targets_are(sets, kind, loss):
    specs = specs_of(sets[kind], loss=loss)
    if loss in FITTING[kind]:
        dataset = prepare(specs)
        assert bool(dataset.classes) == (loss in CATEGORICAL_LOSSES)
        assert dataset.sparse == (loss == "sparse_categorical_crossentropy")
        return
    said = refused(specs)
    assert set(said) == {"training.loss"}
    # The name of what is refused, why, and what to choose instead.
    assert loss in said["training.loss"] and "choose" in said["training.loss"]


@pytest.mark.parametrize(
    ("kind", "activation", "loss", "words"),
    [
        ("pure", "sigmoid", "categorical_crossentropy", "final activation is sigmoid"),
        ("pure", "linear", "sparse_categorical_crossentropy", "final activation is linear"),
        ("pure", "linear", "binary_crossentropy", "between 0 and 1"),
        ("pure", "linear", "dice", "between 0 and 1"),
        ("pure", "softmax", "mae", "class probabilities"),
        ("pure", "softmax", "binary_crossentropy", "class probabilities"),
        ("values", "softmax", "dice_crossentropy", "label maps"),
        ("values", "softmax", "categorical_crossentropy", "label maps"),
    ],
)
def test_a_final_activation_that_does_not_fit_is_refused(sets, kind, activation, loss, words):
    said = refused(specs_of(sets[kind], model={"final_activation": activation}, loss=loss))
    assert words in said["training.loss"]


@pytest.mark.parametrize("loss", ["dice", "dice_crossentropy"])
def test_dice_on_classes_takes_any_label_colours(sets, loss):
    dataset = prepare(specs_of(sets["mixed"], model={"final_activation": "softmax"}, loss=loss))
    assert dataset.classes == 3 and not dataset.sparse
    assert dataset.channel_names == ("class0", "class1", "class2")


def test_the_2021_preset_takes_any_targets(sets):
    for kind in ("pure", "mixed", "values"):
        specs = PRESETS["2021"]
        specs = replace(
            specs,
            data=replace(specs.data, train_inputs=sets[kind][0], train_targets=sets[kind][1]),
            model=replace(specs.model, depth=2),
        )
        dataset = prepare(specs)
        assert dataset.palette is None
        assert (dataset.model.input_channels, dataset.model.target_channels) == (3, 3)


# --- label colours -----------------------------------------------------------------------------


def test_label_colours_are_those_of_the_training_targets(sets):
    palette = prepare(specs_of(sets["mixed"], loss="categorical_crossentropy")).palette
    assert palette is not None and set(palette.colours) == set(MIXED)
    assert palette.colours[0] == (0, 0, 0)
    assert prepare(specs_of(sets["values"], loss="mae")).palette is None


def test_the_user_may_call_targets_labels_or_values(sets, tmp_path):
    as_values = specs_of(sets["pure"], data={"target_kind": "values"}, loss="mae")
    assert prepare(as_values).palette is None
    said = refused(specs_of(sets["values"], data={"target_kind": "labels"}, loss="mae"))
    assert "too many colours" in said["data.target_kind"]


def test_validation_colours_that_no_training_target_has_are_refused(sets, tmp_path):
    known = write_pairs(tmp_path / "known", "pure", 1)
    new = write_pairs(tmp_path / "new", "mixed", 1)
    assert prepare(specs_of(sets["pure"], known)).val
    said = refused(specs_of(sets["pure"], new))
    assert "(200, 30, 30)" in said["validation targets"]
    said = refused(specs_of(sets["pure"], write_pairs(tmp_path / "many", "values", 1)))
    assert "validation targets" in said


def test_grey_validation_masks_fit_coloured_palettes_of_the_same_greys(sets, tmp_path):
    train = write_pairs(tmp_path / "train", "mask")
    for path in train[1]:
        grey = colours_at(((0, 0, 0), (255, 255, 255)), 0, 18, 24)
        write_image(path, grey)
    val = write_pairs(tmp_path / "val", "mask", 1)
    assert prepare(specs_of(train, val, loss="dice")).val


def test_the_number_of_classes_must_be_that_of_the_colours(sets):
    specs = specs_of(sets["mixed"], model={"target_channels": 5}, loss="categorical_crossentropy")
    said = refused(specs)
    assert "3 label colours" in said["model.target_channels"]


# --- sizes and values --------------------------------------------------------------------------


def sizes(model: ModelSpec) -> tuple[int, ...]:
    return (
        model.input_height,
        model.input_width,
        model.input_channels,
        model.target_height,
        model.target_width,
        model.target_channels,
    )


@pytest.mark.parametrize(
    ("target_size", "chosen", "expected"),
    [
        ((18, 24), {}, (18, 24, 1, 18, 24, 3)),
        ((36, 48), {}, (18, 24, 1, 36, 48, 3)),
        ((36, 48), {"input_height": 9, "input_width": 12}, (9, 12, 1, 18, 24, 3)),
        ((18, 24), {"target_height": 32, "target_width": 40}, (18, 24, 1, 32, 40, 3)),
        (
            (18, 24),
            {"input_height": 8, "input_width": 8, "target_height": 16, "target_width": 4},
            (8, 8, 1, 16, 4, 3),
        ),
        ((18, 24), {"input_channels": 3}, (18, 24, 3, 18, 24, 3)),
    ],
)
def test_sizes_come_from_the_first_pair_unless_chosen(tmp_path, target_size, chosen, expected):
    files = write_pairs(tmp_path, "pure", target_size=target_size)
    assert sizes(prepare(specs_of(files, model=chosen)).model) == expected


def test_classes_decide_the_target_channels(sets):
    for loss, channels in (("categorical_crossentropy", 4), ("mae", 1)):
        specs = specs_of(sets["numbers"], loss=loss)
        model = prepare(specs).model
        assert model.target_channels == channels
        assert model.final_activation == with_final_activation(specs.model, loss).final_activation
        assert model.final_activation != "automatic"


def test_a_depth_that_the_images_do_not_allow_is_refused(sets):
    said = refused(specs_of(sets["pure"], model={"depth": 6}))
    assert "at most 5, not 6" in said["model.depth"]


def test_scalings_are_those_of_the_training_set(sets, tmp_path):
    dataset = prepare(specs_of(sets["deep"], loss="mae"))
    assert dataset.input_scaling.kind == "type" and dataset.input_scaling.high == 255
    scaling = dataset.target_scaling
    assert (scaling.kind, scaling.dtype) == ("data", "uint16")
    assert 500 <= scaling.low < 510 and 2990 < scaling.high < 3000
    wider = write_pairs(tmp_path, "deep", 1)
    write_image(wider[1][0], np.full((18, 24), 60_000, np.uint16))
    assert prepare(specs_of(sets["deep"], wider, loss="mae")).target_scaling == scaling
    fixed = specs_of(sets["deep"], data={"target_scaling": "type"}, loss="mae")
    assert prepare(fixed).target_scaling.high == 65535
    mask = prepare(specs_of(sets["mask 0 1"])).target_scaling
    assert (mask.low, mask.high) == (0, 1)


def test_an_augmented_target_becomes_an_image_again(sets):
    y = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], np.float32)
    image = prepare(specs_of(sets["pure"])).target_image(y)
    np.testing.assert_array_equal(image, np.array([PURE], np.uint8))
    classes = prepare(specs_of(sets["mixed"], loss="categorical_crossentropy"))
    numbers = np.array([[[0], [1], [2]]], np.float32) / np.float32(255)
    assert classes.palette is not None
    np.testing.assert_array_equal(
        classes.target_image(numbers)[0], np.array(classes.palette.colours, np.uint8)
    )


def test_channel_names():
    assert channel_names(1) == ("grey",) and channel_names(3) == ("red", "green", "blue")
    assert channel_names(2) == ("channel0", "channel1")
    assert channel_names(3, classes=True) == ("class0", "class1", "class2")


# --- what is wrong with files ------------------------------------------------------------------


def test_every_bad_file_is_named_before_training(tmp_path):
    inputs, targets = write_pairs(tmp_path, "pure", 6)
    Path(targets[1]).write_bytes(b"no image")
    write_image(targets[2], target_of("pure", 2, 9, 9))
    Path(inputs[3]).unlink()
    said = refused(specs_of((inputs[:5], targets[:4] + targets[5:])))
    assert set(said) == {targets[1], targets[2], inputs[3], inputs[4], targets[5]}
    assert "9 x 9" in said[targets[2]] and "24 x 18" in said[targets[2]]
    assert "target" in said[inputs[4]] and "input" in said[targets[5]]


def test_validation_files_are_checked_too(sets, tmp_path):
    val = write_pairs(tmp_path, "pure", 2)
    Path(val[0][1]).write_bytes(b"no image")
    assert set(refused(specs_of(sets["pure"], val))) == {val[0][1]}


def test_files_are_paired_by_order_only_when_the_user_says_so(tmp_path):
    inputs, targets = write_pairs(tmp_path, "pure", 3)
    renamed = [str(Path(path).replace(Path(path).with_name(name))) for path, name in
               zip(targets, ("x.png", "y.png", "z.png"), strict=True)]  # fmt: skip
    assert len(refused(specs_of((inputs, tuple(renamed))))) == 7  # each file, and no pair at all
    ordered = specs_of((inputs, tuple(renamed)), data={"pairing": "order"})
    assert [pair.target.name for pair in prepare(ordered).train] == ["x.png", "y.png", "z.png"]


def test_without_pairs_the_remedy_is_said():
    assert set(refused(Specs())) == {"training"}
    matched = match(DataSpec())
    assert matched.train == matched.val == ()


def test_without_validation_there_is_a_remark(sets):
    dataset, matched, problems = examine(specs_of(sets["pure"]))
    assert isinstance(dataset, Dataset) and dataset.train == matched.train
    assert [(p.kind, p.fatal) for p in problems] == [
        ("little_left", False),  # amounts for 512 pixels on small images
        ("few_images", False),
        ("no_validation", False),
    ]


def test_reading_is_reported_and_can_be_cancelled(sets):
    events: list[object] = []
    prepare(specs_of(sets["pure"], sets["pure"]), events.append)
    assert events[-1] == FilesRead(4, 4)
    told = [event.done for event in events if isinstance(event, FilesRead)]
    assert len(told) == len(events) and told == sorted(set(told))
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        prepare(specs_of(sets["pure"]), control=control)


def test_fields_that_do_not_go_together_are_found_whatever_the_section(sets):
    augmentation = replace(Specs().augmentation, noise_validation=True)
    specs = replace(specs_of(sets["pure"]), augmentation=augmentation)
    assert set(refused(specs)) == {"augmentation.noise_validation"}
    specs = specs_of(sets["pure"], model={"deep_supervision": True})
    assert set(refused(specs)) == {"model.deep_supervision"}
