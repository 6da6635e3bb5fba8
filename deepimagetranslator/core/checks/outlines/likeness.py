"""Scores how well the outlines of an input and a target fit, at 64 x 64 pixels.

An input and its target have in common only the positions of objects. So gradient magnitudes are
compared, minus the mean of the set, as one unit vector for each image. The score is the
correlation, -1 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.facts import SIDE, Thumbnail

Vectors = NDArray[np.float32]

_REACH = 16  # the largest offset in the search, in thumbnail pixels
_PERIOD = SIDE + _REACH  # of the transform; up to that offset nothing overlaps from the next period
_BATCH = 256
_ENOUGH_FOR_A_MEAN = 8


def outlines(thumbnails: Sequence[Thumbnail]) -> Vectors:
    """(n, 64, 64): the gradient magnitudes of each image, norm 1; all 0 without edges."""
    result = np.zeros((len(thumbnails), SIDE, SIDE), np.float32)
    for edges, thumbnail in zip(result, thumbnails, strict=True):
        across = cv2.Sobel(thumbnail, cv2.CV_32F, 1, 0)
        down = cv2.Sobel(thumbnail, cv2.CV_32F, 0, 1)
        np.sqrt(cv2.magnitude(across, down), out=edges)
    if len(result) >= _ENOUGH_FOR_A_MEAN:
        result -= result.mean(axis=0)
    result -= result.mean(axis=(1, 2), keepdims=True)
    lengths = np.sqrt(np.einsum("nij,nij->n", result, result))[:, None, None]
    result[lengths[:, 0, 0] <= 1e-3] = 0
    result /= np.maximum(lengths, 1e-3)
    return result


def own_scores(ours: Vectors, theirs: Vectors) -> NDArray[np.float32]:
    """(n,): how well each input fits its own target, -1 to 1."""
    scores: NDArray[np.float32] = np.einsum("nij,nij->n", ours, theirs)
    return scores


def scores_between(ours: Vectors, theirs: Vectors) -> NDArray[np.float32]:
    """(n, m): how well each of n inputs fits each of m targets."""
    scores: NDArray[np.float32] = ours.reshape(len(ours), -1) @ theirs.reshape(len(theirs), -1).T
    return scores


def best_offsets(ours: Vectors, theirs: Vectors) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The offset of each target from its input with the highest score, by cross-correlation.

    Returns:
        (n, 2) rows and columns, in thumbnail pixels; (n, 33, 33) the scores at all offsets, with
        offset 0 in the centre.
    """
    offsets, tables = [], []
    window = np.outer(*[np.hanning(SIDE + 2)[1:-1]] * 2).astype(np.float32)
    for start in range(0, len(ours), _BATCH):
        pair = [side[start : start + _BATCH] * window for side in (ours, theirs)]
        for side in pair:
            lengths = np.sqrt((side**2).sum(axis=(1, 2), keepdims=True))
            side /= np.maximum(lengths, 1e-3)
        spectra = [np.fft.rfft2(side, (_PERIOD, _PERIOD)) for side in pair]
        whole = np.fft.irfft2(spectra[1] * spectra[0].conj()).astype(np.float32)
        table = np.roll(whole, (_REACH, _REACH), (1, 2))[:, : 2 * _REACH + 1, : 2 * _REACH + 1]
        flat = table.reshape(len(table), -1).argmax(axis=1)
        offsets.append(np.stack(np.unravel_index(flat, table.shape[1:]), axis=1) - _REACH)
        tables.append(table)
    return np.concatenate(offsets), np.concatenate(tables)
