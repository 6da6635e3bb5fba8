"""Translating deep images, volumes and medical files: nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from networks import COLOURS, files, write_identity, write_network
from real_images import small
from tiny import picture

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging import image_ref
from deepimagetranslator.core.imaging import read_ahead as images
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, read_spacing, write_image
from deepimagetranslator.core.messages.events import ImageTranslated, SliceTranslated
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator

SLICES = 12


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("scaling", ["type", "data", "window"])
def test_16_bits_are_kept_from_end_to_end(tmp_path, suffix, scaling):
    """A network that gives back what it is given: at most one step of 65535 is lost."""
    image = np.random.default_rng(0).integers(0, 65536, (16, 24, 1), np.uint16)
    image[0, 0], image[0, 1] = 0, 65535
    write_image(tmp_path / "in" / f"scan{suffix}", image)
    both = IntensityNormalization(scaling, 0.0, 65535.0, "uint16")
    path = write_identity(tmp_path, both)
    assert Translator(path).precision == "float32"
    spec = TranslationSpec(file_format=suffix[1:])
    ((_, written),) = translate(path, [tmp_path / "in"], tmp_path / "out", spec).translated
    found = read_image(written)
    assert written.file.suffix == suffix and found.dtype == np.uint16
    assert np.abs(found.astype(int) - image).max() <= 1


def test_float_and_hounsfield_values_are_kept(tmp_path):
    units = np.random.default_rng(0).integers(-160, 240, (16, 24, 1)).astype(np.float32)
    write_image(tmp_path / "in" / "real.tif", units)
    write_image(tmp_path / "in" / "stored.png", (units + 1024).astype(np.uint16))
    path = write_identity(
        tmp_path, IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
    )
    translate(path, [tmp_path / "in"], tmp_path / "out")
    for name in ("real.tif", "stored.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / "out" / name), units + 1024)
    spec = TranslationSpec(value_type="float")
    translate(path, [tmp_path / "in"], tmp_path / "float", spec)
    for name in ("real.tif", "stored.tif"):
        found = read_image(tmp_path / "float" / name)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, units, atol=1e-3)


# --- volumes and medical files -----------------------------------------------------------------


@pytest.fixture
def volume(tmp_path) -> Path:
    """A NIfTI volume of twelve slices in a folder."""
    voxels = np.random.default_rng(0).integers(0, 255, (24, 16, SLICES), np.uint8)
    path = tmp_path / "vol" / "scan.nii.gz"
    path.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-0.7, -0.8, 5.0, 1.0])), path)
    return path


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    return write_network(
        folder, "classes", target_channels=3, final_activation="softmax", palette=COLOURS
    )


def test_a_volume_in_is_a_volume_out(classes, volume, tmp_path):
    events: list[object] = []
    result = translate(classes, [volume.parent], tmp_path / "out", report=events.append)
    assert result.files == {tmp_path / "out" / "scan.nii.gz": volume}
    assert len(result.translated) == SLICES
    before, after = nibabel.load(volume), nibabel.load(tmp_path / "out" / "scan.nii.gz")
    np.testing.assert_allclose(after.affine, before.affine)
    assert after.shape == before.shape
    network = Translator(classes)
    for source, written in result.translated:
        (values,) = network.predict([read_image(source)], ["a"])
        np.testing.assert_array_equal(read_image(written)[..., 0], values.argmax(-1))
    told = [e for e in events if isinstance(e, SliceTranslated | ImageTranslated)]
    assert [e.index for e in told] == [*range(1, SLICES), *[SLICES] * SLICES]
    assert all(isinstance(e, SliceTranslated) for e in told[: SLICES - 1])
    assert {e.count for e in told} == {SLICES}
    palettes = [e.palette for e in told if isinstance(e, ImageTranslated)]
    assert palettes == [COLOURS] * SLICES, "the window shows class numbers in their colours"


def test_a_slice_is_looked_for_once_on_its_way_to_a_file(classes, volume, tmp_path, monkeypatch):
    looked: list[str] = []

    def counted(file: str) -> bool:
        looked.append(file)
        return Path(file).is_file()

    monkeypatch.setattr(image_ref, "is_file", counted)
    slices = [volume / f"{number:04}" for number in range(1, SLICES + 1)]
    events: list[object] = []
    result = translate(classes, slices, tmp_path / "out", report=events.append)
    assert looked == [str(volume)]
    written = tmp_path / "out" / "scan.nii.gz"
    expected = [
        (ImageRef(volume, number), ImageRef(written, number)) for number in range(1, SLICES + 1)
    ]
    assert list(result.translated) == expected
    assert [(e.source, e.output) for e in events if isinstance(e, ImageTranslated)] == expected


def test_a_stack_in_is_a_stack_out(tmp_path):
    plain = write_network(tmp_path, "plain")
    pages = np.stack([picture(n, 16, 24) for n in range(3)])[..., 0]
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "s.tif", pages, photometric="minisblack", metadata=None)
    result = translate(plain, [tmp_path / "in"], tmp_path / "out", TranslationSpec(batch_size=2))
    assert files(tmp_path / "out") == ["s.tif"]
    found = tifffile.imread(tmp_path / "out" / "s.tif")
    assert found.shape == (3, 16, 24) and found.dtype == np.uint8
    for (_, written), page in zip(result.translated, found, strict=True):
        np.testing.assert_array_equal(read_image(written)[..., 0], page)


def test_a_volume_with_a_bad_slice_is_skipped_whole(classes, volume, tmp_path, monkeypatch):
    real = images.read_image

    def read(image: ImageRef) -> np.ndarray:
        if image.slice == 3:
            raise UserError(f"{image} is damaged; copy it again.")
        return real(image)

    write_image(volume.parent / "z.png", picture(1, 16, 24))
    monkeypatch.setattr(images, "read_image", read)
    predict, predicted = Translator.predict, set[str]()

    def recorded(
        self: Translator, images: list[np.ndarray], names: list[str], watch: Any = None
    ) -> list[np.ndarray]:
        predicted.update(names)
        return predict(self, images, names, watch)

    monkeypatch.setattr(Translator, "predict", recorded)
    events: list[object] = []
    result = translate(classes, [volume.parent], tmp_path / "out", report=events.append)
    assert files(tmp_path / "out") == ["z.png"]
    assert predicted == {"0001", "0002", "z.png"}  # nothing is done for the slices that follow
    ((source, reason),) = result.skipped
    assert (
        source == ImageRef(volume)
        and "0003" in reason
        and "Nothing is written of scan.nii.gz" in reason
    )
    indices = [e.index for e in events]  # type: ignore[attr-defined]
    assert indices == sorted(indices) and indices[-1] == SLICES + 1


def test_a_cancelled_volume_leaves_nothing(classes, volume, tmp_path):
    control = JobControl()

    def report(_event: object) -> None:
        control.cancel.set()

    with pytest.raises(Cancelled):
        translate(classes, [volume], tmp_path / "out", report=report, control=control)
    assert files(tmp_path / "out") == []


def test_a_volume_as_images(classes, volume, tmp_path):
    events: list[object] = []
    spec = TranslationSpec(file_format="png")
    translate(classes, [volume.parent], tmp_path / "out", spec, report=events.append)
    assert {e.palette for e in events if isinstance(e, ImageTranslated)} == {None}, "colours"
    assert files(tmp_path / "out") == [f"scan/{n:04}.png" for n in range(1, SLICES + 1)]


def test_a_dicom_series_becomes_a_series_in_the_same_places(tmp_path):
    folder = small("ct_dicom/crlm_1006")
    classes = write_network(
        tmp_path,
        "classes",
        target_channels=3,
        final_activation="softmax",
        palette=COLOURS,
        input_scaling=IntensityNormalization("window", -160.0, 240.0, "float32"),
    )
    result = translate(classes, [folder], tmp_path / "out")
    sources = list_images(folder)
    assert [image.name for image in list_images(tmp_path / "out")] == [p.name for p in sources]
    for source, written in result.translated:
        image = read_image(written)
        assert image.dtype == np.uint8 and image.max() < 3
        assert image.shape == read_image(source).shape
        assert read_spacing(written) == read_spacing(source)
    values = TranslationSpec(output="labels", batch_size=3)
    translate(classes, [folder], tmp_path / "colours", values)
    for (_, numbers), source in zip(result.translated, sources, strict=True):
        colours = read_image(tmp_path / "colours" / source.name)
        np.testing.assert_array_equal(COLOURS.encode(colours, "a"), read_image(numbers)[..., 0])


def test_hounsfield_values_of_a_series_stay_within_half_a_step(tmp_path):
    """Two windows of 65,535 steps: in from 16 bits, out to 16 bits."""
    folder = small("ct_dicom/crlm_1006")
    path = write_identity(
        tmp_path, IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0), (80, 80)
    )
    for source, written in translate(path, [folder], tmp_path / "out").translated:
        expected = np.clip(read_image(source), -160, 240)
        assert read_image(written).dtype == np.float32
        assert np.abs(read_image(written) - expected).max() <= 400 / 65535
