"""Writes awkward.json: what another reader than ours finds in a folder of awkward files.

Not part of the tests, which only read the result. It wants OpenCV, Pillow and SimpleITK (which
reads DICOM by GDCM), best in an environment of its own:

    python make_awkward.py real/awkward real/awkward.json
    python make_awkward.py ../../../shared/data/awkward awkward.json

The program reads PNG, JPEG, BMP and GIF by Pillow (colours of 16 bits by OpenCV), TIFF by tifffile,
DICOM by pydicom; so here the first two kinds are read by OpenCV and DICOM by SimpleITK. What they
get wrong, a TIFF of planes of 64 bits and 16-bit colours in runs of bytes, is read byte by byte.
"""

import io
import json
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import SimpleITK
from PIL import TiffImagePlugin

PLACES = [(0.0, 0.0), (0.5, 0.5), (0.25, 0.7), (0.6, 0.3), (0.44, 0.61), (1.0, 1.0)]
DAMAGED = ("truncated.png", "zero_bytes.png")


def by_opencv(path: Path) -> list[np.ndarray]:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    lossy = path.suffix == ".jpg"  # whose rotation only this mode applies
    image = cv2.imdecode(data, cv2.IMREAD_COLOR if lossy else cv2.IMREAD_UNCHANGED)
    return [image[..., 2::-1] if image.ndim == 3 else image]


def by_bytes(path: Path) -> list[np.ndarray]:
    data, pages = path.read_bytes(), []
    tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
    while tags.next:
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        kind = tags[258], set(tags[339]), tags[284], tags[259]
        assert kind == ((64, 64, 64), {3}, 2, 1), "three planes of 64-bit floats, not packed"
        parts = zip(tags[273], tags[279], strict=True)
        planes = b"".join(data[start : start + length] for start, length in parts)
        values = np.frombuffer(planes, "<f8" if data[:2] == b"II" else ">f8")
        pages.append(np.moveaxis(values.reshape(3, tags[257], tags[256]), 0, -1))
    return pages


def by_runs(path: Path) -> list[np.ndarray]:
    data, frames = path.read_bytes(), []
    place = data.index(b"\xe0\x7f\x10\0OW\0\0\xff\xff\xff\xff") + 12
    while data[place : place + 4] == b"\xfe\xff\0\xe0":
        (length,) = struct.unpack("<I", data[place + 4 : place + 8])
        item, place = data[place + 8 : place + 8 + length], place + 8 + length
        if length < 64:
            continue  # the table of offsets
        count, *starts = struct.unpack("<16I", item[:64])
        ends = [*starts[1:count], length]
        planes = [unrun(item[a:b]) for a, b in zip(starts, ends, strict=False)]
        planes = np.stack([np.frombuffer(one[: 100 * 100], np.uint8) for one in planes], -1)
        frames.append(planes.reshape(100, 100, 3, 2).view(">u2")[..., 0])
    return frames


def unrun(data: bytes) -> bytes:
    result, place = b"", 0
    while place + 1 < len(data):
        count = data[place]
        if count < 128:
            result += data[place + 1 : place + 2 + count]
            place += 2 + count
        else:
            result += data[place + 1 : place + 2] * (257 - count if count > 128 else 0)
            place += 2
    return result


def by_simpleitk(path: Path) -> list[np.ndarray]:
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()

    def stated(tag: str, without: float) -> float:
        text = reader.GetMetaData(tag).strip() if reader.HasMetaDataKey(tag) else ""
        return float(text) if text else without

    slices = SimpleITK.GetArrayFromImage(reader.Execute())
    rescaled = (stated("0028|1053", 1), stated("0028|1052", 0)) != (1, 0)
    return [one.astype(np.float32) if rescaled else one for one in slices]


def facts(image: np.ndarray) -> dict:
    """What is compared: the type is what the program makes of the file's."""
    kept = image.dtype.name if image.dtype.name in ("uint8", "uint16") else "float32"
    image = (image[..., None] if image.ndim == 2 else image).astype(kept)
    height, width = image.shape[:2]
    spots = [(round(y * (height - 1)), round(x * (width - 1))) for y, x in PLACES]
    return {
        "shape": list(image.shape),
        "dtype": kept,
        "pixels": [[y, x, *image[y, x].tolist()] for y, x in spots],
        "sum": float(image.sum(dtype=np.float64)),
    }


OTHERWISE = {
    "multipage_rgb.tif": by_bytes,
    "pydicom_SC_rgb_rle_16bit_2frame.dcm": by_runs,
}


def main(folder: Path, output: Path) -> None:
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name in DAMAGED:
            continue
        read = OTHERWISE.get(path.name, by_simpleitk if path.suffix == ".dcm" else by_opencv)
        found[path.name] = {"reader": read.__name__[3:], "slices": list(map(facts, read(path)))}
        print(path.name, found[path.name]["slices"][0]["shape"])
    lines = (f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    text = "{\n" + ",\n".join(lines) + "\n}"
    output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
