"""Images of another meaning are named before a translation, and right ones never."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from real_images import whole

from deepimagetranslator.core.checks.values.unlike_inputs import (
    ACCEPT,
    KIND,
    unlike_image,
    unlike_series,
)
from deepimagetranslator.core.checks.values.unlike_values import Trained
from deepimagetranslator.core.data.input_statistics import InputMeter, InputStatistics
from deepimagetranslator.core.data.intensity.curve import in_range
from deepimagetranslator.core.data.intensity.normalization import (
    IntensityNormalization,
    ValueRange,
    choose_normalization,
)
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image, write_stack
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.typing import Array

PERSONS = ("crlm_1006", "lungdx_a0001", "lungdx_a0002")
ABDOMEN = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
BYTES = IntensityNormalization("type", 0.0, 255.0, "uint8")
WINDOWS = (
    ABDOMEN,
    IntensityNormalization("window", -1350.0, 150.0, "uint16", -1024.0),
    IntensityNormalization("window", -700.0, 1100.0, "uint16", -1024.0),
    IntensityNormalization("window", -1024.0, 3071.0, "uint16", -1024.0),
    IntensityNormalization("data", 0.0, 4000.0, "uint16"),
)
Real = Callable[[str], Path]
Change = Callable[[Array], Array]


def measured(
    images: Sequence[Array], scaling: IntensityNormalization, persons: int = 1
) -> InputStatistics | None:
    """The statistics of images that lie in so many folders."""
    refs = [ImageRef(Path(f"person{n % persons}") / f"{n}.png") for n in range(len(images))]
    meter = InputMeter(refs, scaling)
    for ref, image in zip(refs, images, strict=True):
        assert meter.statistics() is None
        meter.add(ref, image)
        meter.add(ref, image)  # a second reading changes nothing
    return meter.statistics()


def trained(images: Sequence[Array], scaling: IntensityNormalization) -> Trained:
    statistics = measured(images, scaling)
    assert statistics is not None
    return Trained(scaling, statistics)


def slices(place: Path, kind: str = "images16") -> list[Array]:
    return [read_image(image) for image in list_images(place / kind)]


def floats(images: Sequence[Array], factor: float = 1.0, plus: float = 0.0) -> list[Array]:
    return [(image.astype(np.float32) + plus) * np.float32(factor) for image in images]


def as_stored(images: Sequence[Array], change: Change) -> list[Array]:
    return [change(image.astype(np.float64)).clip(0, 65535).astype(np.uint16) for image in images]


def said(known: Trained, images: Sequence[Array]) -> str:
    found = known.series(images)
    return known.sentence(found) if found else ""


# --- right images ------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", WINDOWS, ids=str)
def test_other_persons_are_usual(real: Real, scaling: IntensityNormalization) -> None:
    persons = [slices(real(f"ct_abdomen/{name}")) for name in PERSONS]
    for some in persons:
        for number, other in enumerate(persons):
            known = trained(some, scaling)
            assert said(known, other) == "", number
            assert [known.image(image) for image in other] == [""] * len(other)
            # In floats the same Hounsfield units have no offset.
            if scaling.kind == "window":
                assert said(known, floats(other, plus=scaling.offset)) == ""


def test_other_persons_in_8_bits_and_as_16_bits_of_the_same_range(real: Real) -> None:
    persons = [slices(real(f"ct_abdomen/{name}"), "images") for name in PERSONS]
    for some in persons:
        known = trained(some, BYTES)
        for other in persons:
            assert said(known, other) == ""
            assert said(known, [image.astype(np.uint16) * np.uint16(257) for image in other]) == ""
            assert said(known, floats(other, 1 / 255)) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image[::2, ::2],
        lambda image: image[len(image) // 4 : -len(image) // 4, len(image) // 4 : -len(image) // 4],
        lambda image: np.pad(image, ((len(image) // 4,) * 2, (len(image) // 4,) * 2, (0, 0))),
        lambda image: np.rot90(image).copy(),
    ],
    ids=["halved", "cropped", "with more air", "turned"],
)
def test_other_parts_and_sizes_are_usual(real: Real, change: Change) -> None:
    some, other, _ = (slices(real(f"ct_abdomen/{name}")) for name in PERSONS)
    for scaling in WINDOWS[:4]:
        assert said(trained(some, scaling), [change(image) for image in other]) == ""


def blobs(number: int, exposure: float = 1.0, top: int = 65535) -> Array:
    """Bright cells on a dark, noisy background, uint16."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:96, :96]
    image = rng.normal(900, 150, (96, 96))
    for row, column, bright in rng.uniform((5, 5, 4000), (90, 90, 9000), (9, 3)):
        image += bright * (np.hypot(y - row, x - column) < 7)
    return (image * exposure).clip(0, top).astype(np.uint16)[..., None]


