"""Small good files of every kind and coding, from our own writers and from other encoders."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import nibabel
import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from real_images import small

from deepimagetranslator.core.config.project import new_project, save_project
from deepimagetranslator.core.imaging.images import write_image

_RNG = np.random.default_rng(4)
GREY = cv2.GaussianBlur(_RNG.integers(0, 256, (20, 24), dtype=np.uint8), (5, 5), 2)
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
DEEP = GREY.astype(np.uint16) * 257
_CARRIED = (
    "CT_small",
    "JPEG-lossy",
    "JPEG2000",
    "MR_small",
    "MR_small_RLE",
    "MR_small_bigendian",
    "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless",
    "SC_rgb_rle_16bit_2frame",
    "image_dfl",
    "liver_1frame",
)
_EXPLICIT, _DEFLATED = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"


def _same(content: bytes) -> bytes:
    return content


@dataclass(frozen=True)
class Seed:
    """A good file.

    Attributes:
        content: what is damaged.
        ending: of the file's name.
        finished: makes the file of the content, so that damage lies behind a checksum or a coding.
    """

    content: bytes
    ending: str
    finished: Callable[[bytes], bytes] = _same


def mended_png(content: bytes) -> bytes:
    """The PNG with the checksum of every chunk put right."""
    result, place = [content[:8]], 8
    while place + 12 <= len(content):
        length = min(int.from_bytes(content[place : place + 4], "big"), len(content) - place - 12)
        end = place + 8 + length
        checksum = zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        result += [content[place:end], checksum]
        place = end + 4
    return b"".join([*result, content[place:]])


def zeros(length: int) -> bytes:
    """So many zeros, deflated: one block for a MiB, over and over."""
    code, part = zlib.compressobj(9), bytes(2**20)
    first, other = (code.compress(part) + code.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(bytes(length % 2**20)) + last.flush()
    count, checksum = length >> 20, length % 65521 << 16 | 1
    blocks = first + other * (count - 1) if count else first[:2]
    return blocks + end + checksum.to_bytes(4, "big")


def packed(content: bytes) -> bytes:
    """As .gz, always the same."""
    return gzip.compress(content, 1, mtime=0)


def deflated(content: bytes) -> bytes:
    """An explicit little-endian DICOM file as a deflated one; a damaged one as far as it goes."""
    explicit = len(_EXPLICIT).to_bytes(2, "little") + _EXPLICIT
    name = len(_DEFLATED).to_bytes(2, "little") + _DEFLATED
    start = min(144 + int.from_bytes(content[140:144], "little"), 1000)
    meta = content[144:start].replace(explicit, name)
    code = zlib.compressobj(1, wbits=-15)
    rest = code.compress(content[start:]) + code.flush()
    return content[:140] + len(meta).to_bytes(4, "little") + meta + rest


def pictures() -> dict[str, Seed]:
    """PNG, JPEG, BMP, GIF and TIFF."""
    found: dict[str, Seed] = {}

    def pillow(name: str, image: Image.Image, kind: str, **options: Any) -> None:
        file = io.BytesIO()
        image.save(file, kind, **options)
        found[name] = Seed(file.getvalue(), f".{name.rpartition('-')[2]}")

    grey, colour = Image.fromarray(GREY), Image.fromarray(COLOUR)
    exif = Image.Exif()
    exif[0x0112] = 6
    palette = colour.quantize(16)
    pillow("grey-png", grey, "PNG", exif=exif, dpi=(60, 60))
    pillow("palette-png", palette, "PNG", transparency=3)
    pillow("bits-png", grey.convert("1"), "PNG")
    pillow("rgba-png", colour.convert("RGBA"), "PNG", compress_level=0)
    pillow("frames-png", colour, "PNG", save_all=True, append_images=[colour.rotate(90)])
    pillow("colour-jpg", colour, "JPEG", exif=exif, quality=80)
    pillow("progressive-jpg", colour, "JPEG", progressive=True, restart_marker_blocks=1)
    pillow("cmyk-jpg", colour.convert("CMYK"), "JPEG")
    pillow("grey-bmp", grey, "BMP")
    pillow("colour-bmp", colour, "BMP")
    pillow("palette-gif", palette, "GIF", interlace=1)
    pillow("frames-gif", palette, "GIF", save_all=True, append_images=[palette.rotate(90)])
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        pillow(f"{compression}-tif", colour, "TIFF", compression=compression)
    for compression in ("group3", "group4", "tiff_ccitt"):
        pillow(f"{compression}-tif", grey.convert("1"), "TIFF", compression=compression)
    pillow("palette-tif", palette, "TIFF")
    for name, image in (("deep", DEEP), ("deep-colour", COLOUR.astype(np.uint16) * 200)):
        found[f"{name}-png"] = Seed(cv2.imencode(".png", image)[1].tobytes(), ".png")

    def tiff(name: str, image: np.ndarray, **options: Any) -> None:
        file = io.BytesIO()
        tifffile.imwrite(file, image, **options)
        found[f"{name}-tif"] = Seed(file.getvalue(), ".tif")

    rgb: dict[str, Any] = {"photometric": "rgb"}
    grey_kind: dict[str, Any] = {"photometric": "minisblack"}
    stack = np.stack([DEEP, DEEP[::-1], DEEP // 2])
    tiff("stack", stack, **grey_kind)
    tiff("pages", stack, **grey_kind, compression="zlib", predictor=True)
    tiff("imagej", stack, imagej=True, metadata={"unit": "um", "spacing": 2.0})
    tiff("ome", stack, **grey_kind, ome=True, metadata={"axes": "ZYX", "PhysicalSizeX": 2.0})
    tiff("tiles", COLOUR, **rgb, tile=(16, 16), compression="jpeg")
    tiff("planes", np.moveaxis(COLOUR, -1, 0), **rgb, planarconfig="separate", compression="zstd")
    tiff("big", DEEP, bigtiff=True, byteorder=">", tile=(16, 16), compression="lzw")
    tiff("float", DEEP.astype(np.float32), compression="lzma", predictor=True)
    tiff("int", DEEP.astype(np.int16), resolution=(40, 40), resolutionunit="CENTIMETER")
    tiff("jpeg2000", COLOUR, **rgb, compression="jpeg2000")
    for name in list(found):
        if found[name].ending == ".png":
            found[f"mended-{name}"] = Seed(found[name].content, ".png", mended_png)
    return found


def volumes(folder: Path) -> dict[str, Seed]:
    """DICOM and NIfTI; files are made in ``folder``."""
    found = {
        f"{name}-dcm": Seed(_dicom(pixels, **more), ".dcm")
        for name, pixels, more in (
            ("signed", DEEP.astype(np.int16), {"RescaleSlope": "2", "RescaleIntercept": "-9"}),
            ("colour", COLOUR, {}),
            ("frames", np.stack([GREY, GREY[::-1]]), {"PatientName": "A^B"}),
            ("inverse", GREY, {"PhotometricInterpretation": "MONOCHROME1"}),
            ("palette", GREY, _palette()),
        )
    }
    found["deflated-dcm"] = Seed(found["signed-dcm"].content, ".dcm", deflated)
    for source, pixels in (("colour", COLOUR), ("signed", DEEP.astype(np.int16))):
        content = found[f"{source}-dcm"].content
        file = pydicom.dcmread(io.BytesIO(content))
        file.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
        found[f"rle-{source}-dcm"] = Seed(_written(file), ".dcm")
        code = imagecodecs.jpegls_encode(pixels.view("u2") if source == "signed" else pixels)
        found[f"jpegls-{source}-dcm"] = Seed(_coded(content, "80", code), ".dcm")
        code = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=0)
        found[f"jpeg2000-{source}-dcm"] = Seed(_coded(content, "90", code), ".dcm")
    content = found["inverse-dcm"].content
    code = cv2.imencode(".jpg", GREY)[1].tobytes()
    found["jpeg-dcm"] = Seed(_coded(content, "50", code), ".dcm")
    code = imagecodecs.ljpeg_encode(GREY)
    found["lossless-jpeg-dcm"] = Seed(_coded(content, "70", code), ".dcm")

    def nifti(name: str, image: Any) -> None:
        nibabel.save(image, folder / "x.nii")
        content = (folder / "x.nii").read_bytes()
        found[f"{name}-nii"] = Seed(content, ".nii")
        found[f"packed-{name}-nii"] = Seed(content, ".nii.gz", packed)
        (folder / "x.nii").unlink()

    cube = np.stack([DEEP, DEEP[::-1], DEEP // 2], axis=-1)
    affine = np.array([[0, 0, 2.5, 1], [0.5, 0.01, 0, 2], [0, -0.5, 0, 3], [0, 0, 0, 1]])
    scaled = nibabel.Nifti1Image(cube.astype(np.int16), affine)
    scaled.header.set_slope_inter(2, -1024)
    nifti("scaled", scaled)
    nifti("four", nibabel.Nifti2Image(np.stack([cube] * 2, axis=-1), np.eye(4)))
    colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    nifti("colour", nibabel.Nifti1Image(cube.astype(np.uint8)[:8].view(colour), np.eye(4)))
    return found


def projects(folder: Path) -> dict[str, Seed]:
    """Project files with images beside them and elsewhere."""
    lists = {"train_inputs": ("a.png", "/x/b.png"), "train_targets": ("c.tif", "scan.nii/0001")}
    for preset in ("recommended", "2021"):
        save_project(new_project(preset, lists), folder / f"{preset}.json")
    found = {path.stem: Seed(path.read_bytes(), ".json") for path in sorted(folder.glob("*.json"))}
    for path in folder.glob("*.json"):
        path.unlink()
    return found


def real_files() -> dict[str, Seed]:
    """The small awkward files, and small ones that pydicom carries for its own tests."""
    paths = [path for path in sorted(small("awkward").iterdir()) if path.stat().st_size]
    paths += [Path(str(get_testdata_file(f"{name}.dcm", download=False))) for name in _CARRIED]
    return {path.name: Seed(path.read_bytes(), path.suffix) for path in paths}


def write_good(folder: Path, seeds: dict[str, Seed]) -> None:
    """The good files, for a child to load its decoders with."""
    for name, seed in seeds.items():
        (folder / f"{name}{seed.ending}").write_bytes(seed.finished(seed.content))
    write_image(folder / "ours.png", DEEP, (0.5, 0.5))


def _palette() -> dict[str, Any]:
    found: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        table = (np.arange(256) * (number + 1)).astype("<u2").tobytes()
        found[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        found[f"{colour}PaletteColorLookupTableData"] = table
    return found


def _dicom(pixels: np.ndarray, **more: Any) -> bytes:
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    bits = 8 * pixels.dtype.itemsize
    frames = pixels.shape[0] if pixels.ndim == 3 and not colour else None
    rows, columns = pixels.shape[:2] if colour or frames is None else pixels.shape[1:]
    values = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "SOPInstanceUID": "1.2.3.5",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "SeriesNumber": "2",
        "Modality": "CT",
        "PatientID": "somebody",
        "ImagePositionPatient": [1.5, 2, 3],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.5, 0.75],
        "InstanceNumber": "7",
        "NumberOfFrames": frames,
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "PlanarConfiguration": 0 if colour else None,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes(),
    } | more
    file = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(file, keyword, value)
    file["PixelData"].VR = "OB" if bits == 8 else "OW"
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return _written(file)


def _coded(content: bytes, coding: str, code: bytes) -> bytes:
    """The DICOM file with its pixels in a JPEG coding, named by its number in the standard."""
    file = pydicom.dcmread(io.BytesIO(content))
    file.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2.4.{coding}")
    file.PixelData = encapsulate([code + b"\0" * (len(code) % 2)])
    file["PixelData"].VR = "OB"
    return _written(file)


def _written(file: Dataset) -> bytes:
    result = io.BytesIO()
    pydicom.dcmwrite(result, file, enforce_file_format=True)
    return result.getvalue()
