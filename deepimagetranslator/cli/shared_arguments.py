"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

TRANSLATE = """what is written (--set translation.FIELD=VALUE):
  An output has the name, the subfolder and the format of its input: a derived DICOM series for
  DICOM, which viewers can overlay on the original; a NIfTI volume with the same orientation and
  position for NIfTI; a TIFF stack for a stack. For other images it is PNG for 8 bits and TIFF for
  more, with the pixel size of the input if known. A volume is written after its last slice.
  translation.file_format=png, tif, nifti or dicom chooses. With png and tif a volume becomes a
  folder of images.
  translation.output=labels writes the exact label colours, classes the class numbers, values
  the network's output without rounding to labels.
  translation.value_type=8-bit or 16-bit stretches the targets' range to that type, float writes
  the values themselves.
  translation.large_images=tiles translates large images in full resolution.
  translation.clean_up='red: connected to outside, else green; green: islands under 20' cleans label
  maps, each image or slice on its own. The rules are CLASS: islands under N (pixels), holes under
  N, all holes, largest only, connected to outside [within N], else OTHER, and bordered by OTHER
  [over N %]. A class is its name, its colour (255,0,0 or #ff0000) or the colour's name. Outside is
  the image's edge with the background that touches it; a gap to it of up to N pixels (5), such as
  skin, does not count. Regions with over N % (30) of OTHER around them become OTHER. What is
  removed becomes the class of most pixels around it."""


def add_translation(parser: argparse.ArgumentParser) -> None:
    """Options of a translation, besides what translates."""
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace translated images that exist already"
    )
    parser.add_argument(
        "--accept-values",
        action="store_true",
        help="translate images too whose values are unlike those of the training images; by "
        "default they are named with the likely cause and skipped",
    )
    add_set(parser)
    add_series(parser, "images to translate")
    add_dask(parser)
    parser.add_argument(
        "inputs", type=Path, nargs="+", metavar="INPUT", help="files, or folders with subfolders"
    )


def add_dask(parser: argparse.ArgumentParser) -> None:
    """The option for a cluster."""
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="work on the workers of this Dask scheduler, such as tcp://host:8786, which see all "
        "files at the same paths; needs the extra dask of the program, there and here",
    )


def add_series(parser: argparse.ArgumentParser, whose: str, name: str = "--series") -> None:
    parser.add_argument(
        name,
        metavar="S",
        help=f"if the {whose} belong to several DICOM series: the number, description or uid of "
        "the one to use, or all",
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.FIELD=VALUE",
        help="change a setting; may be given several times",
    )
