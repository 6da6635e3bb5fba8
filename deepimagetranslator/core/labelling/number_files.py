"""PNG files of class numbers: 8 bits, one channel."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.system.system_path import system_path

_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)


def png_of(numbers: Classes) -> bytes:
    """The content of a file of class numbers (height, width) uint8."""
    return bytes(cv2.imencode(".png", numbers, _FAST)[1].tobytes())


def read_numbers(path: Path) -> Classes:
    """The class numbers (height, width) of a file.

    Raises:
        UserError: it cannot be read, or is no such file.
    """
    try:
        content = np.frombuffer(system_path(path).read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); check its permissions and disk."
        ) from error
    numbers = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if numbers is None or numbers.ndim != 2 or numbers.dtype != np.uint8:
        raise UserError(
            f"{path} is no label map of 8 bits, or it is damaged; restore it, or begin it anew."
        )
    return np.asarray(numbers)
