"""Image files whose every text holds a token, and the search for these tokens in what is written.

A token occurs once in all planted files, so a token that is found tells which element was copied.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import pydicom
import tifffile
from PIL import Image, PngImagePlugin
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

from deepimagetranslator.core.typing import Array

_WORDS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT")
_TOKEN = re.compile(rb"qzx[a-j]{8}|(?<![0-9a-z.])[0-9.]{8,40}", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
# A reader needs the values of these elements to find pixels, units and the order of slices.
_NEEDED = {
    *("SpecificCharacterSet", "SOPClassUID", "Modality", "PhotometricInterpretation", "ImageType"),
    *("RescaleType", "PixelPresentation", "VOILUTFunction", "PresentationLUTShape", "Units"),
    *("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID", "FrameIncrementPointer"),
    *("BurnedInAnnotation", "LossyImageCompression", "PatientIdentityRemoved"),
}


class Planted:
    """Hands out tokens, and remembers where each was planted.

    Attributes:
        places: the place of each token, such as "PatientName" or "NIfTI descrip".
    """

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self._numbers = count(1)

    def word(self, place: str) -> str:
        """A token of eleven capital letters; they are too many to occur by chance."""
        digits = f"{next(self._numbers):08d}"
        return self._keep("QZX" + "".join(chr(ord("A") + int(digit)) for digit in digits), place)

    def value(self, vr: str, place: str) -> str | None:
        """A token as a DICOM value of this representation; None if that is no text."""
        if vr in _WORDS:
            return self.word(place)
        number = next(self._numbers)
        day = (datetime.date(1701, 1, 1) + datetime.timedelta(number)).strftime("%Y%m%d")
        made = {
            "DA": day,
            "TM": f"{number % 24:02d}5958.{number:06d}",
            "DT": f"{day}235958.{number:06d}",
            "UI": f"1.2.826.0.7777.{number}.7",
        }.get(vr)
        return None if made is None else self._keep(made, place)

    def found_in(self, folder: Path) -> dict[Path, set[str]]:
        """For each file below a folder that holds tokens, the places where they were planted."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        found = {
            path.relative_to(folder): {p for data in _unpacked(path) for p in self.in_text(data)}
            for path in files
        }
        return {path: places for path, places in found.items() if places}

    def in_text(self, data: bytes | str) -> set[str]:
        """The places whose tokens stand in these bytes, as 8-bit text or as UTF-16."""
        raw = data.encode() if isinstance(data, str) else data
        texts = (raw, raw.replace(b"\0", b""))
        tokens = {found.decode().upper() for text in texts for found in _TOKEN.findall(text)}
        return {self.places[token] for token in tokens & self.places.keys()}

    def _keep(self, token: str, place: str) -> str:
        self.places[token] = place
        return token


