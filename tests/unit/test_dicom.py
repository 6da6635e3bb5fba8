"""Reading DICOM of every coding, against pydicom's own files and another reader's values."""

import struct
import subprocess
import sys
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicom_samples import carried, dataset, group, write
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from real_images import small, whole
from waiting import PATIENCE

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging import dicom
from deepimagetranslator.core.imaging.dicom.coded import coded_size
from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.imaging.images import image_size, read_image

RNG = np.random.default_rng(4)
GREY16 = RNG.integers(0, 4096, (6, 7), np.uint16)

# Values that SimpleITK 2.5 (GDCM) reads: shape, mean, smallest, largest, and the pixels at 2/7 and
# 6/9, 3/7 and 5/9, 4/7 and 4/9, 5/7 and 3/9 of height and width. GDCM 2.5 mixes up the bytes of
# 16-bit colour RLE: that file is compared with its 8-bit sister instead.
OTHER_READER = {
    "CT_small": ((128, 128, 1), -119.0739, -896, 1167, [[-20], [54], [589], [-54]]),
    "J2K_pixelrep_mismatch": ((512, 512, 1), -658.4368, -2000, 1896, [[387], [70], [31], [45]]),
    "JPEG-lossy": ((1024, 256, 1), 14.37, 0, 264, [[44], [56], [14], [27]]),
    "JPEG2000": ((1024, 256, 1), 13.4582, -30, 245, [[43], [69], [10], [22]]),
    "MR_small": ((64, 64, 1), 518.8813, 127, 2145, [[327], [204], [209], [159]]),
    "MR_small_RLE": ((64, 64, 1), 518.8813, 127, 2145, [[327], [204], [209], [159]]),
    "MR_small_bigendian": ((64, 64, 1), 518.8813, 127, 2145, [[327], [204], [209], [159]]),
    "MR_small_jp2klossless": ((64, 64, 1), 518.8813, 127, 2145, [[327], [204], [209], [159]]),
    "MR_small_jpeg_ls_lossless": ((64, 64, 1), 518.8813, 127, 2145, [[327], [204], [209], [159]]),
    "examples_jpeg2k": ((480, 640, 3), 34.5288, 0, 255, [[41] * 3, [24] * 3, [50] * 3, [0] * 3]),
    "examples_overlay": ((300, 484, 1), 191.6877, 0, 1123, [[219], [149], [199], [153]]),
    "examples_palette": ((350, 800, 3), 20.493, 0, 255, [[120] * 3, [3] * 3, [1] * 3, [1] * 3]),
    "examples_rgb_color": (
        (240, 320, 3), 34.2666, 0, 255, [[38] * 3, [65, 23, 19], [57] * 3, [0] * 3],
    ),
    "image_dfl": ((512, 512, 1), 127.116, 0, 255, [[177], [177], [141], [141]]),
    "liver_1frame": ((512, 512, 1), 35.2456, 0, 255, [[0], [255], [0], [0]]),
}  # fmt: skip


def read(path: Path, number: int = 1) -> np.ndarray:
    """The slice, after a check that the header promised it."""
    header = dicom.inspect(path)
    image = dicom.read(path, number)
    assert image.shape == header.shape and image.dtype == header.dtype
    return image


