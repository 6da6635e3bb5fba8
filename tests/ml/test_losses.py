"""Each loss against another implementation, at its extremes, and in training."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from skimage.metrics import structural_similarity

from deepimagetranslator.core.config.specs import CATEGORICAL_LOSSES
from deepimagetranslator.core.config.specs import LOSSES as NAMES
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml.network import losses
from deepimagetranslator.ml.network.losses import LOSSES, build_loss

SHAPE = (2, 24, 17, 3)


def activation_of(name):
    return "softmax" if name in CATEGORICAL_LOSSES else "sigmoid"


def masks(seed=0, shape=SHAPE):
    return (np.random.default_rng(seed).random(shape) > 0.6).astype(np.float32)


def numbers(seed=0, shape=SHAPE):
    """Class numbers and the same one-hot."""
    classes = np.random.default_rng(seed).integers(0, shape[-1], shape[:-1])
    return classes[..., None].astype(np.float32), np.eye(shape[-1], dtype=np.float32)[classes]


def outputs(activation, seed=1, shape=SHAPE):
    logits = np.random.default_rng(seed).normal(0, 2, shape)
    if activation == "sigmoid":
        return (1 / (1 + np.exp(-logits))).astype(np.float32)
    return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(np.float32)


def targets_for(name, seed=0, shape=SHAPE):
    if name == "sparse_categorical_crossentropy":
        return numbers(seed, shape)[0]
    return numbers(seed, shape)[1] if name in CATEGORICAL_LOSSES else masks(seed, shape)


def dice_by_hand(t, p):
    if t.shape[-1] == 1:
        t, p = (np.concatenate([x, 1 - x], axis=-1) for x in (t, p))
    scores = [
        (2 * (t[..., c] * p[..., c]).sum() + 1) / (t[..., c].sum() + p[..., c].sum() + 1)
        for c in range(t.shape[-1])
    ]
    return 1 - np.mean(scores)


def binary_by_hand(t, p):
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def categorical_by_hand(t, p):
    return -np.mean(np.log((t * p).sum(-1)))


def ssim_by_skimage(t, p):
    return np.mean(
        [
            structural_similarity(
                a,
                b,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=1,
                channel_axis=2,
            )
            for a, b in zip(t.astype(float), p.astype(float), strict=True)
        ]
    )


BY_HAND = {
    ("binary_crossentropy", "sigmoid"): binary_by_hand,
    ("binary_crossentropy", "softmax"): binary_by_hand,
    ("categorical_crossentropy", "softmax"): categorical_by_hand,
    ("sparse_categorical_crossentropy", "softmax"): categorical_by_hand,
    ("mse", "linear"): lambda t, p: np.mean((t - p) ** 2),
    ("mae", "linear"): lambda t, p: np.mean(abs(t - p)),
    ("dice", "sigmoid"): dice_by_hand,
    ("dice", "softmax"): dice_by_hand,
    ("dice_crossentropy", "sigmoid"): lambda t, p: dice_by_hand(t, p) + binary_by_hand(t, p),
    ("dice_crossentropy", "softmax"): lambda t, p: dice_by_hand(t, p) + categorical_by_hand(t, p),
    ("ssim_mae", "sigmoid"): lambda t, p: (
        0.84 * (1 - ssim_by_skimage(t, p)) + 0.16 * np.mean(abs(t - p))
    ),
}


def test_the_registry_has_the_names_of_the_specs():
    assert tuple(LOSSES) == NAMES
    assert {name for name, _ in BY_HAND} == set(NAMES)


@pytest.mark.parametrize(("name", "activation"), BY_HAND)
def test_a_loss_equals_its_formula_by_hand(name, activation):
    one_hot = numbers()[1]
    targets = masks() if activation == "sigmoid" else one_hot
    y_true = numbers()[0] if name.startswith("sparse") else targets
    y_pred = outputs("softmax" if activation == "softmax" else "sigmoid")
    expected = BY_HAND[name, activation](targets.astype(float), y_pred.astype(float))
    assert float(build_loss(name, activation)(y_true, y_pred)) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("binary_crossentropy", tf.keras.losses.BinaryCrossentropy),
        ("categorical_crossentropy", tf.keras.losses.CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", tf.keras.losses.SparseCategoricalCrossentropy),
        ("mse", tf.keras.losses.MeanSquaredError),
        ("mae", tf.keras.losses.MeanAbsoluteError),
    ],
)
def test_the_plain_losses_equal_keras_own(name, reference):
    y_true, y_pred = targets_for(name), outputs(activation_of(name))
    loss = build_loss(name, activation_of(name))
    assert float(loss(y_true, y_pred)) == pytest.approx(float(reference()(y_true, y_pred)))


@pytest.mark.parametrize("shape", [(2, 24, 17, 3), (1, 11, 11, 1), (3, 16, 40, 7), (1, 64, 64, 3)])
def test_ssim_equals_tensorflows(shape):
    y_true, y_pred = outputs("sigmoid", 3, shape), outputs("sigmoid", 4, shape)
    y_pred = 0.7 * y_true + 0.3 * y_pred
    expected = tf.image.ssim(y_true, y_pred, max_val=1.0)
    np.testing.assert_allclose(losses.ssim(y_true, y_pred), expected, rtol=2e-5)


@pytest.mark.parametrize("shape", [(1, 8, 30, 2), (2, 3, 3, 1), (1, 2, 2, 1)])
def test_ssim_of_small_images_shrinks_the_window(shape):
    y_true, y_pred = outputs("sigmoid", 3, shape), outputs("sigmoid", 4, shape)
    size = min(11, shape[1], shape[2])
    size -= 1 - size % 2
    expected = tf.image.ssim(y_true, y_pred, max_val=1.0, filter_size=size)
    np.testing.assert_allclose(losses.ssim(y_true, y_pred), expected, rtol=2e-5)


def test_ssim_of_an_image_with_itself_is_one():
    image = outputs("sigmoid")
    np.testing.assert_allclose(losses.ssim(image, image), 1, atol=1e-6)


def test_dice_sums_a_large_image_exactly():
    """TensorFlow's own sum over a column of float32 would be off by 2 per cent here."""
    p = np.random.default_rng(0).random((1, 2048, 2048, 1), np.float32) ** 3
    t = (p > 0.3).astype(np.float32)
    expected = dice_by_hand(t.astype(float), p.astype(float))
    assert float(build_loss("dice", "sigmoid")(t, p)) == pytest.approx(expected, rel=1e-5)


