"""Write slices as a NIfTI volume in the same space as the volume they were translated from."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.nifti.geometry import Geometry
from deepimagetranslator.core.imaging.nifti.volume import raw_header, read_geometry
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.typing import Array

_COLOUR = np.dtype([("R", np.uint8), ("G", np.uint8), ("B", np.uint8)])


def write_volume(
    path: str | Path, slices: Iterable[Array], like: str | Path, *, replace: bool = True
) -> None:
    """Write all slices of a volume, in the order in which they are read.

    Orientation, position, units and time points of the original are kept. Slices of another size
    become larger or smaller voxels in the same space.

    Args:
        path: ends in .nii, or in .nii.gz (compressed).
        slices: as many as ``like`` has, all of one size and data type: (height, width, 1) uint8,
            uint16 or float32, or (height, width, 3) uint8.
        like: the original NIfTI file.
        replace: overwrite an existing file.

    Raises:
        UserError: the file cannot be written.
        ValueError: the number of slices is wrong.
        UnreadableError: the original can no longer be read.
    """
    import nibabel  # noqa: PLC0415

    original = system_path(like)
    placed, header = read_geometry(original), raw_header(original)
    numbers = [np.s_[:, :, s, t] for t in range(placed.shape[3]) for s in range(placed.shape[2])]
    volume: Array | None = None
    for image, place in zip(slices, numbers, strict=True):
        if volume is None:
            placed, steps = _resized(placed, image.shape[0], image.shape[1])
            voxel = _COLOUR if image.shape[2] == 3 else image.dtype
            # The file's own order, so that each slice is one block of memory.
            volume = np.empty(placed.stored, voxel, order="F")
        pixels = np.ascontiguousarray(image).view(volume.dtype)
        placed.slices(volume)[place] = pixels[..., 0]
    assert volume is not None  # every volume has a slice
    header = _header(header, placed, steps, volume.dtype)
    kind = nibabel.Nifti2Image if header["sizeof_hdr"] == 540 else nibabel.Nifti1Image
    with atomic_write(path, replace=replace) as beside:
        kind(volume.reshape(header.get_data_shape()), None, header).to_filename(beside)


def _resized(placed: Geometry, height: int, width: int) -> tuple[Geometry, Array]:
    """The geometry for slices of another size, and the 4 x 4 matrix from new to old voxels."""
    stored, steps = list(placed.stored), np.eye(4)
    for axis, length in zip(placed.order, (height, width), strict=False):
        step = stored[axis] / length
        steps[axis, axis], steps[axis, 3] = step, (step - 1) / 2  # the outer edges stay
        stored[axis] = length
    i, j, k, time_points = stored
    return replace(placed, stored=(i, j, k, time_points), affine=placed.affine @ steps), steps


def _header(original: Any, placed: Geometry, steps: Array, dtype: np.dtype[Any]) -> Any:
    """A header with the geometry of the original, without the description of its values."""
    header = type(original)()
    dimensions = len(original.get_data_shape())
    shape = (*placed.stored[:3], *original.get_data_shape()[3:])[:dimensions]
    header.set_data_shape(shape)
    header.set_data_dtype(dtype)
    sizes = np.array(original.get_zooms(), float)
    sizes[:3] *= steps.diagonal()[: min(dimensions, 3)]
    header.set_zooms(sizes)
    header["xyzt_units"], header["toffset"] = original["xyzt_units"], original["toffset"]
    for name in ("qform", "sform"):
        code = int(original[f"{name}_code"])
        if code > 0:
            with suppress(Exception):  # readers ignore a damaged one too
                affine = getattr(original, f"get_{name}")() @ steps
                getattr(header, f"set_{name}")(affine, code)
    return header