def test_a_few_slices_that_are_nearly_all_air_are_usual() -> None:
    """The first slices of a head, without the others of their series."""

    def head(seed: int) -> list[Array]:
        rng, rows = np.random.default_rng(seed), np.arange(64)[:, None, None]
        air = np.broadcast_to(
            rows >= np.array([1, 4, 16, 32, 40, 44, 48, 48])[:, None, None, None], (8, 64, 64, 1)
        )
        return list(np.where(air, -1000, rng.normal(40, 40, air.shape)).astype(np.float32))

    scaling = IntensityNormalization("window", -160.0, 240.0, "float32")
    known = trained(head(1), scaling)
    for count in (1, 2, 4, 8):
        assert said(known, head(2)[:count]) == ""
    assert "1024 was added" in said(known, [image + 1024 for image in head(2)[2:4]])


@pytest.mark.parametrize("exposure", [0.25, 0.4, 0.7, 1.0, 1.5, 2.5])
def test_another_exposure_is_usual(exposure: float) -> None:
    for kind, high in (("data", 20_000.0), ("window", 12_000.0)):
        scaling = IntensityNormalization(kind, 0.0, high, "uint16")
        known = trained([blobs(n) for n in range(6)], scaling)
        assert said(known, [blobs(n, exposure) for n in range(10, 16)]) == ""


# --- wrong images ------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", WINDOWS[:4], ids=str)
def test_hounsfield_units_with_and_without_1024(
    real: Real, scaling: IntensityNormalization
) -> None:
    for some in PERSONS[:2]:
        known = trained(slices(real(f"ct_abdomen/{some}")), scaling)
        other = slices(real("ct_abdomen/lungdx_a0002"))
        assert "1024 was added" in said(known, floats(other))  # no offset applies to floats
        assert "where they had 1024 added" in said(known, floats(other, plus=-2048))


def test_the_report_of_hounsfield_units_with_1024_added() -> None:
    report = whole("reports/19_translate_hu_plus_1024")
    scaling = IntensityNormalization("window", -160.0, 240.0, "float32")
    meter = InputMeter(list_images(report / "img"), scaling)
    for ref in list_images(report / "img"):
        meter.add(ref, read_image(ref))
    statistics = meter.statistics()
    assert statistics is not None and (statistics.series, statistics.images) == (1, 35)
    known = Trained(scaling, statistics)
    assert unlike_series(list_images(report / "img"), known) == []
    (problem,) = unlike_series(list_images(report / "png"), known)
    assert problem.subject == str(report / "png") and len(problem.files) == 6
    assert "40% of the values lie above" in problem.message
    assert "in the training images 1%; probably 1024 was added" in problem.message
    assert (problem.kind, problem.remedy) == (KIND, ACCEPT)


