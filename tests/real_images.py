"""Where tests find real images: small ones in the repository, whole ones beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

SMALL = Path(__file__).parent / "data" / "real"
SHARED = Path(__file__).resolve().parents[2] / "shared"

CT = "whole CT slices of The Cancer Imaging Archive; small ones were tried"
ORIGINS = {
    "ct_abdomen": CT,
    "ct_thorax": CT,
    "ct_thorax_16bit": CT,
    "ct_thorax_pairs": CT,
    "ct_dicom": "a CT series in JPEG 2000; files of pydicom were tried",
    "isbi_em": "imagej.net/events/isbi-2012-segmentation-challenge, for research only",
    "nuclei_stardist": "test images of github.com/stardist/stardist",
    "reports": "files of public bug reports; others of their kinds were tried",
    "awkward": "files of other programs, whose kinds were tried in small",
}
"""Whose images a folder of ``shared/data`` holds."""


def small(place: str) -> Path:
    """A file or folder of the small real images, which are always there."""
    return SMALL / place


def whole(place: str) -> Path:
    """A file or folder of the whole real images; without it the test is skipped."""
    return _beside_the_checkout(f"data/{place}", ORIGINS[Path(place).parts[0]])


def more_of_2021(place: str) -> Path:
    """A file or folder written by the program of 2021; without it the test is skipped."""
    origin = "files of DeepImageTranslator 1.0, others of which were tried"
    return _beside_the_checkout(f"original/{place}", origin)


def _beside_the_checkout(place: str, origin: str) -> Path:
    path = SHARED / place
    if not path.exists():
        folder = "/".join(Path(place).parts[:2])
        how = "tests/data/real/README.md says how to get them"
        pytest.skip(f"no ../shared/{folder}: {origin}; {how}")
    return path
