"""Which files a translation writes, what they hold, and what is refused beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath

import nibabel
import numpy as np
import pytest
import tifffile

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.encodings import Network, OutputEncoding, choose_encoding
from deepimagetranslator.core.export.plan import OutputFile, plan
from deepimagetranslator.core.export.volume import VolumeWriter
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, read_spacing, write_image

COLOURS = Palette(((0, 0, 0), (10, 20, 200), (255, 0, 0)), "uint8")
HOUNSFIELD = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)


def network(
    scaling: IntensityNormalization = BYTES,
    palette: Palette | None = None,
    channels: int = 1,
    by_class: bool = False,
) -> Network:
    return Network("net.weights.h5", channels, by_class, scaling, palette)


LABELS = network(palette=COLOURS, channels=3, by_class=True)


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Writes an input file of a kind below a folder."""

    def write(name: str, slices: int = 3) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(1)
        if ".nii" in name:
            voxels = rng.integers(0, 1000, (6, 5, slices)).astype(np.int16)
            affine = np.diag([-0.7, 0.8, 5.0, 1.0])
            nibabel.save(nibabel.Nifti1Image(voxels, affine), path)
        elif name.endswith(".tif") and slices > 1:
            pages = rng.integers(0, 255, (slices, 5, 6), np.uint8)
            tifffile.imwrite(path, pages, metadata=None, photometric="minisblack")
        elif name.endswith(".dcm"):
            write_dicom(path, rng.integers(0, 255, (5, 6), np.uint8))
        else:
            write_image(path, rng.integers(0, 255, (5, 6, 1), np.uint8))
        return path

    return write


def write_dicom(path: Path, pixels: np.ndarray) -> None:
    import pydicom  # noqa: PLC0415

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    data.SOPInstanceUID = pydicom.uid.generate_uid()
    data.SeriesInstanceUID = data.StudyInstanceUID = "1.2.3"
    data.Modality, data.PatientID = "CT", "nobody"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)


def planned(folder: Path, net: Network, **choices: object) -> list[OutputFile]:
    """The output files for all images of a folder, with paths relative to the output folder."""
    images = {image: PurePath(image.file.relative_to(folder)) for image in list_images(folder)}
    return plan(images, folder.parent / "out", net, TranslationSpec(**choices))  # type: ignore[arg-type]


def names(output_files: list[OutputFile], folder: Path) -> dict[str, str]:
    out = folder.parent / "out"
    return {
        output_file.path.relative_to(out).as_posix(): output_file.form
        for output_file in output_files
    }


# --- what is written of an output --------------------------------------------------------------


def test_classes_and_colours_of_a_softmax_network():
    predicted = np.zeros((2, 2, 3), np.float32)
    predicted[0, 1, 1] = predicted[1, :, 2] = 1
    classes = OutputEncoding(LABELS, "classes").image(predicted)
    assert classes.dtype == np.uint8 and classes[..., 0].tolist() == [[0, 1], [2, 2]]
    colours = OutputEncoding(LABELS, "labels").image(predicted)
    assert [tuple(c) for c in colours.reshape(-1, 3)] == [COLOURS.colours[i] for i in (0, 1, 2, 2)]


def test_classes_of_colours_are_the_nearest():
    net = network(palette=COLOURS, channels=3)
    predicted = np.array([[(0.9, 0.1, 0.1), (0.1, 0.1, 0.7), (0.2, 0.0, 0.1)]], np.float32)
    assert OutputEncoding(net, "classes").image(predicted).ravel().tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("value_type", "dtype", "expected"),
    [
        ("automatic", "uint16", [864, 1064, 1264]),
        ("8-bit", "uint8", [0, 128, 255]),
        ("16-bit", "uint16", [0, 32768, 65535]),
        ("float", "float32", [-160, 40, 240]),
    ],
)
def test_values_in_every_type(value_type, dtype, expected):
    encoding = choose_encoding(network(HOUNSFIELD), "automatic", value_type)
    image = encoding.image(np.array([[[0.0], [0.5], [1.0]]], np.float32))
    assert image.dtype.name == dtype == encoding.dtype
    assert image.ravel().tolist() == expected


def test_float_is_not_rounded():
    encoding = choose_encoding(network(BYTES), "values", "float")
    image = encoding.image(np.full((1, 1, 1), 0.3333, np.float32))
    assert image[0, 0, 0] == pytest.approx(84.9915)


@pytest.mark.parametrize(
    ("net", "output", "value_type", "words"),
    [
        (network(), "labels", "automatic", "label maps"),
        (network(), "classes", "automatic", "label maps"),
        (LABELS, "values", "automatic", "3 output channels"),
        (network(channels=5), "values", "automatic", "5 output channels"),
        (LABELS, "automatic", "16-bit", "value type"),
    ],
)
def test_what_a_network_cannot_give_is_refused(net, output, value_type, words):
    with pytest.raises(UserError, match=words) as caught:
        choose_encoding(net, output, value_type)
    assert str(caught.value).startswith("net.weights.h5")


