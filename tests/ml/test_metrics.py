"""Metrics against other implementations, by themselves and inside ``fit``."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import peak_signal_noise_ratio

from deepimagetranslator.core.config.specs import CATEGORICAL_LOSSES, METRICS
from deepimagetranslator.core.config.specs import LOSSES as LOSS_NAMES
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.evaluation.measures import measure, whole_volume
from deepimagetranslator.ml.network.losses import build_loss
from deepimagetranslator.ml.network.metrics import build_metrics

CHANNELS = ("fat", "muscle", "other")


def batches(seed=0, sizes=(2, 1), height=20, width=15):
    """Batches of (class numbers, one-hot, masks, outputs of a sigmoid, of a softmax)."""
    rng = np.random.default_rng(seed)
    made = []
    for size in sizes:
        classes = rng.integers(0, 3, (size, height, width))
        logits = rng.normal(0, 2, (size, height, width, 3)) + 2 * np.eye(3)[classes]
        made.append(
            (
                classes[..., None].astype(np.float32),
                np.eye(3, dtype=np.float32)[classes],
                (rng.random(logits.shape) > 0.5).astype(np.float32),
                (1 / (1 + np.exp(-logits))).astype(np.float32),
                (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(np.float32),
            )
        )
    return made


def run(names, pairs, activation, sparse=False):
    """The metrics' results after the batches, by name."""
    metrics = build_metrics(names, 3, CHANNELS, activation, sparse)
    for y_true, y_pred in pairs:
        for metric in metrics:
            metric.update_state(y_true, y_pred)
    return {metric.name: float(metric.result()) for metric in metrics}


def test_every_name_of_the_specs_makes_a_metric():
    names = [metric.name for metric in build_metrics(METRICS, 3, CHANNELS, "softmax", False)]
    overlaps = [f"{score}_{channel}" for score in ("dice", "iou") for channel in CHANNELS]
    assert names == [*LOSS_NAMES, "psnr", "ssim", *overlaps]


def test_metrics_are_new_each_time():
    first, second = (build_metrics(["mse"], 3, CHANNELS, "sigmoid", False) for _ in range(2))
    assert first[0] is not second[0]


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_a_loss_as_metric_is_its_mean_over_images(name):
    activation = "softmax" if name in CATEGORICAL_LOSSES else "sigmoid"
    sparse = name == "sparse_categorical_crossentropy"
    pairs = [
        (numbers if sparse else one_hot, softmax if activation == "softmax" else sigmoid)
        for numbers, one_hot, _, sigmoid, softmax in batches()
    ]
    loss = build_loss(name, activation)
    expected = np.average([float(loss(*pair)) for pair in pairs], weights=[2, 1])
    assert run([name], pairs, activation, sparse)[name] == pytest.approx(expected, rel=1e-5)


def test_psnr_and_ssim_are_means_over_images():
    pairs = [(masks, sigmoid) for _, _, masks, sigmoid, _ in batches()]
    results = run(["psnr", "ssim"], pairs, "sigmoid")
    images = [image for t, p in pairs for image in zip(t, p, strict=True)]
    psnr = [peak_signal_noise_ratio(t, p, data_range=1) for t, p in images]
    ssim = [float(tf.image.ssim(t, p, max_val=1.0)) for t, p in images]
    assert results["psnr"] == pytest.approx(np.mean(psnr), rel=1e-5)
    assert results["ssim"] == pytest.approx(np.mean(ssim), rel=1e-5)


def test_psnr_of_equal_images_is_a_hundred():
    image = np.full((1, 12, 12, 3), 0.4, np.float32)
    assert run(["psnr"], [(image, image)], "sigmoid")["psnr"] == pytest.approx(100)


def test_overlap_is_pooled_over_the_epoch_as_when_evaluating():
    pairs = [(masks, sigmoid) for _, _, masks, sigmoid, _ in batches()]
    results = run(["dice_score", "iou"], pairs, "sigmoid")
    rows = whole_volume(
        measure(*image) for t, p in pairs for image in zip(t, p, strict=True)
    ).results(CHANNELS)
    for i, channel in enumerate(CHANNELS):
        assert results[f"dice_{channel}"] == pytest.approx(rows[channel]["dice"])
        reference = keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5)
        for t, p in pairs:
            reference.update_state(t[..., i], p[..., i])
        assert results[f"iou_{channel}"] == pytest.approx(float(reference.result()))


@pytest.mark.parametrize("sparse", [False, True])
def test_overlap_after_softmax_is_of_the_greatest_channel(sparse):
    """Thresholding at 0.5 would miss pixels whose best of three classes has 0.4."""
    made = batches()
    pairs = [(numbers if sparse else one_hot, p) for numbers, one_hot, _, _, p in made]
    results = run(["iou", "dice_score"], pairs, "softmax", sparse)
    for i, channel in enumerate(CHANNELS):
        reference = keras.metrics.IoU(3, target_class_ids=[i], sparse_y_pred=False)
        for numbers, _, _, _, p in made:
            reference.update_state(numbers[..., 0], p)
        iou = float(reference.result())
        assert results[f"iou_{channel}"] == pytest.approx(iou)
        assert results[f"dice_{channel}"] == pytest.approx(2 * iou / (1 + iou))