@pytest.mark.parametrize("name", OTHER_READER)
def test_awkward_files_as_another_reader_reads_them(name: str) -> None:
    image = read_image(carried(f"{name}.dcm"))
    shape, mean, low, high, pixels = OTHER_READER[name]
    assert image.shape == shape
    lossy = name == "JPEG-lossy"
    assert image.mean(dtype=float) == pytest.approx(mean, abs=0.02 if lossy else 1e-4)
    assert (image.min(), image.max()) == (low, high)
    height, width, _ = shape
    for step, pixel in zip((2, 3, 4, 5), pixels, strict=True):
        found = image[height * step // 7, width * (8 - step) // 9]
        np.testing.assert_allclose(found, pixel, atol=1 if lossy else 0)


def assert_hounsfield_units(path: Path, side: int, mean: float, values: list[int]) -> None:
    """Mean and pixels as SimpleITK reads them."""
    image = read_image(path)
    assert image.shape == (side, side, 1)
    assert image.dtype == np.float32 and image.mean(dtype=float) == pytest.approx(mean)
    found = [image[side * step // 7, side * (8 - step) // 9, 0] for step in (2, 3, 4, 5)]
    assert found == values


def test_hounsfield_units_of_a_real_ct_slice() -> None:
    path = small("ct_dicom/crlm_1006/1-26.dcm")
    assert_hounsfield_units(path, 80, -95.4158, [-120, 109, -101, -61])


def test_hounsfield_units_of_a_real_slice_in_jpeg_2000() -> None:
    path = min(whole("ct_dicom/ts_mct_jpeg2000").iterdir())
    assert_hounsfield_units(path, 512, -622.0974, [-986, 47, 89, 102])


@pytest.mark.parametrize(
    "coding", ["RLE", "bigendian", "implicit", "expb", "jp2klossless", "jpeg_ls_lossless", "padded"]
)
def test_every_lossless_coding_gives_the_same_image(coding: str) -> None:
    plain = carried("MR_small.dcm")
    stored = pydicom.dcmread(plain).PixelData
    expected = np.frombuffer(stored, "<i2").reshape(64, 64, 1).astype(np.float32)
    np.testing.assert_array_equal(read(plain), expected)
    np.testing.assert_array_equal(read(carried(f"MR_small_{coding}.dcm")), expected)


def test_jpeg_is_within_its_loss_whatever_its_colours_are_written_as() -> None:
    plain = read(carried("SC_rgb_rle.dcm")).astype(int)
    for name in ("dcmtk_+eb+cr", "dcmtk_+eb+cy+n2", "dcmtk_+eb+cy+s4", "jpeg_dcmtk", "jpeg_gdcm"):
        other = read(carried(f"SC_rgb_{name}.dcm"))
        assert other.dtype == np.uint8 and np.abs(other - plain).mean() < 2, name
    uncompressed = read(carried("SC_ybr_full_422_uncompressed.dcm"))
    assert np.abs(uncompressed - plain).mean() < 2
    assert coded_size(b"\xff\xd8\xff\xff\xc0\0\x0b\x08\0\x05\0\x07\x01\0\0\0\0") == (5, 7)


def test_old_encoders_empty_spectrum_is_mended() -> None:
    broken, sound = carried("JPEG-lossy.dcm"), carried("JPGExtended.dcm")
    np.testing.assert_array_equal(read(broken), read(sound))


def test_16_bit_colour_and_frames() -> None:
    eight, sixteen = carried("SC_rgb_rle_2frame.dcm"), carried("SC_rgb_rle_16bit_2frame.dcm")
    assert dicom.inspect(sixteen).slices == 2
    for number in (1, 2):
        expected = read(eight, number).astype(np.uint16) * 257
        np.testing.assert_array_equal(read(sixteen, number), expected)
    assert (read(eight, 1) != read(eight, 2)).any()
    with pytest.raises(UnreadableError, match="2 slices and no slice 3"):
        dicom.read(eight, 3)


def test_8_bit_big_endian_with_an_odd_number_of_bytes() -> None:
    np.testing.assert_array_equal(
        read(carried("SC_rgb_small_odd.dcm")), read(carried("SC_rgb_small_odd_big_endian.dcm"))
    )


def test_dose_is_scaled_frame_by_frame() -> None:
    for name in ("rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"):
        path = carried(name)
        file = pydicom.dcmread(path)
        expected = file.pixel_array[4] * float(file.DoseGridScaling)
        np.testing.assert_allclose(read(path, 5)[..., 0], expected, rtol=1e-6)


@pytest.mark.parametrize("planes", [0, 1])
def test_planar_configuration(tmp_path: Path, planes: int) -> None:
    colours = RNG.integers(0, 256, (6, 8, 3), np.uint8)
    data = colours.transpose(2, 0, 1) if planes else colours
    file = dataset(colours, PlanarConfiguration=planes, PixelData=data.tobytes())
    np.testing.assert_array_equal(read(write(tmp_path / "a.dcm", file)), colours)


def test_signed_values_in_12_bits_with_rubbish_above(tmp_path: Path) -> None:
    values = RNG.integers(-2048, 2048, (5, 6)).astype(np.int16)
    stored = (values.astype(np.uint16) & 0x0FFF) | 0x5000
    file = dataset(stored, BitsStored=12, HighBit=11, PixelRepresentation=1)
    np.testing.assert_array_equal(read(write(tmp_path / "a.dcm", file))[..., 0], values)
    file.RescaleSlope, file.RescaleIntercept = "0.5", "-1000"
    scaled = read(write(tmp_path / "b.dcm", file))[..., 0]
    np.testing.assert_array_equal(scaled, np.float32(values * 0.5 - 1000))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("coding", ["raw", "RLE", "JPEG 2000", "JPEG-LS", "lossless JPEG"])
def test_overlays_in_unused_bits_are_no_values(tmp_path: Path, coding: str, signed: bool) -> None:
    values = RNG.integers(-2048 * signed, 2048 if signed else 4096, (16, 20)).astype(np.int16)
    overlay = RNG.integers(0, 16, (16, 20), np.uint16) << 12
    stored = (values.astype(np.uint16) & 0xFFF) | overlay
    file = dataset(stored, BitsStored=12, HighBit=11, PixelRepresentation=int(signed))
    encoders = {
        "JPEG 2000": (JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, reversible=True)),
        "JPEG-LS": (JPEGLSLossless, imagecodecs.jpegls_encode),
        "lossless JPEG": (JPEGLosslessSV1, imagecodecs.ljpeg_encode),
    }
    if coding == "RLE":
        file.BitsStored, file.HighBit = 16, 15
        file.compress(RLELossless, generate_instance_uid=False)
        file.BitsStored, file.HighBit = 12, 11
    elif coding != "raw":
        syntax, encode = encoders[coding]
        file.PixelData = encapsulate([encode(stored)])
        file["PixelData"].is_undefined_length = True
        file.file_meta.TransferSyntaxUID = syntax
    image = read(write(tmp_path / "a.dcm", file))
    np.testing.assert_array_equal(image[..., 0], values)


def test_unsigned_values_stay_as_stored(tmp_path: Path) -> None:
    same = dataset(GREY16, RescaleSlope="1", RescaleIntercept="0", BitsStored=12)
    np.testing.assert_array_equal(read(write(tmp_path / "a.dcm", same))[..., 0], GREY16)
    bare = dataset(GREY16, BitsStored=None, PixelRepresentation=None, SamplesPerPixel=None)
    del bare.PhotometricInterpretation
    image = read(write(tmp_path / "b.dcm", bare))
    assert image.dtype == np.uint16 and (image[..., 0] == GREY16).all()
    wide = dataset(GREY16.astype(np.uint32) * 65537)
    np.testing.assert_allclose(read(write(tmp_path / "c.dcm", wide))[..., 0], GREY16 * 65537.0)
    real = dataset(GREY16, PixelData=None, BitsAllocated=32, BitsStored=None)
    real.FloatPixelData = (GREY16 / 7).astype(np.float32).tobytes()
    np.testing.assert_allclose(read(write(tmp_path / "d.dcm", real))[..., 0], GREY16 / 7)


def test_bright_is_high_except_in_real_units(tmp_path: Path) -> None:
    file = dataset(GREY16, PhotometricInterpretation="MONOCHROME1", BitsStored=12)
    np.testing.assert_array_equal(read(write(tmp_path / "a.dcm", file))[..., 0], 4095 - GREY16)
    signed = dataset(GREY16.astype(np.int16), PhotometricInterpretation="MONOCHROME1")
    turned = read(write(tmp_path / "b.dcm", signed))[..., 0]
    np.testing.assert_array_equal(turned, -1.0 - GREY16)
    file.RescaleSlope, file.RescaleIntercept = "1", "-1024"
    units = read(write(tmp_path / "c.dcm", file))[..., 0]
    np.testing.assert_array_equal(units, GREY16.astype(float) - 1024)


def test_one_bit_is_0_and_255(tmp_path: Path) -> None:
    bits = RNG.integers(0, 2, (3, 5, 7), np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little")
    one_bit = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}
    file = dataset(bits, **one_bit, PixelData=packed.tobytes())
    path = write(tmp_path / "a.dcm", file)
    for number, expected in enumerate(bits, 1):
        np.testing.assert_array_equal(read(path, number)[..., 0], expected * 255)


@pytest.mark.parametrize("words", [True, False])
def test_a_modality_table_is_looked_up(tmp_path: Path, words: bool) -> None:
    table = RNG.integers(0, 65536, 50, np.uint16)
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [50, 10, 16], "US"
    item.add_new("LUTData", "US" if words else "OW", table.tolist() if words else table.tobytes())
    stored = np.arange(100, dtype=np.uint8).reshape(10, 10)
    path = write(tmp_path / "a.dcm", dataset(stored, ModalityLUTSequence=[item]))
    expected = table[np.clip(np.arange(100) - 10, 0, 49)].reshape(10, 10)
    np.testing.assert_array_equal(read(path)[..., 0], expected)


@pytest.mark.parametrize("kind", ["8", "8 in 16", "16", "grey"])
def test_palettes_become_their_colours(tmp_path: Path, kind: str) -> None:
    colours = RNG.integers(1, 256, (256, 3)).astype(np.uint16 if "16" in kind else np.uint8)
    if kind == "grey":
        colours[:] = colours[:, :1]
    if kind == "16":
        colours *= 255
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    file = dataset(stored, PhotometricInterpretation="PALETTE COLOR")
    for name, column in zip(("Red", "Green", "Blue"), colours.T, strict=True):
        entries = column << 8 if kind == "8 in 16" else column
        bits = 16 if "16" in kind else 8
        setattr(file, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        setattr(file, f"{name}PaletteColorLookupTableData", entries.tobytes())
    expected = colours.reshape(16, 16, 3)
    expected = expected[..., :1] if kind == "grey" else expected
    image = read(write(tmp_path / "a.dcm", file))
    assert image.dtype == (np.uint16 if kind == "16" else np.uint8)
    np.testing.assert_array_equal(image, expected)


def test_an_enhanced_file_scales_each_frame_by_its_own_group(tmp_path: Path) -> None:
    stored = np.stack([GREY16, GREY16])
    sequence = "PixelValueTransformationSequence"
    own = [group(sequence, RescaleSlope=k, RescaleIntercept=-k) for k in (1, 2)]
    shared_group = group("PixelMeasuresSequence", PixelSpacing=[0.5, 0.25])
    groups = {"PerFrameFunctionalGroupsSequence": own}
    groups["SharedFunctionalGroupsSequence"] = [shared_group]
    path = write(tmp_path / "a.dcm", dataset(stored, **groups))
    assert dicom.inspect(path).spacing == (0.5, 0.25)
    for number in (1, 2):
        np.testing.assert_array_equal(read(path, number)[..., 0], GREY16 * number - float(number))


@pytest.mark.parametrize("start", [b"", b"\0" * 128 + b"DICM"])
def test_files_without_their_mark(tmp_path: Path, start: bytes) -> None:
    whole = write(tmp_path / "a.dcm", dataset(GREY16)).read_bytes()
    bare = tmp_path / "old"
    bare.write_bytes(start + whole[132:])
    assert dicom.is_dicom(bare.read_bytes()[:132])
    np.testing.assert_array_equal(read(bare)[..., 0], GREY16)
    no_meta = tmp_path / "older"
    length = struct.unpack("<I", whole[140:144])[0]
    no_meta.write_bytes(whole[144 + length :])
    assert dicom.is_dicom(no_meta.read_bytes()[:132])
    np.testing.assert_array_equal(read(no_meta)[..., 0], GREY16)


def test_other_files_are_not_taken_for_dicom() -> None:
    for start in (b"\x89PNG", b"BM", b"II*\0", b"\x08\0\0\0", b"\x02\0\0\0\xff\xff\xff\xff", b""):
        assert not dicom.is_dicom(start.ljust(132, b"\0"))


def test_spacing_and_size_without_decoding(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", dataset(GREY16, PixelSpacing=[0.5, 0.75]))
    assert dicom.inspect(path).spacing == (0.5, 0.75)
    assert image_size(path) == (6, 7, 1, "uint16")
    strange = write(tmp_path / "b.dcm", dataset(GREY16, PixelSpacing=[0, 0.75]))
    assert dicom.inspect(strange).spacing is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "rtstruct.dcm",
            "without an image .RT Structure Set .*; export its contours",
        ),
        ("rtplan.dcm", "without an image .RT Plan Storage."),
        ("test-SR.dcm", "without an image .Comprehensive SR Storage."),
        ("MR_truncated.dcm", "damaged or incomplete"),
        ("JPEG2000-embedded-sequence-delimiter.dcm", "contradicts itself"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=f"{name}.*{reason}"):
        read_image(carried(name))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"Rows": 60000, "Columns": 60000}, "more than the 200,000,000 that are allowed"),
        ({"Rows": 0}, "has no pixels"),
        ({"NumberOfFrames": 3}, "damaged or incomplete"),
        ({"NumberOfFrames": 10**8}, "slices, more than"),
        ({"PhotometricInterpretation": "CMYK", "SamplesPerPixel": 4}, "of a kind that is not read"),
        ({"BitsStored": 17}, "damaged or incomplete"),
        ({"Columns": None}, "damaged or incomplete"),
    ],
)
def test_headers_that_promise_what_is_not_there(
    tmp_path: Path, attributes: dict[str, object], reason: str
) -> None:
    path = write(tmp_path / "a.dcm", dataset(GREY16, **attributes))
    with pytest.raises(UserError, match=rf"a\.dcm .*{reason}.*; "):
        image_size(path)


