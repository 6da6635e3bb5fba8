"""Makes the small real images of ``real/`` of the whole ones.

Not part of the tests, which only read the result; ``real/README.md`` says where the whole images
come from. Run it as ``python tests/data/make_real.py FOLDER``; FOLDER holds ``ct_abdomen``,
``ct_thorax`` and so on, as that file lists them.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom.uid import generate_uid

REAL = Path(__file__).parent / "real"
SIDE = 80

# Top and left of the crops.
CROPS = {
    "ct_dicom/crlm_1006": (144, 368),
    "ct_thorax/lungdx_a0001": (200, 120),
    "ct_thorax/lungdx_a0002": (200, 120),
    "ct_thorax_16bit/lungdx_a0001": (200, 120),
    "ct_thorax_pairs/lungdx_a0001": (200, 120),
}
SLICES = {
    "ct_abdomen/crlm_1006": (16, 20, 24, 27, 31, 35, 39, 42, 46, 50),
    "ct_abdomen/lungdx_a0001": (53, 55, 57, 59, 61, 63),
    "ct_abdomen/lungdx_a0002": (23, 25, 27, 29),
    "ct_thorax/lungdx_a0001": (8, 15, 23, 30, 37, 44, 52, 59),
    "ct_thorax/lungdx_a0002": (0, 10, 19, 29),
    "ct_thorax_16bit/lungdx_a0001": (8, 25, 42, 59),
    "ct_thorax_pairs/lungdx_a0001": (8, 13, 17, 22, 27, 31, 36, 40, 45, 50, 54, 59),
}


def smaller(person: str) -> Callable[[Image.Image], Image.Image]:
    """How an image of this person becomes small; values and colours stay."""
    if person.startswith("ct_abdomen"):
        # Some checks want all of the body with the air around it: every fifth pixel.
        return lambda image: Image.fromarray(np.array(image)[16:496:5, 16:496:5])
    top, left = CROPS[person]
    return lambda image: image.crop((left, top, left + SIDE, top + SIDE))


def shrink_pngs(whole: Path, person: str) -> None:
    """The chosen slices of one person, made small, of each kind of image that is there."""
    shrink = smaller(person)
    for number in SLICES[person]:
        for path in sorted((whole / person).rglob(f"s{number:03}.png")):
            copy = REAL / path.relative_to(whole)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shrink(Image.open(path)).save(copy, optimize=True)


def crop_tissue_maps(whole: Path) -> None:
    """Some target maps with all of the body: only these have the shares of a real one."""
    folder = REAL / "tissue_maps"
    folder.mkdir(parents=True, exist_ok=True)
    for number in (16, 23, 30, 37, 44):
        name = f"s{number:03}.png"
        image = Image.open(whole / "ct_abdomen" / "crlm_1006" / "targets" / name)
        image.crop((32, 80, 496, 416)).save(folder / name, optimize=True)


def crop_dicom(whole: Path, person: str) -> None:
    """Every slice of a series, cropped; positions and identifiers are those of the crop."""
    top, left = CROPS[person]
    (REAL / person).mkdir(parents=True, exist_ok=True)
    for path in sorted((whole / person).iterdir()):
        file = pydicom.dcmread(path)
        pixels = file.pixel_array[top : top + SIDE, left : left + SIDE]
        file.PixelData = pixels.tobytes()
        file.Rows, file.Columns = pixels.shape
        along_row, along_column = np.reshape(file.ImageOrientationPatient, (2, 3)).astype(float)
        rows_apart, columns_apart = map(float, file.PixelSpacing)
        moved = along_row * columns_apart * left + along_column * rows_apart * top
        file.ImagePositionPatient = [
            f"{value:.6f}" for value in moved + np.array(file.ImagePositionPatient, float)
        ]
        file.SeriesInstanceUID = generate_uid(entropy_srcs=[file.SeriesInstanceUID])
        file.SOPInstanceUID = generate_uid(entropy_srcs=[file.SOPInstanceUID])
        file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
        file.save_as(REAL / person / path.name)


def write_awkward(folder: Path) -> None:
    """Files such as real folders hold, all of one abdominal slice."""
    source = REAL / "ct_abdomen" / "crlm_1006"
    grey, stored, tissues = (
        Image.open(source / kind / "s039.png") for kind in ("images", "images16", "targets")
    )
    folder.mkdir(parents=True, exist_ok=True)
    values = np.array(stored).astype(np.uint16)[:60, :72]
    units = values.astype(np.int16) - 1024
    tifffile.imwrite(folder / "ct_float32_HU.tif", units.astype(np.float32))
    tifffile.imwrite(folder / "ct_int16_HU.tif", units, rowsperstrip=16)
    tifffile.imwrite(folder / "ct_uint16_lzw.tif", values, compression="lzw", predictor=True)
    Image.fromarray(values).save(folder / "ct_uint16.png")
    grey.save(folder / "gray.bmp")
    shutil.copyfile(folder / "gray.bmp", folder / "wrong_extension.png")

    colour = Image.blend(grey.convert("RGB"), tissues, 0.3)
    colour.quantize(200).save(folder / "palette.png")
    colour.convert("CMYK").crop((0, 0, 64, 48)).save(folder / "cmyk.jpg", quality=90)
    sideways = Image.Exif()
    sideways[0x0112] = 6  # Orientation: to be turned to the right
    colour.crop((0, 0, 76, 56)).save(folder / "exif_rotated6.jpg", quality=90, exif=sideways)
    clear = colour.copy()
    clear.putalpha(grey.point(lambda value: 255 if value else 0))
    clear.save(folder / "rgba.png")
    pages = np.array(colour)[20:30, 30:40].transpose(2, 0, 1) / 255.0
    tifffile.imwrite(
        folder / "multipage_rgb.tif",
        np.stack([pages, pages[:, ::-1]]),
        photometric="rgb",
        planarconfig="separate",
    )

    colours = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    tissues.quantize(palette=palette, dither=Image.Dither.NONE).save(
        folder / "tissue_map_palette.png"
    )
    tissues.resize((125, 83), Image.Resampling.BICUBIC).save(
        folder / "tissue_map_odd_size_antialiased.png"
    )
    whole = (folder / "ct_uint16.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "zero_bytes.png").write_bytes(b"")


def main(whole: Path) -> None:
    for person in SLICES:
        shrink_pngs(whole, person)
    crop_tissue_maps(whole)
    crop_dicom(whole, "ct_dicom/crlm_1006")
    write_awkward(REAL / "awkward")
    sizes = [path.stat().st_size for path in REAL.rglob("*") if path.is_file()]
    print(f"{len(sizes)} files, {sum(sizes) / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