def test_two_empty_regions_agree_and_an_invented_one_does_not():
    empty = np.zeros((1, 12, 12, 3), np.float32)
    invented = empty.copy()
    invented[..., 0] = 1
    results = run(["dice_score", "iou"], [(empty, invented)], "sigmoid")
    assert results["dice_fat"] == results["iou_fat"] == 0
    assert results["dice_muscle"] == results["iou_muscle"] == 1
    assert set(run(["dice_score", "iou"], [], "sigmoid").values()) == {1}


def test_sparse_targets_give_the_same_figures_as_one_hot_ones():
    made = batches()
    sparse = run(METRICS, [(numbers, p) for numbers, _, _, _, p in made], "softmax", True)
    one_hot = run(METRICS, [(t, p) for _, t, _, _, p in made], "softmax", False)
    assert sparse == pytest.approx(one_hot, rel=1e-5)
    assert one_hot["sparse_categorical_crossentropy"] == one_hot["categorical_crossentropy"]


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_metric_is_finite_for_any_output(activation, sparse):
    """A metric may not suit the output, but it must not spoil the history with nan."""
    numbers, one_hot, _, _, _ = batches()[0]
    outputs = [one_hot, np.roll(one_hot, 1, axis=-1)]
    if activation != "softmax":
        outputs += [0 * one_hot, 0 * one_hot + 1]
    if activation == "linear":
        outputs.append(5 * one_hot - 3)
    results = run(
        METRICS, [(numbers if sparse else one_hot, p) for p in outputs], activation, sparse
    )
    assert np.isfinite(list(results.values())).all()


@pytest.mark.parametrize(
    ("loss", "activation", "policy"),
    [
        ("dice_crossentropy", "sigmoid", "mixed_bfloat16"),
        ("sparse_categorical_crossentropy", "softmax", "float32"),
        ("mae", "linear", "float32"),
    ],
)
def test_all_metrics_run_inside_fit(loss, activation, policy):
    numbers, one_hot, _, _, _ = batches(sizes=(4,))[0]
    y = numbers if loss.startswith("sparse") else one_hot
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        x = keras.Input((20, 15, 3))
        hidden = keras.layers.Conv2D(4, 3, padding="same")(x)
        out = keras.layers.Conv2D(3, 1, activation=activation, dtype="float32")(hidden)
        model = keras.Model(x, out)
        metrics = build_metrics(METRICS, 3, CHANNELS, activation, loss.startswith("sparse"))
    finally:
        keras.config.set_dtype_policy(before)
    assert all(v.dtype == "float32" for metric in metrics for v in metric.variables)
    model.compile("adam", build_loss(loss, activation), metrics=metrics, jit_compile=False)
    history = model.fit(
        one_hot, y, batch_size=1, epochs=2, validation_data=(one_hot, y), verbose=0
    ).history
    for metric in metrics:
        assert np.isfinite(history[f"val_{metric.name}"]).all()
    assert history[loss] == pytest.approx(history["loss"], rel=1e-4)
    assert history[f"val_{loss}"] == pytest.approx(history["val_loss"], rel=1e-4)
    again = run(METRICS, [(y, model.predict(one_hot, verbose=0))], activation, y is numbers)
    assert history["val_psnr"][-1] == pytest.approx(again["psnr"], rel=1e-4)
    assert history["val_iou_fat"][-1] == pytest.approx(again["iou_fat"], rel=1e-4)


def test_overlap_of_exclusive_classes_is_that_of_the_translated_label_maps():
    colours = ((0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255))
    palette = Palette(colours, "uint8", exclusive=True)
    channels = palette.class_channels(BYTES)
    rng = np.random.default_rng(6)
    classes = rng.integers(0, 4, (2, 20, 15))
    target = np.array(colours, np.float32)[classes] / 255
    output = (0.5 * target + rng.uniform(0, 0.4, target.shape)).astype(np.float32)
    metrics = build_metrics(["dice_score", "iou"], 3, CHANNELS, "sigmoid", False, channels)
    for metric in metrics:
        metric.update_state(target, output)
    shown = np.stack([palette.nearest(image, BYTES) for image in output]) / 255
    assert (shown != (output > 0.5)).any()
    for i, dice in enumerate(metrics[:3]):
        rows = whole_volume(map(measure, target, shown)).results(CHANNELS)[CHANNELS[i]]
        assert 0.5 < rows["dice"] < 1
        assert float(dice.result()) == pytest.approx(rows["dice"])
        iou = rows["dice"] / (2 - rows["dice"])
        assert float(metrics[3 + i].result()) == pytest.approx(iou)
