"""Images unlike the training images: what is measured of them, the limits, and the words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from deepimagetranslator.core.data.domain import traits
from deepimagetranslator.core.data.domain.calibration import (
    LEAST,
    Trial,
    limits_of,
    scale_limits,
)
from deepimagetranslator.core.data.domain.damage import DICE, PSNR, Judge
from deepimagetranslator.core.data.domain.domain import UNKNOWN, Domain, Known, is_readable
from deepimagetranslator.core.data.domain.reference import KINDS, aligned, reference_of
from deepimagetranslator.core.data.domain.sample import Sample, Seen, mean_of, sample_of
from deepimagetranslator.core.data.domain.shifts import graded
from deepimagetranslator.core.data.domain.spacing import (
    SpacingRange,
    network_pixel,
    spacing_range,
)
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.header import Header

HU = IntensityNormalization("window", -250.0, 250.0, "uint16", -1024.0)


def body(seed: int = 1, noise: float = 0.02, size: int = 96) -> np.ndarray:
    """A bright disc with a darker core on black, (size, size, 1) in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    distance = np.hypot(y / 1.3, x) / size
    image = 0.7 * (distance < 0.3) - 0.3 * (distance < 0.15)
    image = np.where(distance < 0.3, image + noise * rng.standard_normal((size, size)), 0)
    return image.clip(0, 1).astype(np.float32)[..., None]


def blurred(x: np.ndarray, sd: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), sd))[..., None]


def looked_at(x: np.ndarray, embedding: tuple[float, ...] = ()) -> Sample:
    y = np.stack([x[..., 0] > 0.5, x[..., 0] > 0.2], axis=2).astype(np.float32)
    return sample_of(Seen(x, y, np.array(embedding, np.float32)), by_class=False)


# --- what is measured -------------------------------------------------------------------------


@pytest.mark.parametrize("deviation", [0.01, 0.04, 0.1])
def test_noise_is_measured_beside_structures_and_clipped_values(deviation: float) -> None:
    rng = np.random.default_rng(1)
    smooth = np.linspace(0.35, 0.65, 256, dtype=np.float32) * np.ones((256, 1), np.float32)
    smooth[:, 128:] += 0.1  # an edge
    grey = smooth + rng.normal(0, deviation, smooth.shape).astype(np.float32)
    assert traits.noise(grey) == pytest.approx(math.log2(deviation), abs=0.15)
    grey[:120] = 0  # clipped: nothing of it counts
    assert traits.noise(grey) == pytest.approx(math.log2(deviation), abs=0.2)
    assert traits.noise(np.zeros((8, 8), np.float32)) == math.log2(traits.LEAST)


def test_sharpness_falls_with_blur_and_hardly_changes_with_contrast() -> None:
    sharp = body(noise=0)[..., 0]
    found = [traits.sharpness(cv2.GaussianBlur(sharp, (0, 0), sd)) for sd in (0.01, 0.7, 1.5, 3.0)]
    assert found == sorted(found, reverse=True) and found[0] - found[-1] > 1
    assert traits.sharpness(sharp * np.float32(0.4)) == pytest.approx(found[0], abs=0.01)


def test_the_extent_is_that_of_the_object_and_the_same_when_turned() -> None:
    grey = np.full((80, 120), 0.3, np.float32)
    grey[20:60, 30:90] = 0.8  # half of the height and of the width
    assert traits.extent(grey) == pytest.approx((-1, -1), abs=0.05)
    grey[20:40] = 0.3
    assert traits.extent(grey) == pytest.approx((-1, -2), abs=0.1)
    assert traits.extent(grey.T.copy()) == traits.extent(grey)
    assert traits.extent(np.zeros((8, 8), np.float32)) == (math.log2(traits.LEAST),) * 2


@pytest.mark.parametrize("shift", [-0.12, -0.04, 0.0, 0.03, 0.1])
def test_brightness_is_found_whatever_the_shares_of_the_tissues(shift: float) -> None:
    rng = np.random.default_rng(1)

    def tissues(fat: int, lean: int, by: float) -> np.ndarray:
        values = np.concatenate([rng.normal(0.3, 0.03, fat), rng.normal(0.6, 0.03, lean)]) + by
        return traits.histogram(values.astype(np.float32).reshape(10, -1))

    found, unlike = aligned(tissues(7000, 3000, shift), tissues(3000, 7000, 0))
    assert found == pytest.approx(shift, abs=0.012)
    assert unlike < 0.15


