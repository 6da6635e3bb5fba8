"""The measures against scikit-image and against formulas written out by hand."""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from deepimagetranslator.core.evaluation.measures import (
    LIKENESS,
    MEASURES,
    gaussian_window,
    measure,
    ssim,
    whole_volume,
)

NAMES = ("fat", "muscle", "other")


def pair(seed, height=40, width=31, channels=3):
    rng = np.random.default_rng(seed)
    target = rng.random((height, width, channels), dtype=np.float32)
    noise = rng.normal(0, 0.2, target.shape).astype(np.float32)
    return target, np.clip(target + noise, 0, 1)


def test_overlap_is_that_of_the_paper_counted_by_hand():
    target = np.zeros((4, 5, 1), np.float32)
    predicted = np.zeros((4, 5, 1), np.float32)
    target[0, :4] = 1  # 4 pixels
    predicted[0, 1:4] = 0.9  # 3 of them found
    predicted[2:4, :2] = 0.51  # and 4 that are not there
    predicted[1] = 0.5  # not over the threshold
    row = measure(target, predicted).results(["fat"])["fat"]
    assert row["dice"] == pytest.approx(2 * 3 / (4 + 7))
    assert row["sensitivity"] == pytest.approx(3 / 4)
    assert row["specificity"] == pytest.approx(12 / 16)
    assert row["area_difference"] == pytest.approx((7 - 4) / 4)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_of_random_images_equals_set_arithmetic(seed):
    target, predicted = pair(seed)
    rows = measure(target, predicted).results(NAMES)
    for i, name in enumerate(NAMES):
        t = {tuple(at) for at in np.argwhere(target[..., i] > 0.5)}
        p = {tuple(at) for at in np.argwhere(predicted[..., i] > 0.5)}
        everywhere = set(np.ndindex(target.shape[:2]))
        assert rows[name]["dice"] == pytest.approx(2 * len(t & p) / (len(t) + len(p)))
        assert rows[name]["sensitivity"] == pytest.approx(len(t & p) / len(t))
        assert rows[name]["specificity"] == pytest.approx(
            len(everywhere - t - p) / len(everywhere - t)
        )
        assert rows[name]["area_difference"] == pytest.approx((len(p) - len(t)) / len(t))


@pytest.mark.parametrize("seed", range(3))
def test_likeness_equals_scikit_image(seed):
    target, predicted = pair(seed)
    rows = measure(target, predicted).results(NAMES)
    channels = [(name, target[..., i], predicted[..., i]) for i, name in enumerate(NAMES)]
    for name, t, p in [*channels, ("all", target, predicted)]:
        assert rows[name]["mae"] == pytest.approx(np.abs(t - p).mean(), rel=1e-5)
        assert rows[name]["mse"] == pytest.approx(np.square(t - p).mean(), rel=1e-5)
        psnr = peak_signal_noise_ratio(t.astype(float), p.astype(float), data_range=1)
        assert rows[name]["psnr"] == pytest.approx(psnr, rel=1e-6)
        assert rows[name]["ssim"] == pytest.approx(reference_ssim(t, p), rel=1e-6)


def reference_ssim(target, predicted):
    return structural_similarity(
        target.astype(float),
        predicted.astype(float),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=2 if target.ndim == 3 else None,
    )


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(512, 512, 11), (11, 40, 11), (10, 40, 9), (40, 9, 9), (4, 4, 3), (2, 9, 1), (1, 1, 1)],
)
def test_a_small_image_gets_the_largest_odd_window_that_fits(height, width, size):
    window = gaussian_window(height, width)
    assert window.size == size
    assert window.sum() == pytest.approx(1)
    np.testing.assert_allclose(window, window[::-1])
    if size > 1:
        middle = size // 2
        assert window[middle + 1] / window[middle] == pytest.approx(math.exp(-1 / (2 * 1.5**2)))


