"""The network: its layers as in the notes on the 2021 program, at any size, in any precision."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from deepimagetranslator.core.config.network_plan import (
    convolution_shapes,
    count_parameters,
    is_normalized,
)
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml import devices
from deepimagetranslator.ml.network.group_normalization import GroupNormalization
from deepimagetranslator.ml.network.unet import build_unet, convolutions, lsuv_initialize

BASE = ModelSpec(
    depth=3,
    base_filters=4,
    input_height=20,
    input_width=28,
    input_channels=3,
    target_height=20,
    target_width=28,
    target_channels=2,
    normalization="none",
    initialization="glorot_uniform",
)
CHOICES = {
    "depth 1": replace(BASE, depth=1),
    "depth 2": replace(BASE, depth=2),
    "depth 5, odd": replace(BASE, depth=5, input_height=21, input_width=19),
    "as deep as the size allows": replace(BASE, depth=3, input_height=4, input_width=7),
    "one pixel": replace(BASE, depth=1, input_height=1, input_width=1),
    "larger target": replace(BASE, target_height=41, target_width=50),
    "smaller target": replace(BASE, target_height=7, target_width=5),
    "other shape": replace(BASE, target_height=33, target_width=9),
    "five filters, normalized": replace(BASE, base_filters=5, normalization="group"),
    "deep normalization": replace(BASE, normalization="deep"),
    "one filter": replace(BASE, base_filters=1, normalization="group"),
    "grey, softmax": replace(BASE, input_channels=1, final_activation="softmax"),
    "deep": replace(BASE, deep_supervision=True),
    "deep, odd": replace(
        BASE,
        deep_supervision=True,
        input_height=21,
        input_width=19,
        target_height=21,
        target_width=19,
    ),
    "deep, depth 4, other target": replace(
        BASE, depth=4, deep_supervision=True, target_height=31, target_width=6
    ),
    "everything": replace(
        BASE, dropout=0.3, upsampling="bilinear", initialization="he_normal", normalization="group"
    ),
}


def picture(spec: ModelSpec, number: int = 1) -> np.ndarray:
    shape = (number, spec.input_height, spec.input_width, spec.input_channels)
    return np.random.default_rng(0).random(shape, np.float32)


def outputs(model: keras.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    found = model(x)
    found = found if isinstance(found, dict) else {"final": found}
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize("name", CHOICES)
def test_any_network_has_the_planned_shapes_and_parameters(name):
    spec = CHOICES[name]
    model = build_unet(spec)
    assert model.count_params() == count_parameters(spec)
    assert [tuple(layer.kernel.shape) for layer in convolutions(model)] == convolution_shapes(spec)
    found = outputs(model, picture(spec, 2))
    assert set(found) == ({"final", "coarse"} if spec.deep_supervision else {"final"})
    for value in found.values():
        assert value.shape == (2, spec.target_height, spec.target_width, spec.target_channels)
        assert value.dtype == np.float32 and (value >= 0).all() and (value <= 1).all()


def by_the_notes(model: keras.Model, spec: ModelSpec, x: np.ndarray) -> dict[str, np.ndarray]:
    """The 2021 network written down from its description, with this model's kernels."""
    layers = iter(convolutions(model))

    def convolve(values):
        layer = next(layers)
        return ops.conv(values, layer.kernel, padding="same") + layer.bias

    def block(values):
        return ops.relu(convolve(ops.relu(convolve(values))))

    def resize(values, size):
        return ops.image.resize(values, size, interpolation="bilinear")

    x = ops.convert_to_tensor(x)
    skips = []
    for _ in range(spec.depth - 1):
        x = block(x)
        skips.append(x)
        x = ops.max_pool(x, 2)
    x = block(x)
    decoded = [x]
    for skip in reversed(skips):
        height, width = skip.shape[1:3]
        size = (
            int(height * spec.target_height / spec.input_height),
            int(width * spec.target_width / spec.input_width),
        )
        up = ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2)
        x = block(ops.concatenate([resize(up, size), resize(skip, size)], axis=-1))
        decoded.append(x)
    found = {"final": ops.sigmoid(convolve(x))}
    if spec.deep_supervision:
        coarse = ops.repeat(ops.repeat(decoded[-3], 4, axis=1), 4, axis=2)
        coarse = convolve(coarse)
        found["coarse"] = ops.sigmoid(resize(coarse, (spec.target_height, spec.target_width)))
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize(
    "name", ["depth 1", "depth 5, odd", "larger target", "smaller target", "deep", "deep, odd"]
)
def test_the_network_computes_what_the_notes_say(name):
    spec = CHOICES[name]
    if name == "depth 5, odd":
        spec = replace(spec, target_height=21, target_width=19)
    model = build_unet(spec, seed=4)
    found, expected = outputs(model, picture(spec)), by_the_notes(model, spec, picture(spec))
    for head in expected:
        np.testing.assert_allclose(found[head], expected[head], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depth": 6}, "at most 5, not 6"),
        ({"depth": 2, "deep_supervision": True}, "depth of 3"),
        ({"base_filters": 0}, "1 to 1024"),
        ({"input_height": 0, "input_width": 0}, "input height"),
        ({"target_channels": 0}, "target channels"),
        ({"upsampling": "cubic"}, "nearest, bilinear"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_reason(change, words):
    with pytest.raises(UserError, match=words):
        build_unet(replace(BASE, **change))


def test_the_greatest_depth_builds():
    assert build_unet(replace(BASE, depth=5)).count_params() > 0  # 20 pixels: 20, 10, 5, 2, 1


def test_a_seed_gives_the_same_weights_another_one_others():
    one, same, other = build_unet(BASE, seed=7), build_unet(BASE, seed=7), build_unet(BASE, seed=8)
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [w for w in one.get_weights() if w.ndim == 4]
    for a, b in zip(kernels, [w for w in other.get_weights() if w.ndim == 4], strict=True):
        assert not np.array_equal(a, b)
    # No two layers start alike, though some have one shape.
    starts = [kernel.ravel()[:4].tobytes() for kernel in kernels]
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_keeps_weights_and_outputs_in_float32(precision):
    spec = replace(BASE, deep_supervision=True, normalization="group", dropout=0.1)
    full, half = build_unet(spec, "float32"), build_unet(spec, precision)
    assert {weight.dtype for weight in half.weights if "seed" not in weight.path} == {"float32"}
    computed = [layer.compute_dtype for layer in convolutions(half)]
    assert computed == [precision] * (len(computed) - 2) + ["float32"] * 2
    ours, theirs = outputs(half, picture(spec)), outputs(full, picture(spec))
    for head in ("final", "coarse"):
        assert ours[head].dtype == np.float32
        assert not np.array_equal(ours[head], theirs[head])
        np.testing.assert_allclose(ours[head], theirs[head], atol=0.06)


def test_group_normalization_follows_every_wide_convolution():
    model = build_unet(replace(BASE, base_filters=12, normalization="group"))
    groups = [x.groups for x in model.layers if isinstance(x, keras.layers.GroupNormalization)]
    assert groups == [6, 6, 8, 8, 8, 8, 8, 8, 6, 6]
    deep = build_unet(replace(BASE, base_filters=12, normalization="deep"))
    groups = [x.groups for x in deep.layers if isinstance(x, keras.layers.GroupNormalization)]
    assert groups == [8, 8, 8, 8, 8, 8]  # not in the first block, on neither way
    plain = build_unet(BASE)
    assert not [x for x in plain.layers if isinstance(x, keras.layers.GroupNormalization)]


@pytest.mark.parametrize("groups", [1, 3, 6])
def test_group_normalization_is_keras_own(groups):
    x = np.random.default_rng(1).normal(2, 3, (2, 9, 7, 6)).astype(np.float32)
    weights = [np.linspace(0.5, 2, 6), np.linspace(-1, 1, 6)]
    ours, theirs = GroupNormalization(groups), keras.layers.GroupNormalization(groups)
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.set_weights(weights)
    np.testing.assert_allclose(ours(x), theirs(x), atol=2e-5)
    assert type(ours).__name__ == type(theirs).__name__  # by which weights files name the arrays


@pytest.mark.parametrize("groups", [1, 3, 6])
def test_group_normalization_learns_as_keras_own(groups):
    """One large step of plain gradient descent moves gamma, beta and a kernel before it alike."""
    rng = np.random.default_rng(1)
    x, y = (rng.normal(2, 3, (2, 9, 7, 6)).astype(np.float32) for _ in range(2))
    start, after = keras.initializers.RandomNormal(stddev=1, seed=1), []
    for kind in (GroupNormalization, keras.layers.GroupNormalization):
        before = keras.layers.Conv2D(6, 1, kernel_initializer=start, use_bias=False)
        model = keras.Sequential([before, kind(groups, gamma_initializer=start)])
        model.build(x.shape)
        unmoved = model.get_weights()
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, y)
        after.append(model.get_weights())
    for our, their, was in zip(*after, unmoved, strict=True):
        assert np.abs(their - was).max() > 0.01
        np.testing.assert_allclose(our, their, atol=1e-5)


fusing = pytest.mark.skipif(not devices.fuses_normalization(), reason="not on this device")


@fusing
@pytest.mark.parametrize("shape", [(9, 7, 6), (1, 1, 6), (64, 64, 6)])
@pytest.mark.parametrize("groups", [1, 3, 6])
def test_fused_group_normalization_is_keras_own(groups, shape):
    """For one image; several are computed as without it, to the bit."""
    x = np.random.default_rng(1).normal(2, 3, (2, *shape)).astype(np.float32)
    x[..., 0] *= 10
    weights = [np.linspace(0.5, 2, 6), np.linspace(-1, 1, 6)]
    fused, plain, theirs = (
        kind(groups)
        for kind in (GroupNormalization, GroupNormalization, keras.layers.GroupNormalization)
    )
    for layer in (fused, plain, theirs):
        layer.build(x.shape)
        layer.set_weights(weights)
    np.testing.assert_allclose(fused(x[:1]), theirs(x[:1]), atol=2e-5)
    np.testing.assert_array_equal(fused(x), plain(x))


@fusing
def test_a_fused_network_is_as_close_in_bfloat16_to_its_float32_gradients():
    """The whole way back: through kernels, gamma, beta, and the moments' own share."""
    x, y = (np.random.default_rng(n).random((1, 20, 28, n), np.float32) for n in (3, 2))
    plain = replace(BASE, normalization="group", base_filters=8)
    fused = replace(plain, fused_normalization=True)
    start = build_unet(plain).get_weights()

    def update(spec: ModelSpec, precision: str) -> np.ndarray:
        """What one step of plain gradient descent changes, and the outputs, in a row."""
        model = build_unet(spec, precision)
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
        outputs = model.predict_on_batch(x)
        model.train_on_batch(x, y)
        moved = [a - b for a, b in zip(start, model.get_weights(), strict=True)]
        return np.concatenate([array.ravel() for array in (*moved, outputs)])

    truth = update(plain, "float32")
    np.testing.assert_allclose(update(fused, "float32"), truth, atol=1e-5)
    errors = [np.abs(update(spec, "bfloat16") - truth).mean() for spec in (plain, fused)]
    assert 0 < errors[1] < 1.1 * errors[0]
    assert errors[0] != errors[1]


def convolved(model: keras.Model, spec: ModelSpec, x: np.ndarray) -> list[np.ndarray]:
    """What each 3x3 convolution that is fitted makes of the images."""
    wide = [layer.output for layer in convolutions(model) if is_fitted(layer, spec)]
    return [ops.convert_to_numpy(y) for y in keras.Model(model.input, wide)(x)]


def is_fitted(layer: keras.layers.Conv2D, spec: ModelSpec) -> bool:
    """All without normalization; with the deep blocks', those of the first block on the way down"""
    if spec.normalization == "deep":
        return layer.name in ("convolution_001", "convolution_002")
    return layer.kernel_size == (3, 3) and not is_normalized(spec, layer.filters)


@pytest.mark.parametrize(
    "name", ["depth 1", "depth 2", "deep normalization", "deep", "grey, softmax"]
)
def test_fitted_to_images_each_channel_has_mean_0_and_its_deviation(name):
    spec = CHOICES[name]
    model, x = build_unet(spec, seed=2), 0.01 * picture(spec, 3) + 0.4
    before = [y.std(axis=(0, 1, 2)) for y in convolved(model, spec, x)]
    assert min(deviation.min() for deviation in before) < 0.2
    others = [layer for layer in convolutions(model) if not is_fitted(layer, spec)]
    as_before = [layer.get_weights()[0] for layer in others]
    lsuv_initialize(model, spec, "float32", x)
    expected = [1, 0.5] if spec.normalization == "deep" else [1] * len(before)
    for y, deviation in zip(convolved(model, spec, x), expected, strict=True):
        np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=2e-3)
        np.testing.assert_allclose(y.std(axis=(0, 1, 2)), deviation, rtol=2e-2)
    for layer, kernel in zip(others, as_before, strict=True):
        np.testing.assert_array_equal(layer.get_weights()[0], kernel)