def test_levelled_peaks_tell_no_brightness() -> None:
    rng = np.random.default_rng(1)
    peaks = np.concatenate([rng.normal(0.3, 0.03, 5000), rng.normal(0.6, 0.03, 5000)])
    usual, flat = (
        traits.histogram(values.astype(np.float32).reshape(10, -1))
        for values in (peaks, rng.uniform(0, 1, 10_000))
    )
    assert aligned(flat, usual)[0] == 0


def test_doubt_rises_with_unsure_probabilities() -> None:
    sure = np.array([0.99, 0.01, 0.98, 0.02], np.float32).reshape(2, 2, 1)
    unsure = np.array([0.6, 0.4, 0.7, 0.3], np.float32).reshape(2, 2, 1)
    assert traits.doubt(unsure, by_class=False) > traits.doubt(sure, by_class=False) + 3
    by_class = np.concatenate([1 - unsure, unsure], axis=2)
    assert traits.doubt(by_class, by_class=True) > traits.doubt(
        np.concatenate([1 - sure, sure], axis=2), by_class=True
    )


def test_tiles_are_averaged() -> None:
    one, other = looked_at(body(1), (1.0, 2.0)), looked_at(body(2, 0.1), (3.0, 6.0))
    mean = mean_of([one, other])
    assert mean.embedding.tolist() == [2.0, 4.0]
    assert mean.traits == pytest.approx((one.traits + other.traits) / 2)
    assert mean.histogram.sum() == pytest.approx(1)


# --- graded changes ---------------------------------------------------------------------------


def test_changes_keep_size_range_and_the_ends_of_the_range() -> None:
    x = body()
    for shift in graded():
        one, again = (shift.change(x, np.random.default_rng(1)) for _ in range(2))
        assert (one == again).all() and (one.shape, one.dtype) == (x.shape, np.float32)
        assert one.min() >= 0 and one.max() <= 1
        assert not np.array_equal(one, x)
        if shift.kind in ("brighter", "darker", "paler", "starker", "noise"):
            assert (one[x == 0] == 0).all()
    for kind in ("brighter", "larger", "smaller", "noise", "blur"):
        grades = [shift.grade for shift in graded() if shift.kind == kind]
        assert len(grades) >= 2
        assert grades == sorted(grades, reverse=kind == "smaller")


def test_moved_targets_fit_moved_inputs() -> None:
    x = body(noise=0)
    y = (x > 0.2).astype(np.float32)
    rng = np.random.default_rng(1)
    for shift in (shift for shift in graded() if shift.moves):
        inside = shift.change(x, rng) > 0.2
        assert (inside == (shift.change(y, rng) > 0.5)).mean() > 0.98
    wide = np.zeros((32, 64, 1), np.float32)
    assert all(shift.change(wide, rng).shape == wide.shape for shift in graded())


# --- damage -----------------------------------------------------------------------------------


def test_damage_of_label_maps_is_in_units_of_dice() -> None:
    judge = Judge(labels=True)
    y = np.zeros((10, 10, 2), np.float32)
    y[:5, :, 0] = 1
    half = y.copy()
    half[:, 5:, 0] = 0
    assert judge.quality(y, y, y) == 1  # the second label is not there
    assert judge.quality(y, y, half) == pytest.approx(2 * 25 / 75)
    assert judge.damage(0.9, 0.9 - DICE) == pytest.approx(1)
    assert math.isnan(judge.quality(y, y * 0, y))
    assert judge.suffices(0.8) and not judge.suffices(0.1) and not judge.suffices(math.nan)
    classes = np.eye(3, dtype=np.float32)[np.array([[0, 1], [2, 2]])]
    by_class = Judge(labels=True, by_class=True)
    assert by_class.quality(classes, classes, classes) == 1
    shared = 0.48 * y + np.float32([0.01, 0.41])  # no channel is over 0.5
    exclusive = Judge(labels=True, exclusive=(-1, 0, 1))
    assert judge.quality(y, y, shared) == 0
    assert exclusive.quality(y, y, shared) == exclusive.quality(y, y, y) == 1


