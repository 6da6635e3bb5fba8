"""Settings with which a training or a translation fits into memory, by the plan's arithmetic."""

from __future__ import annotations

import errno
from dataclasses import replace

import numpy as np
import pytest

from deepimagetranslator.core.config.chosen import with_values
from deepimagetranslator.core.config.memory_plan import (
    smaller_training,
    training_short_of_memory,
    translation_short_of_memory,
)
from deepimagetranslator.core.config.network_plan import predict_memory_bytes, step_memory_bytes
from deepimagetranslator.core.config.specs import ModelSpec, Specs, TrainingSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.out_of_memory import (
    is_out_of_memory,
    out_of_memory,
    tells_of_memory,
)

GIB = 2**30
MODEL = ModelSpec(
    depth=5,
    base_filters=32,
    input_height=512,
    input_width=256,
    target_height=512,
    target_width=256,
    input_channels=1,
    target_channels=1,
    normalization="none",
)
TRAINING = TrainingSpec(batch_size=64, precision="float32")


def needed(model: ModelSpec, training: TrainingSpec) -> int:
    return step_memory_bytes(model, training.batch_size, training.precision)


@pytest.mark.parametrize("chosen", [ModelSpec(), MODEL])
@pytest.mark.parametrize("gib", [0.3, 0.5, 1, 2, 4, 8, 16])
def test_a_training_with_the_advice_fits(gib, chosen):
    free = int(gib * GIB)
    assert needed(MODEL, TRAINING) > free
    settings = dict(smaller_training(MODEL, TRAINING, free, chosen))
    assert settings["training.batch_size"] < TRAINING.batch_size
    specs = with_values(Specs(model=MODEL, training=TRAINING), settings.items())
    assert not problems(specs.model) and not problems(specs.training)
    height, width = specs.model.input_height, specs.model.input_width
    model = replace(specs.model, target_height=height, target_width=width)  # as they follow
    assert needed(model, specs.training) <= free
    sides = [name for name in settings if name.startswith("model.")]
    assert len(sides) in ((0,) if settings["training.batch_size"] > 1 else (0, 2, 4))
    if sides:  # sizes that follow from others are left to follow
        assert ("model.target_height" in settings) == (chosen is MODEL)


def test_the_error_names_amounts_setting_and_value():
    error = training_short_of_memory(MODEL, TRAINING, 2 * GIB, ModelSpec())
    (problem,) = error.problems
    assert problem.kind == "memory" and problem.repair is not None and problem.remedy is not None
    assert problem.repair.settings == problem.remedy.settings
    batch = dict(problem.remedy.settings)["training.batch_size"]
    assert f"train with {batch} image" in str(error) and "2.0 GiB are free" in str(error)


def test_an_estimate_that_was_too_low_still_leads_to_less():
    enough = 2 * needed(MODEL, TRAINING)
    repair = training_short_of_memory(MODEL, TRAINING, enough, ModelSpec()).problems[0].repair
    assert repair is not None
    assert dict(repair.settings)["training.batch_size"] <= TRAINING.batch_size // 2


def test_a_network_too_large_for_any_batch_gets_no_setting_that_fails():
    huge = replace(MODEL, base_filters=512)
    (problem,) = training_short_of_memory(huge, TRAINING, GIB, ModelSpec()).problems
    assert problem.repair is None and "fewer blocks or channels" in problem.message


@pytest.mark.parametrize("gib", [0.5, 2])
def test_a_translation_with_the_advice_fits(gib):
    free = int(gib * GIB)
    (problem,) = translation_short_of_memory(MODEL, 256, "float32", free, False).problems
    assert problem.repair is not None
    batch = dict(problem.repair.settings)["translation.batch_size"]
    assert predict_memory_bytes(MODEL, batch, "float32") <= free


def test_tiles_are_advised_only_if_they_are_smaller_than_what_the_network_takes():
    sides = dict.fromkeys(("input_height", "input_width", "target_height", "target_width"), 0)
    own_size = replace(MODEL, **sides)
    (problem,) = translation_short_of_memory(own_size, 1, "float32", 0, False).problems
    assert problem.repair is not None
    assert problem.repair.settings == (("translation.large_images", "tiles"),)
    for model, tiles in ((own_size, True), (MODEL, False), (MODEL, True)):
        (problem,) = translation_short_of_memory(model, 1, "float32", 0, tiles).problems
        assert problem.repair is None and "weights with fewer blocks" in problem.message


# Growth of VmHWM at the first prediction, TensorFlow 2.21 and Keras 3.15 on two AMD EPYC cores.
@pytest.mark.parametrize(
    ("side", "depth", "filters", "batch", "precision", "mib"),
    [
        (512, 5, 16, 4, "float32", 501),
        (512, 5, 16, 4, "bfloat16", 279),
        (256, 4, 32, 8, "float32", 495),
        (512, 3, 32, 2, "float32", 483),
    ],
)
def test_a_prediction_needs_what_was_measured(side, depth, filters, batch, precision, mib):
    sides = dict.fromkeys(("input_height", "input_width", "target_height", "target_width"), side)
    model = replace(MODEL, depth=depth, base_filters=filters, **sides)
    estimate = predict_memory_bytes(model, batch, precision) / 2**20
    assert estimate == pytest.approx(mib, rel=0.25)


class ResourceExhaustedError(Exception):
    """As TensorFlow's is called."""


class InternalError(Exception):
    """As TensorFlow's is called."""


SHORT = [
    MemoryError(),
    np._core._exceptions._ArrayMemoryError((2**50,), np.dtype("f4")),
    ResourceExhaustedError("OOM when allocating tensor with shape[8,1024] by allocator cpu"),
    InternalError("Failed to allocate 4096 bytes: out of memory"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    RuntimeError("can't start new thread"),
    RuntimeError("std::bad_alloc"),
    RuntimeError(
        "Operation received an exception:Status: 1, message: could not create a primitive, in file "
        "tensorflow/core/kernels/mkl/mkl_conv_grad_filter_ops.cc:685"
    ),
    ValueError("Exception encountered when calling Conv2D.call().\n\nOOM when allocating tensor"),
    RuntimeError("pthread_create failed: Resource temporarily unavailable"),
    ValueError("OpenCV(5.0.0) error: (-4:Insufficient memory) Failed to allocate 99 bytes"),
]
OTHERS = [
    ValueError("shapes do not match"),
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("The room is full"),
    UserError("a.png needs more memory than is free; close other programs or reduce it."),
]


@pytest.mark.parametrize("error", SHORT, ids=repr)
def test_every_form_of_too_little_memory_is_recognized(error):
    assert is_out_of_memory(error)
    try:
        raise KeyError("in a layer") from error
    except KeyError as wrapped:
        assert is_out_of_memory(wrapped)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_other_errors_are_not_taken_for_it(error):
    assert not is_out_of_memory(error)


def test_a_sentence_is_not_converted_again():
    error = out_of_memory()
    error.__cause__ = MemoryError()
    assert not is_out_of_memory(error)


def test_a_log_tells_of_it():
    assert tells_of_memory("terminate called after throwing an instance of 'std::bad_alloc'")
    assert not tells_of_memory("Fatal Python error: Segmentation fault")
