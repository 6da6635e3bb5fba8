"""The estimated memory of a training step: its arithmetic, and how it met what was measured."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from deepimagetranslator.core.config.network_plan import (
    ENGINE_BYTES,
    count_parameters,
    step_memory_bytes,
)
from deepimagetranslator.core.config.specs import ModelSpec

MIB = 2**20
SPEC = ModelSpec(
    input_height=512,
    input_width=512,
    input_channels=1,
    target_height=512,
    target_width=512,
    target_channels=1,
    normalization="none",
)

# python tests/benchmarks/bench_memory.py --all: growth of VmHWM, in MiB, of a fresh process with
# TensorFlow 2.21 and Keras 3.15 on a two-core AMD EPYC with avx512_bf16, in November 2026.
MEASURED = [
    ({}, 512, 1, "float32", 472),
    ({}, 512, 1, "bfloat16", 370),
    ({"depth": 4, "base_filters": 32}, 256, 4, "float32", 785),
    ({"depth": 3, "base_filters": 8, "deep_supervision": True}, 256, 2, "float32", 165),
    ({"depth": 3, "base_filters": 4}, 64, 1, "float32", 68),
    ({}, 512, 4, "float32", 1586),
    ({}, 512, 4, "bfloat16", 985),
    ({"normalization": "group"}, 512, 2, "float32", 1290),
    ({"normalization": "group"}, 512, 2, "bfloat16", 1062),
    ({"normalization": "deep"}, 512, 2, "float32", 1154),
    ({"normalization": "deep"}, 512, 2, "bfloat16", 919),
    ({"base_filters": 64}, 128, 2, "float32", 916),
    ({"depth": 4, "base_filters": 32}, 256, 4, "bfloat16", 486),
    ({"depth": 6, "base_filters": 32}, 64, 1, "float32", 822),
    ({"depth": 1, "base_filters": 32}, 512, 2, "float32", 337),
]


def of_size(side: int, **changes: object) -> ModelSpec:
    sizes = ("input_height", "input_width", "target_height", "target_width")
    return replace(SPEC, **dict.fromkeys(sizes, side) | changes)


@pytest.mark.parametrize(("changes", "side", "batch", "precision", "mib"), MEASURED)
def test_within_a_quarter_of_what_was_measured(changes, side, batch, precision, mib):
    estimate = step_memory_bytes(of_size(side, **changes), batch, precision)
    assert estimate == pytest.approx(mib * MIB, rel=0.25)


def test_grows_evenly_with_the_batch():
    sizes = [step_memory_bytes(SPEC, batch, "float32") for batch in (1, 2, 3, 4)]
    steps = {b - a for a, b in itertools.pairwise(sizes)}
    assert max(steps) - min(steps) <= 1
    fixed = sizes[0] - (sizes[1] - sizes[0])
    assert fixed == pytest.approx(ENGINE_BYTES + 24 * count_parameters(SPEC), abs=2)


def test_images_count_by_their_area():
    def part(side: int) -> int:
        spec = of_size(side, depth=3)
        return step_memory_bytes(spec, 2, "float32") - step_memory_bytes(spec, 1, "float32")

    assert part(512) == pytest.approx(4 * part(256), rel=1e-6)


@pytest.mark.parametrize(
    "more",
    [
        {"base_filters": 17},
        {"depth": 6},
        {"deep_supervision": True},
        {"normalization": "deep"},
        {"normalization": "group"},
        {"input_channels": 3},
        {"target_channels": 3},
        {"target_height": 600, "target_width": 600},
    ],
)
def test_more_network_takes_more_memory(more):
    small = step_memory_bytes(SPEC, 1, "float32")
    assert step_memory_bytes(replace(SPEC, **more), 1, "float32") > small


def test_half_precision_takes_less_and_automatic_is_counted_as_the_most():
    full = step_memory_bytes(SPEC, 4, "float32")
    half = step_memory_bytes(SPEC, 4, "bfloat16")
    assert full / 2 < half < full
    assert step_memory_bytes(SPEC, 4, "float16") == half
    assert step_memory_bytes(SPEC, 4, "automatic") == full


def test_is_a_whole_number_at_odd_sizes():
    assert isinstance(step_memory_bytes(of_size(127, depth=7), 3, "bfloat16"), int)
