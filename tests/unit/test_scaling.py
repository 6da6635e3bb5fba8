"""From a file's values to the network's and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.data.intensity.histogram import (
    MOST_VALUES,
    VALUES_PER_IMAGE,
    Distribution,
)
from deepimagetranslator.core.data.intensity.normalization import (
    IntensityNormalization,
    ValueRange,
    choose_normalization,
)
from deepimagetranslator.core.errors import UserError

COLOUR = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@given(
    st.sampled_from(["uint8", "uint16"]),
    st.one_of(st.none(), st.tuples(st.integers(0, 65534), st.integers(1, 65535))),
)
def test_scaling_and_its_inverse(dtype: str, limits: tuple[int, int] | None) -> None:
    every = np.arange(256 if dtype == "uint8" else 65536).astype(dtype)[None, :, None]
    scaling = IntensityNormalization("type", 0, every.max(), dtype)
    if limits:
        low, high = min(limits), max(limits) + 1
        scaling = IntensityNormalization("data", low, high, dtype)
        every = every[(every >= low) & (every <= high)]
    unit = scaling.to_unit(every)
    assert unit.dtype == np.float32
    assert not unit.size or 0 <= unit.min() <= unit.max() <= 1
    result = scaling.from_unit(unit)
    assert result.dtype == every.dtype
    np.testing.assert_array_equal(result, every)
    assert IntensityNormalization.from_json(scaling.to_json()) == scaling


def test_scaling_of_other_types_and_wrong_values() -> None:
    scaling = IntensityNormalization("type", 0, 65535, "uint16")
    assert scaling.to_unit(np.array([0, 255], np.uint8)).tolist() == [0, 1]
    assert scaling.from_unit(np.array([-1, 0.5, 2], np.float32)).tolist() == [0, 32768, 65535]
    hounsfield = IntensityNormalization("data", -1000, 1000, "float32")
    odd = np.array([-1000, np.nan, np.inf, 2000], np.float32)
    assert hounsfield.to_unit(odd).tolist() == [0, 0, 1, 1.5]
    assert hounsfield.from_unit(np.array([-0.5, 1.5])).tolist() == [-2000, 2000]
    for wrong in ({}, None, {"kind": "data", "low": 1, "high": 1, "dtype": "uint8"}):
        with pytest.raises(UserError, match="damaged"):
            IntensityNormalization.from_json(wrong)


def gathered(*arrays: np.ndarray) -> ValueRange:
    values = ValueRange()
    for array in arrays:
        one = ValueRange()
        one.add(array)
        values.merge(one)
    return values


def test_chosen_scaling() -> None:
    one = np.ones((2, 2, 1), np.uint8)
    masks = gathered(one * 0, one)
    assert choose_normalization(masks, target=True) == IntensityNormalization("data", 0, 1, "uint8")
    assert choose_normalization(masks).kind == "type"
    assert choose_normalization(gathered(one * 0, one * 255), target=True).kind == "type"
    assert choose_normalization(gathered(COLOUR), "data") == IntensityNormalization(
        "data", 0, 255, "uint8"
    )
    deep = gathered(one.astype(np.uint16) * 7, one.astype(np.uint16) * 2000)
    assert choose_normalization(deep) == IntensityNormalization("data", 7, 2000, "uint16")
    assert choose_normalization(deep, "type") == IntensityNormalization("type", 0, 65535, "uint16")
    for constant in (one, one.astype(np.uint16), one * np.float32(1e30), one * np.float32("nan")):
        scaling = choose_normalization(gathered(constant), "data")
        assert np.isfinite(scaling.to_unit(constant)).all()
    mixed = choose_normalization(gathered(one, one.astype(np.uint16)))
    assert mixed == IntensityNormalization("type", 0, 65535, "uint16")


SIXTEEN = np.arange(65536, dtype=np.uint16)[None, :, None]


@pytest.mark.parametrize("low_offset", [(0.0, 0.0), (-1024.0, -1024.0), (0.37, -0.25)])
@pytest.mark.parametrize("kind", ["type", "data", "window"])
def test_sixteen_bits_survive_a_linear_network(kind: str, low_offset: tuple[float, float]) -> None:
    low, offset = low_offset if kind != "type" else (0.0, 0.0)
    high = 65535.0 + offset if kind != "type" else 65535.0
    scaling = IntensityNormalization(kind, low, high, "uint16", offset)
    kept = SIXTEEN[SIXTEEN + offset >= low]
    result = scaling.from_unit(scaling.to_unit(kept)).astype(int)
    assert abs(result - kept).max() <= 1
    np.testing.assert_array_equal(result, kept)


def test_a_window_shows_the_same_in_files_with_and_without_offset() -> None:
    abdomen = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
    hounsfield = np.array([-1000, -160, 40, 240, 3000], np.float32)
    stored = (hounsfield + 1024).astype(np.uint16)
    assert abdomen.to_unit(hounsfield).tolist() == [0, 0, 0.5, 1, 1]
    assert abdomen.to_unit(stored).tolist() == [0, 0, 0.5, 1, 1]
    unit = np.array([-3, 0, 0.5, 1, 3], np.float32)
    assert abdomen.from_unit(unit).tolist() == [864, 864, 1064, 1264, 1264]
    assert abdomen.meaning(unit).tolist() == [-160, -160, 40, 240, 240]
    as_float = IntensityNormalization("window", -160.0, 240.0, "float32", -1024.0)
    assert as_float.from_unit(unit).tolist() == [-160, -160, 40, 240, 240]
    assert abdomen.to_unit(np.array([np.nan, np.inf, -np.inf], np.float32)).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("kind", "dtype", "fitting"),
    [
        ("type", "uint16", {"uint8", "uint16", "float32"}),
        ("image", "uint8", {"uint8", "uint16", "float32"}),
        ("data", "uint16", {"uint16"}),
        ("data", "float32", {"float32"}),
        ("window", "uint16", {"uint16", "float32"}),
        ("window", "float32", {"uint16", "float32"}),
        ("window", "uint8", {"uint8"}),
    ],
)
def test_which_types_mean_the_same(kind: str, dtype: str, fitting: set[str]) -> None:
    scaling = IntensityNormalization(kind, 0.0, 1.0, dtype)
    assert {name for name in ("uint8", "uint16", "float32") if scaling.fits(name)} == fitting


def test_each_image_by_its_own_range_and_all_its_parts_alike() -> None:
    image = np.array([[100, 200], [300, 500]], np.uint16)[..., None]
    scaling = choose_normalization(gathered(image, image * 2), "image")
    assert (scaling.kind, scaling.low, scaling.high) == ("image", 100, 1000)
    assert scaling.to_unit(image).ravel().tolist() == [0, 0.25, 0.5, 1]
    fixed = scaling.for_image(image)
    np.testing.assert_array_equal(fixed.to_unit(image[:1]), scaling.to_unit(image)[:1])
    constant = np.full((2, 2, 1), 7, np.uint16)
    assert (scaling.to_unit(constant) == 0).all()
    other = IntensityNormalization("data", 0, 9, "uint16")
    assert other.for_image(image) is other


def test_a_scaling_written_before_there_were_offsets() -> None:
    old = {"kind": "data", "low": -1000.0, "high": 400.5, "dtype": "float32"}
    assert IntensityNormalization.from_json(old) == IntensityNormalization(
        "data", -1000.0, 400.5, "float32", 0.0
    )
    new = IntensityNormalization("window", 5.0, 9.0, "uint16", -1024.0)
    assert IntensityNormalization.from_json(new.to_json()) == new
    for wrong in (old | {"offset": "x"}, old | {"offset": float("nan")}, old | {"kind": "none"}):
        with pytest.raises(UserError, match="damaged"):
            IntensityNormalization.from_json(wrong)


def test_percentiles_leave_out_the_extremes() -> None:
    image = np.linspace(1000, 2000, 40_000).reshape(200, 200, 1).astype(np.uint16)
    image[0, 0] = 65535
    values = gathered(image, image)
    assert choose_normalization(values).high == 65535
    scaling = choose_normalization(values, "percentiles", percentile=5)
    assert scaling.kind == "window"
    assert scaling.low == pytest.approx(np.percentile(image, 5), abs=10)
    assert scaling.high == pytest.approx(np.percentile(image, 95), abs=10)
    moved = choose_normalization(values, "percentiles", percentile=5, offset=-1024)
    assert (moved.low, moved.high) == (scaling.low - 1024, scaling.high - 1024)
    np.testing.assert_array_equal(moved.to_unit(image), scaling.to_unit(image))
    nothing_cut = choose_normalization(values, "percentiles", percentile=0)
    assert (nothing_cut.low, nothing_cut.high) == (1000, 65535)
    sparse = np.zeros((100, 100, 1), np.uint8)
    sparse[0, 0] = 200
    limits = choose_normalization(gathered(sparse), "percentiles", percentile=5)
    assert (limits.low, limits.high) == (0, 200)


def test_an_offset_belongs_to_integer_files_only() -> None:
    stored = np.array([[[0], [1064]]], np.uint16)
    real = np.array([[[-900.5], [np.nan]]], np.float32)
    spread = gathered(stored, real).distribution(-1024)
    assert (spread.low, spread.high) == (-1024, 40)
    assert spread.values.tolist() == [-1024, -900.5, 40]
    empty = ValueRange().distribution(5)
    assert (empty.low, empty.high, len(empty.values)) == (0, 1, 0)
    assert (empty.quantile(0.5), empty.outside(0, 1)) == (0, (0, 0))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(300, 512, 1), (512, 300, 3), (1, 5000, 1), (5000, 1, 1)])
def test_a_sample_is_small_and_even(dtype: str, shape: tuple[int, int, int]) -> None:
    # From left to right 0 to 200: a sample that saw few columns would miss most values.
    image = np.broadcast_to(np.linspace(0, 200, shape[1])[None, :, None], shape).astype(dtype)
    spread = gathered(image).distribution()
    assert len(spread.values) <= VALUES_PER_IMAGE
    assert spread.counts.sum() == pytest.approx(image.size, rel=0.01)
    for part in (0.1, 0.5, 0.9):
        assert spread.quantile(part) == pytest.approx(np.quantile(image, part), abs=8)


def test_what_is_kept_of_a_set_stays_small() -> None:
    random = np.random.default_rng(1)
    every = random.normal(0, 100, (600, 32, 32, 1)).astype(np.float32)
    values = gathered(*every)
    spread = values.distribution()
    assert len(spread.values) < 4 * MOST_VALUES
    assert spread.counts.sum() == pytest.approx(every.size, rel=1e-3)
    for part in (0.005, 0.3, 0.995):
        assert spread.quantile(part) == pytest.approx(np.quantile(every, part), abs=3)
    assert (spread.low, spread.high) == (every.min(), every.max())


def test_a_histogram_without_a_false_comb() -> None:
    whole = Distribution(np.arange(0.0, 100), np.ones(100), 0, 99)
    edges, sums = whole.histogram(0, 99, 64)  # 1.55 values a column would give 1, 2, 1, 2 ...
    assert set(sums[:-1]) == {2} and sums.sum() == 100
    assert len(edges) == len(sums) + 1 <= 65
    fractions = Distribution(np.linspace(0, 1, 1001), np.ones(1001), 0, 1)
    edges, sums = fractions.histogram(0.25, 0.75, 10)
    assert (edges[0], edges[-1], len(sums)) == (0.25, 0.75, 10)
    assert sums.sum() == pytest.approx(501, abs=2)
    assert whole.outside(10, 89) == (0.1, 0.1)