# --- names and forms ---------------------------------------------------------------------------


def test_each_output_follows_its_input(write, tmp_path):
    for name in (
        "a.png",
        "sub/b.jpg.bmp",
        "scan.nii.gz",
        "flat.nii",
        "x/1.2.840.5.dcm",
        "stack.tif",
    ):
        if not name.endswith(".bmp"):
            write(name)
    (tmp_path / "in" / "c.jpg").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    write("single.tif", slices=1)
    found = names(planned(tmp_path / "in", LABELS), tmp_path / "in")
    assert found == {
        "a.png": "png",
        "c.png": "png",
        "scan.nii.gz": "nifti",
        "flat.nii": "nifti",
        "single.png": "png",
        "stack.tif": "stack",
        "x/1.2.840.5.dcm": "dicom",
    }


def test_medical_files_get_class_numbers_and_others_colours(write, tmp_path):
    for name in ("a.png", "scan.nii", "b.dcm", "s.tif"):
        write(name)
    kinds = {p.form: p.encoding.kind for p in planned(tmp_path / "in", LABELS)}
    assert kinds == {"png": "labels", "nifti": "classes", "dicom": "classes", "stack": "labels"}
    kinds = {p.form: p.encoding.kind for p in planned(tmp_path / "in", LABELS, output="labels")}
    assert set(kinds.values()) == {"labels"}


def test_medical_files_get_real_units_where_they_are_known(write, tmp_path):
    for name in ("a.png", "scan.nii", "b.dcm"):
        write(name)
    types = {p.form: p.encoding.dtype for p in planned(tmp_path / "in", network(HOUNSFIELD))}
    assert types == {"tif": "uint16", "nifti": "float32", "dicom": "float32"}
    types = {p.form: p.encoding.dtype for p in planned(tmp_path / "in", network())}
    assert set(types.values()) == {"uint8"}


@pytest.mark.parametrize("file_format", ["png", "tif"])
def test_a_volume_as_images_becomes_a_folder(write, tmp_path, file_format):
    write("sub/scan.nii.gz")
    output_files = planned(tmp_path / "in", LABELS, file_format=file_format)
    found = list(names(output_files, tmp_path / "in"))
    assert found == [f"sub/scan/{n:04}.{file_format}" for n in (1, 2, 3)]


def test_some_slices_become_images_of_their_own(write, tmp_path):
    file = write("scan.nii.gz")
    images = {ImageRef(file, 2): PurePath("scan.nii.gz")}
    (output_file,) = plan(images, tmp_path / "out", LABELS, TranslationSpec())
    assert output_file.path == tmp_path / "out" / "scan_0002.png"
    with pytest.raises(UserError, match="Only some slices"):
        plan(images, tmp_path / "out", LABELS, TranslationSpec(file_format="nifti"))


def test_the_slices_of_a_volume_are_put_in_order(write, tmp_path):
    file = write("scan.nii.gz")
    images = {ImageRef(file, n): PurePath("scan.nii.gz") for n in (3, 1, 2)}
    (output_file,) = plan(images, tmp_path / "out", LABELS, TranslationSpec())
    assert [source.slice for source in output_file.sources] == [1, 2, 3]
    assert output_file.part(ImageRef(file, 3)) == ImageRef(tmp_path / "out" / "scan.nii.gz", 3)


def test_names_of_scanners_are_no_endings(write, tmp_path):
    """1.2.840.4 and 1.2.840.5 are two images, not 1.2.840 twice."""
    for name in ("1.2.840.4.dcm", "1.2.840.5.dcm"):
        path = write(name)
        path.rename(path.with_suffix(""))
    found = names(planned(tmp_path / "in", LABELS, file_format="png"), tmp_path / "in")
    assert sorted(found) == ["1.2.840.4.png", "1.2.840.5.png"]
    found = names(planned(tmp_path / "in", LABELS), tmp_path / "in")
    assert sorted(found) == ["1.2.840.4", "1.2.840.5"]


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "choices", "words"),
    [
        (network(HOUNSFIELD), {"file_format": "png", "value_type": "float"}, "PNG cannot hold"),
        (
            network(IntensityNormalization("data", 0, 2, "float32")),
            {"file_format": "png"},
            "PNG cannot hold",
        ),
        (LABELS, {"file_format": "nifti"}, r"a\.png is not a NIfTI file"),
        (LABELS, {"file_format": "dicom"}, r"a\.png is not a DICOM file"),
    ],
)
def test_a_format_that_cannot_hold_it_is_refused(write, tmp_path, net, choices, words):
    write("a.png")
    with pytest.raises(UserError, match=words):
        planned(tmp_path / "in", net, **choices)


