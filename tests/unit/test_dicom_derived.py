"""Derived series: what they keep from their sources, what is new, and the values."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_samples import carried, dataset, group, write
from pydicom.dataset import Dataset
from real_images import small

from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.imaging import dicom
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image

RNG = np.random.default_rng(5)
WEIGHTS = "naïve fat.weights.h5"
KEPT = [
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "Modality",
    "FrameOfReferenceUID", "PatientPosition", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SliceThickness", "SpacingBetweenSlices", "InstanceNumber", "AcquisitionNumber",
    "LossyImageCompression",
]  # fmt: skip
NEW = [
    "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "ContentDate",
    "ContentTime",
]  # fmt: skip
GONE = [
    "SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue", "IconImageSequence",
]  # fmt: skip


def ct_slice(path: Path, number: int = 1, pixels: np.ndarray | None = None) -> Path:
    """A CT slice with everything that is to be kept, and some that is not."""
    if pixels is None:
        pixels = RNG.integers(-1024, 3000, (8, 12)).astype(np.int16)
    file = dataset(
        pixels,
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Müller^Jörg", PatientID="p7", PatientBirthDate="19500102", PatientSex="M",
        StudyDate="20200102", StudyTime="101112", StudyID="s1", AccessionNumber="a1",
        ReferringPhysicianName="Doe^J", SeriesNumber=4, SeriesDescription="Abdomen",
        ContentDate="20200102", FrameOfReferenceUID="1.2.9", PatientPosition="HFS",
        ImagePositionPatient=["-100.5", "-90.25", str(-7 * number)],
        ImageOrientationPatient=[1, 0, 0, 0, 0.8, -0.6], PixelSpacing=["0.7", "0.9"],
        SliceThickness="5", SpacingBetweenSlices="7", InstanceNumber=number, AcquisitionNumber=2,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], KVP="120", RescaleSlope="1",
        RescaleIntercept="-1024", WindowCenter="40", WindowWidth="400",
        LossyImageCompression="01", PixelPaddingValue=0, SmallestImagePixelValue=0,
        LargestImagePixelValue=4000, IconImageSequence=[],
    )  # fmt: skip
    file.add_new(0x60003000, "OW", b"\0" * 12)
    file.private_block(0x0009, "SCANNER", create=True).add_new(1, "LO", "raw")
    return write(path, file)


def derive(
    tmp_path: Path, images: list[np.ndarray], source: Path | None = None, **options: object
) -> tuple[Dataset, Dataset, Path]:
    """The source, the derived file, and its path."""
    source = source or ct_slice(tmp_path / "source.dcm")
    path = tmp_path / "out" / "derived.dcm"
    DerivedSeries(WEIGHTS).write(path, source, images, **options)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return pydicom.dcmread(source), pydicom.dcmread(path), path


@pytest.mark.parametrize("kind", ["values", "classes", "colours"])
def test_a_viewer_lays_it_over_the_original(tmp_path: Path, kind: str) -> None:
    image = {
        "values": np.full((8, 12, 1), 40, np.float32),
        "classes": np.ones((8, 12, 1), np.uint8),
        "colours": np.ones((8, 12, 3), np.uint8),
    }[kind]
    source, derived, _ = derive(tmp_path, [image], classes=2 * (kind == "classes"))
    for keyword in KEPT:
        assert derived[keyword].value == source[keyword].value, keyword
    for keyword in NEW:
        assert derived[keyword].value != source.get(keyword), keyword
    for keyword in GONE:
        assert keyword in source and keyword not in derived, keyword
    assert derived.get("WindowWidth") != source.WindowWidth
    assert derived.get("KVP") == (source.KVP if kind == "values" else None)  # of CT images only
    assert not [element for element in derived if element.tag.is_private]
    assert not [element for element in derived if element.tag.group == 0x6000]
    assert list(derived.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
    assert WEIGHTS in derived.SeriesDescription and WEIGHTS in derived.DerivationDescription
    assert "DeepImageTranslator" in derived.SeriesDescription
    reference = derived.SourceImageSequence[0]
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == source.SOPClassUID
    series = derived.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    assert derived.file_meta.MediaStorageSOPInstanceUID == derived.SOPInstanceUID
    assert derived.file_meta.MediaStorageSOPClassUID == derived.SOPClassUID
    expected = "CT Image Storage" if kind == "values" else "Secondary Capture Image Storage"
    assert derived.SOPClassUID.name == expected


def test_a_series_number_that_is_none_counts_as_missing(tmp_path: Path) -> None:
    source = ct_slice(tmp_path / "source.dcm")
    number, name = b"\x20\0\x11\0IS\x02\x004 ", b"\x20\0\x11\0IS\x02\0Jo"
    source.write_bytes(source.read_bytes().replace(number, name))
    assert name in source.read_bytes()
    DerivedSeries(WEIGHTS).write(tmp_path / "a.dcm", source, [np.ones((8, 12, 1), np.uint8)])
    assert pydicom.dcmread(tmp_path / "a.dcm").SeriesNumber == 1000


def test_whole_hounsfield_units_are_stored_as_they_are(tmp_path: Path) -> None:
    image = RNG.integers(-1024, 3000, (8, 12, 1)).astype(np.float32)
    _, derived, path = derive(tmp_path, [image])
    assert (derived.RescaleSlope, derived.RescaleIntercept, derived.RescaleType) == (1, 0, "HU")
    assert (derived.BitsAllocated, derived.PixelRepresentation) == (16, 1)
    np.testing.assert_array_equal(derived.pixel_array, image[..., 0])
    np.testing.assert_array_equal(read_image(path), image)


@pytest.mark.parametrize("limits", [None, (-1024.0, 3071.0), (0.0, 1.0)])
def test_other_values_are_read_back_to_half_a_step(
    tmp_path: Path, limits: tuple[float, float] | None
) -> None:
    image = RNG.normal(40, 300, (8, 12, 1)).astype(np.float32)
    _, derived, path = derive(tmp_path, [image], limits=limits)
    low, high = min(image.min(), *(limits or [0])), max(image.max(), *(limits or [0]))
    if limits is None:
        low, high = image.min(), image.max()
    assert float(derived.RescaleSlope) == pytest.approx((high - low) / 65535)
    error = np.abs(read_image(path).astype(float) - image).max()
    assert error <= 0.5 * float(derived.RescaleSlope) + 1e-4  # float32
    if limits:
        assert derived.VOILUTFunction == "LINEAR_EXACT"
        centre, width = float(derived.WindowCenter), float(derived.WindowWidth)
        assert (centre - width / 2, centre + width / 2) == pytest.approx(limits)
    else:
        assert "WindowCenter" not in derived


@pytest.mark.parametrize("limits", [(-1e-4, 9.8e-4), (0.0, 1.0), (0.0, 0.003), (-1024.0, 3071.0)])
def test_a_viewer_shows_values_of_any_size_from_black_to_white(
    tmp_path: Path, limits: tuple[float, float]
) -> None:
    image = np.linspace(*limits, 96, dtype=np.float32).reshape(8, 12, 1)
    file = dataset(np.zeros((8, 12), np.int16), Modality="PT", Units="BQML", RescaleSlope="1e-8")
    source = write(tmp_path / "source.dcm", file)
    _, derived, _ = derive(tmp_path, [image], source, limits=limits)
    real = pydicom.pixels.apply_rescale(derived.pixel_array, derived)
    shown = pydicom.pixels.apply_windowing(real, derived)
    scale = (shown - shown.min()) / (shown.max() - shown.min())
    np.testing.assert_allclose(scale, np.linspace(0, 1, 96).reshape(8, 12), atol=0.01)
    assert derived.Units == "BQML"


def test_classes_have_no_unit(tmp_path: Path) -> None:
    file = dataset(np.zeros((8, 12), np.int16), Modality="PT", Units="BQML", RescaleSlope="2")
    source = write(tmp_path / "source.dcm", file)
    _, derived, _ = derive(tmp_path, [np.ones((8, 12, 1), np.uint8)], source, classes=2)
    assert "Units" not in derived


def test_one_value_everywhere_and_infinity(tmp_path: Path) -> None:
    image = np.full((8, 12, 1), 0.3, np.float32)
    _, _, path = derive(tmp_path, [image])
    np.testing.assert_allclose(read_image(path), image)
    image[0, 0] = np.inf
    with pytest.raises(ValueError, match="no finite numbers"):
        DerivedSeries("w").write(tmp_path / "b.dcm", tmp_path / "source.dcm", [image])
    assert not (tmp_path / "b.dcm").exists()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_whole_numbers_are_stored_as_they_are(tmp_path: Path, dtype: str) -> None:
    image = RNG.integers(0, np.iinfo(dtype).max, (8, 12, 1)).astype(dtype)
    _, derived, path = derive(tmp_path, [image])
    assert (derived.RescaleSlope, derived.RescaleIntercept, derived.RescaleType) == (1, 0, "US")
    np.testing.assert_array_equal(read_image(path), image)


def test_all_classes_are_visible_and_named(tmp_path: Path) -> None:
    image = RNG.integers(0, 4, (8, 12, 1)).astype(np.uint8)
    path = tmp_path / "out.dcm"
    rules = ["fat: islands under 20", "a\\b: all holes"]  # a backslash divides values
    series = DerivedSeries(WEIGHTS, ["other", "fat", "lean", "bone"], rules)
    series.write(path, ct_slice(tmp_path / "a.dcm"), [image], classes=4)
    derived = pydicom.dcmread(path)
    shown = pydicom.pixels.apply_voi_lut(derived.pixel_array, derived)
    levels = [shown[image[..., 0] == number].min() for number in range(4)]
    np.testing.assert_allclose(levels, [0, 85, 170, 255], atol=0.5)
    np.testing.assert_array_equal(read_image(path), image)
    assert "0 other, 1 fat, 2 lean, 3 bone" in derived.DerivationDescription
    said = "clean-up: fat: islands under 20, a/b: all holes"
    assert derived.DerivationDescription.endswith(said)


def test_colours(tmp_path: Path) -> None:
    image = RNG.integers(0, 256, (8, 12, 3), np.uint8)
    _, derived, path = derive(tmp_path, [image])
    assert derived.PhotometricInterpretation == "RGB" and "RescaleSlope" not in derived
    np.testing.assert_array_equal(read_image(path), image)


def test_another_size_covers_the_same_area(tmp_path: Path) -> None:
    image = np.zeros((4, 24, 1), np.uint8)  # half the rows, twice the columns
    source, derived, path = derive(tmp_path, [image])
    assert list(derived.PixelSpacing) == [1.4, 0.45]
    assert dicom.inspect(path).spacing == (1.4, 0.45)

    def edge(file: Dataset, row: float, column: float) -> np.ndarray:
        right, down = np.reshape(np.array(file.ImageOrientationPatient, float), (2, 3))
        high, wide = (float(size) for size in file.PixelSpacing)
        corner = np.array(file.ImagePositionPatient, float)
        return corner + right * wide * column + down * high * row

    np.testing.assert_allclose(edge(derived, -0.5, -0.5), edge(source, -0.5, -0.5), atol=1e-9)
    np.testing.assert_allclose(edge(derived, 3.5, 23.5), edge(source, 7.5, 11.5), atol=1e-9)


def test_files_of_a_run_are_one_series_in_the_sources_order(tmp_path: Path) -> None:
    sources = [ct_slice(tmp_path / "in" / f"{n}.dcm", n) for n in (1, 2, 3)]
    first, second = DerivedSeries("w"), DerivedSeries("w")
    for source in sources:
        for name, series in (("first", first), ("second", second)):
            image = read_image(source)
            series.write(tmp_path / name / source.name, source, [image])
    runs = [
        [pydicom.dcmread(tmp_path / name / source.name) for source in sources]
        for name in ("first", "second")
    ]
    series_uids = [{file.SeriesInstanceUID for file in files} for files in runs]
    assert [len(uids) for uids in series_uids] == [1, 1] and series_uids[0] != series_uids[1]
    assert len({file.SOPInstanceUID for files in runs for file in files}) == 6
    assert len({file.SeriesTime for file in runs[0]}) == 1
    order = [image.name for image in list_images(tmp_path / "in")]
    assert [image.name for image in list_images(tmp_path / "first")] == order
    other = ct_slice(tmp_path / "other.dcm")
    file = pydicom.dcmread(other)
    file.SeriesInstanceUID = "1.5"
    write(other, file)
    first.write(tmp_path / "o.dcm", other, [read_image(other)])
    assert pydicom.dcmread(tmp_path / "o.dcm").SeriesInstanceUID not in series_uids[0]


def test_an_enhanced_file_keeps_the_place_of_every_frame(tmp_path: Path) -> None:
    places = [[1, 2, 3], [1, 2, 8], [1, 2, 13]]
    own = [group("PlanePositionSequence", ImagePositionPatient=place) for place in places]
    shared_group = group("PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    measures = group("PixelMeasuresSequence", PixelSpacing=[2, 2], SliceThickness=5)
    shared_group.PixelMeasuresSequence = measures.PixelMeasuresSequence
    pixels = RNG.integers(0, 100, (3, 4, 6)).astype(np.uint16)
    groups = {
        "PerFrameFunctionalGroupsSequence": own,
        "SharedFunctionalGroupsSequence": [shared_group],
    }
    source = write(tmp_path / "a.dcm", dataset(pixels, FrameOfReferenceUID="1.7", **groups))
    images = [image[:2, :3, None] for image in pixels]
    _, derived, path = derive(tmp_path, images, source)
    assert derived.NumberOfFrames == 3 and derived.FrameOfReferenceUID == "1.7"
    assert derived.SOPClassUID.name.startswith("Multi-frame Grayscale Word Secondary Capture")
    for frame, place in zip(derived.PerFrameFunctionalGroupsSequence, places, strict=True):
        assert frame.PixelMeasuresSequence[0].PixelSpacing == [4, 4]
        assert frame.PixelMeasuresSequence[0].SliceThickness == 5
        orientation = frame.PlaneOrientationSequence[0].ImageOrientationPatient
        assert orientation == [1, 0, 0, 0, 1, 0]
        moved = frame.PlanePositionSequence[0].ImagePositionPatient
        assert moved == [place[0] + 1, place[1] + 1, place[2]]
    for number, image in enumerate(images, 1):
        np.testing.assert_array_equal(dicom.read(path, number), image)
    with pytest.raises(ValueError, match="3 frames; 1 images"):
        DerivedSeries("w").write(tmp_path / "b.dcm", source, images[:1])


@pytest.mark.parametrize("name", ["rtdose.dcm", "MR_small.dcm", "examples_palette.dcm"])
def test_other_kinds_of_sources(tmp_path: Path, name: str) -> None:
    source = carried(name)
    header = dicom.inspect(source)
    images = [dicom.read(source, number + 1) for number in range(header.slices)]
    original, derived, path = derive(tmp_path, images, source)
    assert dicom.inspect(path).slices == header.slices
    assert dicom.inspect(path).spacing == header.spacing
    assert derived.StudyInstanceUID == original.StudyInstanceUID
    step = float(derived.get("RescaleSlope", 0))
    for number, image in enumerate(images, 1):
        np.testing.assert_allclose(dicom.read(path, number), image, atol=0.51 * step)


def test_a_real_series_lies_over_itself(tmp_path: Path) -> None:
    sources = [i.file for i in list_images(small("ct_dicom/crlm_1006"))[:3]]
    series = DerivedSeries(WEIGHTS)
    for source in sources:
        path = tmp_path / source.name
        series.write(path, source, [read_image(source)])
        np.testing.assert_array_equal(read_image(path), read_image(source))
        origin, derived = pydicom.dcmread(source), pydicom.dcmread(path)
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID"):
            assert derived[keyword].value == origin[keyword].value
    assert [image.name for image in list_images(tmp_path)] == [path.name for path in sources]