@pytest.mark.parametrize("shape", [(10, 14, 2), (5, 3, 1), (1, 1, 1)])
def test_ssim_of_small_images_equals_the_formula_written_out(shape):
    target, predicted = (image.astype(float) for image in pair(7, *shape))
    size = min(*shape[:2], 11)
    size -= 1 - size % 2
    offsets = np.arange(size) - size // 2
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    for channel in range(shape[2]):
        values = []
        for top in range(shape[0] - size + 1):
            for left in range(shape[1] - size + 1):
                at = np.s_[top : top + size, left : left + size, channel]
                x, y = target[at], predicted[at]
                mx, my = (weights * x).sum(), (weights * y).sum()
                vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
                cov = (weights * (x - mx) * (y - my)).sum()
                values.append(
                    ((2 * mx * my + 1e-4) * (2 * cov + 9e-4))
                    / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
                )
        assert ssim(target, predicted)[channel] == pytest.approx(np.mean(values), rel=1e-9)


def test_many_channels_are_measured_each_by_itself():
    target, predicted = pair(3, channels=7)
    together = ssim(target.astype(float), predicted.astype(float))
    for i in range(7):
        alone = ssim(target[..., i : i + 1].astype(float), predicted[..., i : i + 1].astype(float))
        assert together[i] == pytest.approx(alone[0])


def test_a_folder_is_measured_as_one_volume():
    """Pooling images side by side equals measuring them stacked; only SSIM is a mean."""
    images = [pair(seed, height) for seed, height in enumerate((40, 24, 31))]
    rows = whole_volume(measure(*image) for image in images).results(NAMES)
    stacked = measure(*(np.concatenate(parts) for parts in zip(*images, strict=True)))
    each = [measure(*image).results(NAMES) for image in images]
    for name, row in stacked.results(NAMES).items():
        for column in row:
            if column == "ssim":
                expected = np.mean([one[name]["ssim"] for one in each])
            else:
                expected = row[column]
            assert rows[name][column] == pytest.approx(expected), (name, column)
    assert rows["fat"]["psnr"] == pytest.approx(-10 * math.log10(rows["fat"]["mse"]))


def test_one_image_and_a_folder_have_the_same_columns():
    one = measure(*pair(1))
    for rows in (one.results(NAMES), whole_volume([one, one]).results(NAMES)):
        assert list(rows) == [*NAMES, "all"]
        assert all(tuple(rows[name]) == MEASURES for name in NAMES)
        assert tuple(rows["all"]) == LIKENESS
    assert whole_volume([one]).results(NAMES) == one.results(NAMES)


def test_undefined_fractions_are_nan():
    empty, full = np.zeros((12, 12, 1)), np.ones((12, 12, 1))
    nothing = measure(empty, empty).results(["a"])["a"]
    assert math.isnan(nothing["dice"])
    assert math.isnan(nothing["sensitivity"])
    assert math.isnan(nothing["area_difference"])
    assert nothing["specificity"] == 1
    assert nothing["psnr"] == math.inf
    assert nothing["ssim"] == pytest.approx(1)
    invented = measure(empty, full).results(["a"])["a"]
    assert invented["dice"] == 0
    assert invented["specificity"] == 0
    assert math.isnan(invented["area_difference"])
    everywhere = measure(full, full).results(["a"])["a"]
    assert everywhere["dice"] == 1
    assert math.isnan(everywhere["specificity"])


@pytest.mark.parametrize(
    ("target", "predicted"), [((8, 8, 3), (8, 9, 3)), ((8, 8), (8, 8)), ((8, 0, 1), (8, 0, 1))]
)
def test_images_that_cannot_be_compared_are_refused(target, predicted):
    with pytest.raises(ValueError, match="same height, width and channels"):
        measure(np.zeros(target), np.zeros(predicted))


def test_images_of_different_channels_make_no_volume():
    with pytest.raises(ValueError, match="one volume"):
        whole_volume([measure(*pair(1)), measure(*pair(1, channels=1))])
