"""The network as arithmetic; no Keras is needed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.config.network_plan import (
    convolution_shapes,
    count_parameters,
    group_count,
    plan_blocks,
    translation_memory_bytes,
)
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.config.validation import deepest, problems

CT = ModelSpec(5, 16, False, "none", 512, 512, 3, 512, 512, 3)


def test_the_2021_programs_default_network() -> None:
    blocks = plan_blocks(CT)
    assert [block.filters for block in blocks] == [16, 32, 64, 128, 256]
    assert [block.height for block in blocks] == [512, 256, 128, 64, 32]
    assert [(b.up_height, b.up_width) for b in blocks] == [(b.height, b.width) for b in blocks]
    shapes = convolution_shapes(CT)
    assert len(shapes) == 2 * 5 + 2 * 4 + 1
    assert shapes[0] == (3, 3, 3, 16) and shapes[-1] == (1, 1, 16, 3)
    assert shapes[10] == (3, 3, 256 + 128, 128)  # up-sampled beside the skip
    by_hand = sum(h * w * i * o + o for h, w, i, o in shapes)
    assert count_parameters(CT) == by_hand == 1_962_659


def test_the_coarse_output_sits_two_blocks_before_the_last() -> None:
    assert convolution_shapes(replace(CT, deep_supervision=True))[-1] == (1, 1, 64, 3)


def test_normalization_adds_a_scale_and_a_shift_per_channel() -> None:
    wide = [out for height, _, _, out in convolution_shapes(CT) if height == 3]
    more = count_parameters(replace(CT, normalization="group")) - count_parameters(CT)
    assert more == 2 * sum(wide)
    less = count_parameters(replace(CT, normalization="deep")) - count_parameters(CT)
    assert less == 2 * sum(out for out in wide if out > CT.base_filters)


def test_odd_sides_round_down_and_targets_keep_the_ratio() -> None:
    spec = replace(CT, depth=3, input_height=21, input_width=38, target_height=42, target_width=19)
    blocks = plan_blocks(spec)
    assert [(b.height, b.width) for b in blocks] == [(21, 38), (10, 19), (5, 9)]
    assert [(b.up_height, b.up_width) for b in blocks] == [(42, 19), (20, 9), (10, 4)]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_the_greatest_depth_is_the_last_with_a_pixel(
    height: int, width: int, target_height: int, target_width: int
) -> None:
    depth = min(12, deepest(height, width))
    spec = ModelSpec(depth, 1, False, "none", height, width, 1, target_height, target_width, 1)
    assert problems(spec) == []
    for block in plan_blocks(spec):
        assert min(block.height, block.width, block.up_height, block.up_width) >= 1
    if depth < 12:
        deeper = problems(replace(spec, depth=depth + 1))
        assert [problem.subject for problem in deeper] == ["depth"]
        assert f"at most {depth}" in deeper[0].message


@pytest.mark.parametrize(
    ("channels", "groups"),
    [(1, 1), (4, 4), (5, 5), (7, 7), (8, 8), (11, 1), (12, 6), (20, 5), (256, 8)],
)
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    assert group_count(channels) == groups


def test_the_plan_needs_no_engine() -> None:
    code = (
        "import sys; from deepimagetranslator.core.checks import examination;"
        "from deepimagetranslator.core.config import network_plan, project;"
        "from deepimagetranslator.core.augmentation import sampling;"
        "print([m for m in ('keras', 'tensorflow', 'tkinter') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# Growth of ru_maxrss in MiB of a fresh process at the first predict_on_batch, float32, "deep"
# normalization, with TensorFlow 2.21 and Keras 3.15 on a two-core AMD EPYC, in November 2026.
@pytest.mark.parametrize(
    ("depth", "filters", "side", "target", "mib"),
    [
        (2, 8, 1024, 1024, 235),
        (4, 16, 1024, 1024, 445),
        (1, 16, 1024, 1024, 136),
        (5, 8, 2048, 2048, 843),
        (3, 16, 512, 2048, 1545),
    ],
)
def test_the_memory_of_a_translation(
    depth: int, filters: int, side: int, target: int, mib: int
) -> None:
    spec = ModelSpec(depth, filters, False, "deep", side, side, 1, target, target, 1)
    assert translation_memory_bytes(spec) == pytest.approx(mib * 2**20, rel=0.4)
    assert translation_memory_bytes(spec, "bfloat16") < translation_memory_bytes(spec)
