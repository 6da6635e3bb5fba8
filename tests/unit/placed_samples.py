"""Small volumes with a place in the patient, as NIfTI files and as DICOM series, for tests."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
from dicom_samples import dataset as dicom_dataset
from dicom_samples import write as write_dicom

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.files import list_images

SHAPE = (24, 20, 12)
LPS = np.array([[-6.0, 0, 0, 70], [0, -6, 0, 60], [0, 0, 5, -20], [0, 0, 0, 1]])
RNG = np.random.default_rng(4)
CT = RNG.integers(-900, 900, SHAPE).astype(np.int16)
MASK = np.zeros(SHAPE, np.uint8)
MASK[3:11, 5:16, 1:11] = 1
MASK[8:21, 2:9, 2:9] = 2  # like no mirror image of itself
for _k in range(12):
    MASK[_k, 17, _k] = 1


def nifti(
    path: Path, voxels: np.ndarray, sform: np.ndarray | None, code: int = 1, **q: object
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(voxels, None)
    image.header.set_sform(sform, code if sform is not None else 0)
    image.header.set_qform(q.get("qform"), 1 if q.get("qform") is not None else 0)
    nibabel.save(image, path)


def series(folder: Path, voxels: np.ndarray, affine: np.ndarray, kind: str = "CT") -> None:
    """DICOM files of a volume (i, j, k) with an affine in RAS: i is the column, j the row."""
    folder.mkdir(parents=True)
    for k in range(voxels.shape[2]):
        file = dicom_dataset(
            np.ascontiguousarray(voxels[..., k].T),
            SeriesInstanceUID=f"1.2.3.{len(folder.name)}.{kind == 'CT':d}",
            PatientID="p1",
            InstanceNumber=k + 1,
            **placed(affine, k),
        )
        write_dicom(folder / f"{k:03}.dcm", file)


def placed(affine: np.ndarray, k: int) -> dict[str, object]:
    """The DICOM attributes of slice k of a volume."""
    lps = np.diag([-1.0, -1, 1, 1]) @ affine
    columns, rows, slices = np.linalg.norm(lps[:3, :3], axis=0)
    return {
        "ImagePositionPatient": [float(n) for n in lps[:3, 2] * k + lps[:3, 3]],
        "ImageOrientationPatient": [*(lps[:3, 0] / columns), *(lps[:3, 1] / rows)],
        "PixelSpacing": [float(rows), float(columns)],
        "SliceThickness": float(slices),
    }


def shifted(affine: np.ndarray, *by: float) -> np.ndarray:
    moved = affine.copy()
    moved[: len(by), 3] += by
    return moved


def mirrored(affine: np.ndarray, axis: int) -> np.ndarray:
    turned = affine.copy()
    turned[axis] *= -1
    return turned


def specs_of(folder: Path) -> Specs:
    lists = (tuple(map(str, list_images(folder / side))) for side in ("img", "lab"))
    return replace(Specs(), data=DataSpec(*lists))


def found(specs: Specs, kind: str = "displaced") -> list[Problem]:
    return [problem for problem in examine(specs)[2] if problem.kind == kind]