def test_what_a_mask_shows_may_be_black_or_white():
    t, p = masks(shape=(2, 8, 8, 1)), outputs("sigmoid", shape=(2, 8, 8, 1))
    loss = build_loss("dice", "sigmoid")
    assert float(loss(t, p)) == pytest.approx(float(loss(1 - t, 1 - p)), rel=1e-6)
    alone = 1 - (2 * (t * p).sum() + 1) / (t.sum() + p.sum() + 1)
    other = 1 - (2 * ((1 - t) * (1 - p)).sum() + 1) / ((1 - t).sum() + (1 - p).sum() + 1)
    assert float(loss(t, p)) == pytest.approx((alone + other) / 2, rel=1e-6)


def test_a_tissue_missing_in_one_image_of_a_batch_is_no_miss():
    t = np.zeros((2, 8, 8, 1), np.float32)
    t[0, :4] = 1
    assert float(build_loss("dice", "sigmoid")(t, t)) == pytest.approx(0, abs=1e-6)
    assert float(build_loss("dice", "sigmoid")(t[1:], t[1:])) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_a_loss_computes_in_float32_whatever_comes(name, dtype):
    loss = build_loss(name, activation_of(name))
    y_true, y_pred = targets_for(name), ops.cast(outputs(activation_of(name)), dtype)
    value = loss(y_true.astype("uint8"), y_pred)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert float(value) == pytest.approx(float(loss(y_true, ops.cast(y_pred, "float32"))))