def test_codings_without_a_decoder_are_named(tmp_path: Path) -> None:
    file = dataset(GREY16, PixelData=encapsulate([b"\0" * 200]))
    file["PixelData"].VR = "OB"
    file.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    with pytest.raises(UserError, match=r"coding that is not read \(MPEG-4 AVC"):
        read_image(write(tmp_path / "a.dcm", file))


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGBaseline8Bit])
def test_a_code_of_another_size_is_not_decoded(tmp_path: Path, syntax: str) -> None:
    if syntax == JPEG2000Lossless:
        sizes = struct.pack(">HH8I", 47, 0, 60000, 60000, 0, 0, 60000, 60000, 0, 0)
        code = b"\xff\x4f\xff\x51" + sizes + b"\0" * 20
    else:
        code = b"\xff\xd8\xff\xc0\0\x0b\x08\xea\x60\xea\x60\x01\x01\x11\0" + b"\0" * 20
    file = dataset(GREY16.astype(np.uint8), PixelData=encapsulate([code]))
    file.file_meta.TransferSyntaxUID = syntax
    path = write(tmp_path / "a.dcm", file)
    assert dicom.inspect(path).shape == (6, 7, 1)
    with pytest.raises(UserError, match="contradicts itself"):
        read_image(path)


def test_a_deflated_bomb_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = dataset(np.zeros((500, 500), np.uint16))
    file.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    path = write(tmp_path / "a.dcm", file)
    assert path.stat().st_size < 5000
    assert not read(path).any()
    monkeypatch.setattr(dicom.image, "_MAX_INFLATED", 100_000)
    with pytest.raises(UserError, match="larger when decompressed"):
        read_image(write(tmp_path / "b.dcm", file))


