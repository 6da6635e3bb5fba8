"""Read one slice of a NIfTI volume: .nii, .nii.gz, or a .hdr with its .img beside it.

Slices are displayed in radiological convention: axial slices from inferior to superior, anterior
at the top, the patient's right on the left. If the voxels are clearly longest in another direction,
the slices are perpendicular to that direction (coronal or sagittal). A file without orientation is
displayed as stored: column i, row j, slice k. The time points of a 4D volume follow one another.

nibabel reads the header. A compressed volume is decompressed once, see decompressed.py; of an
uncompressed file only the slice is read.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.header import (
    Header,
    UnreadableError,
    check_rescale,
    check_size,
)
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.nifti.decompressed import DECOMPRESSED
from deepimagetranslator.core.imaging.nifti.geometry import Geometry, geometry_of
from deepimagetranslator.core.imaging.place import Place
from deepimagetranslator.core.typing import Array

_HEADER = 540  # bytes, the longer one of NIfTI-2
_GZIP = b"\x1f\x8b"
_MAX_OFFSET = 2**26  # bytes before the voxels; header extensions are stored there


@dataclass(frozen=True)
class Volume:
    """The layout of a file's voxels.

    Attributes:
        header: of every slice.
        geometry: orientation of the slices in the volume.
        dtype: of the stored voxels.
        slope: values are stored values * slope + intercept; None if stored values are used as is.
        intercept: see slope.
        offset: bytes before the first voxel.
        data: the file with the voxels.
    """

    header: Header
    geometry: Geometry
    dtype: np.dtype[Any]
    slope: float | None
    intercept: float
    offset: int
    data: Path


def is_nifti(start: bytes) -> bool:
    """Whether the first bytes of a file are NIfTI, compressed or not."""
    if start.startswith(_GZIP):
        try:
            start = zlib.decompressobj(31).decompress(start, _HEADER)
        except zlib.error:
            return False
    return start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] in (b"n+2\0", b"ni2\0")


def inspect(path: Path) -> Header:
    """The header of the file's slices; nothing is decoded.

    Raises:
        UnreadableError: the volume is too large or of an unsupported data type.
        Exception: it is damaged.
    """
    return volume_of(path).header


def read_geometry(path: Path) -> Geometry:
    """The orientation of the slices of a file in its volume and in the patient.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: it is damaged.
    """
    return volume_of(path).geometry


def read(path: Path, number: int = 1) -> Array:
    """One slice: (height, width, 1 or 3), uint8, uint16 or float32.

    The file's slope and intercept are applied, and the result is float32. Without them unsigned
    integers of 8 and 16 bits keep their type, all others become float32. Alpha is dropped.

    Args:
        path: the file.
        number: of the slice, from 1.

    Raises:
        UnreadableError: as ``inspect``, or there is no such slice.
        Exception: it is damaged.
    """
    volume = volume_of(path)
    volume.header.check_slice(number)
    voxels = volume.geometry.slices(_voxels(volume))
    time_point, index = divmod(number - 1, voxels.shape[2])
    return _decoded(volume, voxels[:, :, index, time_point])


def place(path: Path, number: int) -> Place | None:
    """The place of a slice in the patient; None if the file states none.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: it is damaged.
    """
    return volume_of(path).geometry.place(number)


def read_at(path: Path, voxels: Array, time_point: int) -> Array:
    """Some voxels of a volume as an image, like ``read``; 0 for those outside of the volume.

    Args:
        path: the file.
        voxels: integers (3, height, width): i, j and k of each pixel.
        time_point: from 0; the last one if there are fewer.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: it is damaged.
    """
    volume = volume_of(path)
    shape = volume.geometry.stored
    size = np.array(shape[:3])[:, np.newaxis, np.newaxis]
    outside = ((voxels < 0) | (voxels >= size)).any(axis=0)
    i, j, k = np.clip(voxels, 0, size - 1)
    image = _decoded(volume, _voxels(volume)[i, j, k, min(time_point, shape[3] - 1)])
    image[outside] = 0
    return image


def _decoded(volume: Volume, stored: Array) -> Array:
    """Stored voxels (height, width) as an image (height, width, 1 or 3)."""
    if stored.dtype.names:
        return np.stack([stored[name] for name in stored.dtype.names[:3]], axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        if volume.slope is not None:
            stored = stored * np.float64(volume.slope) + np.float64(volume.intercept)
        return np.array(stored, volume.header.dtype, order="C")[..., np.newaxis]


def volume_of(path: Path) -> Volume:
    """The layout of a file's voxels.

    Raises:
        UnreadableError: the volume is too large or of an unsupported data type.
        Exception: it is damaged.
    """
    facts = path.stat()
    return _inspected(path, facts.st_mtime_ns, facts.st_size)


def raw_header(path: Path) -> Any:
    """nibabel's header of the file; errors in it are not printed.

    Old programs wrote a mirrored axis as a negative voxel size, which is read as positive, as ITK
    and nibabel do; its direction stands in the q- and s-form. Nothing else is corrected.
    """
    import nibabel  # noqa: PLC0415

    compressed = _is_compressed(path)
    with HELD.opened(path) as file, gzip.open(file) if compressed else file as content:
        start = content.read(_HEADER)
    kind = nibabel.Nifti2Header if start[4:8] in (b"n+2\0", b"ni2\0") else nibabel.Nifti1Header
    size = kind.template_dtype.itemsize
    header = kind(start[:size], check=False)
    header["pixdim"][1:] = np.abs(header["pixdim"][1:])  # the first is a sign by itself
    return header


@lru_cache(maxsize=256)
def _inspected(path: Path, _changed: int, _size: int) -> Volume:
    header = raw_header(path)
    lengths = [int(length) for length in header.get_data_shape()]
    i, j, k = (*lengths, 1, 1)[:3]
    dtype = header.get_data_dtype()
    if dtype.kind not in "uif" and (dtype.names or ())[:3] != ("R", "G", "B"):
        reason = "is a NIfTI file with values of a kind that this version does not read"
        raise UnreadableError(reason, "save it with integers or floating-point numbers")
    placed = geometry_of(header, (i, j, k, math.prod(lengths[3:])))
    height, width, slices, time_points = placed.shape
    check_size(height, width, slices * time_points)
    slope, intercept = header.get_slope_inter()
    plain = slope is None or (slope, intercept) == (1, 0)
    if not plain and dtype.kind in "ui":
        check_rescale(float(slope), float(intercept or 0), 8 * dtype.itemsize)
    kept = plain and dtype.name in ("uint8", "uint16")
    kind = "uint8" if dtype.names else dtype.name if kept else "float32"
    shape = height, width, 3 if dtype.names else 1
    count = slices * time_points
    image = Header(shape, kind, count, placed.spacing, placed=bool(placed.forms))
    pair = header["magic"].item()[:2] == b"ni"
    offset = int(header.get_data_offset())
    if not 0 <= offset <= _MAX_OFFSET:
        raise UnreadableError("is damaged or incomplete")
    data = path.with_suffix(".img") if pair else path
    return Volume(
        image, placed, dtype, None if plain else float(slope), float(intercept or 0), offset, data
    )


def _voxels(volume: Volume) -> Array:
    """The stored voxels (i, j, k, time point), memory-mapped where possible."""
    shape, dtype = volume.geometry.stored, volume.dtype
    if not volume.data.is_file():
        raise UnreadableError(f"has no {volume.data.name} beside it", "put it there")
    end = volume.offset + math.prod(shape) * dtype.itemsize
    if _is_compressed(volume.data):
        content = DECOMPRESSED.content(volume.data, end)
    elif volume.data.stat().st_size < end:
        raise UnreadableError("is damaged or incomplete")
    elif (held := HELD.data(volume.data)) is not None:
        content = np.frombuffer(held, np.uint8)
    else:
        content = np.memmap(volume.data, np.uint8, "r")
    return content[volume.offset : end].view(dtype).reshape(shape, order="F")


def _is_compressed(path: Path) -> bool:
    with HELD.opened(path) as file:
        return file.read(2) == _GZIP
