"""The hash of the arrays in a weights file, which is the same in equal trainings.

That of the file is not: it holds the date at which it was written and the seconds of each epoch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.ml.weights_contents import AVERAGE

_OWN = "deepimagetranslator/"
_AVERAGE = f"{_OWN}state/{AVERAGE}"


def arrays_sha256(path: Path) -> str:
    """The SHA-256 of all arrays of network, moving average and optimizer.

    Of each, in the order of their names: name, type, shape and bytes (little-endian, rows first).

    Raises:
        OSError: the file cannot be read.
    """
    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        own = name.startswith(_OWN) and not name.startswith(_AVERAGE)
        if isinstance(item, h5py.Dataset) and not own:
            found[name] = item

    digest = hashlib.sha256()
    with h5py.File(system_path(path)) as file:
        file.visititems(keep)
        for name in sorted(found):
            array = np.asarray(found[name])
            array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()