def test_damage_of_values_is_1_where_the_output_is_as_bad_as_the_input() -> None:
    rng = np.random.default_rng(1)
    y = np.full((40, 40, 1), 0.5, np.float32)
    x, y_pred = (y + rng.normal(0, sd, y.shape).astype(np.float32) for sd in (0.1, 0.05))
    judge = Judge(labels=False, comparable=True)
    gain = judge.quality(x, y, y_pred)
    assert gain == pytest.approx(20 * math.log10(2), abs=0.4)
    assert judge.damage(gain, judge.quality(x, y, x)) == pytest.approx(1)
    assert judge.suffices(gain) and not judge.suffices(-1)
    other = Judge(labels=False)
    assert other.quality(x, y, y_pred) == pytest.approx(26, abs=0.4)
    assert other.damage(30, 30 - PSNR) == pytest.approx(1)


# --- limits -----------------------------------------------------------------------------------


def trials_of(kind: str, name: str, ways: list[list[float]], damage: list[list[float]]) -> Any:
    """Trials of some images: unchanged, then their deviations and damage by grade."""
    nothing = dict.fromkeys(KINDS, 0.0)
    for image, (way, harm) in enumerate(zip(ways, damage, strict=True)):
        yield Trial(image, "", 0.0, nothing, 0.0)
        for grade, (deviation, one) in enumerate(zip(way, harm, strict=True), 1):
            yield Trial(image, kind, grade, nothing | {name: deviation}, one)


def test_a_limit_is_where_the_damage_passes_1_in_the_median_image() -> None:
    ways = [[0.1, 0.3], [0.1, 0.3], [0.1, 0.3]]
    damage = [[0.5, 1.5], [0.0, 2.0], [0.0, 0.2]]  # at 0.2, at 0.2, never
    limits = limits_of(list(trials_of("brighter", "brightness", ways, damage)), [])
    assert limits["brightness"] == pytest.approx((-LEAST["brightness"], 0.2))


def test_what_does_no_damage_is_allowed_a_little_farther_than_it_was_tried() -> None:
    trials = list(trials_of("noise", "noise", [[2.0, 4.0]], [[0.0, 0.1]]))
    assert limits_of(trials, [])["noise"] == pytest.approx((-LEAST["noise"], 6.0))


def test_no_limit_is_nearer_than_other_usual_images() -> None:
    trials = list(trials_of("blur", "sharpness", [[-0.3, -0.9]], [[5.0, 9.0]]))
    usual = [dict.fromkeys(KINDS, 0.0) | {"sharpness": -0.8}]
    assert limits_of(trials, usual)["sharpness"] == pytest.approx((-1.6, 1.6))
    assert limits_of(trials, [])["sharpness"][0] == pytest.approx(-LEAST["sharpness"])


def test_scales_are_limited_where_the_damage_passes_1() -> None:
    nothing = dict.fromkeys(KINDS, 0.0)
    trials = [Trial(0, "", 0, nothing, 0)]
    trials += [Trial(0, "larger", 1.25, nothing, 0.0), Trial(0, "larger", 1.6, nothing, 1.0)]
    trials += [Trial(0, "smaller", 0.8, nothing, 0.0), Trial(0, "smaller", 0.5, nothing, 0.5)]
    assert scale_limits(trials) == pytest.approx((2.0, 1.6))  # reduced by 2: harmless so far


# --- the record, the marks and their words ----------------------------------------------------


@pytest.fixture(scope="module")
def known() -> Known:
    """What is known of eight bodies."""
    samples = [looked_at(body(n), (1 + n / 10, 2.0, 3 - n / 10)) for n in range(8)]
    limits = {kind: (-LEAST[kind], LEAST[kind]) for kind in KINDS} | {"values": (-0.5, 0.5)}
    return Known(reference_of(samples), limits, 3, SpacingRange(0.6, 0.9, 1.3, 1.25))


def test_usual_images_have_no_mark_and_others_the_reason(known: Known) -> None:
    usual = (1.4, 2.0, 2.6)
    assert known.mark(looked_at(body(20), usual), BYTES, (0.7, 0.7)) is None
    inside = (body(21) > 0) & (body(21) < 1)
    brighter = np.where(inside, body(21) + np.float32(0.1), body(21))
    for x, embedding, pixel, kind, words in (
        (brighter, usual, None, "brightness", "brighter than the training images by about 50 "),
        (body(21, noise=0.12), usual, None, "noise", "noisier than the training images"),
        (blurred(body(21), 3.0), usual, None, "noise", "less noise than any training image"),
        (blurred(body(21, 0.3), 1.0), usual, None, "sharpness", "smoother than any"),
        (body(21), (9.0, 9.0, 9.0), None, "content", "content is unlike"),
        (body(21), usual, (1.4, 1.4), "spacing", "1.4 mm, in training 0.6 to 0.9 mm"),
    ):
        mark = known.mark(looked_at(x, embedding), HU, pixel)
        assert mark is not None and mark.score >= 1
        if kind is not None:
            assert mark.kind == kind and words in mark.reason


