"""Measuring folders: pooled as one volume, a line an image, misfits named."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from networks import COLOURS, write_network

from deepimagetranslator.core.config.classes import parse_classes
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.choice import OUTLINE_LABELS
from deepimagetranslator.core.data.labels.outlines import objects_with_outlines
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.measures import MEASURES
from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import FilesRead
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml.evaluation import evaluate, evaluate_weights

NAMES = ("a.png", "b.png", "c.png")
SIZES = ((12, 16), (20, 14), (15, 15))


def colours(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    """Predictions and targets of three sizes."""
    predictions, targets = tmp_path / "predicted", tmp_path / "targets"
    for number, (name, size) in enumerate(zip(NAMES, SIZES, strict=True)):
        target = (colours(number, *size) > 127) * np.uint8(255)
        write_image(targets / name, target)
        write_image(predictions / name, colours(10 + number, *size) // 2 + target // 2)
    return predictions, targets


def arrays(folder: Path) -> list[np.ndarray]:
    import cv2  # noqa: PLC0415

    return [cv2.imread(str(folder / name))[..., ::-1] / 255.0 for name in NAMES]


def column(table: Evaluation, image: str, channel: str) -> dict[str, float]:
    (row,) = [r for r in table.rows if (r["image"], r["channel"]) == (image, channel)]
    return {name: float(row[name]) for name in MEASURES if name in row}


def test_pooled_is_the_folder_as_one_volume(folders):
    table = evaluate([folders[0]], [folders[1]])
    assert table.problems == () and table.images == 3
    predicted, target = (
        np.concatenate([image.reshape(-1, 3) for image in arrays(folder)]) for folder in folders
    )
    t, p = target > 0.5, predicted > 0.5
    for index, channel in enumerate(("red", "green", "blue")):
        both, ours, theirs = (t & p)[:, index].sum(), p[:, index].sum(), t[:, index].sum()
        neither = (~t & ~p)[:, index].sum()
        square = ((predicted - target)[:, index] ** 2).mean()
        expected = {
            "dice": 2 * both / (ours + theirs),
            "sensitivity": both / theirs,
            "specificity": neither / (~t)[:, index].sum(),
            "area_difference": (ours - theirs) / theirs,
            "mae": np.abs(predicted - target)[:, index].mean(),
            "mse": square,
            "psnr": -10 * np.log10(square),
        }
        found = table.whole_volume()[channel]
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)
        single = [column(table, name, channel)["ssim"] for name in NAMES]
        assert found["ssim"] == pytest.approx(np.mean(single))
    mean = np.mean([column(table, name, "red")["dice"] for name in NAMES])
    assert table.whole_volume()["red"]["dice"] != pytest.approx(mean, rel=1e-9)


def test_each_image_is_measured_by_itself(folders):
    table = evaluate([folders[0]], [folders[1]])
    for name, predicted, target in zip(NAMES, *map(arrays, folders), strict=True):
        t, p = target[..., 0] > 0.5, predicted[..., 0] > 0.5
        dice = 2 * (t & p).sum() / (t.sum() + p.sum())
        assert column(table, name, "red")["dice"] == pytest.approx(dice)
        everything = column(table, name, "all")
        assert everything["mse"] == pytest.approx(((predicted - target) ** 2).mean(), rel=1e-5)
        assert "dice" not in everything


def test_the_table_as_csv(folders, tmp_path):
    table = evaluate([folders[0]], [folders[1]])
    table.write_csv(tmp_path / "new" / "evaluation.csv")
    with (tmp_path / "new" / "evaluation.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "channel", *MEASURES]
    places = [(name, channel) for name in (*NAMES, "pooled") for channel in "rgba"]
    initials = [(row["image"], row["channel"][0]) for row in rows]
    assert initials == places
    for row, line in zip(table.rows, rows, strict=True):
        for name in MEASURES:
            value = float(row.get(name, math.nan))
            assert (line[name] == "") == math.isnan(value)
            if line[name]:
                assert float(line[name]) == pytest.approx(value, rel=1e-5)


def test_a_measure_that_is_not_defined_is_an_empty_cell(tmp_path):
    write_image(tmp_path / "t" / "a.png", np.zeros((8, 8), np.uint8))
    write_image(tmp_path / "p" / "a.png", np.zeros((8, 8), np.uint8))
    table = evaluate([tmp_path / "p"], [tmp_path / "t"])
    grey = table.whole_volume()["grey"]
    assert math.isnan(grey["dice"]) and grey["psnr"] == math.inf and grey["specificity"] == 1
    table.write_csv(tmp_path / "e.csv")
    first = (tmp_path / "e.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first.startswith("a.png,grey,,")


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (3, 200)])
def test_masks_of_any_two_values_are_alike(tmp_path, low, high):
    target = np.where(colours(1, 12, 12)[..., 0] > 127, high, low).astype(np.uint8)
    predicted = np.where(colours(2, 12, 12)[..., 0] > 127, high, low).astype(np.uint8)
    write_image(tmp_path / "t" / "a.png", target)
    write_image(tmp_path / "p" / "a.png", predicted)
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()["grey"]
    t, p = target == high, predicted == high
    assert found["dice"] == pytest.approx(2 * (t & p).sum() / (t.sum() + p.sum()))
    assert found["mae"] == pytest.approx((t != p).mean())


def test_a_mask_of_0_and_1_is_compared_with_predicted_shades_of_grey(tmp_path):
    target, predicted = (colours(seed, 12, 12)[..., 0] for seed in (1, 2))
    write_image(tmp_path / "t" / "a.png", (target > 127).astype(np.uint8))
    write_image(tmp_path / "p" / "a.png", predicted)
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()["grey"]
    t, p = target > 127, predicted > 127
    assert found["dice"] == pytest.approx(2 * (t & p).sum() / (t.sum() + p.sum()))
    assert found["mae"] == pytest.approx(np.abs(t - predicted / 255).mean())


def test_grey_predictions_are_compared_with_colour_targets_as_colour(tmp_path):
    grey = colours(1, 12, 12)[..., 0]
    write_image(tmp_path / "t" / "a.png", np.repeat(grey[..., None], 3, axis=2))
    write_image(tmp_path / "p" / "a.png", grey)
    pooled = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()
    assert set(pooled) == {"red", "green", "blue", "all"}
    assert pooled["all"]["mae"] == 0


def test_a_grey_pair_among_coloured_ones_is_left_out_by_name(folders):
    for folder in folders:
        write_image(folder / "b.png", colours(1, 20, 14)[..., 0])
    table = evaluate([folders[0]], [folders[1]])
    assert table.images == 2
    assert [problem.subject for problem in table.problems] == ["b.png"]


def test_16_bit_predictions_and_targets(tmp_path):
    values = np.random.default_rng(0).integers(1000, 3000, (12, 12), np.uint16)
    write_image(tmp_path / "t" / "a.tif", values)
    write_image(tmp_path / "p" / "a.tif", values + np.uint16(100))
    span = float(values.max()) - float(values.min())
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()["grey"]
    assert found["mae"] == pytest.approx(100 / span, rel=1e-4)


def test_misfits_are_named_and_the_rest_is_measured(folders):
    predictions, targets = folders
    write_image(predictions / "a.png", colours(1, 9, 16))
    (predictions / "b.png").write_bytes(b"no image")
    write_image(predictions / "extra.png", colours(1, 9, 16))
    events: list[FilesRead] = []
    table = evaluate([predictions], [targets], report=events.append)
    assert table.images == 1
    said = {Path(problem.subject).name: str(problem) for problem in table.problems}
    assert set(said) == {"a.png", "b.png", "extra.png"}
    assert "16 x 9" in said["a.png"] and "16 x 12" in said["a.png"]
    assert events[-1] == FilesRead(3, 3)


def test_when_nothing_fits_every_reason_is_given(folders):
    predictions, targets = folders
    for name in NAMES:
        write_image(predictions / name, colours(1, 5, 5))
    with pytest.raises(UserError) as caught:
        evaluate([predictions], [targets])
    assert all(name in str(caught.value) for name in NAMES)


def test_a_folder_is_not_measured_against_itself(folders):
    with pytest.raises(UserError, match="own targets"):
        evaluate([folders[1]], [folders[1]])


def test_measuring_can_be_cancelled(folders):
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        evaluate([folders[0]], [folders[1]], control=control)


# --- label maps in any encoding ----------------------------------------------------------------


CLASSES = np.random.default_rng(5).integers(0, 4, (3, 6, 5)).repeat(4, 1).repeat(4, 2)
GUESSED = np.random.default_rng(6).integers(0, 4, (3, 6, 5)).repeat(4, 1).repeat(4, 2)
PURE = np.array([(0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)], np.uint8)
ENCODINGS = {
    "numbers": lambda classes: classes.astype(np.uint8),
    "deep numbers": lambda classes: classes.astype(np.uint16),
    "stretched": lambda classes: (classes * 85).astype(np.uint8),
    "colours": lambda classes: PURE[classes],
}


def write_encoded(folder: Path, classes: np.ndarray, encoding: str) -> Path:
    if encoding == "volume":
        folder.mkdir()
        voxels = classes.transpose(2, 1, 0).astype(np.int16)  # as stored, with no place in space
        image = nibabel.Nifti1Image(voxels, None)
        image.header["qform_code"] = image.header["sform_code"] = 0
        nibabel.save(image, folder / "scan.nii.gz")
        return folder
    for number, one in enumerate(classes, 1):
        suffix = ".tif" if encoding == "deep numbers" else ".png"
        write_image(folder / f"{number:04}{suffix}", ENCODINGS[encoding](one))
    return folder


def class_measures(classes: range = range(1, 4)) -> list[float]:
    return [
        2 * ((c == CLASSES) & (c == GUESSED)).sum() / ((c == CLASSES).sum() + (c == GUESSED).sum())
        for c in classes
    ]


@pytest.mark.parametrize("predicted", [*ENCODINGS, "volume"])
@pytest.mark.parametrize("target", [*ENCODINGS])
def test_label_maps_of_any_encoding_are_the_same_thing(tmp_path, predicted, target):
    predictions = write_encoded(tmp_path / "p", GUESSED, predicted)
    targets = write_encoded(tmp_path / "t", CLASSES, target)
    table = evaluate([predictions], [targets], pairing="order")
    assert table.images == 3 and table.problems == ()
    found = table.whole_volume()
    if "colours" in (predicted, target):
        dice = [found[name]["dice"] for name in ("blue", "green", "red")]
    else:
        dice = [found[f"class{number}"]["dice"] for number in (1, 2, 3)]
    assert dice == pytest.approx(class_measures())


def numbered(count: int, offset: int) -> np.ndarray:
    """A label map of so many squares with numbers above ``offset``."""
    labels = np.zeros((24, 24, 1), np.float32)
    for place in range(count):
        row, column = 8 * (place // 3), 8 * (place % 3)
        labels[row : row + 6, column : column + 6] = offset + place + 1
    return labels


@pytest.mark.parametrize("offset", [0, 70_000])
def test_masks_are_compared_with_the_objects_that_the_targets_number(tmp_path, offset):
    pixels, messages = np.zeros(2), []
    for number in range(4):
        labels = numbered(3 + number, offset)
        mask = (labels > 0) * np.uint8(255)
        mask[:6, :6] = 0
        write_image(tmp_path / "t" / f"{number}.tif", labels)
        write_image(tmp_path / "p" / f"{number}.tif", mask)
        pixels += (labels > 0).sum(), (mask > 0).sum()
    table = evaluate([tmp_path / "p"], [tmp_path / "t"], report=messages.append)
    channel = table.whole_volume()["grey"]
    assert channel["dice"] == pytest.approx(2 * pixels[1] / pixels.sum())
    assert any("number their objects" in str(message) for message in messages)


@pytest.mark.parametrize("offset", [0, 70_000])
def test_outlines_are_compared_with_those_of_the_objects_that_the_targets_number(tmp_path, offset):
    for number in range(4):
        labels = numbered(3 + number, offset)
        write_image(tmp_path / "t" / f"{number}.tif", labels)
        write_image(tmp_path / "p" / f"{number}.tif", objects_with_outlines(labels))
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()
    assert (found["red"]["dice"], found["green"]["dice"]) == (1, 1)


def test_the_slices_of_a_volume_are_named(tmp_path):
    predictions = write_encoded(tmp_path / "p", GUESSED, "volume")
    targets = write_encoded(tmp_path / "t", CLASSES, "colours")
    table = evaluate([predictions], [targets])
    assert [row["image"] for row in table.rows[::4]] == [
        "scan.nii.gz/0001",
        "scan.nii.gz/0002",
        "scan.nii.gz/0003",
        "pooled",
    ]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (1, 2), (0, 65535)])
def test_two_values_are_background_and_object(tmp_path, low, high):
    guessed, target = GUESSED[0] > 1, CLASSES[0] > 1
    write_image(tmp_path / "t" / "a.png", np.where(target, 255, 0).astype(np.uint8))
    write_image(tmp_path / "p" / "a.png", np.where(guessed, high, low).astype(np.uint16))
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()["grey"]
    assert found["dice"] == pytest.approx(
        2 * (guessed & target).sum() / (guessed.sum() + target.sum())
    )
    assert found["mae"] == pytest.approx((guessed != target).mean())


def test_colours_of_two_labs_are_compared_as_colours(tmp_path):
    """Which of three other colours is which class cannot be known."""
    write_image(tmp_path / "t" / "a.png", PURE[CLASSES[0]])
    write_image(tmp_path / "p" / "a.png", PURE[::-1][GUESSED[0]] // 2 + 60)
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()
    assert set(found) == {"red", "green", "blue", "all"}


def test_weights_that_write_other_colours_are_evaluated_in_those_of_the_targets(tmp_path):
    image, target = ImageRef(tmp_path / "i" / "a.png"), ImageRef(tmp_path / "t" / "a.png")
    classes = np.arange(16 * 24).reshape(16, 24) // 9 % 3
    write_image(image.file, (classes * 100).astype(np.uint8))
    write_image(target.file, COLOURS.decode(classes))
    others = replace(COLOURS, written=((9, 9, 9), (0, 255, 0), (1, 2, 3)))
    choices = {"target_channels": 3, "final_activation": "softmax"}
    one, other = (
        evaluate_weights(
            write_network(tmp_path, name, palette=palette, **choices), [ImagePair(image, target)]
        )
        for name, palette in (("same", COLOURS), ("others", others))
    )
    assert one.images == other.images == 1 and other.problems == ()
    assert other.whole_volume()["all"] == one.whole_volume()["all"]


def test_weights_that_draw_outlines_are_evaluated_on_numbered_targets(tmp_path):
    outlines = Palette.of(parse_classes(OUTLINE_LABELS), "uint8")
    network = write_network(
        tmp_path, "outlines", palette=outlines, target_channels=3, final_activation="softmax"
    )
    pairs: dict[str, list[ImagePair]] = {"numbers": [], "drawn": []}
    for number in range(3):
        image, labels = tmp_path / "i" / f"{number}.png", numbered(4 + number, 0)[:16]
        write_image(image, colours(number, 16, 24)[..., :1])
        for kind, target in (("numbers", labels), ("drawn", objects_with_outlines(labels))):
            write_image(tmp_path / kind / f"{number}.tif", target)
            place = ImageRef(tmp_path / kind / f"{number}.tif")
            pairs[kind].append(ImagePair(ImageRef(image), place))
    found = {kind: evaluate_weights(network, some) for kind, some in pairs.items()}
    assert found["numbers"].images == 3 and found["numbers"].problems == ()
    ours, theirs = (found[kind].whole_volume() for kind in pairs)
    assert (ours["red"], ours["all"]) == (theirs["red"], theirs["all"])


def test_values_written_as_float_are_measured_in_the_targets_range(tmp_path):
    target = colours(1, 12, 12)[..., :1]
    write_image(tmp_path / "t" / "a.png", target)
    write_image(tmp_path / "p" / "a.tif", target.astype(np.float32) + np.float32(2.55))
    found = evaluate([tmp_path / "p"], [tmp_path / "t"]).whole_volume()["grey"]
    assert found["mae"] == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("whole", [False, True])
def test_a_fold_is_measured_in_the_range_of_the_whole_set(tmp_path, whole):
    """The fold's targets reach to 1000, those of the set to 4000; 2000 is predicted everywhere."""
    network = write_network(
        tmp_path, "w", 0.5, target_scaling=IntensityNormalization("data", 0.0, 4000.0, "uint16")
    )
    pairs = []
    for top in (1000, 4000):
        target = np.zeros((16, 24, 1), np.uint16)
        target[:8] = top
        write_image(tmp_path / "i" / f"{top}.png", colours(1, 16, 24)[..., :1])
        write_image(tmp_path / "t" / f"{top}.png", target)
        places = (ImageRef(tmp_path / side / f"{top}.png") for side in "it")
        pairs.append(ImagePair(*places))
    found = evaluate_weights(network, pairs[:1], scale_of=pairs if whole else ())
    mse = (1000**2 + 2000**2) / 2 / (4000 if whole else 1000) ** 2
    assert found.whole_volume()["all"]["psnr"] == pytest.approx(-10 * np.log10(mse), abs=0.01)


def test_predictions_of_mixed_encodings_are_all_measured(tmp_path):
    for number, top in enumerate((1, 255), 1):
        target = (CLASSES[number] > 1).astype(np.uint8)
        write_image(tmp_path / "t" / f"{number}.png", target)
        write_image(tmp_path / "p" / f"{number}.png", target * np.uint8(top))
    table = evaluate([tmp_path / "p"], [tmp_path / "t"])
    assert table.images == 2 and table.problems == ()
    assert table.whole_volume()["grey"]["dice"] == 1
