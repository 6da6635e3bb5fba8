"""Numbered objects are told from numbered classes by what a number keeps from image to image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from deepimagetranslator.core.augmentation.sampling import PairReader
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.repairs import ALL, chosen_repair, repaired
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs
from deepimagetranslator.core.data.facts import thumbnail_of
from deepimagetranslator.core.data.labels.numbering import (
    CLASSES,
    MAYBE_OBJECTS,
    OBJECTS,
    highest_number,
    meaning_of,
    numbered_regions,
)
from deepimagetranslator.core.data.labels.outlines import OBJECT, OUTLINE, objects_with_outlines
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image

SIDE = 64
Labels = np.ndarray
Draw = Callable[[np.random.Generator, int], Labels]
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]


def disc(row: float, column: float, radius: float) -> np.ndarray:
    return (ROWS - row) ** 2 + (COLUMNS - column) ** 2 < radius**2


def cells(least: int, most: int, order: str = "") -> Draw:
    """Scattered cells, numbered at random, in an order of place, or the largest first."""

    def draw(rng: np.random.Generator, _: int) -> Labels:
        masks: list[np.ndarray] = []
        wanted = int(rng.integers(least, most + 1))
        while len(masks) < wanted:
            cell = disc(*rng.uniform(5, 59, 2), rng.uniform(3, 6))
            if not any((cell & other).any() for other in masks):
                masks.append(cell)
        keys: dict[str, Callable[[np.ndarray], float]] = {
            "row": lambda mask: np.flatnonzero(mask)[0],
            "column": lambda mask: np.flatnonzero(mask.T)[0],
            "size": lambda mask: -mask.sum(),
        }
        if order:
            masks.sort(key=keys[order])
        labels = np.zeros((SIDE, SIDE), np.uint16)
        for number, mask in enumerate(masks, 1):
            labels[mask] = number
        return labels

    return draw


def stacked(*masks: np.ndarray) -> Labels:
    labels = np.zeros((SIDE, SIDE), np.uint16)
    for number, mask in enumerate(masks, 1):
        labels[mask] = number
    return labels


def liver_and_spleen(rng: np.random.Generator, index: int) -> Labels:
    """The spleen is not on every slice."""
    liver = disc(*rng.normal((30, 18), 3), rng.uniform(9, 15))
    spleen = disc(*rng.normal((34, 50), 3), rng.uniform(4, 7))
    return stacked(liver, spleen) if index % 2 else stacked(liver)


def lesion_in_organ(rng: np.random.Generator, index: int) -> Labels:
    organ, lesion = rng.uniform(20, 44, 2), rng.uniform(2, 6)
    return stacked(disc(*organ, 16), *[disc(*rng.normal(organ, 4), lesion)] * (index % 3 > 0))


def cell_and_nucleus(rng: np.random.Generator, index: int) -> Labels:
    """One cell anywhere; some have lost the nucleus."""
    centre = rng.uniform(20, 44, 2)
    nucleus = [disc(*rng.normal(centre, 2), rng.uniform(4, 6))] * (index % 4 > 0)
    return stacked(disc(*centre, rng.uniform(12, 17)), *nucleus)


def vertebrae(rng: np.random.Generator, _: int) -> Labels:
    """Four to six below each other."""
    top, column = rng.uniform(3, 8), rng.uniform(26, 38)
    starts = (top + 10 * number for number in range(rng.integers(4, 7)))
    return stacked(*((abs(ROWS - start) < 4) & (abs(COLUMNS - column) < 6) for start in starts))


def layers(rng: np.random.Generator, _: int) -> Labels:
    """Three to five layers of a retina, of which the lowest are cut off."""
    edges = np.cumsum(rng.uniform(6, 10, 6))
    count = rng.integers(3, 6)
    return stacked(*((edges[n] <= ROWS) & (edges[n + 1] > ROWS) for n in range(count)))


def two_kinds(rng: np.random.Generator, index: int) -> Labels:
    """One cell of each of two kinds, that differ in brightness only."""
    one, other = (disc(*rng.uniform(8, 56, 2), 6) for _ in range(2))
    return stacked(one, *[other & ~one] * (index % 3 > 0))


def tissues(rng: np.random.Generator, index: int) -> Labels:
    """Many pieces of three kinds."""
    coarse = rng.integers(0, 4 - index % 2, (16, 16)).repeat(4, 0).repeat(4, 1)
    return coarse.astype(np.uint16)


BRIGHT = (60, 150, 150, 150, 150, 150, 150, 150, 150, 150)
CLASS_MAPS: dict[Draw, tuple[int, ...]] = {
    liver_and_spleen: (60, 140, 140),
    lesion_in_organ: (60, 140, 110),
    cell_and_nucleus: (60, 100, 150),
    vertebrae: BRIGHT,
    layers: (60, 140, 100, 170, 90, 130),
    two_kinds: (60, 100, 150),
    tissues: (60, 100, 140, 170),
}
"""How class maps are drawn, and the brightness of each class in the input."""


def pictures(
    draw: Draw, levels: tuple[int, ...], count: int
) -> Iterator[tuple[np.ndarray, Labels]]:
    """Inputs, in which each number has its brightness, and label maps."""
    rng = np.random.default_rng(3)
    for index in range(count):
        labels = draw(rng, index)
        noisy = np.array(levels, float)[labels] + rng.normal(0, 6, labels.shape)
        yield noisy.clip(0, 255).astype(np.uint8)[..., None], labels


def meaning(draw: Draw, levels: tuple[int, ...] = BRIGHT, count: int = 20) -> str:
    counts, images = [], []
    for image, labels in pictures(draw, levels, count):
        colours = [(int(value),) for value in np.unique(labels)]
        counts.append(highest_number(colours))
        if counts[-1] > 1:
            images.append(numbered_regions(labels.astype(np.uint8), thumbnail_of(image)))
    return meaning_of(counts, images) if all(counts) else CLASSES


@pytest.mark.parametrize("order", ["", "row", "column"])
@pytest.mark.parametrize("most", [3, 6, 9])
def test_cells_are_objects_however_they_are_numbered(order: str, most: int) -> None:
    assert meaning(cells(1, most, order)) == OBJECTS


@pytest.mark.parametrize("count", [5, 8, 12])
def test_a_few_images_of_cells_are_at_least_asked_about(count: int) -> None:
    assert meaning(cells(2, 5), count=count) in (OBJECTS, MAYBE_OBJECTS)


def test_two_objects_are_enough() -> None:
    assert meaning(cells(1, 2), count=30) in (OBJECTS, MAYBE_OBJECTS)


def test_the_largest_first_may_be_classes() -> None:
    assert meaning(cells(2, 7, "size")) == MAYBE_OBJECTS


def test_always_as_many_are_classes() -> None:
    assert meaning(cells(4, 4)) == CLASSES


@pytest.mark.parametrize("count", [5, 10, 30])
@pytest.mark.parametrize("draw", CLASS_MAPS)
def test_classes_raise_nothing(draw: Draw, count: int) -> None:
    assert meaning(draw, CLASS_MAPS[draw], count) == CLASSES


@pytest.mark.parametrize(
    ("values", "highest"),
    [((0, 1, 2, 3), 3), ((1, 2), 2), ((0, 1, 2, 4), 0), ((2, 3), 0), ((0,), 0), ((0, 255), 0)],
)
def test_numbers_have_no_gap(values: tuple[int, ...], highest: int) -> None:
    assert highest_number([(value,) for value in values]) == highest
    assert highest_number([(value, 0, 0) for value in values]) == 0


# --- in a project -------------------------------------------------------------------------------


def project(
    folder: Path, draw: Draw, levels: tuple[int, ...] = BRIGHT, offset: int = 0, count: int = 16
) -> Specs:
    """Pairs in files, a quarter for validation; labels above 65535 with an offset."""
    lists: dict[str, list[str]] = {"images": [], "labels": []}
    for index, (image, labels) in enumerate(pictures(draw, levels, count)):
        for name, paths in lists.items():
            paths.append(str(folder / name / f"{index}.tif"))
            (folder / name).mkdir(exist_ok=True)
        write_image(lists["images"][-1], image)
        wide = labels.astype(np.uint32) + offset * (labels > 0)
        tifffile.imwrite(lists["labels"][-1], wide if offset else labels)
    train = 3 * count // 4
    data = DataSpec(
        *(tuple(lists[name][:train]) for name in lists),
        *(tuple(lists[name][train:]) for name in lists),
    )
    return Specs(data=data, model=ModelSpec(depth=2))


def only(specs: Specs, kind: str) -> Problem:
    (problem,) = (problem for problem in examine(specs)[2] if problem.kind == kind)
    return problem


@pytest.mark.parametrize("offset", [0, 70_000])
def test_objects_are_learnt_as_one_class(tmp_path: Path, offset: int) -> None:
    specs = project(tmp_path, cells(1, 6), offset=offset)
    problem = only(specs, "instance_masks")
    assert problem.repair and (offset or chosen_repair(problem, {ALL}) is None)
    specs = repaired(specs, problem.repair)
    assert "instance_masks" not in {problem.kind for problem in examine(specs)[2]}
    dataset = prepare(specs)
    assert dataset.channel_names == ("background", "object") or dataset.model.target_channels == 1
    y = PairReader(dataset, 0).read(dataset.train[0])[1]
    labels = read_image(Path(specs.data.train_targets[0]))
    np.testing.assert_array_equal(y[..., 0], labels[..., 0] > 0)


@pytest.mark.parametrize("offset", [0, 70_000])
def test_objects_are_learnt_with_their_outlines(tmp_path: Path, offset: int) -> None:
    specs = project(tmp_path, cells(1, 6), offset=offset)
    outline = next(r for r in only(specs, "instance_masks").repairs if r.name == "outline")
    dataset = prepare(repaired(specs, outline))
    assert dataset.palette is not None
    assert set(dataset.palette.names) == {"background", "object", "outline"}


def test_validation_with_more_objects_than_training_is_explained_by_them(tmp_path: Path) -> None:
    specs = project(tmp_path, lambda rng, index: cells(2 + index // 4, 2 + index // 4)(rng, index))
    found = examine(specs)[2]
    assert {problem.kind for problem in found} == {"instance_masks"}
    assert found[0].fatal and found[0].repair
    assert examine(repaired(specs, found[0].repair))[0] is not None


@pytest.mark.parametrize("draw", [liver_and_spleen, lesion_in_organ])
def test_class_maps_in_a_project_raise_nothing(tmp_path: Path, draw: Draw) -> None:
    found = examine(project(tmp_path, draw, CLASS_MAPS[draw]))[2]
    assert not {problem.kind for problem in found} & {"instance_masks", "maybe_instances"}


def volumes(folder: Path, draw: Draw, levels: tuple[int, ...]) -> Specs:
    """Five volumes of six slices; each number is in some of the slices."""
    rng, lists = np.random.default_rng(4), ([], [])
    for index, (_, labels) in enumerate(pictures(draw, levels, 5)):
        first = rng.integers(0, 3, labels.max() + 1)
        slices = [
            np.where((first + 3 >= z) & (first <= z), 1, 0)[labels] * labels for z in range(6)
        ]
        images = [
            (np.array(levels)[one] + rng.normal(0, 6, one.shape)).astype(np.uint8) for one in slices
        ]
        for name, stack, texts in zip(("in", "out"), (images, slices), lists, strict=True):
            (folder / name).mkdir(exist_ok=True)
            file = folder / name / f"{index}.tif"
            tifffile.imwrite(file, np.array(stack, np.uint8), photometric="minisblack")
            texts.extend(str(ImageRef(file, number)) for number in range(1, 7))
    return Specs(data=DataSpec(*map(tuple, lists)), model=ModelSpec(depth=2))


def test_objects_of_volumes_are_numbered_in_the_whole_volume(tmp_path: Path) -> None:
    found = examine(volumes(tmp_path, cells(3, 7), BRIGHT))[2]
    (problem,) = (p for p in found if p.kind in ("instance_masks", "maybe_instances"))
    outline = next(repair for repair in problem.repairs if repair.name == "outline")
    assert len(outline.changes) == 5


def test_organs_of_volumes_raise_nothing(tmp_path: Path) -> None:
    found = examine(volumes(tmp_path, liver_and_spleen, CLASS_MAPS[liver_and_spleen]))[2]
    assert not {problem.kind for problem in found} & {"instance_masks", "maybe_instances"}


def test_large_smooth_values_are_no_objects(tmp_path: Path) -> None:
    lists: list[list[str]] = [[], []]
    for index in range(6):
        values = (ROWS * 3000 + COLUMNS * 1700 + index).astype(np.float32)
        for paths in lists:
            paths.append(str(tmp_path / f"{len(lists)}_{index}.tif"))
            write_image(paths[-1], values[..., None])
    specs = Specs(data=DataSpec(tuple(lists[0]), tuple(lists[1])))
    assert "instance_masks" not in {problem.kind for problem in examine(specs)[2]}


@pytest.mark.parametrize("side", [20, 600])
def test_outlines_lie_inside_the_objects_where_they_meet_another_number(side: int) -> None:
    labels = np.zeros((side, side, 1), np.float32)
    third = side // 3
    labels[third : 2 * third, :third] = 70_001
    labels[third : 2 * third, third : 2 * third] = 70_002
    result = objects_with_outlines(labels)
    reach = max(1, round(side / 256))
    padded = np.pad(labels[..., 0], reach, mode="edge")
    shifts = range(2 * reach + 1)
    near = [padded[r : r + side, c : c + side] for r in shifts for c in shifts]
    outline = np.any([other != labels[..., 0] for other in near], axis=0) & (labels[..., 0] > 0)
    np.testing.assert_array_equal((result == OUTLINE).all(axis=2), outline)
    np.testing.assert_array_equal((result == OBJECT).all(axis=2), (labels[..., 0] > 0) & ~outline)