def test_the_score_is_1_at_the_limit(known: Known) -> None:
    sample = looked_at(body(30), (1.4, 2.0, 2.6))
    own = known.reference.deviations(sample)["noise"]
    at = replace(known, limits=known.limits | {"noise": (own * 0.999, 9.0)})
    assert own < 0, "this drawn image is less noisy than the mean"
    mark = at.mark(sample, BYTES)
    assert mark is not None and mark.score == pytest.approx(1, abs=0.01)
    beyond = replace(known, limits=known.limits | {"noise": (own * 1.001, 9.0)})
    assert beyond.mark(sample, BYTES) is None


def test_the_record_survives_json_and_holds_numbers_only(known: Known) -> None:
    for domain in (Domain(known, ""), Domain(reason="short"), UNKNOWN):
        text = json.dumps(domain.to_json())
        assert Domain.from_json(json.loads(text)) == domain
    assert Domain.from_json(None) == UNKNOWN
    assert len(json.dumps(known.to_json())) < 3000

    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for item in value.values() for text in texts(item)]
        if isinstance(value, list):
            return [text for item in value for text in texts(item)]
        return [value] if isinstance(value, str) else []

    assert texts(known.to_json()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limits", {}),
        ("limits", None),
        ("limits", {kind: [-1, float("nan")] for kind in KINDS}),
        ("limits", {kind: [1, 2] for kind in KINDS}),
        ("limits", {kind: [-1, 0] for kind in KINDS}),
        ("limits", {kind: [-1, 10**400] for kind in KINDS}),
        ("reference", []),
        ("reference", {"low": [0.0]}),
        ("images", "many"),
        ("images", float("inf")),
        ("spacing", [0, 1, 2, 3]),
        ("spacing", [1, 1, 1, 2]),
        ("spacing", "x"),
    ],
)
def test_a_damaged_record_is_refused(known: Known, field: str, value: object) -> None:
    with pytest.raises(UserError, match="damaged"):
        Domain.from_json(known.to_json() | {field: value})


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (row, value)
        for row in ("low", "histogram", "embedding", "spread")
        for value in ([], [float("nan")] * 3, [1e300] * 3, "x", [[1.0]], [0.0] * 3)
        if (row, value) != ("embedding", [0.0] * 3)  # a possible embedding
    ],
)
def test_damaged_rows_are_refused(known: Known, row: str, value: object) -> None:
    data = known.to_json()
    with pytest.raises(UserError, match="damaged"):
        Domain.from_json(data | {"reference": data["reference"] | {row: value}})


def test_what_could_not_be_read_again_is_told_before_it_is_kept(known: Known) -> None:
    assert is_readable(known)
    assert not is_readable(replace(known, limits=known.limits | {"doubt": (-1.0, math.inf)}))
    nan = replace(known.reference, embedding=(math.nan, 0.0, 0.0))
    assert not is_readable(replace(known, reference=nan))


@pytest.mark.parametrize("data", [7, "x", [], {"unknown": []}, {"unknown": {}}])
def test_a_record_that_is_none_is_refused_or_unknown(data: object) -> None:
    with pytest.raises(UserError, match="damaged"):
        Domain.from_json(data)
    assert Domain.from_json({"unknown": "of a later version"}) == UNKNOWN


# --- pixel sizes ------------------------------------------------------------------------------


def test_pixel_sizes_are_those_of_the_network_and_known_only_if_all_files_state_them() -> None:
    header = Header((512, 256, 1), "uint16", spacing=(0.8, 0.8))
    assert network_pixel(header, (256, 256)) == pytest.approx((1.6, 0.8))
    assert network_pixel(header, None) == (0.8, 0.8)
    assert network_pixel(Header((8, 8, 1), "uint8"), (4, 4)) is None
    assert spacing_range([(1, 1), None], 1.5, 1.5) is None and spacing_range([], 2, 2) is None
    found = spacing_range([(0.8, 0.8), (0.6, 0.7)], smaller=1.4, larger=1.6)
    assert found == SpacingRange(0.6, 0.8, 1.6, 1.4)
    assert found.score((0.7, 0.7)) == 0
    assert found.score((0.8 * 1.4, 0.7)) == pytest.approx(1)
    assert found.score((0.7, 0.6 / 1.6)) == pytest.approx(1)