def _unpacked(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what is compressed or encoded in them."""
    data = path.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if data[:2] == b"PK":
        with zipfile.ZipFile(path) as packed:
            yield from map(packed.read, packed.namelist())
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        with Image.open(path) as image:
            image.load()
            yield repr(image.info).encode()
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        yield from _texts_of_h5(path)
    for text in _BASE64.findall(data) if path.suffix in (".json", ".facts", ".html") else ():
        with suppress(ValueError):
            decoded = base64.b64decode(text)
            yield decoded
            with suppress(zlib.error):
                yield zlib.decompress(decoded)


def _texts_of_h5(path: Path) -> Iterator[bytes]:
    texts: list[bytes] = []

    def visit(name: str, item: Any) -> None:
        values = [name, *item.attrs.values()]
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "OSU":
            values.append(item[()])
        texts.append(repr(values).encode())

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    yield from texts


def plant_dicom(path: Path, pixels: Array, planted: Planted, number: int) -> Path:
    """Write a CT slice with a token in every text element that DICOM knows, and in private ones.

    Args:
        path: the file.
        pixels: (rows, columns), int16.
        planted: hands out the tokens.
        number: the slice's number, from 1; all belong to one series.
    """
    result = _slice(pixels, number)
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if tag >> 16 > 4 and keyword and keyword not in _NEEDED and keyword not in result:
            _plant(result, keyword, vr, planted, keyword)
    for name, levels in (("RequestAttributesSequence", 3), ("OtherPatientIDsSequence", 2)):
        setattr(result, name, [_nested(planted, levels)])
    _plant_private(result, planted)
    for group in (0x6000, 0x6002):
        result.add_new(group << 16 | 0x0022, "LO", planted.word("overlay description"))
        result.add_new(group << 16 | 0x1500, "LO", planted.word("overlay label"))
    result.add_new(0x50000022, "LO", planted.word("curve description"))
    result.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", planted.word("ImageType 4")]
    result.file_meta.SourceApplicationEntityTitle = planted.word("source AE title")
    result.preamble = planted.word("preamble").encode().ljust(128, b"\0")
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, result, enforce_file_format=True)
    return path


def _slice(pixels: Array, number: int) -> Dataset:
    result = Dataset()
    result.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    result.SOPInstanceUID = f"1.2.3.4.5.{number}"
    result.SeriesInstanceUID, result.StudyInstanceUID = "1.2.3.4.5", "1.2.3.4"
    result.FrameOfReferenceUID = "1.2.3.4.6"
    result.Modality, result.InstanceNumber = "CT", number
    result.ImagePositionPatient = [0, 0, 5 * number]
    result.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    result.PixelSpacing, result.SliceThickness = [1, 1], 5
    result.RescaleSlope, result.RescaleIntercept, result.RescaleType = 1, 0, "HU"
    result.Rows, result.Columns = pixels.shape
    result.SamplesPerPixel, result.PhotometricInterpretation = 1, "MONOCHROME2"
    result.BitsAllocated = result.BitsStored = 16
    result.HighBit, result.PixelRepresentation = 15, 1
    result.PixelData = pixels.astype("<i2").tobytes()
    result["PixelData"].VR = "OW"
    result.file_meta = pydicom.dataset.FileMetaDataset()
    result.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return result


def _plant(result: Dataset, keyword: str, vr: str, planted: Planted, place: str) -> None:
    token = planted.value(vr, place)
    if token is not None:
        setattr(result, keyword, token)


def _nested(planted: Planted, levels: int) -> Dataset:
    result = Dataset()
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "InstitutionName"):
        vr = pydicom.datadict.dictionary_VR(keyword)
        _plant(result, keyword, vr, planted, f"{keyword} in a sequence")
    _plant_private(result, planted)
    if levels > 1:
        result.ReferencedPatientSequence = [_nested(planted, levels - 1)]
    return result


def _plant_private(result: Dataset, planted: Planted) -> None:
    block = result.private_block(0x0099, planted.word("private creator"), create=True)
    block.add_new(1, "LO", planted.word("private text"))
    block.add_new(2, "UN", planted.word("private bytes").encode() + b" ")
    block.add_new(3, "PN", planted.word("private name"))


def plant_nifti(path: Path, voxels: Array, planted: Planted) -> Path:
    """Write a NIfTI volume (i, j, k) with a token in each text of its header and in extensions."""
    image = nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 5.0, 1.0]))
    for field in ("descrip", "aux_file", "db_name", "data_type", "intent_name"):
        image.header[field] = planted.word(f"NIfTI {field}")[: 10 if field == "data_type" else 24]
    for code, name in ((6, "comment"), (4, "AFNI"), (44, "MATLAB")):
        content = planted.word(f"NIfTI {name} extension").encode()
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(code, content))
    patient = Dataset()
    patient.PatientName = planted.word("NIfTI DICOM extension")
    image.header.extensions.append(nibabel.nifti1.Nifti1DicomExtension(2, patient))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.to_filename(path)
    return path


def plant_tiff(path: Path, pixels: Array, planted: Planted, kind: str = "") -> Path:
    """Write a TIFF file with a token in each text tag, private ones and XMP among them.

    Args:
        path: the file.
        pixels: (rows, columns), or (pages, rows, columns) for a kind of stack.
        planted: hands out the tokens.
        kind: "imagej", "ome" or "" for its description.
    """
    numbers = {"DocumentName": 269, "Make": 271, "Model": 272, "PageName": 285, "Artist": 315}
    numbers |= {"HostComputer": 316, "Copyright": 33432, "private": 65000}
    tags = [
        (number, "s", 0, planted.word(f"TIFF {name}"), False) for name, number in numbers.items()
    ]
    xmp = f"<x>{planted.word('TIFF XMP')}</x>".encode()
    tags.append((700, "B", len(xmp), xmp, False))
    path.parent.mkdir(parents=True, exist_ok=True)
    described: dict[str, Any] = {"description": planted.word("TIFF ImageDescription")}
    if kind == "imagej":
        info, label = planted.word("ImageJ Info"), planted.word("ImageJ Labels")
        described = {"imagej": True, "metadata": {"Info": info, "Labels": [label] * len(pixels)}}
        described["metadata"] |= {"axes": "ZYX", "spacing": 2.0, "unit": "um"}
    if kind == "ome":
        described = {"ome": True, "metadata": {"axes": "ZYX", "Name": planted.word("OME Name")}}
        described["metadata"]["Description"] = planted.word("OME Description")
    own = {key: described.pop(key) for key in ("imagej", "ome") if key in described}
    described |= {"photometric": "minisblack", "software": planted.word("TIFF Software")}
    with tifffile.TiffWriter(path, **own) as writer:
        writer.write(pixels, extratags=tags, **described)
    return path


def plant_picture(path: Path, pixels: Array, planted: Planted) -> Path:
    """Write a PNG, JPEG or GIF file with a token in each kind of text that the format has."""
    format = path.suffix[1:]
    exif = Image.Exif()
    for tag in (270, 271, 305, 315, 316, 33432):
        exif[tag] = planted.word(f"{format} EXIF {tag}")
    options: dict[str, Any] = {"exif": exif}
    if format == "png":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Author", planted.word("png tEXt"))
        texts.add_text("Comment", planted.word("png zTXt"), zip=True)
        texts.add_itxt("Title", planted.word("png iTXt"), zip=True)
        options["pnginfo"] = texts
    elif format == "gif":
        options = {"comment": planted.word("gif comment")}
    else:
        options |= {"comment": planted.word("jpeg comment"), "quality": 95}
        options["xmp"] = f"<x>{planted.word('jpeg XMP')}</x>".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path
