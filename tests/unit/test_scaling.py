"""From a file's values to the network's and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.scaling import Scaling, ValueRange, choose_scaling

COLOUR = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@given(
    st.sampled_from(["uint8", "uint16"]),
    st.one_of(st.none(), st.tuples(st.integers(0, 65534), st.integers(1, 65535))),
)
def test_scaling_and_its_inverse(dtype: str, limits: tuple[int, int] | None) -> None:
    every = np.arange(256 if dtype == "uint8" else 65536).astype(dtype)[None, :, None]
    scaling = Scaling("type", 0, every.max(), dtype)
    if limits:
        low, high = min(limits), max(limits) + 1
        scaling = Scaling("data", low, high, dtype)
        every = every[(every >= low) & (every <= high)]
    unit = scaling.to_unit(every)
    assert unit.dtype == np.float32
    assert not unit.size or 0 <= unit.min() <= unit.max() <= 1
    result = scaling.from_unit(unit)
    assert result.dtype == every.dtype
    np.testing.assert_array_equal(result, every)
    assert Scaling.from_json(scaling.to_json()) == scaling


def test_scaling_of_other_types_and_wrong_values() -> None:
    scaling = Scaling("type", 0, 65535, "uint16")
    assert scaling.to_unit(np.array([0, 255], np.uint8)).tolist() == [0, 1]
    assert scaling.from_unit(np.array([-1, 0.5, 2], np.float32)).tolist() == [0, 32768, 65535]
    hounsfield = Scaling("data", -1000, 1000, "float32")
    odd = np.array([-1000, np.nan, np.inf, 2000], np.float32)
    assert hounsfield.to_unit(odd).tolist() == [0, 0, 1, 1.5]
    assert hounsfield.from_unit(np.array([-0.5, 1.5])).tolist() == [-2000, 2000]
    for wrong in ({}, None, {"kind": "data", "low": 1, "high": 1, "dtype": "uint8"}):
        with pytest.raises(UserError, match="damaged"):
            Scaling.from_json(wrong)


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
    assert choose_scaling(masks, target=True) == Scaling("data", 0, 1, "uint8")
    assert choose_scaling(masks).kind == "type"
    assert choose_scaling(gathered(one * 0, one * 255), target=True).kind == "type"
    assert choose_scaling(gathered(COLOUR), "data") == Scaling("data", 0, 255, "uint8")
    deep = gathered(one.astype(np.uint16) * 7, one.astype(np.uint16) * 2000)
    assert choose_scaling(deep) == Scaling("data", 7, 2000, "uint16")
    assert choose_scaling(deep, "type") == Scaling("type", 0, 65535, "uint16")
    for constant in (one, one.astype(np.uint16), one * np.float32(1e30), one * np.float32("nan")):
        scaling = choose_scaling(gathered(constant), "data")
        assert np.isfinite(scaling.to_unit(constant)).all()
    mixed = choose_scaling(gathered(one, one.astype(np.uint16)))
    assert mixed == Scaling("type", 0, 65535, "uint16")
