"""Targets that are turned, inverted, doubled, stretched or empty are found, and right ones are not.

The files are drawn; what came from other programs lies in ../shared/data/reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from real_images import whole

from deepimagetranslator.cli.check_commands import as_json
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.kinds import NOTE, level
from deepimagetranslator.core.checks.outlines.orientation import turns_of
from deepimagetranslator.core.checks.repairs import ALL, chosen_repair, repaired
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs
from deepimagetranslator.core.data.chosen_changes import with_changes
from deepimagetranslator.core.data.facts import FileFacts, PairFacts, pair_facts, thumbnail_of
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.data.targets import _CHANGED, read_target
from deepimagetranslator.core.errors import DataProblems, Problem
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_alpha, write_image

SIZE = 96
TURNS = (
    *("turn_90", "turn_180", "turn_270"),
    *("mirror_x", "mirror_y", "transpose", "transpose_180"),
)
BACK = {"turn_90": "turn_270", "turn_270": "turn_90"}
Pixels = np.ndarray
Spoil = Callable[[int, Pixels], Pixels]


def cells(rng: np.random.Generator, shape: tuple[int, int] = (SIZE, SIZE)) -> Pixels:
    """A mask of 3 to 8 round cells, 0 and 255."""
    mask = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(3, 9)):
        row, column = (int(rng.integers(side)) for side in shape)
        cv2.circle(mask, (column, row), int(rng.integers(4, 12)), 255, -1)
    return mask


def noisy(rng: np.random.Generator, mask: Pixels, bright: float = 1) -> Pixels:
    cloud = cv2.GaussianBlur(rng.normal(0, 60, mask.shape).astype(np.float32), (0, 0), 3)
    image = 110 + bright * (mask / 255 - 0.3) * 90 + cloud + rng.normal(0, 8, mask.shape)
    return image.clip(0, 255).astype(np.uint8)[..., None]


def turned(mask: Pixels, name: str) -> Pixels:
    """A mask as a file that the change ``name`` puts right."""
    return np.ascontiguousarray(_CHANGED[BACK.get(name, name)](mask[..., None])[..., 0])


def project(
    folder: Path,
    spoil: Spoil = lambda _, mask: mask,
    count: int = 12,
    shape: tuple[int, int] = (SIZE, SIZE),
    write: Callable[[Path, Pixels], object] = write_image,
    bright: Callable[[int], float] = lambda _: 1,
    val: int = 3,
) -> Specs:
    """Images of cells and their masks in files, spoilt; the last ones for validation."""
    rng = np.random.default_rng(5)
    lists: tuple[list[str], list[str]] = ([], [])
    for index in range(count):
        mask = cells(rng, shape)
        for name, paths in zip(("in", "out"), lists, strict=True):
            (folder / name).mkdir(exist_ok=True)
            paths.append(str(folder / name / f"{index:02}.png"))
        write_image(lists[0][-1], noisy(rng, mask, bright(index)))
        spoilt = spoil(index, mask)
        write(Path(lists[1][-1]), spoilt if spoilt.ndim == 3 else spoilt[..., None])
    parts = (tuple(paths[: count - val]) for paths in lists)
    ends = (tuple(paths[count - val :]) for paths in lists)
    return Specs(data=DataSpec(*parts, *ends), model=ModelSpec(depth=2))


def volumes(folder: Path, images: Pixels, masks: Pixels) -> Specs:
    """Images and masks in stacks of six, the last one for validation."""
    lists: tuple[list[Path], list[Path]] = ([], [])
    for start in range(0, len(images), 6):
        for name, paths, pixels in zip(("in", "out"), lists, (images, masks), strict=True):
            (folder / name).mkdir(exist_ok=True)
            paths.append(folder / name / f"{start:02}.tif")
            tifffile.imwrite(
                paths[-1], pixels[start : start + 6].squeeze(), photometric="minisblack"
            )
    inputs, targets = (tuple(map(str, list_images(paths))) for paths in lists)
    data = DataSpec(inputs[:-6], targets[:-6], inputs[-6:], targets[-6:])
    return Specs(data=data, model=ModelSpec(depth=2))


def found(specs: Specs) -> list[Problem]:
    """What is found with the settings that are suggested for these targets."""
    project = Project(specs)
    specs = suggested(project, look_for(project)).specs
    return [p for p in examine(specs)[2] if p.kind not in ("no_validation", "few_images")]


def only(specs: Specs, kind: str) -> Problem:
    problems = found(specs)
    assert {problem.kind for problem in problems} == {kind}, [str(problem) for problem in problems]
    return problems[0]


def mended(specs: Specs, problem: Problem) -> Specs:
    """The specs after the repair, which leaves nothing but the note that targets are changed."""
    assert problem.repair
    assert chosen_repair(problem, {problem.kind}) == problem.repair
    after = repaired(specs, problem.repair)
    assert {problem.kind for problem in found(after)} <= {"changed_targets"}
    return after


def masks_as_read(specs: Specs) -> list[Pixels]:
    pairs = [*matched(specs.data, "train"), *matched(specs.data, "val")]
    return [read_target(pair)[..., 0] for pair in pairs]


def right_masks(count: int = 12, shape: tuple[int, int] = (SIZE, SIZE)) -> list[Pixels]:
    rng = np.random.default_rng(5)
    masks = []
    for _ in range(count):
        masks.append(cells(rng, shape))
        noisy(rng, masks[-1])
    return masks


def assert_right(specs: Specs, shape: tuple[int, int] = (SIZE, SIZE)) -> None:
    masks = masks_as_read(specs)
    for read, right in zip(masks, right_masks(len(masks), shape), strict=True):
        np.testing.assert_array_equal(read, right)


def test_the_right_set_raises_nothing(tmp_path: Path) -> None:
    specs = project(tmp_path)
    assert found(specs) == []
    assert_right(specs)


# --- turned and mirrored --------------------------------------------------------------------------


@pytest.mark.parametrize("name", TURNS)
def test_a_whole_set_that_is_turned(tmp_path: Path, name: str) -> None:
    specs = project(tmp_path, lambda _, mask: turned(mask, name))
    problem = only(specs, "turned_target")
    assert len(problem.files) == 12 and not problem.fatal
    assert chosen_repair(problem, {ALL}) is None
    assert_right(mended(specs, problem))


@pytest.mark.parametrize(("needed", "chosen"), [("turn_90", "mirror_x"), ("transpose", "turn_180")])
def test_targets_that_are_read_turned_wrongly_are_turned_further(
    tmp_path: Path, needed: str, chosen: str
) -> None:
    specs = project(tmp_path, lambda _, mask: turned(mask, needed))
    wrong = [(target, chosen) for target in (*specs.data.train_targets, *specs.data.val_targets)]
    specs = replace(specs, data=with_changes(specs.data, wrong))
    problem = next(one for one in found(specs) if one.kind == "turned_target")
    assert_right(mended(specs, problem))


def test_a_turn_that_was_wrong_is_taken_back_alone(tmp_path: Path) -> None:
    specs = project(tmp_path)
    targets = (*specs.data.train_targets, *specs.data.val_targets)
    wrong = [(target, name) for target in targets for name in ("turn_90", "inverted")]
    specs = replace(specs, data=with_changes(specs.data, wrong))
    problem = next(one for one in found(specs) if one.kind == "turned_target")
    after = mended(specs, problem)
    assert after.data.target_changes == tuple(f"inverted: {target}" for target in targets)


def test_single_targets_that_are_turned(tmp_path: Path) -> None:
    odd = dict(zip((0, 2, 4, 6, 8, 10, 11), TURNS, strict=True))
    specs = project(tmp_path, lambda n, mask: turned(mask, odd[n]) if n in odd else mask)
    problem = only(specs, "turned_target")
    assert sorted(int(Path(file).stem) for file in problem.files) == sorted(odd)
    assert_right(mended(specs, problem))


def test_a_turned_volume_is_turned_as_a_whole(tmp_path: Path) -> None:
    """Its slices with faint objects need the turn too, although they do not show it clearly."""
    rng = np.random.default_rng(3)
    masks = np.stack([cells(rng) for _ in range(36)])
    images = np.stack([noisy(rng, m, 1 if n % 2 else 0.1) for n, m in enumerate(masks)])
    stored = masks.copy()
    stored[6:12] = stored[6:12, :, ::-1]
    specs = volumes(tmp_path, images, stored)
    problem = next(one for one in found(specs) if one.kind == "turned_target")
    assert len(problem.files) == 6
    np.testing.assert_array_equal(masks_as_read(repaired(specs, problem.repair)), masks)


def test_targets_turned_to_another_shape(tmp_path: Path) -> None:
    shape = (64, 96)
    specs = project(
        tmp_path, lambda n, mask: turned(mask, "turn_90") if n % 4 == 1 else mask, shape=shape
    )
    problem = only(specs, "sizes")
    assert problem.fatal and len(problem.files) == 3
    with pytest.raises(DataProblems):
        prepare(specs)
    assert_right(mended(specs, problem), shape)


def outlined(images: list[Pixels], masks: list[Pixels]) -> list[PairFacts]:
    def facts(image: Pixels) -> FileFacts:
        shape = (*image.shape[:2], 1)
        return FileFacts(shape=shape, thumbnail=thumbnail_of(image.reshape(shape)))

    return [
        PairFacts(ImagePair(ImageRef(Path(f"i{n}")), ImageRef(Path(f"t{n}"))), facts(i), facts(m))
        for n, (i, m) in enumerate(zip(images, masks, strict=True))
    ]


@pytest.mark.parametrize("count", [5, 9, 40])
@pytest.mark.parametrize("bright", [0, 0.2, 1, -1])
def test_right_masks_are_never_called_turned(count: int, bright: float) -> None:
    rng = np.random.default_rng(count)
    masks = [cells(rng) for _ in range(count)]
    assert not turns_of(outlined([noisy(rng, mask, bright) for mask in masks], masks)).changes


@pytest.mark.parametrize("count", [5, 9, 40])
def test_masks_of_other_images_are_never_called_turned(count: int) -> None:
    rng = np.random.default_rng(count)
    masks = [cells(rng) for _ in range(count)]
    images = [noisy(rng, mask) for mask in masks]
    assert not turns_of(outlined(images, [*masks[1:], masks[0]])).changes


def test_symmetric_masks_are_never_called_turned() -> None:
    rng = np.random.default_rng(2)
    halves = [cells(rng, (SIZE, SIZE // 2)) for _ in range(12)]
    masks = [np.hstack([half, half[:, ::-1]]) for half in halves]
    assert not turns_of(outlined([noisy(rng, mask) for mask in masks], masks)).changes


def test_fewer_than_five_pairs_say_nothing() -> None:
    rng = np.random.default_rng(2)
    masks = [cells(rng) for _ in range(4)]
    images = [noisy(rng, mask) for mask in masks]
    assert not turns_of(outlined(images, [mask[:, ::-1] for mask in masks])).changes


# --- inverted -------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [{3}, {1, 4, 7, 10}, {1, 3, 5, 7, 9, 11}])
@pytest.mark.parametrize("values", [(0, 255), (0, 1), (0, 128), (100, 200)])
def test_some_masks_that_are_inverted(
    tmp_path: Path, odd: set[int], values: tuple[int, int]
) -> None:
    def spoil(number: int, mask: Pixels) -> Pixels:
        low, high = values if number not in odd else values[::-1]
        return np.where(mask, np.uint8(high), np.uint8(low))

    specs = project(tmp_path, spoil)
    problem = only(specs, "mask_polarity")
    assert {int(Path(file).stem) for file in problem.files} == odd
    assert chosen_repair(problem, {ALL}) is None
    after = masks_as_read(mended(specs, problem))
    for read, right in zip(after, right_masks(), strict=True):
        np.testing.assert_array_equal(read == values[1], right > 0)
    (other,) = problem.others
    for read, right in zip(masks_as_read(repaired(specs, other)), right_masks(), strict=True):
        np.testing.assert_array_equal(read == values[0], right > 0)


def test_masks_of_two_colours_are_exchanged(tmp_path: Path) -> None:
    red, black = np.array([255, 0, 0], np.uint8), np.zeros(3, np.uint8)

    def spoil(number: int, mask: Pixels) -> Pixels:
        return np.where((mask > 0)[..., None] ^ (number % 3 == 0), red, black)

    specs = project(tmp_path, spoil)
    after = masks_as_read(mended(specs, only(specs, "mask_polarity")))
    for read, right in zip(after, right_masks(), strict=True):
        np.testing.assert_array_equal(read, right)


def test_inverted_masks_of_faint_objects(tmp_path: Path) -> None:
    """Brightness under a mask hardly tells more than chance, but what the masks cover does."""
    specs = project(
        tmp_path, lambda n, mask: mask if n % 4 else 255 - mask, bright=lambda _: 0.05, count=24
    )
    problem = only(specs, "mask_polarity")
    alike = [facts.alike for facts in map(pair_facts, matched(specs.data, "train"))]
    assert np.median(np.abs(alike)) < 0.2
    assert all(int(Path(file).stem) % 4 == 0 for file in problem.files)


@pytest.mark.parametrize(("dtype", "top"), [("uint8", 255), ("uint8", 1), ("float32", 1)])
def test_inverted_volumes_are_exchanged_as_a_whole(tmp_path: Path, dtype: str, top: int) -> None:
    """Slices without an object, or with a faint one, belong to their volume."""
    rng = np.random.default_rng(3)
    masks = np.stack([cells(rng) for _ in range(36)])
    images = np.stack([noisy(rng, m, 0.02 if n % 6 == 2 else 1) for n, m in enumerate(masks)])
    masks = np.where(np.arange(36)[:, None, None] % 6 == 5, 0, masks > 0) * top
    odd = np.arange(36)[:, None, None] // 6 % 3 == 1  # two volumes of six
    stored = np.where(odd, top - masks, masks).astype(dtype)
    specs = volumes(tmp_path, images, stored)
    problem = next(one for one in found(specs) if one.kind == "mask_polarity")
    after = repaired(specs, problem.repair)
    np.testing.assert_array_equal(masks_as_read(after), masks)
    assert "mask_polarity" not in {one.kind for one in found(after)}


@pytest.mark.parametrize("bright", [1, -1])
def test_a_set_of_one_polarity_is_right(tmp_path: Path, bright: float) -> None:
    assert found(project(tmp_path, bright=lambda _: bright)) == []
    inverted = project(tmp_path, lambda _, mask: 255 - mask, bright=lambda _: bright)
    assert found(inverted) == []


def test_dark_and_bright_objects_of_the_same_size_are_right(tmp_path: Path) -> None:
    """Fluorescence and bright field in one set: the masks cover the same."""
    assert found(project(tmp_path, bright=lambda number: 1 if number % 2 else -1)) == []


# --- values that never share a file ---------------------------------------------------------------


@pytest.mark.parametrize(
    "colours",
    [(128, 255), (1, 2), ((255, 0, 0), (254, 0, 0)), ((255, 0, 0), (0, 0, 255))],
)
def test_two_colours_that_never_share_a_file(tmp_path: Path, colours: tuple) -> None:
    channels = np.atleast_1d(colours[0]).size

    def spoil(number: int, mask: Pixels) -> Pixels:
        colour = np.broadcast_to(np.array(colours[number % 2], np.uint8), channels)
        return np.where((mask > 0)[..., None], colour, np.uint8(0))

    specs = project(tmp_path, spoil)
    problem = only(specs, "separate_labels")
    assert level(problem) == NOTE and problem.repair is None
    assert "data.labels" in as_json(problem)["remedy"]
    texts = [",".join(map(str, np.atleast_1d(colour))) for colour in colours]
    black = ",".join("0" * channels)
    merged = replace(specs.data, labels=(black, " + ".join(texts)))
    assert found(replace(specs, data=merged)) == []


def test_classes_that_share_files_or_are_rare_are_right(tmp_path: Path) -> None:
    def spoil(number: int, mask: Pixels) -> Pixels:
        labels = np.where(mask > 0, np.uint8(1), np.uint8(0))
        labels[:8, :8] = 2 if number in (0, 3, 9) else 0
        labels[-8:, -8:] = 3 if number in (1, 4, 10) else 0
        return labels

    assert "separate_labels" not in {problem.kind for problem in found(project(tmp_path, spoil))}


# --- another aspect ratio -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(48, 96), (96, 64), (96, 102)])
def test_stretched_targets_are_asked_about(tmp_path: Path, shape: tuple[int, int]) -> None:
    specs = project(tmp_path, lambda _, mask: cv2.resize(mask, shape[::-1], interpolation=0))
    problem = only(specs, "other_aspect")
    assert not problem.fatal and f"{shape[1]} x {shape[0]}" in problem.message


@pytest.mark.parametrize("shape", [(48, 48), (192, 192), (95, 96), (31, 32)])
def test_another_size_of_the_same_aspect_is_right(tmp_path: Path, shape: tuple[int, int]) -> None:
    specs = project(tmp_path, lambda _, mask: cv2.resize(mask, shape[::-1], interpolation=0))
    assert found(specs) == []


# --- one value, and masks in the transparency -----------------------------------------------------


def with_alpha(mode: str) -> Callable[[Path, Pixels], None]:
    """Writes black images whose transparency is the mask."""

    def write(path: Path, mask: Pixels) -> None:
        alpha = Image.fromarray(mask[..., 0])
        image = Image.new(mode, alpha.size)
        image.putalpha(alpha)
        image.save(path, "TIFF" if mode.endswith("tif") else "PNG")

    return write


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_masks_in_the_transparency(tmp_path: Path, mode: str) -> None:
    specs = project(tmp_path, write=with_alpha(mode))
    problem = only(specs, "all_constant")
    assert problem.fatal
    with pytest.raises(DataProblems, match="single value"):
        prepare(specs)
    after = mended(specs, problem)
    assert_right(after)
    assert prepare(after).palette is not None


def test_the_transparency_of_other_kinds_of_files(tmp_path: Path) -> None:
    mask = right_masks(1)[0]
    rgba = np.dstack([np.zeros((*mask.shape, 3), np.uint8), mask])
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    tifffile.imwrite(
        tmp_path / "b.tif", np.stack([rgba, 255 - rgba]), photometric="rgb", extrasamples=[2]
    )
    palette = Image.fromarray(mask // 255, "P")
    palette.putpalette([9, 9, 9, 9, 9, 9])
    palette.save(tmp_path / "c.png", transparency=0)
    write_image(tmp_path / "d.png", mask[..., None])
    for name in ("a.tif", "c.png"):
        alpha = read_alpha(tmp_path / name)
        assert alpha is not None
        np.testing.assert_array_equal(alpha[..., 0], mask)
    second = read_alpha(ImageRef(tmp_path / "b.tif", 2))
    assert second is not None
    np.testing.assert_array_equal(second[..., 0], 255 - mask)
    assert read_alpha(tmp_path / "d.png") is None


def test_targets_of_one_value_cannot_be_learnt(tmp_path: Path) -> None:
    specs = project(tmp_path, lambda _, mask: mask * 0)
    problem = only(specs, "all_constant")
    assert problem.fatal and problem.repair is None
    with pytest.raises(DataProblems):
        prepare(specs)


def test_some_targets_of_one_value_are_right(tmp_path: Path) -> None:
    specs = project(tmp_path, lambda number, mask: mask * (number % 3 > 0))
    assert only(specs, "empty_target").fatal is False


# --- files of public reports ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "kind", "fatal"),
    [
        ("02_flipped_or_rotated_targets/exif", "turned_target", False),
        ("02_flipped_or_rotated_targets/flip_lr", "turned_target", False),
        ("03_instance_masks_few_objects", "instance_masks", False),
        ("07_mask_polarity_mixed/bool_tiff", "mask_polarity", False),
        ("08_mask_values_128_and_255/grey", "separate_labels", False),
        ("12_mask_in_alpha", "all_constant", True),
        ("18_uint32_labels_above_65535", "instance_masks", True),
    ],
)
def test_reported_files(place: str, kind: str, fatal: bool) -> None:
    folder = whole(f"reports/{place}")
    lists = (tuple(map(str, list_images([folder / name]))) for name in ("img", "lab"))
    specs = replace(Specs(), data=DataSpec(*lists))
    problem = only(specs, kind)
    assert problem.fatal == fatal
    if problem.repair:
        mended(specs, problem)
