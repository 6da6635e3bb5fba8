"""Confidence maps of translations, and their calibration by an evaluation."""

from __future__ import annotations

from pathlib import Path

import h5py
import nibabel
import numpy as np
import pydicom
import pytest
import tifffile
from networks import write_identity, write_network
from pydicom.data import get_testdata_file
from tiny import picture, target, write_set

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.calibration import near_boundary
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import LogLine
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.evaluation import evaluate_weights
from deepimagetranslator.ml.translation import NOT_CALIBRATED, translate
from deepimagetranslator.ml.translator import Translator

WEIGHTS_2021 = Path(__file__).parents[1] / "data" / "weights_2021" / "plain-weights.hdf5"
TINY_COLOURS = Palette(((0, 0, 0), (255, 0, 0), (0, 0, 255)), "uint8")
MAPS = TranslationSpec(confidence=True)
SIZE = (16, 24)


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    options = {"target_channels": 3, "final_activation": "softmax", "palette": TINY_COLOURS}
    return write_network(folder, "classes", **options)


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    write_set(tmp_path, range(6), "labels", SIZE)
    return tmp_path / "images", tmp_path / "targets"


def pairs_of(folders: tuple[Path, Path]) -> list[ImagePair]:
    sides = (sorted(folder.iterdir()) for folder in folders)
    return [ImagePair(ImageRef(x), ImageRef(y)) for x, y in zip(*sides, strict=True)]


def flipped_mean(path: Path, image: np.ndarray) -> np.ndarray:
    """The mean of the mirrored probabilities, by predictions of their own."""
    network, found = Translator(path), []
    for axes in ((), (0,), (1,), (0, 1)):
        (values,) = network.predict([np.ascontiguousarray(np.flip(image, axes))], ["a"])
        found.append(np.flip(values, axes))
    return np.mean(found, axis=0)


def test_the_map_is_the_probability_of_what_is_written(classes, folders, tmp_path):
    log: list = []
    result = translate(classes, [folders[0]], tmp_path / "out", MAPS, report=log.append)
    assert len(result.confidence) == 6 and not result.calibrated
    assert NOT_CALIBRATED in [event.text for event in log if isinstance(event, LogLine)]
    translate(classes, [folders[0]], tmp_path / "plain")
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()
    name = "slice03"
    written = TINY_COLOURS.encode(read_image(ImageRef(tmp_path / "out" / f"{name}.png")), "a")
    mean = flipped_mean(classes, read_image(ImageRef(folders[0] / f"{name}.png")))
    expected = np.take_along_axis(mean, written[..., None].astype(int), -1) * 255
    found = read_image(ImageRef(tmp_path / "out" / f"{name}_confidence.png"))
    assert found.dtype == np.uint8 and np.abs(found - expected).max() <= 0.5 + 1e-3
    assert len(list_images(tmp_path / "out")) == 6
    with pytest.raises(UserError, match="exist already"):
        (tmp_path / "out" / "slice00.png").unlink()
        translate(classes, [folders[0] / "slice00.png"], tmp_path / "out", MAPS)


def test_large_and_tiled_images_have_maps_of_their_size(classes, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 1), np.uint8)
    translator = Translator(classes, large_images="tiles", confidence=True)
    translated, confidence = translator.translate_with_confidence(image)
    assert translated.shape == (50, 70, 3) and confidence.shape == (50, 70, 1)
    assert confidence.dtype == np.float32 and 0 < confidence.min() < confidence.max() <= 1
    write_image(tmp_path / "in" / "large.png", image)
    spec = TranslationSpec(confidence=True, large_images="tiles")
    translate(classes, [tmp_path / "in"], tmp_path / "out", spec)
    found = read_image(ImageRef(tmp_path / "out" / "large_confidence.png"))
    assert np.abs(found / 255 - confidence).max() <= 0.5 / 255 + 1e-5


