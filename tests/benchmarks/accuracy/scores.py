"""What is measured on a network's outputs, one number for all images of a set together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import cv2
import numpy as np
from sets import MEMBRANES, TISSUE
from shifts import Tested

from deepimagetranslator.core.evaluation.measures import measure, whole_volume
from deepimagetranslator.core.typing import Array

TISSUES = ("red", "green", "blue")
MEASURES = {
    "dice": "mean Dice of the three tissues, all slices as one volume",
    "red": "Dice of subcutaneous fat",
    "green": "Dice of visceral fat",
    "blue": "Dice of lean tissue and bone",
    "black_in_fat": "share of the fat, without its outermost pixel, that is written as background",
    "membrane": "Dice of the membranes, all slices as one volume",
    "both": "mean Dice of membranes and cells",
    "both_soft": "the same of probabilities, see ``soft_dice``",
    "psnr": "PSNR in dB, all slices as one volume",
    "ssim": "mean SSIM",
    "input_psnr": "PSNR of the inputs themselves",
    "input_ssim": "mean SSIM of the inputs themselves",
}


def scores(
    kind: str, tested: Sequence[Tested], written: Sequence[Array], probabilities: Sequence[Array]
) -> dict[str, float]:
    """The measures of a kind of set, by the names in ``MEASURES``.

    Args:
        kind: one of ``sets.KINDS``.
        tested: inputs and targets, uint8.
        written: the images that the product writes, uint8, in the targets' sizes.
        probabilities: of white (height, width); only for membranes.
    """
    targets = [target for _, target in tested]
    if kind == TISSUE:
        return _tissues(targets, written)
    if kind == MEMBRANES:
        return _membranes(targets, written, probabilities)
    inputs = [image for image, _ in tested]
    own, theirs = _likeness(targets, written), _likeness(targets, inputs)
    return own | {f"input_{name}": value for name, value in theirs.items()}


def soft_dice(white: Array, probability: Array) -> float:
    """Mean over both classes of 2 sum(p t) / (sum(p^2) + sum(t^2)), for one image.

    This is the score by which NVIDIA's UNet_Medical (DeepLearningExamples, TensorFlow 2) reports
    its accuracy; it takes the mean over the images too.

    Args:
        white: whether a pixel of the target is white.
        probability: of white.
    """
    t, p = white.astype(np.float64), probability.astype(np.float64)
    return statistics.mean(
        2 * float((p * t).sum()) / float((p * p + t * t).sum()) for p, t in ((p, t), (1 - p, 1 - t))
    )


def _tissues(targets: Sequence[Array], written: Sequence[Array]) -> dict[str, float]:
    pairs = list(zip(targets, written, strict=True))
    results = _volume(pairs, TISSUES, with_ssim=False)
    found = {name: results[name]["dice"] for name in TISSUES}
    fat = black = 0
    for target, image in pairs:
        inside = _inside((target[..., :2] > 127).any(axis=2))
        fat += int(inside.sum())
        black += int((inside & ~(image > 127).any(axis=2)).sum())
    return {"dice": statistics.mean(found.values()), **found, "black_in_fat": black / max(fat, 1)}


def _membranes(
    targets: Sequence[Array], written: Sequence[Array], probabilities: Sequence[Array]
) -> dict[str, float]:
    dark = [(255 - _grey(t), 255 - _grey(w)) for t, w in zip(targets, written, strict=True)]
    cells = [(255 - t, 255 - w) for t, w in dark]
    membrane, cell = (
        _volume(pairs, ("grey",), with_ssim=False)["grey"]["dice"] for pairs in (dark, cells)
    )
    soft = [
        soft_dice(target[..., 0] > 127, p) for target, p in zip(targets, probabilities, strict=True)
    ]
    return {
        "membrane": membrane,
        "both": (membrane + cell) / 2,
        "both_soft": statistics.mean(soft),
    }


def _likeness(targets: Sequence[Array], images: Sequence[Array]) -> dict[str, float]:
    results = _volume(list(zip(targets, images, strict=True)), ("grey",), with_ssim=True)["all"]
    return {"psnr": results["psnr"], "ssim": results["ssim"]}


def _volume(
    pairs: Sequence[tuple[Array, Array]], names: Sequence[str], with_ssim: bool
) -> dict[str, dict[str, float]]:
    measured = (measure(target / 255, image / 255, with_ssim=with_ssim) for target, image in pairs)
    return whole_volume(measured).results(names)


def _inside(region: Array) -> Array:
    """A region without its outermost pixel."""
    return cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def _grey(image: Array) -> Array:
    """(height, width, 1) of a grey image or of one with three channels."""
    return np.rint(image.mean(axis=2, keepdims=True)).astype(np.uint8)