def test_a_truncated_file_of_any_coding_is_damaged(tmp_path: Path) -> None:
    for name in ("MR_small_RLE", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "image_dfl"):
        whole = carried(f"{name}.dcm").read_bytes()
        for part in (0.3, 0.6, 0.9):
            path = tmp_path / f"{name}{part}.dcm"
            path.write_bytes(whole[: int(len(whole) * part)])
            with pytest.raises(UserError, match=r"damaged|without an image|contradicts"):
                read_image(path)


def test_odd_files_are_read_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """pydicom warns of, and its decoders print about, what is odd in these."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module=r"pydicom\.")  # as dicom.py sets it
        for name in ("JPEG-lossy", "SC_rgb_jpeg", "GDCMJ2K_TextGBR", "badVR", "MR_truncated"):
            try:
                read_image(carried(f"{name}.dcm"))
            except UserError:
                continue
    assert capfd.readouterr() == ("", "")


def test_pydicom_is_not_imported_before_a_dicom_file_comes() -> None:
    code = "import sys, deepimagetranslator.core.imaging.images; sys.exit('pydicom' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], timeout=PATIENCE, check=False).returncode == 0
    )


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", dataset(GREY16))
    assert dicom.inspect(path).shape == (6, 7, 1)
    write(path, dataset(GREY16[:4]))
    assert dicom.inspect(path).shape == (4, 7, 1)


def test_frames_are_found_with_and_without_a_table_of_them(tmp_path: Path) -> None:
    frames = RNG.integers(0, 256, (5, 16, 16), np.uint8)
    file = dataset(frames)
    file.compress(RLELossless)
    path = write(tmp_path / "a.dcm", file)
    coded = list(pydicom.encaps.generate_frames(file.PixelData, number_of_frames=5))
    file.PixelData = encapsulate(coded, has_bot=False)
    bare = write(tmp_path / "b.dcm", file)
    for number, frame in enumerate(frames, 1):
        np.testing.assert_array_equal(read(path, number)[..., 0], frame)
        np.testing.assert_array_equal(read(bare, number)[..., 0], frame)
