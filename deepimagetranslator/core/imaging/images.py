"""Read and write any image file.

An image is an array (height, width, channels) with 1 (grey) or 3 (red, green, blue) channels and
dtype uint8, uint16 or float32; values are those of the file, not normalized. A ``Path`` or an
``ImageRef`` without a slice means the file's first image. A file that cannot be read raises
``UserError`` with one sentence: the file, the reason, the remedy.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging import nifti
from deepimagetranslator.core.imaging.header import Header, UnreadableError
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.nifti.geometry import Geometry
from deepimagetranslator.core.imaging.place import Place
from deepimagetranslator.core.imaging.readers import Placing, Reader, reader_of
from deepimagetranslator.core.imaging.tiff.axes import StackAxes, description, resolution
from deepimagetranslator.core.imaging.transparency import alpha_of
from deepimagetranslator.core.system.atomic_write import atomic_write, write_bytes
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.typing import Array

# With OpenCV's default filter and strategy, level 1 takes two to four times as long for files that
# are hardly smaller.
_PNG_OPTIONS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
)
_OPENED_ONCE = 2**24  # bytes of a file
_BIG_TIFF = 2**32 - 2**25  # bytes of pixels; the directories of an ordinary TIFF need the rest


def read_image(image: ImageRef | Path) -> Array:
    """Read an image: (height, width, 1 or 3), dtype uint8, uint16 or float32.

    Palette images become RGB (grey if the palette is grey), alpha is dropped, CMYK becomes RGB,
    1-bit values become 0 and 255, signed and 32-bit integers become float32. The file's slope and
    intercept (result float32) and its orientation are applied.

    Raises:
        UserError: the file is missing, not an image, damaged, truncated, too large or unsupported.
    """
    return read_with_header(image)[0]


def read_with_header(image: ImageRef | Path) -> tuple[Array, Header]:
    """As ``read_image``, and the file's header.

    Raises:
        UserError: as ``read_image``.
    """
    with _opened(image, whole=True) as (reader, file, number):
        header = reader.inspect(file)
        pixels = reader.read(file, number)
        if (pixels.shape, pixels.dtype.name) != (header.shape, header.dtype):
            raise UnreadableError(f"contradicts itself: {pixels.shape} is not {header.shape}")
        return np.ascontiguousarray(pixels), header


def read_alpha(image: ImageRef | Path) -> Array | None:
    """The alpha channel (height, width, 1), uint8; None if the image has none.

    Raises:
        UserError: as ``read_image``.
    """
    with _opened(image, whole=True) as (reader, file, number):
        reader.inspect(file).check_slice(number)
        return alpha_of(file, number)


def image_size(image: ImageRef | Path) -> tuple[int, int, int, str]:
    """Height, width, channels and dtype of what ``read_image`` returns; only palettes are decoded.

    Raises:
        UserError: as ``read_image``, except that damage in the pixels goes unnoticed.
    """
    header = read_header(image)
    return (*header.shape, header.dtype)


def read_spacing(image: ImageRef | Path) -> tuple[float, float] | None:
    """Row spacing and column spacing in mm; None if the file has none.

    Resolutions of screens and printers, such as 72 dots per inch, are ignored.

    Raises:
        UserError: as ``image_size``.
    """
    return read_header(image).spacing


def read_place(image: ImageRef | Path) -> Place | None:
    """The place of an image in the patient; None if its file states none: only DICOM and NIfTI
    files do.

    Raises:
        UserError: as ``image_size``.
    """
    with _opened(image) as (reader, file, number):
        return reader.place(file, number) if isinstance(reader, Placing) else None


def read_voxels(image: ImageRef, voxels: Array, time_point: int = 0) -> Array:
    """Some voxels of a NIfTI volume as an image; see ``nifti.read_at``.

    Raises:
        UserError: as ``read_image``, or the file is no NIfTI volume.
    """
    with _opened(image) as (reader, file, _):
        _check_nifti(reader)
        return nifti.read_at(file, voxels, time_point)


def read_geometry(image: ImageRef) -> Geometry:
    """The orientation of the displayed slices of a NIfTI volume.

    Raises:
        UserError: as ``read_voxels``.
    """
    with _opened(image) as (reader, file, _):
        _check_nifti(reader)
        return nifti.read_geometry(file)


def is_volume(image: ImageRef) -> bool:
    """Whether the file is a NIfTI volume, of which ``read_voxels`` reads any voxel.

    Raises:
        UserError: as ``read_image``.
    """
    with _opened(image) as (reader, _, _):
        return reader is nifti


def _check_nifti(reader: Reader) -> None:
    if reader is not nifti:
        raise UnreadableError("is no NIfTI volume", "choose another way to read it")


def read_header(image: ImageRef | Path) -> Header:
    """The header of an image's file; nothing is decoded but palettes.

    Raises:
        UserError: as ``image_size``.
    """
    with _opened(image) as (reader, file, number):
        header = reader.inspect(file)
        header.check_slice(number)
        return header


@contextmanager
def _opened(path: ImageRef | Path, whole: bool = False) -> Iterator[tuple[Reader, Path, int]]:
    """The reader, the file and the slice number; any error becomes a ``UserError``.

    If the ``whole`` image will be read, a small file is read from disk once for header and pixels.
    """
    image = path if isinstance(path, ImageRef) else ImageRef(path)
    once = whole and image.slice is None
    try:
        file = system_path(image.file)
        with HELD.holding(image.file, most_bytes=_OPENED_ONCE) if once else nullcontext():
            yield reader_of(file), file, 1 if image.slice is None else image.slice
    except UnreadableError as error:
        raise UserError(f"{path} {error}") from error
    except FileNotFoundError as error:
        message = f"{path} does not exist; check its name or choose another file."
        raise UserError(message) from error
    except MemoryError as error:
        message = f"{path} needs more memory than is free; close other programs or reduce it."
        raise UserError(message) from error
    except Exception as error:  # decoders raise all kinds of errors for damaged files
        if isinstance(error, OSError) and error.errno is not None:
            message = f"{path} cannot be opened ({error.strerror}); check its permissions and disk."
        else:
            message = f"{path} is damaged or incomplete; copy it again or take it out."
        raise UserError(message) from error


def write_image(
    path: str | Path,
    image: Array,
    spacing: tuple[float, float] | None = None,
    *,
    replace: bool = True,
) -> None:
    """Write (height, width[, 1 or 3]) as PNG (uint8, uint16) or TIFF (those and float32).

    The file is written atomically. A TIFF is not compressed, so that every program can read it.

    Args:
        path: with the extension .png, .tif or .tiff.
        image: the pixels.
        spacing: row spacing and column spacing in mm, written as the file's resolution.
        replace: overwrite an existing file.

    Raises:
        UserError: this file format cannot hold the dtype, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    kinds = {".png": ("uint8", "uint16"), ".tif": ("uint8", "uint16", "float32")}
    kinds[".tiff"] = kinds[".tif"]
    if image.dtype.name not in kinds.get(suffix, ()):
        message = f"{path} cannot hold {image.dtype.name} values; give it the ending "
        raise UserError(message + (".tif." if image.dtype.name == "float32" else ".png or .tif."))
    if image.ndim == 3 and image.shape[2] not in (1, 3):
        raise UserError(f"{path} cannot hold {image.shape[2]} channels; write 1 or 3.")
    if suffix == ".png":
        write_bytes(path, _png(image, spacing), replace=replace)
    else:
        pages = [image.reshape(*image.shape[:2], -1)]
        write_stack(path, pages, spacing, image.nbytes, replace=replace)


