"""Writes small files of every format with independent encoders, and reads them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import figures

_GREY = (np.arange(24 * 32).reshape(24, 32) * 53 % 4096).astype(np.uint16)
_COLOUR = np.dstack([_GREY // 16, _GREY // 32, 255 - _GREY // 16]).astype(np.uint8)


def check(folder: Path) -> Iterator[str]:
    """Check each file format; yields a line for each that was read back exactly.

    Raises:
        AssertionError: the pixels of a file differ from what was written.
    """
    place = folder / "formats"
    place.mkdir()
    figures.side_by_side([(_COLOUR, _COLOUR, _COLOUR)], ["colour"], place / "figure.png")
    yield "figure drawn"
    for name, image in (("grey.png", _GREY), ("grey.tif", _GREY), ("colour.png", _COLOUR)):
        write_image(place / name, image)
        _compare(place / name, image)
    yield "16-bit PNG and TIFF, colour PNG"
    for compression in ("lzw", "zstd", "deflate", "packbits"):
        _write_tiff(place / f"{compression}.tif", compression)
        _compare(place / f"{compression}.tif", _GREY)
    yield "TIFF with LZW, Zstandard, Deflate and PackBits"
    for syntax, encode in _SYNTAXES.items():
        _write_dicom(place / f"{syntax}.dcm", syntax, encode)
        _compare(place / f"{syntax}.dcm", _GREY)
    yield "DICOM, raw, RLE, JPEG lossless, JPEG-LS and JPEG 2000"
    _write_nifti(place / "volume.nii.gz")
    read = [read_image(ImageRef(place / "volume.nii.gz", k)) for k in (1, 2)]
    assert {image.max() for image in read} == {3.0, 7.0}, "NIfTI"
    yield "NIfTI, compressed, by slices"


def _compare(file: Path, image: Array) -> None:
    image = image[..., None] if image.ndim == 2 else image
    read = read_image(file)
    assert read.shape == image.shape, f"{file.name}: {read.shape} is not {image.shape}"
    assert np.array_equal(read, image), f"{file.name} was read wrongly"


def _write_tiff(file: Path, compression: str) -> None:
    import tifffile  # noqa: PLC0415

    tifffile.imwrite(file, _GREY, compression=compression)


def _jpeg_lossless(image: Array) -> bytes:
    import imagecodecs  # noqa: PLC0415

    return bytes(imagecodecs.ljpeg_encode(image, bitspersample=12))


def _jpeg_ls(image: Array) -> bytes:
    import imagecodecs  # noqa: PLC0415

    return bytes(imagecodecs.jpegls_encode(image))


def _jpeg_2000(image: Array) -> bytes:
    import imagecodecs  # noqa: PLC0415

    return bytes(imagecodecs.jpeg2k_encode(image, codecformat="j2k", reversible=True))


_SYNTAXES: dict[str, Callable[[Array], bytes] | None] = {
    "1.2.840.10008.1.2.1": None,
    "1.2.840.10008.1.2.5": None,  # RLE: encoded by pydicom
    "1.2.840.10008.1.2.4.70": _jpeg_lossless,
    "1.2.840.10008.1.2.4.80": _jpeg_ls,
    "1.2.840.10008.1.2.4.90": _jpeg_2000,
}


def _write_dicom(file: Path, syntax: str, encode: Callable[[Array], bytes] | None) -> None:
    import pydicom  # noqa: PLC0415
    from pydicom.encaps import encapsulate  # noqa: PLC0415
    from pydicom.uid import RLELossless, generate_uid  # noqa: PLC0415

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax if encode else "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.Rows, data.Columns = _GREY.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = encapsulate([encode(_GREY)]) if encode else _GREY.tobytes()
    if encode:
        data["PixelData"].VR = "OB"
    elif syntax == RLELossless:
        data.compress(RLELossless)
    data.save_as(file, enforce_file_format=True)


def _write_nifti(file: Path) -> None:
    import nibabel  # noqa: PLC0415

    volume = np.zeros((5, 4, 2), np.float32)
    volume[1, 2] = 3, 7
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([0.7, 0.7, 5, 1])), file)
