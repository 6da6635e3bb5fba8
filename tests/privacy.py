"""Planted images of persons, commands that work on them, and what these may write of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted import Planted, plant_dicom, plant_nifti, plant_picture, plant_tiff

from deepimagetranslator import cli
from deepimagetranslator.core.typing import Array

NAMES = {"file name", "folder of a person"}
PATIENT = {"PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"}
STUDY = {"StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber"}
STUDY |= {"ReferringPhysicianName", "TimezoneOffsetFromUTC"}
TRIAL = {"ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialSubjectID"}
POSITION = {"PatientOrientation", "PatientPosition", "PositionReferenceIndicator"}
POSITION |= {"Laterality", "ImageLaterality", "BodyPartExamined"}
ACQUISITION = {"AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"}
ACQUISITION |= {"LossyImageCompressionMethod", "DeidentificationMethod"}
DERIVED = PATIENT | STUDY | TRIAL | POSITION | ACQUISITION
"""The texts that a derived DICOM file keeps, of all that DICOM knows; README lists them."""
ACQUIRED = {"ContrastBolusAgent", "ScanningSequence", "SequenceVariant", "ScanOptions"}
ACQUIRED |= {"MRAcquisitionType", "ImagedNucleus"}
"""What a derived file of CT or MR values keeps besides."""

SMALL = ("model.depth=2", "model.base_filters=4", "training.epochs=1", "training.batch_size=2")
SIZE = 32


@dataclass
class Study:
    """Planted images, and the folder that everything is written into.

    Attributes:
        given: the folder of the images.
        written: the folder for what is written, the program's own files among them.
        told: what each command printed with ``--json``.
    """

    given: Path
    written: Path
    planted: Planted = field(default_factory=Planted)
    told: dict[str, str] = field(default_factory=dict)

    def name(self, place: str = "file name") -> str:
        return self.planted.word(place)

    def call(self, *arguments: str | Path, status: int = 0) -> None:
        """Run a command in this process."""
        printed: list[dict[str, Any]] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("deepimagetranslator.cli.terminal.print_json", printed.append)
            assert cli.main([*map(str, arguments), "--json"]) == status, printed
        text = json.dumps(printed, default=str, ensure_ascii=False)
        self.told[str(arguments[0])] = self.told.get(str(arguments[0]), "") + text


@contextmanager
def new_study(folder: Path) -> Iterator[Study]:
    """A study whose program keeps its settings and temporary files in the written folder."""
    study = Study(folder / "given", folder / "written")
    temporary = study.written / "tmp"
    temporary.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPIMAGETRANSLATOR_HOME", str(study.written / "home"))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr("tempfile.tempdir", str(temporary))
        yield study


def picture(number: int) -> tuple[Array, Array]:
    """A noisy disc, uint8 (SIZE, SIZE), and its mask of 0 and 255."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:SIZE, :SIZE]
    disc = np.hypot(y - rng.integers(10, 22), x - rng.integers(10, 22)) < 7
    grey = np.where(disc, 180, 60) + rng.normal(0, 12, disc.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), disc * np.uint8(255)


def hounsfield(number: int) -> Array:
    """The disc as int16 in Hounsfield units."""
    return picture(number)[0].astype(np.int16) * 4 - 400


def plant_persons(study: Study, persons: int = 2) -> Path:
    """Two CT slices of each person with masks, as PERSON/images and PERSON/masks."""
    tree = study.given / "persons"
    for person in range(persons):
        folder = tree / study.name("folder of a person")
        for number in (2 * person, 2 * person + 1):
            name = study.name()
            image = folder / "images" / f"{name}.dcm"
            plant_dicom(image, hounsfield(number), study.planted, number + 1)
            plant_picture(folder / "masks" / f"{name}.png", picture(number)[1], study.planted)
    return tree


def plant_volumes(study: Study) -> Path:
    """Files of two slices in Hounsfield units: NIfTI, and TIFF stacks of ImageJ and OME."""
    folder = study.given / "volumes"
    voxels = np.stack([hounsfield(number) for number in range(2)], -1)
    for ending in ("nii", "nii.gz"):
        plant_nifti(folder / f"{study.name()}.{ending}", voxels, study.planted)
    stack = np.moveaxis(voxels, -1, 0).astype(np.float32)
    for kind in ("imagej", "ome"):
        plant_tiff(folder / f"{study.name()}.tif", stack, study.planted, kind)
    return folder


def plant_pictures(study: Study) -> tuple[Path, Path]:
    """Pictures of 8 bits in every format with masks; the folders of both."""
    images, masks = study.given / "pictures" / "images", study.given / "pictures" / "masks"
    for number, ending in enumerate(("png", "jpg", "gif", "tif", "png", "jpg")):
        grey, mask = picture(number)
        name = study.name()
        plant = plant_tiff if ending == "tif" else plant_picture
        plant(images / f"{name}.{ending}", grey, study.planted)
        plant_picture(masks / f"{name}.png", mask, study.planted)
    return images, masks


def settings(*assignments: str) -> list[str]:
    return [word for assignment in assignments for word in ("--set", assignment)]


ABOVE = "folder above"
"""A folder that holds all images: packs of studies do not name it."""


def undeclared(study: Study, allowed: set[str] = DERIVED) -> dict[str, set[str]]:
    """Each written file with the planted texts that it must not hold.

    Derived DICOM files may hold those that are allowed; project files, tables, reports of studies
    with their figures and packs the names of files and folders; all other files nothing.
    """
    found = {}
    for path, places in study.planted.found_in(study.written).items():
        may = allowed if path.suffix == ".dcm" else set()
        may = NAMES | {ABOVE} if path.suffix in (".json", ".csv") else may
        may = NAMES if "report" in path.parts or path.suffix == ".zip" else may
        if places - may:
            found[str(path)] = places - may
    return found