def _png(image: Array, spacing: tuple[float, float] | None) -> bytes:
    pixels = image[..., ::-1] if image.ndim == 3 else image
    pixels = np.ascontiguousarray(pixels)
    data: bytes = cv2.imencode(".png", pixels, _PNG_OPTIONS)[1].tobytes()
    if spacing is None:
        return data
    down, across = (min(max(round(1000 / size), 1), 2**31 - 1) for size in spacing)
    chunk = b"pHYs" + across.to_bytes(4, "big") + down.to_bytes(4, "big") + b"\1"
    chunk = b"\0\0\0\x09" + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return data[:33] + chunk + data[33:]  # after the header


def write_stack(
    path: str | Path,
    images: Iterable[Array],
    spacing: tuple[float, float] | None,
    size: int,
    axes: StackAxes | None = None,
    *,
    replace: bool = True,
) -> None:
    """Write images (height, width, 1 or 3), uint8, uint16 or float32, as a multi-page TIFF.

    Args:
        path: with the extension .tif or .tiff.
        images: one for each page, in order; consumed one by one.
        spacing: as in ``write_image``.
        size: bytes of all images together; decides whether a BigTIFF is needed.
        axes: what the pages are, to be written as ImageJ or OME describes it.
        replace: overwrite an existing file.

    Raises:
        UserError: the file cannot be written.
    """
    import tifffile  # noqa: PLC0415

    options: dict[str, Any] = {"metadata": None}
    if spacing is not None:
        stated = (10 / spacing[1], 10 / spacing[0]), "CENTIMETER"
        found = stated if axes is None else resolution(axes, spacing)
        if found is not None:
            options["resolution"], options["resolutionunit"] = found
    big = size > _BIG_TIFF
    with (
        atomic_write(path, replace=replace) as beside,
        tifffile.TiffWriter(beside, bigtiff=big) as tif,
    ):
        for number, image in enumerate(images):
            grey = image.shape[2] == 1
            page, kind = (image[..., 0], "minisblack") if grey else (image, "rgb")
            words = None
            if axes is not None and number == 0:
                words = description(axes, image.shape, image.dtype.name, spacing) or None
            tif.write(page, photometric=kind, description=words, **options)