@pytest.mark.parametrize("targets", ["empty", "full", "mixed"])
@pytest.mark.parametrize("value", [0.0, 1.0, "right", "wrong"])
@pytest.mark.parametrize("name", NAMES)
def test_loss_and_gradient_are_finite_at_the_extremes(name, value, targets):
    if name == "sparse_categorical_crossentropy":
        y_true = numbers()[0] if targets == "mixed" else np.zeros((*SHAPE[:-1], 1), np.float32)
        truth = np.eye(SHAPE[-1], dtype=np.float32)[y_true[..., 0].astype(int)]
    else:
        full = np.full(SHAPE, targets == "full", np.float32)
        y_true = truth = targets_for(name) if targets == "mixed" else full
    if value == "right":
        y_pred = truth
    elif value == "wrong":
        y_pred = 1 - truth
    else:
        y_pred = np.full(SHAPE, value, np.float32)
    if name in CATEGORICAL_LOSSES:  # a softmax sums to 1 even when it is sure
        y_pred = np.eye(SHAPE[-1], dtype=np.float32)[y_pred.argmax(-1)]
    y_pred = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        loss = build_loss(name, activation_of(name))(y_true, y_pred)
    assert np.isfinite(float(loss))
    assert np.isfinite(tape.gradient(loss, y_pred)).all()


@pytest.mark.parametrize(
    "name",
    [
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "dice_crossentropy",
    ],
)
def test_a_network_that_is_sure_of_a_mistake_still_learns(name):
    """At logits of 60 the output is 0 or 1 exactly: only the logits have a gradient."""
    activation = activation_of(name)
    model = tiny_model(activation)
    x = np.full((1, 8, 8, 1), 60, np.float32)
    model.layers[-1].set_weights([np.array([1, -1, 0], np.float32).reshape(1, 1, 1, 3)])
    y = np.zeros((1, 8, 8, 3), np.float32)
    y[..., 1] = 1
    if name.startswith("sparse"):
        y = np.ones((1, 8, 8, 1), np.float32)
    before = model.get_weights()[-1].copy()
    model.compile(keras.optimizers.SGD(0.01), build_loss(name, activation), jit_compile=False)
    model.fit(x, y, verbose=0)
    moved = (model.get_weights()[-1] - before).ravel()
    assert moved[0] < -0.1
    assert moved[1] > 0.1


def tiny_model(activation, hidden=0):
    """Convolutions of 8 x 8 images with 1 channel, ending in 3 channels."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((None, None, 1))])
    if hidden:
        model.add(keras.layers.Conv2D(hidden, 3, padding="same", activation="relu"))
    model.add(keras.layers.Conv2D(3, 1, activation=activation, use_bias=hidden > 0))
    return model


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_trains_a_network(name):
    rng = np.random.default_rng(0)
    x = rng.random((4, 16, 16, 1)).astype(np.float32)
    classes = np.digitize(x, (0.33, 0.66))
    y = classes if name.startswith("sparse") else np.eye(3)[classes[..., 0]]
    model = tiny_model(activation_of(name), hidden=8)
    model.compile(
        keras.optimizers.Adam(0.05), build_loss(name, activation_of(name)), jit_compile=False
    )
    history = model.fit(x, y.astype(np.float32), epochs=25, batch_size=4, verbose=0)
    assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]


@pytest.mark.parametrize("name", ["dice_crossentropy", "ssim_mae"])
def test_a_loss_can_be_compiled_by_xla(name):
    y_true, y_pred = targets_for(name), outputs("sigmoid")
    loss = build_loss(name, "sigmoid")
    compiled = tf.function(loss, jit_compile=True)
    assert float(compiled(y_true, y_pred)) == pytest.approx(float(loss(y_true, y_pred)), rel=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_does_not_fit_the_output_is_refused(name, activation):
    fits = (
        activation == "softmax"
        if name in CATEGORICAL_LOSSES
        else activation != "linear" or name in ("mse", "mae", "ssim_mae")
    )
    if fits:
        assert build_loss(name, activation).name == name
    else:
        with pytest.raises(UserError, match=activation):
            build_loss(name, activation)


def test_a_loss_is_remade_from_its_configuration():
    loss = build_loss("dice_crossentropy", "softmax")
    again = type(loss).from_config(loss.get_config())
    y_true, y_pred = numbers()[1], outputs("softmax")
    assert float(again(y_true, y_pred)) == float(loss(y_true, y_pred))