@pytest.mark.parametrize(
    ("scaling", "change", "cause"),
    [
        (BYTES, lambda image: 255 - image, "black and white are exchanged"),
        (BYTES, lambda image: image.astype(np.uint16), "8-bit values are written where 16-bit"),
        (
            IntensityNormalization("data", 0.0, 255.0, "float32"),
            lambda image: image.astype(np.float32) / 255,
            "0 to 1 is written where 0 to 255",
        ),
        (
            IntensityNormalization("data", 0.0, 1.0, "float32"),
            lambda image: image.astype(np.float32),
            "0 to 255 is written where 0 to 1",
        ),
        (
            IntensityNormalization("window", 0.0, 1.0, "float32"),
            lambda image: image.astype(np.float32) / np.float32(2.55),
            "per cent are written where fractions",
        ),
        (
            IntensityNormalization("window", 0.0, 100.0, "float32"),
            lambda image: image.astype(np.float32) / 255,
            "fractions are written where per cent",
        ),
    ],
    ids=["inverted", "8 in 16 bits", "0..1 for 0..255", "0..255 for 0..1", "per cent", "fractions"],
)
def test_other_scales_are_named(
    real: Real, scaling: IntensityNormalization, change: Change, cause: str
) -> None:
    some, other, _ = (slices(real(f"ct_abdomen/{name}"), "images") for name in PERSONS)
    right = some if scaling is BYTES else floats(some, scaling.high / 255)
    known = trained(right, scaling)
    assert cause in said(known, [change(image) for image in other])
    names = [known.image(change(image)) for image in other]
    assert cause.split(" are ", maxsplit=1)[0] in " ".join(names)


def test_12_bit_values_for_16_bit_ones(real: Real) -> None:
    some, other, _ = (slices(real(f"ct_abdomen/{name}")) for name in PERSONS)
    wide = as_stored(some, lambda values: values * 16)
    known = trained(wide, IntensityNormalization("data", 0.0, 65535.0, "uint16"))
    assert said(known, as_stored(other, lambda values: values * 16)) == ""
    assert "12-bit values are written where 16-bit" in said(known, other)
    narrow = trained(some, IntensityNormalization("data", 0.0, 4095.0, "uint16"))
    eight = as_stored(other, lambda values: values / 16)
    assert "8-bit values are written where 12-bit" in said(narrow, eight)


def test_values_far_outside_without_a_known_cause_are_named(real: Real) -> None:
    some, other, _ = (slices(real(f"ct_abdomen/{name}")) for name in PERSONS)
    known = trained(some, ABDOMEN)
    for moved, where in ((30_000, "above"), (-700, "below")):
        words = said(known, floats(other, plus=ABDOMEN.offset + moved))
        assert f"lie {where} the network's range of -160 to 240" in words, words


# --- series and files --------------------------------------------------------------------------


def test_only_the_series_of_other_values_is_named(tmp_path: Path) -> None:
    scaling = IntensityNormalization("data", 0.0, 20_000.0, "uint16")
    known = trained([blobs(n) for n in range(6)], scaling)
    for folder, factor in (("right", 1.0), ("wrong", 1 / 257)):
        for n in range(3):
            write_image(tmp_path / folder / f"{n}.png", blobs(n, factor))
    write_stack(tmp_path / "stacks" / "a.tif", [blobs(n) for n in range(3)], None, 0)
    write_stack(tmp_path / "stacks" / "b.tif", [blobs(n, 1 / 257) for n in range(30)], None, 0)
    (tmp_path / "right" / "broken.png").write_bytes(b"no image")
    images = list_images(tmp_path)
    events: list[object] = []
    found = unlike_series(images, known, events.append)
    subjects = {Path(problem.subject): len(problem.files) for problem in found}
    assert subjects == {tmp_path / "wrong": 3, tmp_path / "stacks" / "b.tif": 30}
    assert len(events) == 4  # a folder of images, or a stack, at a time


def test_a_single_image_of_other_values_in_a_right_folder(tmp_path: Path) -> None:
    scaling = IntensityNormalization("window", 0.0, 40_000.0, "uint16")
    known = trained([blobs(n, 7) for n in range(6)], scaling)
    odd = blobs(1, 7) // np.uint16(257)
    problem = unlike_image(ImageRef(tmp_path / "odd.png"), odd, known)
    assert problem is not None and "8-bit values" in problem.message
    assert problem.files == (str(tmp_path / "odd.png"),)
    assert unlike_image(ImageRef(tmp_path / "right.png"), blobs(8, 7), known) is None
    # A slice of a volume means what its volume means.
    assert unlike_image(ImageRef(tmp_path / "odd.nii", 3), odd, known) is None


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", blobs(1))
    known = trained([blobs(1)], IntensityNormalization("data", 0.0, 20_000.0, "uint16"))
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        unlike_series(list_images(tmp_path), known, control=control)


# --- the record --------------------------------------------------------------------------------


