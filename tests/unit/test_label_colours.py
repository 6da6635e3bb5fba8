"""Label maps recognised through encodings and blur, and nothing else taken for one."""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from real_images import small, whole

from deepimagetranslator.core.config.classes import to_texts
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.labels.choice import choose_palette, classes_of
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.typing import Array

COLOURS = ((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0))
TISSUES = Palette(COLOURS, "uint8")
GREYS = Palette(((0,), (85,), (170,), (255,)), "uint8")


def discs(size: int, classes: int, seed: int = 1) -> np.ndarray:
    """Class numbers: discs of the other classes on class 0."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size), np.uint8)
    for number in range(3 * classes):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        cv2.circle(image, centre, int(rng.integers(size // 16, size // 5)), number % classes, -1)
    return image


def jpeg(image: Array, quality: int, subsampling: int) -> Array:
    """The image after saving as JPEG; subsampling 0 is 4:4:4, 2 is 4:2:0."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality, subsampling=subsampling)
    pixels = np.asarray(Image.open(file))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def smaller(image: Array, side: int) -> Array:
    """Anti-aliased: averaged over areas."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).reshape(side, side, -1)


def counted(*images: Array) -> ColourCount:
    count = ColourCount()
    for image in images:
        count.add(image)
    return count


def chosen(count: ColourCount, val: ColourCount | None = None, **data: object) -> list[Problem]:
    return choose_palette(DataSpec(**data), count, val or ColourCount())[1]  # type: ignore[arg-type]


# --- one mask, many encodings --------------------------------------------------------------------


def masks(*pairs: tuple[int, str]) -> list[Array]:
    """One mask a pair: the value of its foreground, and its type."""
    return [
        (discs(64, 2, n)[..., None].astype(np.int64) * top).astype(dtype)
        for n, (top, dtype) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "kinds",
    [
        ((1, "uint8"), (255, "uint8")),
        ((255, "uint8"), (1, "uint8"), (1, "float32")),
        ((1, "uint16"), (255, "uint8"), (65535, "uint16")),
    ],
)
def test_masks_of_0_1_and_0_255_are_the_same(kinds: tuple[tuple[int, str], ...]) -> None:
    images = masks(*kinds)
    palette = counted(*images).label_palette()
    assert palette is not None and palette.colours == ((0,), (255,)) and palette.dtype == "uint8"
    for number, image in enumerate(images):
        np.testing.assert_array_equal(palette.encode(image, "x"), discs(64, 2, number))
        assert set(np.unique(palette.exact(image, "x"))) == {0, 255}
    (remark,) = chosen(counted(*images))
    assert remark.kind == "mask_encodings" and not remark.fatal
    assert "0, 255" in remark.message and "0, 1" in remark.message


def test_stretched_class_numbers_are_class_numbers() -> None:
    numbers, stretched = discs(64, 4)[..., None], GREYS.decode(discs(64, 4, 2))
    palette = counted(numbers, stretched).label_palette()
    assert palette is not None and palette.colours == GREYS.colours
    np.testing.assert_array_equal(palette.encode(numbers, "x"), numbers[..., 0])
    np.testing.assert_array_equal(palette.encode(stretched, "x"), discs(64, 4, 2))


def test_what_may_be_other_classes_is_left_alone() -> None:
    together = masks((1, "uint8"))[0]
    together[:8, :8] = 255
    for images in ([together, *masks((255, "uint8"))], masks((1, "uint8"), (2, "uint8"))):
        palette = counted(*images).label_palette()
        assert palette is not None and not palette.also and len(palette.colours) == 3
        assert not chosen(counted(*images))


def test_validation_masks_may_be_written_otherwise() -> None:
    train, val = counted(*masks((255, "uint8"))), counted(*masks((1, "uint8")))
    palette, remarks = choose_palette(DataSpec(), train, val)
    assert palette is not None and palette.class_of((1,)) == 1
    assert [remark.kind for remark in remarks] == ["mask_encodings"]
    (problem,) = chosen(train, counted(*masks((7, "uint8"))))
    assert problem.fatal and problem.subject == "validation targets" and "hold 7" in problem.message


def test_greys_beside_colours_are_named_with_the_remedy() -> None:
    numbers, coloured = discs(64, 4)[..., None], TISSUES.decode(discs(64, 4))
    count = counted(numbers, coloured)
    (remark,) = chosen(count)
    assert remark.kind == "mask_encodings" and "0,0,255 + 1" in remark.message
    labels = ("0,0,0=air", "0,0,255 + 1=lean", "0,255,0 + 2", "255,0,0 + 3")
    palette, remarks = choose_palette(DataSpec(labels=labels), count, ColourCount())
    assert palette is not None and not remarks
    np.testing.assert_array_equal(palette.encode(numbers, "x"), palette.encode(coloured, "x"))


def test_numbered_objects_become_object_and_background() -> None:
    ids = np.random.default_rng(1).permutation(900).reshape(30, 30)[:16, :16].astype(np.uint16)
    mask = ids.repeat(8, 0).repeat(8, 1)[..., None]
    mask[np.indices(mask.shape[:2]).sum(0) % 24 < 6] = 0
    for dtype in ("uint16", "float32"):
        (problem,) = chosen(counted(mask.astype(dtype)))
        assert problem.kind == "instance_masks" and not problem.fatal
        assert problem.repair is not None
        data = DataSpec(**{name[5:]: value for name, value in problem.repair.settings})
        palette, remarks = choose_palette(data, counted(mask), ColourCount())
        assert palette is not None and not remarks
        np.testing.assert_array_equal(palette.encode(mask, "x"), mask[..., 0] > 0)
    smooth = np.hypot(*np.indices((128, 128))).astype(np.uint16)[..., None]
    assert not chosen(counted(smooth)) and not chosen(counted(smooth * 3))


# --- chosen classes ------------------------------------------------------------------------------


def test_colours_that_no_class_has_are_refused_unless_snapped() -> None:
    image = TISSUES.decode(discs(64, 4))
    labels = ("0,0,0", "0,0,255", "0,255,0")
    (problem,) = chosen(counted(image), labels=labels)
    share = (discs(64, 4) == 3).mean()
    assert problem.fatal and problem.subject == "training targets"
    assert "(255, 0, 0)" in problem.message and f"{share:.2%}" in problem.message
    assert problem.repair is not None and problem.repair.settings == (("data.snap_labels", True),)
    assert not chosen(counted(image), labels=labels, snap_labels=True)
    assert not chosen(counted(image), labels=(*labels, "rest>9,9,9"))
    assert chosen(counted(jpeg(image, 75, 2)), labels=labels)[0].fatal


def test_values_need_no_colours() -> None:
    image = jpeg(TISSUES.decode(discs(64, 4)), 75, 2)
    assert choose_palette(DataSpec(target_kind="values"), counted(image), ColourCount()) == (
        None,
        [],
    )


# --- blurred label maps --------------------------------------------------------------------------


def blurred(problems: list[Problem]) -> Problem:
    (problem,) = problems
    assert problem.kind == "blurred_labels" and problem.repair is not None
    return problem


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("quality", [60, 95])
def test_jpeg_label_maps_are_recognised_and_mended(quality: int, subsampling: int) -> None:
    classes = discs(256, 4)
    image = jpeg(TISSUES.decode(classes), quality, subsampling)
    count = counted(image)
    assert count.label_palette() is None
    problem = blurred(chosen(count))
    assert not problem.fatal
    data = DataSpec(**{name[5:]: value for name, value in problem.repair.settings})  # type: ignore[union-attr]
    palette, remarks = choose_palette(data, count, count)
    assert palette is not None and palette.colours == COLOURS and not remarks
    assert (palette.encode(image, "x") == classes).mean() > 0.995
    assert choose_palette(DataSpec(snap_labels=True), count, count)[0] == palette


def test_anti_aliased_label_maps_are_recognised() -> None:
    for palette in (TISSUES, GREYS):
        classes = discs(256, 4)
        found = counted(smaller(palette.decode(classes), 200)).blurred_palette()
        assert found is not None and found.colours == palette.colours and found.snap
    tiny = np.array([0, 255], np.uint8)[discs(64, 2)]  # few mixtures: under 32 colours
    found = counted(smaller(tiny, 48)).blurred_palette()
    assert found is not None and found.colours == ((0,), (255,))


@pytest.mark.parametrize("number", [4, 6, 8])
def test_a_smooth_edge_does_not_become_a_third_class(number: int) -> None:
    cube = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    colours = tuple(sorted(COLOURS + tuple(c for c in cube if c not in COLOURS)[: number - 4]))
    palette = Palette(colours, "uint8", snap=True)
    for one in range(number):
        for other in range(one):
            ends = np.array([colours[one], colours[other]], float)
            ramp = np.linspace(ends[0], ends[1], 12).round().astype(np.uint8)[None]
            found = set(palette.encode(ramp, "x").ravel())
            assert {one, other} <= found
            straight = np.abs(ramp[0][:, None].astype(float) - np.array(colours, float))
            nearest = set((straight**2).sum(2).argmin(1))
            assert found <= nearest | {one, other}


def test_blur_in_some_files_only() -> None:
    exact, bad = TISSUES.decode(discs(256, 4)), jpeg(TISSUES.decode(discs(256, 4, 2)), 75, 2)
    for images in ((exact, bad), (bad, exact)):
        found = counted(*images).blurred_palette()
        assert found is not None and found.colours == COLOURS
        np.testing.assert_array_equal(found.encode(exact, "x"), discs(256, 4))


def test_blur_is_fatal_where_labels_are_needed() -> None:
    count = counted(jpeg(TISSUES.decode(discs(256, 4)), 75, 2))
    assert choose_palette(DataSpec(), count, count, needed=True)[1][0].fatal
    assert blurred(chosen(count, target_kind="labels")).fatal


def test_photographs_and_noise_are_no_blurred_label_maps() -> None:
    rng = np.random.default_rng(1)
    down, across = np.indices((256, 256)) / 256
    scene = np.stack([down, across, 1 - down * across], 2)
    phantom = 60.0 * discs(256, 4) + 20
    for image in (
        255 * scene,
        255 * scene + rng.normal(0, 8, scene.shape),
        rng.normal(128, 40, (256, 256, 1)),
        phantom[..., None] + rng.normal(0, 12, (256, 256, 1)),
        np.where(rng.random((256, 256, 1)) < 0.02, 255, rng.normal(4, 3, (256, 256, 1))),
        255 * (1 - 0.6 * scene * (discs(256, 2)[..., None] > 0)),  # stained tissue on white
    ):
        picture = image.clip(0, 255).astype(np.uint8)
        for shown in (picture, jpeg(picture, 80, 2 if picture.shape[2] == 3 else 0)):
            assert counted(shown).blurred_palette() is None
            assert not chosen(counted(shown))


def test_classes_are_written_back_as_chosen() -> None:
    texts = ("0=background", "5 + 6>1,2,3=liver", "rest>9=other")
    palette, _ = choose_palette(DataSpec(labels=texts), ColourCount(), ColourCount())
    assert palette is not None
    again, _ = choose_palette(
        DataSpec(labels=to_texts(classes_of(palette))), ColourCount(), ColourCount()
    )
    assert again == palette


# --- real images ---------------------------------------------------------------------------------


def some(folder: Path, pattern: str) -> list[Array]:
    """At most ten of the images, from the first on at even distances."""
    paths = sorted(folder.glob(pattern))
    return [read_image(path) for path in paths[:: 1 + (len(paths) - 1) // 10]]


@pytest.mark.parametrize(("quality", "subsampling"), [(60, 2), (75, 2), (95, 2), (60, 0), (95, 0)])
def test_real_tissue_maps_survive_jpeg(quality: int, subsampling: int) -> None:
    maps = some(small("tissue_maps"), "*")
    images = [jpeg(image, quality, subsampling) for image in maps]
    palette = counted(*images).blurred_palette()
    assert palette is not None and palette.colours == COLOURS
    for image, original in zip(images, maps, strict=True):
        kept = (palette.exact(image, "x") == original).all(2).mean()
        assert kept > 0.989  # at least 0.990 was measured, at quality 60 in 4:2:0


def test_real_anti_aliased_tissue_maps_are_recognised(real: Callable[[str], Path]) -> None:
    image = read_image(real("awkward/tissue_map_odd_size_antialiased.png"))
    palette = counted(image).blurred_palette()
    assert palette is not None and palette.colours == COLOURS
    exact = read_image(real("awkward/tissue_map_palette.png"))
    assert counted(exact).label_palette() == TISSUES


def assert_no_label_maps(images: list[Array]) -> None:
    assert images
    assert not chosen(counted(*images))
    if images[0].dtype == np.uint8:
        assert not chosen(counted(*(jpeg(image, 75, 0) for image in images)))


@pytest.mark.parametrize(
    ("place", "pattern"),
    [
        ("ct_thorax", "*/*"),
        ("ct_thorax_16bit", "*/*"),
        ("ct_abdomen", "*/images/*"),
        ("ct_abdomen", "*/images16/*"),
        ("ct_thorax_pairs", "*/clean/*"),
    ],
)
def test_real_ct_slices_are_no_label_maps(
    real: Callable[[str], Path], place: str, pattern: str
) -> None:
    assert_no_label_maps(some(real(place), pattern))


@pytest.mark.parametrize("place", ["nuclei_stardist/images", "isbi_em/images"])
def test_other_real_images_are_no_label_maps(place: str) -> None:
    assert_no_label_maps(some(whole(place), "*"))


def test_real_numbered_nuclei() -> None:
    (problem,) = chosen(counted(read_image(whole("awkward/label_mask_16bit.tif"))))
    assert problem.kind == "instance_masks"