def test_images_all_black_change_no_weights():
    model = build_unet(BASE)
    before = model.get_weights()
    lsuv_initialize(model, BASE, "float32", np.zeros_like(picture(BASE)))
    for kept, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, was)


def test_dropout_acts_in_training_only_and_differs_from_step_to_step():
    model, x = build_unet(replace(BASE, dropout=0.5), seed=3), picture(BASE)
    still = [ops.convert_to_numpy(model(x)) for _ in range(2)]
    moved = [ops.convert_to_numpy(model(x, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    assert not np.array_equal(*moved) and not np.array_equal(still[0], moved[0])
    again = build_unet(replace(BASE, dropout=0.5), seed=3)
    np.testing.assert_array_equal(ops.convert_to_numpy(again(x, training=True)), moved[0])


def test_upsampling_is_as_chosen():
    x = picture(BASE)
    nearest, bilinear = (
        outputs(build_unet(replace(BASE, upsampling=kind)), x)["final"]
        for kind in ("nearest", "bilinear")
    )
    assert not np.array_equal(nearest, bilinear)


def test_final_activation_is_as_chosen():
    x = picture(BASE)
    logits, sigmoid, softmax, automatic = (
        outputs(build_unet(replace(BASE, final_activation=kind)), x)["final"]
        for kind in ("linear", "sigmoid", "softmax", "automatic")
    )
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(softmax.sum(-1), 1, atol=1e-5)
    np.testing.assert_array_equal(automatic, sigmoid)


def test_initialization_is_as_chosen():
    spec = replace(BASE, base_filters=32)
    glorot, he = (
        convolutions(build_unet(replace(spec, initialization=kind)))[1].get_weights()[0]
        for kind in ("glorot_uniform", "he_normal")
    )
    inside = 9 * 32
    assert np.abs(glorot).max() <= np.sqrt(6 / (2 * inside)) + 1e-6
    assert he.std() == pytest.approx(np.sqrt(2 / inside), rel=0.05)
