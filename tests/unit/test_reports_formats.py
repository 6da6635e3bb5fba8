"""Files of public bug reports: what came wrongly and what is right. Small ones of their kinds are
in the tests of each format; these are the whole ones beside the checkout."""

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import tifffile
from real_images import whole

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.project import load_project, new_project, save_project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.nifti import write_volume
from deepimagetranslator.core.imaging import tiff
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, read_spacing, write_stack


def images_of(place: str) -> list[np.ndarray]:
    return [read_image(image) for image in list_images(whole(f"reports/{place}"))]


def spec_of(report: str, inputs: str, targets: str) -> DataSpec:
    both = (
        tuple(map(str, list_images(whole(f"reports/{report}/{side}"))))
        for side in (inputs, targets)
    )
    return DataSpec(**dict(zip(("train_inputs", "train_targets"), both, strict=True)))


def test_04_overlay_bits() -> None:
    right = np.load(whole("reports/04_dicom_overlay_bits_compressed/right.npy"))
    for name in ("raw", "rle", "j2k"):
        image = read_image(whole(f"reports/04_dicom_overlay_bits_compressed/{name}.dcm"))
        np.testing.assert_array_equal(image[..., 0], right)


def test_05_frames_from_the_feet_up() -> None:
    found = [image[0, 0, 0] for image in images_of("05_enhanced_frame_order/head_first.dcm")]
    assert found == [0, 100, 200, 300, 400, 500]


def test_06_the_largest_series_and_a_word_on_the_rest(tmp_path: Path) -> None:
    source = whole("reports/06_tiff_other_pages_dropped/thumbnail_first.tif")
    images = list_images([source])
    assert [read_image(image).shape for image in images] == [(64, 64, 1)] * 3
    names = tuple(map(str, images))
    _, _, problems = examine(Specs(data=DataSpec(train_inputs=names, train_targets=names)))
    (note,) = (problem for problem in problems if problem.kind == "not_read")
    assert "1 more page (16 x 16 pixels)" in note.message


def test_09_a_window_of_small_values(tmp_path: Path) -> None:
    sources = [
        image.file for image in list_images(whole("reports/09_dicom_window_small_values/img"))
    ]
    images = [read_image(source) for source in sources]
    limits = min(map(np.min, images)), max(map(np.max, images))
    series = DerivedSeries("w")
    for source, image in zip(sources, images, strict=True):
        series.write(tmp_path / source.name, source, [image], limits=limits)
        derived = pydicom.dcmread(tmp_path / source.name)
        centre, width = float(derived.WindowCenter), float(derived.WindowWidth)
        np.testing.assert_allclose((centre - width / 2, centre + width / 2), limits, atol=1e-9)
        assert derived.Units == "BQML"


def test_11_names_that_are_no_utf8(tmp_path: Path) -> None:
    data = spec_of("11_name_not_utf8", "img", "lab")
    project = new_project(
        "2021", {name: getattr(data, name) for name in ("train_inputs", "train_targets")}
    )
    save_project(project, tmp_path / "p.json")
    loaded = load_project(tmp_path / "p.json")
    assert len(match(loaded.specs.data).train) == 3
    _, _, problems = examine(loaded.specs)
    assert not any(problem.fatal for problem in problems)


def test_13_radiographs_alike() -> None:
    one, half = (
        read_image(whole(f"reports/13_monochrome1_with_slope/{name}.dcm")).astype(float)
        for name in ("slope1", "slope05")
    )
    np.testing.assert_array_equal(one, 2 * half)


def test_14_negative_voxel_sizes_are_written(tmp_path: Path) -> None:
    source = whole("reports/14_nifti_negative_pixdim/img/neg.nii.gz")
    write_volume(tmp_path / "a.nii.gz", images_of("14_nifti_negative_pixdim/img"), source)
    written, original = nibabel.load(tmp_path / "a.nii.gz"), nibabel.load(source)
    np.testing.assert_array_equal(written.affine, original.affine)
    np.testing.assert_array_equal(np.asarray(written.dataobj), np.asarray(original.dataobj))


def test_15_real_world_values() -> None:
    images = images_of("15_real_world_value_mapping/e.dcm")
    np.testing.assert_allclose([image[0, 0, 0] for image in images], [-2, -1, 0], atol=1e-6)
    assert max(image.max() for image in images) <= 0.16


def test_16_and_17_say_what_is_wrong_with_the_file() -> None:
    channels = match(spec_of("16_channels_as_slices_sentence", "img", "lab")).problems[0]
    assert "c0.tif has 3 slices (channels), its target c0.tif 1" in channels.message
    contours = match(spec_of("17_rtstruct_sentence", "ct", "seg")).problems[0]
    assert "rs.dcm is a DICOM file without an image (RT Structure Set" in contours.message
    assert "export its contours as masks" in contours.message


def test_21_axes_and_steps_of_a_stack(tmp_path: Path) -> None:
    source = tmp_path / "s.tif"
    shutil.copyfile(whole("reports/21_stack_axes_lost/img/s.tif"), source)
    images = [read_image(image) for image in list_images([source])]
    written = tmp_path / "out.tif"
    write_stack(written, iter(images), read_spacing(source), 1, tiff.stack_axes(source))
    with tifffile.TiffFile(source) as before, tifffile.TiffFile(written) as after:
        assert after.series[0].axes == before.series[0].axes == "TZYX"
        for name in ("spacing", "unit", "finterval"):
            assert after.imagej_metadata[name] == before.imagej_metadata[name]