def test_the_record_holds_shares_and_their_spread_and_no_names() -> None:
    ramp = np.arange(1000, dtype=np.uint16).reshape(20, 50, 1)
    scaling = IntensityNormalization("window", 100.0, 900.0, "uint16")
    found = measured([ramp, ramp + np.uint16(100), ramp, ramp], scaling, persons=2)
    assert found is not None and (found.series, found.images) == (2, 4)
    assert found.by_series.below == pytest.approx((0.05, 0.1), abs=0.01)
    assert found.by_series.above == pytest.approx((0.1, 0.15), abs=0.01)
    assert found.by_image.below == pytest.approx((0, 0.1), abs=0.01)
    text = json.dumps(found.to_json())
    assert InputStatistics.from_json(json.loads(text)) == found
    assert "person" not in text and len(text) < 6000


def test_no_record_where_each_image_has_its_own_range_or_all_are_constant() -> None:
    own = IntensityNormalization("image", 0.0, 255.0, "uint8")
    assert measured([blobs(1)], own) is None
    flat = np.full((8, 8, 1), 7, np.uint8)
    assert measured([flat], BYTES) is None
    known = trained([np.arange(256, dtype=np.uint8).reshape(16, 16, 1)], BYTES)
    assert said(known, [flat]) == "" and known.image(flat) == ""


@pytest.mark.parametrize("field", ["series", "by_series", "by_image"])
@pytest.mark.parametrize("value", [None, "x", [[1.0]], [[float("nan")] * 65] * 3])
def test_a_damaged_record_is_refused(field: str, value: object) -> None:
    found = measured([blobs(1)], IntensityNormalization("data", 0.0, 20_000.0, "uint16"))
    assert found is not None
    with pytest.raises(UserError, match="damaged"):
        InputStatistics.from_json({**found.to_json(), field: value})


def test_a_part_of_a_large_image_is_enough() -> None:
    known = trained([blobs(n) for n in range(3)], WINDOWS[4])
    large = np.tile(blobs(5), (50, 50, 1))
    assert (in_range(large, BYTES)[1].sum() < large.size) and known.image(large) == ""
    bytes_ = np.tile(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), (300, 300, 1))
    assert len(in_range(bytes_, BYTES)[0]) > 50


# --- whole right sets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "ct_thorax/lungdx_a0001",
        "ct_thorax_16bit/lungdx_a0001",
        "ct_thorax_pairs/lungdx_a0001/noisy",
        "isbi_em/images",
        "nuclei_stardist/images",
        "nuclei_stardist/raw16",
        "nuclei_stardist/stack3d_image.tif",
    ],
)
@pytest.mark.parametrize("choice", ["automatic", "percentiles"])
def test_each_half_of_a_right_set_is_usual_for_the_other(place: str, choice: str) -> None:
    images = [read_image(image) for image in list_images(whole(place))][::2]
    middle = len(images) // 2
    for some, other in (
        (images[:middle], images[middle:]),
        (images[middle:], images[:middle]),
        (images[:5], images[5:]),
        (images[:1], images[1:]),
    ):
        known = trained(some, choose_normalization(ValueRange.of(some), choice))
        assert said(known, other) == ""
        assert [known.image(image) for image in other] == [""] * len(other)


def test_dicom_is_usual_for_weights_trained_on_png_files_with_an_offset() -> None:
    dicom = [read_image(image) for image in list_images(whole("ct_dicom/crlm_1006"))]
    for person in PERSONS[1:]:
        known = trained(slices(whole(f"ct_abdomen/{person}")), ABDOMEN)
        assert said(known, dicom) == ""
        assert "1024 was added" in said(known, floats(dicom, plus=1024))


@pytest.mark.parametrize("person", ["lungdx_a0001", "lungdx_a0002"])
def test_another_part_of_the_body_is_usual_in_one_window(person: str) -> None:
    thorax = slices(whole("ct_thorax_16bit"), "lungdx_a0001")[::4]
    for scaling in (ABDOMEN, WINDOWS[3]):
        known = trained(slices(whole(f"ct_abdomen/{person}")), scaling)
        assert said(known, thorax) == ""
