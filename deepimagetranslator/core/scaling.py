"""Values in files to values in [0, 1] and back: one scaling for a whole set, never per image."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.problem import UserError

TYPE_MAXIMUM = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


@dataclass(frozen=True)
class Scaling:
    """How file values become [0, 1], and in which type they are written back.

    Attributes:
        kind: "type" divides an integer image by the largest value of its own type, so that 8-bit
            files suit weights trained on 16-bit ones too; "data" maps ``low``..``high`` to 0..1.
        low: the file value that becomes 0; 0 for "type".
        high: the file value that becomes 1; the maximum of ``dtype`` for "type", 1 for float.
        dtype: of the written images: "uint8", "uint16" or "float32".
    """

    kind: str
    low: float
    high: float
    dtype: str

    def __post_init__(self) -> None:
        known = self.kind in ("type", "data") and self.dtype in TYPE_MAXIMUM
        if not (known and np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise UserError(f"{self} is not a scaling; the weights or project file is damaged.")

    def to_unit(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """File values of any shape as float32, [0, 1] within the range; NaN becomes 0."""
        values = image.astype(np.float32)
        if self.kind == "type" and image.dtype != np.float32:
            values /= np.float32(TYPE_MAXIMUM[image.dtype.name])
        elif self.kind == "data":
            values -= np.float32(self.low)
            values /= np.float32(self.high - self.low)
        if image.dtype == np.float32:
            np.nan_to_num(values, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        return values

    def from_unit(self, values: NDArray[Any]) -> NDArray[Any]:
        """[0, 1] as file values of ``dtype``: integers rounded and clipped, float not clipped."""
        result = values.astype(np.float32) * np.float32(self.high - self.low)
        result += np.float32(self.low)
        if self.dtype != "float32":
            np.rint(result, out=result)
            np.clip(result, 0, TYPE_MAXIMUM[self.dtype], out=result)
        return result.astype(self.dtype)

    def to_json(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Scaling:
        """The scaling that ``to_json`` wrote.

        Raises:
            UserError: it is none.
        """
        try:
            low, high = float(data["low"]), float(data["high"])
            return cls(str(data["kind"]), low, high, str(data["dtype"]))
        except (TypeError, KeyError, ValueError) as error:
            message = f"{data!r:.200} is not a scaling; the weights or project file is damaged."
            raise UserError(message) from error


BYTES = Scaling("type", 0.0, 255.0, "uint8")
"""8-bit values divided by 255, as the 2021 program read all its images."""


@dataclass
class ValueRange:
    """Lowest and highest value, types and channels of a set, gathered image by image.

    Attributes:
        low: lowest finite value so far; infinity before the first.
        high: highest finite value so far.
        dtypes: names of the types that occurred.
        channels: numbers of channels that occurred.
        values: which of the 256 values occurred in 8-bit images.
    """

    low: float = np.inf
    high: float = -np.inf
    dtypes: set[str] = field(default_factory=set)
    channels: set[int] = field(default_factory=set)
    values: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(256, np.bool_))

    def add(self, image: NDArray[Any]) -> None:
        """Take in one image (height, width, channels)."""
        self.dtypes.add(image.dtype.name)
        self.channels.add(image.shape[2])
        if image.dtype == np.uint8:
            present = np.bincount(image.ravel(), minlength=256) > 0
            self.values |= present
            image = np.flatnonzero(present)
        elif image.dtype == np.float32:
            image = image[np.isfinite(image)]
        if image.size:
            self.low = min(self.low, float(image.min()))
            self.high = max(self.high, float(image.max()))

    def merge(self, other: ValueRange) -> None:
        """Take in what another one gathered."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.dtypes |= other.dtypes
        self.channels |= other.channels
        self.values |= other.values

    @property
    def dtype(self) -> str:
        """The type that holds all of the set's values."""
        return max(self.dtypes, key=lambda name: list(TYPE_MAXIMUM).index(name), default="uint8")


def choose_scaling(values: ValueRange, choice: str = "automatic", target: bool = False) -> Scaling:
    """The scaling of a set of images.

    Args:
        values: gathered over the whole training set.
        choice: "type", "data" (lowest to highest value), or "automatic": "data" for 16-bit and
            float images, else "type"; images of 8 and 16 bits mixed are each divided by their
            own type's maximum.
        target: "automatic" then also stretches grey 8-bit masks of two values, such as 0 and 1.

    Returns:
        A scaling that never divides by zero, even for a constant set.
    """
    dtype = values.dtype
    if choice == "automatic":
        mask = values.dtypes == {"uint8"} and values.channels == {1} and values.values.sum() == 2
        stretched = target and mask and (values.low, values.high) != (0, 255)
        deep = values.dtypes == {"uint16"} or "float32" in values.dtypes
        choice = "data" if deep or stretched else "type"
    if choice == "type":
        return Scaling("type", 0.0, TYPE_MAXIMUM[dtype], dtype)
    low, high = (values.low, values.high) if values.low <= values.high else (0.0, 1.0)
    return Scaling("data", low, high if low < high else low + max(1.0, abs(low)), dtype)
