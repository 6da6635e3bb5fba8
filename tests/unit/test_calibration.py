"""Confidence: what it is made from, its expected calibration error, its calibration."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
import pytest

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.evaluation import calibration as module
from deepimagetranslator.core.evaluation.calibration import (
    LABELS,
    VALUES,
    Calibration,
    Outcomes,
    near_boundary,
)
from deepimagetranslator.core.export.confidence import Confidence, mirrored
from deepimagetranslator.core.export.encodings import Network, choose_encoding
from deepimagetranslator.core.export.plan import file_beside, plan
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.gui.viewer import shading

PURE = Palette(((0, 0, 0), (255, 0, 0), (0, 255, 0)), "uint8")
MIXED = Palette(((0,), (100,), (255,)), "uint8")


def encoding_of(palette: Palette | None, by_class: bool = False):
    channels = 1 if palette is None else len(palette.colours) if by_class else palette.channels
    return choose_encoding(Network("w", channels, by_class, BYTES, palette))


def overconfident(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Raw confidence, and whether it was right: with a probability of its square."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(0.3, 1, (300, 200)).astype(np.float32)
    return raw, rng.random(raw.shape) < raw**2


def test_the_expected_calibration_error_is_that_of_its_formula() -> None:
    raw, right = overconfident(1)
    outcomes = Outcomes(LABELS)
    for part in (np.s_[:100], np.s_[100:]):
        outcomes.add(raw[part], right[part])
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (raw >= low) & (raw < low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - raw[inside].mean())
    assert outcomes.error() == pytest.approx(expected, abs=1e-4)
    assert (outcomes.images, outcomes.pixels) == (2, raw.size)
    assert np.isnan(Outcomes(LABELS).error())


def test_calibration_finds_what_came_true_and_holds_on_other_pixels() -> None:
    outcomes, others = Outcomes(LABELS), Outcomes(LABELS)
    outcomes.add(*overconfident(1))
    others.add(*overconfident(2))
    found = outcomes.calibration()
    assert found is not None
    raw = np.linspace(0.35, 0.95, 13)
    np.testing.assert_allclose(found(raw), raw**2, atol=0.03)
    assert others.error() > 0.15 and others.error(found) < 0.02


def test_the_expected_error_of_values_follows_from_their_spread() -> None:
    rng = np.random.default_rng(1)
    spread = rng.uniform(0.001, 0.1, (200, 200)).astype(np.float32)
    outcomes = Outcomes(VALUES)
    outcomes.add(spread, np.abs(rng.normal(0, 3 * spread)))
    found = outcomes.calibration()
    assert found is not None and found.kind == VALUES
    raw = np.array([0.01, 0.05, 0.09])
    np.testing.assert_allclose(found(raw), 3 * raw * np.sqrt(2 / np.pi), rtol=0.1)
    missed = (3 * np.sqrt(2 / np.pi) - 1) * spread.mean()  # too small everywhere
    assert outcomes.error() == pytest.approx(missed, rel=0.02)
    assert outcomes.error(found) < 0.02 * missed


@pytest.mark.parametrize("seed", range(5))
def test_neighbours_are_joined_as_in_isotonic_regression(seed: int) -> None:
    """Against its min-max formula: the largest of the least means of what begins at or before and
    ends at or after each place."""
    rng = np.random.default_rng(seed)
    counts, outcome = rng.integers(1, 9, 7).astype(float), rng.random(7)
    raw = np.arange(7.0) / 10
    middles, observed = module._monotone(counts, raw * counts, outcome * counts)
    mean = {
        (i, j): np.average(outcome[i : j + 1], weights=counts[i : j + 1])
        for i, j in itertools.combinations_with_replacement(range(7), 2)
    }
    fitted = [max(min(mean[i, j] for j in range(k, 7)) for i in range(k + 1)) for k in range(7)]
    assert list(dict.fromkeys(np.round(observed, 9))) == list(dict.fromkeys(np.round(fitted, 9)))
    assert list(middles) == sorted(middles)


def test_too_few_pixels_give_no_calibration() -> None:
    outcomes = Outcomes(LABELS)
    outcomes.add(np.full(100, 0.9, np.float32), np.ones(100))
    assert outcomes.calibration() is None


def test_a_calibration_is_kept_as_json_and_a_damaged_one_is_refused() -> None:
    whole = Calibration(LABELS, (0.2, 0.9), (0.1, 0.8), 3, 2000)
    data = json.loads(json.dumps(whole.to_json()))
    assert Calibration.from_json(data) == whole
    for wrong in (
        {"kind": "odd"},
        {"raw": []},
        {"raw": [0.9, 0.2]},
        {"observed": [0.1]},
        {"observed": [0.8, 0.1]},
        {"observed": [0.1, float("nan")]},
        {"observed": [0.1, 5]},
        {"images": 0},
        {"pixels": float("inf")},
        {"raw": [0.2, 10**400]},
        {"raw": [[0.1], 0.2]},
    ):
        with pytest.raises((ValueError, TypeError)):
            Calibration.from_json(data | wrong)


def test_near_a_boundary_is_within_ten_pixels() -> None:
    rng = np.random.default_rng(1)
    classes = np.zeros((40, 50), np.uint8)
    classes[rng.integers(5, 20) :, rng.integers(20, 30) :] = 1
    edge = np.zeros(classes.shape, bool)
    for row, column in np.ndindex(classes.shape):
        around = ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1))
        inside = [(r, c) for r, c in around if 0 <= r < 40 and 0 <= c < 50]
        edge[row, column] = any(classes[place] != classes[row, column] for place in inside)
    places = np.argwhere(edge)
    expected = [np.hypot(*(places - place).T).min() <= 10 for place in np.argwhere(classes >= 0)]
    np.testing.assert_array_equal(near_boundary(classes).ravel(), expected)
    assert not near_boundary(np.ones((5, 5), np.uint8)).any()


# --- what the confidence is made from ---------------------------------------------------------


def test_the_probability_of_the_written_class() -> None:
    first = np.array([[[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]]], np.float32)
    turned = np.array([[[0.5, 0.4, 0.1], [0.6, 0.3, 0.1]]], np.float32)
    joined = mirrored([first[None], turned[None]], False, "labels")[0]
    found = Confidence(encoding_of(PURE, by_class=True))
    np.testing.assert_array_equal(found.written(joined), first)
    np.testing.assert_allclose(found.raw(joined), [[0.6, 0.4]], atol=1e-6)
    averaged = mirrored([first[None], turned[None]], True, "labels")[0]
    np.testing.assert_allclose(found.written(averaged), (first + turned) / 2)


def test_independent_channels_give_the_probability_among_the_classes() -> None:
    p = np.array([[[0.9, 0.2, 0.1]]], np.float32)  # red, written where red alone is on
    black, red, green = 0.1 * 0.8 * 0.9, 0.9 * 0.8 * 0.9, 0.1 * 0.2 * 0.9
    joined = np.concatenate([p, p], axis=-1)
    raw = Confidence(encoding_of(PURE)).raw(joined)
    assert float(raw[0, 0]) == pytest.approx(red / (black + red + green))


def test_colours_in_between_give_the_share_of_the_distances() -> None:
    p = np.array([[[0.4], [100 / 255], [0.95]]], np.float32)
    raw = Confidence(encoding_of(MIXED)).raw(np.concatenate([p, p], axis=-1))[0]
    own, other = 0.4 - 100 / 255, 0.4
    assert float(raw[0]) == pytest.approx(other / (own + other), rel=1e-4)
    assert float(raw[1]) == pytest.approx(1, abs=1e-6)
    assert 0.5 < float(raw[2]) < 1


def test_a_spread_becomes_an_error_in_the_values_of_the_file() -> None:
    pair = [np.full((1, 2, 2, 1), value, np.float32) for value in (0.4, 0.6)]
    joined = mirrored(pair, False, "values")[0]
    encoding = encoding_of(None)
    np.testing.assert_allclose(Confidence(encoding).map(joined), 0.1 * 255, rtol=1e-5)
    calibration = Calibration(VALUES, (0.0, 0.2), (0.0, 0.4), 1, 1000)
    found = Confidence.of(encoding, calibration).map(joined)
    np.testing.assert_allclose(found, 0.2 * 255, rtol=1e-5)
    assert Confidence.of(encoding, replace(calibration, kind=LABELS)).calibration is None


def test_png_holds_probabilities_as_bytes() -> None:
    p = np.array([[[1.0], [0.5]]], np.float32)
    joined = np.concatenate([p, p], axis=-1)
    found = Confidence(encoding_of(Palette(((0,), (255,)), "uint8"))).image(joined, "png")
    assert found.dtype == np.uint8 and found[0, 0, 0] == 255 and found[0, 1, 0] in (127, 128)


# --- its files ---------------------------------------------------------------------------------


def test_the_map_lies_beside_the_image(tmp_path: Path) -> None:
    source = ImageRef(tmp_path / "in" / "a.b.png")
    write_image(source.file, np.zeros((4, 4, 1), np.uint8))
    images, output = {source: PurePath("sub/a.b.png")}, tmp_path / "out"
    names = {}
    for name, palette, form in (
        ("labels", PURE, "automatic"),
        ("values", None, "automatic"),
        ("tif", PURE, "tif"),
    ):
        network = encoding_of(palette).network
        (file,) = plan(images, output, network, TranslationSpec(file_format=form))
        names[name] = file_beside(file).path.relative_to(output).as_posix()
    assert names == {
        "labels": "sub/a.b_confidence.png",
        "values": "sub/a.b_expected_error.tif",
        "tif": "sub/a.b_confidence.tif",
    }


def test_a_map_is_no_image_of_its_folder_but_a_name_alone_makes_none(tmp_path: Path) -> None:
    for name in ("a.png", "a_confidence.png", "b_confidence.png", "c.png", "c_expected_error.tif"):
        write_image(tmp_path / name, np.zeros((4, 4, 1), np.uint8))
    found = [image.name for image in list_images(tmp_path)]
    assert found == ["a.png", "b_confidence.png", "c.png"]
    assert len(list_images(tmp_path / "a_confidence.png")) == 1, "named by the user"


def test_uncertain_pixels_are_marked() -> None:
    found = Confidence(encoding_of(PURE, by_class=True))
    values = np.array([[[0.4], [0.75], [1.0]]], np.float32)
    black, full = np.zeros((1, 3, 1), np.uint8), np.array(shading.UNCERTAIN)
    drawn = shading.uncertain_marked(black, (0.0, 255.0), found.shown([values]))[0]
    np.testing.assert_allclose(drawn, [full, full / 2, full * 0], atol=1)
    errors = replace(found.shown([values]), kind=VALUES)
    drawn = shading.uncertain_marked(black, (0.0, 255.0), errors)[0, :, 0]
    assert 0 < drawn[0] < drawn[1] < drawn[2] == full[0]
    assert "not calibrated" in shading.uncertain_words(errors)
    assert shading.confidence_words(errors, 0.5, 0.0) == "expected error 0.75"