def test_volumes_have_maps_of_their_own_format(classes, tmp_path):
    voxels = np.random.default_rng(0).integers(0, 255, (24, 16, 3), np.uint8)
    folder = tmp_path / "in"
    folder.mkdir()
    affine = np.diag([-0.7, -0.8, 5.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / "scan.nii.gz")
    tifffile.imwrite(folder / "stack.tif", voxels.T.copy(), photometric="minisblack")
    result = translate(classes, [folder], tmp_path / "out", MAPS)
    names = {path.name for path in result.confidence}
    assert names == {"scan_confidence.nii.gz", "stack_confidence.tif"}
    volume = nibabel.load(tmp_path / "out" / "scan_confidence.nii.gz")
    np.testing.assert_allclose(volume.affine, affine)
    assert volume.shape == voxels.shape and volume.get_data_dtype() == np.float32
    stack = tifffile.imread(tmp_path / "out" / "stack_confidence.tif")
    assert stack.shape == (3, 16, 24) and stack.dtype == np.float32


def test_a_map_beside_dicom_is_a_float_tiff(tmp_path):
    options = {"target_channels": 3, "final_activation": "softmax", "palette": TINY_COLOURS}
    units = IntensityNormalization("window", -1000, 400, "float32")
    path = write_network(tmp_path, "ct", input_scaling=units, **options)
    (tmp_path / "in").mkdir()
    pydicom.dcmread(get_testdata_file("CT_small.dcm")).save_as(tmp_path / "in" / "ct.dcm")
    result = translate(path, [tmp_path / "in"], tmp_path / "out", MAPS)
    assert len(result.translated) == 1
    assert [file.name for file in result.confidence] == ["ct_confidence.tif"]
    single = tifffile.imread(tmp_path / "out" / "ct_confidence.tif")
    assert single.shape == (128, 128) and single.min() > 1 / 3 and single.max() <= 1


def test_a_network_that_mirrors_with_its_input_expects_no_error(tmp_path):
    write_image(tmp_path / "in" / "a.png", picture(1, *SIZE))
    translate(write_identity(tmp_path, BYTES), [tmp_path / "in"], tmp_path / "out", MAPS)
    found = read_image(ImageRef(tmp_path / "out" / "a_expected_error.tif"))
    assert found.dtype == np.float32 and np.abs(found).max() < 1e-3


def test_an_evaluation_judges_and_calibrates(classes, folders, tmp_path):
    path = tmp_path / "own.weights.h5"
    path.write_bytes(classes.read_bytes())
    pairs = pairs_of(folders)
    judged = evaluate_weights(path, pairs, confidence=True).reliability
    assert judged is not None and judged.error is None
    raw, right = [], []
    for pair in pairs:
        mean = flipped_mean(path, read_image(pair.input))
        (values,) = Translator(path).predict([read_image(pair.input)], ["a"])
        true, written = TINY_COLOURS.encode(read_image(pair.target), "a"), values.argmax(-1)
        near = near_boundary(true)
        raw.append(np.take_along_axis(mean, written[..., None], -1)[..., 0][near])
        right.append((written == true)[near])
    raw, right = np.concatenate(raw), np.concatenate(right)
    place = (raw * 15).astype(int)
    expected = sum(
        (place == bin).mean() * abs(right[place == bin].mean() - raw[place == bin].mean())
        for bin in np.unique(place)
    )
    assert judged.pixels == raw.size
    assert judged.raw_error == pytest.approx(expected, abs=1e-3)
    calibrated = evaluate_weights(path, pairs, calibrate=True).reliability
    assert calibrated is not None and calibrated.error is not None
    assert calibrated.error < 0.02 < calibrated.raw_error
    card = weights.read_card(path)
    assert card.calibration is not None and card.calibration.images == 6
    assert "Confidence: calibrated on 6 images" in card.lines()
    assert evaluate_weights(path, pairs, confidence=True).reliability == calibrated
    result = translate(path, [folders[0]], tmp_path / "out", MAPS)
    assert result.calibrated and weights.is_whole(path)
    with h5py.File(classes) as before, h5py.File(path) as after:
        names: list[str] = []
        before.visit(names.append)
        arrays = [n for n in names if isinstance(before[n], h5py.Dataset) and "card" not in n]
        assert arrays and all(np.array_equal(before[n][()], after[n][()]) for n in arrays)


def test_values_are_calibrated_too(tmp_path):
    for number in range(3):
        write_image(tmp_path / "x" / f"{number}.png", picture(number, *SIZE))
        write_image(tmp_path / "y" / f"{number}.png", target(number, *SIZE, "values"))
    path = write_network(tmp_path, "values", input_scaling=BYTES, target_scaling=BYTES)
    pairs = pairs_of((tmp_path / "x", tmp_path / "y"))
    evaluate_weights(path, pairs, calibrate=True)
    calibration = weights.read_card(path).calibration
    assert calibration is not None and calibration.kind == "values"
    errors = [
        np.abs(
            Translator(path).translate(read_image(pair.input)).astype(float)
            - read_image(pair.target)
        )
        for pair in pairs
    ]
    assert min(calibration.observed) <= np.mean(errors) / 255 <= max(calibration.observed)
    assert not translate(
        path, [tmp_path / "x"], tmp_path / "out", TranslationSpec(confidence=True, output="values")
    ).skipped


def test_what_cannot_hold_a_calibration_is_refused(classes, folders, tmp_path):
    old = tmp_path / "old.hdf5"
    old.write_bytes(WEIGHTS_2021.read_bytes())
    own = tmp_path / "own.weights.h5"
    own.write_bytes(classes.read_bytes())
    with pytest.raises(UserError, match="too few"):
        write_image(tmp_path / "plain" / "a.png", np.zeros((*SIZE, 3), np.uint8))
        pair = ImagePair(
            ImageRef(folders[0] / "slice00.png"), ImageRef(tmp_path / "plain" / "a.png")
        )
        evaluate_weights(own, [pair], calibrate=True)
    evaluate_weights(own, pairs_of(folders), calibrate=True)
    calibration = weights.read_card(own).calibration
    assert calibration is not None
    with pytest.raises(UserError, match="2021 program"):
        weights.keep_calibration(old, calibration)
    assert old.read_bytes() == WEIGHTS_2021.read_bytes()
