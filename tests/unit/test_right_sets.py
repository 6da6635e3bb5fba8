"""Right data sets raise no error and no warning of the check, in whatever form they are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pytest
from dicom_samples import dataset, group, write
from placed_samples import placed
from real_images import whole

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.checks.kinds import NOTE, level
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.typing import Array

PAIRS = 6
SETS = {
    "tissues": ("ct_abdomen/crlm_1006", "images", "targets"),
    "tissues of another person": ("ct_abdomen/lungdx_a0002", "images16", "targets"),
    "membranes": ("isbi_em", "images", "targets"),
    "nuclei": ("nuclei_stardist", "images", "targets"),
    "denoising": ("ct_thorax_pairs/lungdx_a0001", "noisy", "clean"),
}
LABELS = ("tissues", "tissues of another person", "membranes", "nuclei")


def as_it_is(image: Array) -> Array:
    return image


def cropped(image: Array) -> Array:
    height, width = image.shape[:2]
    return image[height // 8 : height - height // 6, width // 6 : width - width // 8]


def halved(image: Array) -> Array:
    return image[::2, ::2]


def turned(image: Array) -> Array:
    return np.rot90(image)


def mirrored(image: Array) -> Array:
    return image[:, ::-1]


def pairs_of(name: str) -> list[tuple[Array, Array]]:
    """Every third or so pair of a set; nuclei as object and background."""
    place, *sides = SETS[name]
    files = [list_images(whole(f"{place}/{side}")) for side in sides]
    step = max(1, len(files[0]) // PAIRS)
    pairs = list(zip(*files, strict=True))[::step][:PAIRS]
    read = [(read_image(image), read_image(target)) for image, target in pairs]
    if name == "nuclei":
        read = [(image, ((target > 0) * 255).astype(np.uint8)) for image, target in read]
    return read


def numbered(target: Array) -> Array:
    """The classes of a label map as numbers from 0: (height, width, 1) uint8."""
    weights = np.arange(target.shape[2]) + 1
    return np.asarray(((target > 127) @ weights)[..., None].astype(np.uint8))


def complaints(inputs: list[Path], targets: list[Path], pairing: str = "name") -> list[str]:
    """The errors and warnings about a set, without those that every set of training pairs has."""
    lists = tuple(map(str, inputs)), tuple(map(str, targets))
    specs = replace(Specs(), data=DataSpec(*lists, pairing=pairing))
    project = Project(specs)
    _, _, problems = examine(suggested(project, look_for(project)).specs)
    return [
        f"{problem.kind}: {problem.message}"
        for problem in problems
        if level(problem) != NOTE and problem.kind != "no_validation"
    ]


def written(folder: Path, images: list[Array]) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number:02}.png" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        write_image(path, np.ascontiguousarray(image))
    return paths


@pytest.mark.parametrize("change", [as_it_is, cropped, halved, turned, mirrored])
@pytest.mark.parametrize("name", SETS)
def test_no_alarm(tmp_path: Path, name: str, change: Callable[[Array], Array]) -> None:
    pairs = pairs_of(name)
    inputs, targets = ([change(image) for image in side] for side in zip(*pairs, strict=True))
    found = complaints(written(tmp_path / "images", inputs), written(tmp_path / "targets", targets))
    assert found == []


@pytest.mark.parametrize("name", LABELS)
def test_no_alarm_about_class_numbers(tmp_path: Path, name: str) -> None:
    inputs, targets = zip(*pairs_of(name), strict=True)
    numbers = written(tmp_path / "targets", [numbered(target) for target in targets])
    assert complaints(written(tmp_path / "images", list(inputs)), numbers) == []


@pytest.mark.parametrize("name", ["tissues", "membranes"])
def test_no_alarm_about_volumes(tmp_path: Path, name: str) -> None:
    """As NIfTI with a place, the target a volume of class numbers."""
    inputs, targets = zip(*pairs_of(name), strict=True)
    affine = np.diag([-0.8, -0.8, 5.0, 1.0])
    affine[:3, 3] = 200, 210, -300
    paths = []
    for side, slices in (("image", inputs), ("mask", [numbered(one) for one in targets])):
        grey = [cv2.transpose(np.ascontiguousarray(one[..., 0])) for one in slices]
        path = tmp_path / f"person_{side}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(np.stack(grey, axis=2), affine), path)
        paths.append([image.path for image in list_images(path)])
    assert complaints(*paths) == []


AFFINE = np.diag([-0.8, -0.8, 5.0, 1.0])
AFFINE[:3, 3] = 200, 210, -300


def monochrome_1(image: Array) -> tuple[Array, dict[str, Any]]:
    return 255 - image, {"PhotometricInterpretation": "MONOCHROME1"}


def signed(image: Array) -> tuple[Array, dict[str, Any]]:
    """As an MR scanner may write it."""
    return image.astype(np.int16) - 20, {"Modality": "MR"}


def rescaled(image: Array) -> tuple[Array, dict[str, Any]]:
    """As a CT scanner writes it: stored from 0, in Hounsfield units after slope and intercept."""
    return image.astype(np.uint16) * 4, {"RescaleSlope": 1, "RescaleIntercept": -500}


def plain(image: Array) -> tuple[Array, dict[str, Any]]:
    return image, {}


def series(folder: Path, slices: list[Array], **about: Any) -> list[Path]:
    """A file for each slice."""
    uid = f"1.2.3.{len(folder.name)}"
    for k, pixels in enumerate(slices):
        file = dataset(pixels, SeriesInstanceUID=uid, InstanceNumber=k + 1, **placed(AFFINE, k))
        for keyword, value in about.items():
            setattr(file, keyword, value)
        write(folder / f"{k:02}.dcm", file)
    return [image.path for image in list_images(folder)]


def frames(folder: Path, slices: list[Array], **about: Any) -> list[Path]:
    """One file with all slices, from head to foot, as enhanced images and segmentations are."""
    order = list(range(len(slices)))[::-1]
    places = [placed(AFFINE, k) for k in order]
    shared = group(
        "PlaneOrientationSequence", ImageOrientationPatient=places[0]["ImageOrientationPatient"]
    )
    measures = {name: places[0][name] for name in ("PixelSpacing", "SliceThickness")}
    shared.update(group("PixelMeasuresSequence", **measures))
    file = dataset(
        np.stack([slices[k] for k in order]),
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=[
            group("PlanePositionSequence", ImagePositionPatient=one["ImagePositionPatient"])
            for one in places
        ],
        **about,
    )
    path = write(folder / "frames.dcm", file)
    return [image.path for image in list_images(path)]


def volume(folder: Path, slices: list[Array], **_about: Any) -> list[Path]:
    folder.mkdir()
    voxels = np.stack([one.T for one in slices], axis=2)
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINE), folder / "mask.nii.gz")
    return [image.path for image in list_images(folder)]


Written = Callable[..., list[Path]]


@pytest.mark.parametrize(
    ("stored", "inputs", "targets", "change"),
    [
        (plain, series, series, as_it_is),
        (plain, series, frames, cropped),
        (monochrome_1, series, series, halved),
        (monochrome_1, frames, frames, turned),
        (signed, series, frames, mirrored),
        (signed, frames, series, as_it_is),
        (rescaled, series, volume, as_it_is),
        (rescaled, series, volume, turned),
        (rescaled, frames, frames, cropped),
        (rescaled, frames, volume, halved),
    ],
)
def test_no_alarm_about_dicom(
    tmp_path: Path,
    stored: Callable[[Array], tuple[Array, dict[str, Any]]],
    inputs: Written,
    targets: Written,
    change: Callable[[Array], Array],
) -> None:
    """Series and frames, as scanners and segmentation programs write them."""
    pairs = [[np.ascontiguousarray(change(one)) for one in pair] for pair in pairs_of("tissues")]
    kept = [stored(image[..., 0]) for image, _ in pairs]
    images = inputs(tmp_path / "image", [pixels for pixels, _ in kept], **kept[0][1])
    labels = [np.ascontiguousarray(numbered(target)[..., 0]) for _, target in pairs]
    masks = targets(tmp_path / "masks", labels, Modality="SEG")
    assert complaints(images, masks, "order") == []
