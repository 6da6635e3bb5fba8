"""Whether an image shows something to label: a body on air, cells on a slide."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.labelling.label_map import BACKGROUND
from deepimagetranslator.core.labelling.record import DRAFT
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.labelling.values import values_of
from deepimagetranslator.core.typing import Array

_SIDE = 256  # pixels of the longer side at which an image is looked at
_ENDS = (0.1, 99.9)  # per cent of the values; single odd pixels lie outside
_WINDOW = 5  # pixels of the median
_LEAST = 0.002  # of the pixels on either side of the threshold
_CONTRAST = 1.0  # difference of the means, in standard deviations of the noise


def foreground_in(store: LabelStore) -> Callable[[ImageRef], bool]:
    """Tells whether an image has foreground: a draft by its classes, another by ``has_object``.

    An image that cannot be read has none.
    """

    def found(image: ImageRef) -> bool:
        try:
            if store.status(image).state == DRAFT:
                height, width, *_ = image_size(image)
                numbers = store.read(image, (height, width), to_paint=False)
                return numbers is not None and bool((numbers != BACKGROUND).any())
            return has_object(read_image(image))
        except UserError:
            return False

    return found


def has_object(image: Array) -> bool:
    """Whether Otsu's threshold (1979) divides an image into an object and its background.

    Noise too has such a threshold. So small structures are removed by a median first, and the means
    on both sides must then differ by more than the noise, which is what the median removes.

    Args:
        image: (height, width, 1 or 3) of any dtype.
    """
    values = np.nan_to_num(values_of(image), posinf=0.0, neginf=0.0)
    scale = _SIDE / max(values.shape)
    if scale < 1:
        size = tuple(max(1, round(length * scale)) for length in reversed(values.shape))
        values = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(values, _ENDS)
    if high <= low:
        return False
    grey = np.clip((values - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    smooth = cv2.medianBlur(grey, _WINDOW)
    _, mask = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = mask.astype(bool)
    if not _LEAST <= bright.mean() <= 1 - _LEAST:
        return False
    contrast = smooth[bright].mean() - smooth[~bright].mean()
    noise = (grey.astype(np.float32) - smooth).std()
    return bool(contrast > _CONTRAST * noise)
