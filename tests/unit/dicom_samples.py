"""Small DICOM files for tests, written with pydicom alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"


def carried(name: str) -> Path:
    """One of the files that pydicom carries for its own tests."""
    return Path(str(get_testdata_file(name, download=False)))


def dataset(pixels: np.ndarray, **attributes: Any) -> Dataset:
    """A CT image of ([frames,] rows, columns[, 3]) pixels; attributes by keyword, None: none."""
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    bits = 8 * pixels.dtype.itemsize
    values = {
        "SOPClassUID": CT,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "Modality": "CT",
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PlanarConfiguration": 0 if colour else None,
        "NumberOfFrames": len(pixels) if pixels.ndim - colour == 3 else None,
        "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2),
    } | attributes
    result = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(result, keyword, value)
    if "PixelData" in result:
        result["PixelData"].VR = "OB" if bits == 8 else "OW"
    result.file_meta = FileMetaDataset()
    result.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return result


def write(path: Path, file: Dataset, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, file, enforce_file_format=True, **options)
    return path


def group(sequence: str, **attributes: Any) -> Dataset:
    """A functional group with one sequence of one item."""
    item, result = Dataset(), Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    setattr(result, sequence, [item])
    return result