def test_float_dicom_and_deep_colours_are_refused(write, tmp_path):
    write("a.dcm")
    with pytest.raises(UserError, match="DICOM image cannot hold floating-point"):
        planned(tmp_path / "in", network(HOUNSFIELD), value_type="float")
    with pytest.raises(UserError, match="colours of 8 bits"):
        planned(tmp_path / "in", network(channels=3), value_type="16-bit")


def test_unreadable_files_are_no_reason_to_refuse(write, tmp_path):
    write("scan.nii.gz")
    (tmp_path / "in" / "broken.nii").write_bytes(b"nothing")
    forms = [p.form for p in planned(tmp_path / "in", LABELS, file_format="nifti")]
    assert sorted(forms) == ["nifti", "png"]


def test_two_inputs_of_one_name_and_existing_outputs_are_refused(write, tmp_path):
    write("scan.nii.gz")
    out = tmp_path / "out" / "scan.nii.gz"
    out.parent.mkdir()
    out.write_bytes(b"older")
    with pytest.raises(UserError, match="overwrite them"):
        planned(tmp_path / "in", LABELS)
    assert planned(tmp_path / "in", LABELS, overwrite=True)
    write("a.png")
    (tmp_path / "in" / "a.bmp").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    with pytest.raises(UserError, match="would both be written"):
        planned(tmp_path / "in", LABELS, overwrite=True)


# --- writing -----------------------------------------------------------------------------------


def assembled(
    output_file: OutputFile, image_of: Callable[[int], np.ndarray], order: list[int]
) -> None:
    writer = VolumeWriter(output_file, DerivedSeries("net.weights.h5"))
    for number in order:
        assert not output_file.path.exists()
        source = output_file.sources[number]
        writer.put(source, image_of(number), read_image(source).shape[:2])


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nii", "stack.tif"])
def test_a_volume_is_written_with_its_last_slice_whatever_the_order(write, tmp_path, name):
    write(name)
    (output_file,) = planned(tmp_path / "in", LABELS, output="classes")
    shape = read_image(output_file.sources[0]).shape

    def image_of(number: int) -> np.ndarray:
        return np.random.default_rng(number).integers(0, 3, shape, np.uint8)

    assembled(output_file, image_of, [1, 2, 0])
    for number, source in enumerate(output_file.sources):
        np.testing.assert_array_equal(read_image(output_file.part(source)), image_of(number))
    assert read_spacing(output_file.path) == pytest.approx(read_spacing(output_file.original))


def test_a_nifti_output_has_the_inputs_affine(write, tmp_path):
    file = write("scan.nii.gz")
    (output_file,) = planned(tmp_path / "in", LABELS)
    shape = read_image(output_file.sources[0]).shape
    assembled(output_file, lambda number: np.full(shape, number, np.uint8), [0, 1, 2])
    before, after = nibabel.load(file), nibabel.load(output_file.path)
    np.testing.assert_allclose(after.affine, before.affine)
    assert after.shape == before.shape and after.get_data_dtype() == np.uint8


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_an_enlarged_image_has_smaller_pixels(tmp_path, suffix):
    source = tmp_path / "in" / f"a{suffix}"
    write_image(source, np.zeros((10, 20, 1), np.uint8), (0.5, 0.8))
    (output_file,) = planned(tmp_path / "in", network(), file_format=suffix[1:])
    (image,) = output_file.sources
    VolumeWriter(output_file, DerivedSeries("x")).put(
        image, np.zeros((40, 40, 1), np.uint8), (10, 20)
    )
    assert read_spacing(output_file.path) == pytest.approx((0.125, 0.4), rel=1e-3)


def test_a_dropped_volume_leaves_nothing(write, tmp_path):
    write("scan.nii.gz")
    (output_file,) = planned(tmp_path / "in", LABELS)
    writer = VolumeWriter(output_file, DerivedSeries("x"))
    writer.put(output_file.sources[0], np.zeros((6, 5, 1), np.uint8), (6, 5))
    writer.drop()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["scan.nii.gz", "stack.tif", "one.dcm", "one.png"])
def test_no_form_overwrites_a_file_that_appears_meanwhile(write, tmp_path, name):
    write(name, 1 if name.startswith("one") else 3)
    (output_file,) = planned(tmp_path / "in", LABELS, output="classes")
    output_file.path.parent.mkdir()

    def put_all(overwrite: bool) -> None:
        writer = VolumeWriter(output_file, DerivedSeries("x"), overwrite)
        for source in output_file.sources:
            shape = read_image(source).shape
            writer.put(source, np.zeros((*shape[:2], 1), np.uint8), shape[:2])

    output_file.path.write_bytes(b"theirs")
    with pytest.raises(UserError, match="exists already and is not overwritten"):
        put_all(overwrite=False)
    assert output_file.path.read_bytes() == b"theirs"
    assert [*output_file.path.parent.iterdir()] == [output_file.path]
    put_all(overwrite=True)
    assert output_file.path.read_bytes() != b"theirs"
