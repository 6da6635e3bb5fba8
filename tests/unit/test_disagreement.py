"""How far networks are apart on an image: worked by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.core.evaluation.disagreement import (
    DICE,
    SD,
    TABLE,
    Apart,
    SecondLook,
    read_second_look,
    worst_first,
    write_second_look,
)
from deepimagetranslator.core.imaging.image_ref import ImageRef


def row(*classes: int) -> np.ndarray:
    return np.array([classes], np.uint8)


def test_label_maps_by_the_dice_of_pairs() -> None:
    """Class 1: Dice 2/3, 0 and 0 of the three pairs; class 2 that only the third finds: 0 twice."""
    maps = [row(0, 1, 1, 0), row(0, 1, 0, 0), row(2, 0, 0, 0)]
    apart = Apart.of_classes(maps, 3, background=True)
    assert apart.measure == DICE
    assert apart.disagreement == pytest.approx(1 - (2 / 3 + 0 + 0 + 0 + 0) / 5)
    with_background = Apart.of_classes(maps, 3, background=False)
    assert with_background.disagreement != apart.disagreement


def test_equal_and_empty_label_maps_agree() -> None:
    assert Apart.of_classes([row(0, 1), row(0, 1)], 2, True).disagreement == 0
    assert Apart.of_classes([row(0, 0), row(0, 0)], 2, True).disagreement == 0


def test_the_counts_of_tiles_add_up() -> None:
    whole = [row(0, 1, 1, 0, 2, 2), row(0, 1, 0, 0, 2, 0)]
    halves = [[one[:, :3] for one in whole], [one[:, 3:] for one in whole]]
    first, second = (Apart.of_classes(half, 3, True) for half in halves)
    assert (first + second).disagreement == Apart.of_classes(whole, 3, True).disagreement


def test_values_by_the_mean_of_their_deviation() -> None:
    apart = Apart.of_values(np.array([[0.1, 0.3]], np.float32), 200.0)
    assert apart.measure == SD and apart.disagreement == pytest.approx(40)
    more = apart + Apart.of_values(np.zeros((1, 2), np.float32), 200.0)
    assert more.disagreement == pytest.approx(20)


def test_the_table_begins_with_the_worst_and_an_earlier_one_is_kept(tmp_path: Path) -> None:
    looks = [
        SecondLook(ImageRef(Path(f"{name}.png")), ImageRef(Path("out") / f"{name}.png"), value, SD)
        for name, value in (("a", 0.5), ("b", 2.0), ("c", 0.0))
    ]
    table = write_second_look(worst_first(looks), tmp_path)
    before = table.read_bytes()
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [one["image"] for one in rows] == ["b.png", "a.png", "c.png"]
    assert [float(one["disagreement"]) for one in rows] == [2.0, 0.5, 0.0]
    write_second_look(worst_first(looks[:1]), tmp_path)
    assert (tmp_path / f"{TABLE}.bak").read_bytes() == before


def test_the_table_is_read_again_for_the_images_that_it_names_once(tmp_path: Path) -> None:
    def look(name: str, value: float) -> SecondLook:
        return SecondLook(ImageRef(Path("in") / name), ImageRef(tmp_path / name), value, SD)

    volume = ImageRef(tmp_path / "scan.nii.gz", 3)
    looks = [look("a.png", 0.5), look("b.png", 0.25), look("c.png", 1.0), look("c.png", 2.0)]
    looks.append(SecondLook(ImageRef(Path("in/scan.nii.gz"), 3), volume, 0.75, SD))
    write_second_look(looks, tmp_path)
    images = [ImageRef(tmp_path / name) for name in ("a.png", "b.png", "c.png", "d.png")]
    expected = {images[0]: 0.5, images[1]: 0.25, volume: 0.75}
    assert read_second_look([*images, volume], tmp_path) == expected
    other = ImageRef(tmp_path / "p2" / "a.png")
    assert read_second_look([*images, other], tmp_path) == {images[1]: 0.25}


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b'output,disagreement\na.png,"high"\n']
)
def test_a_damaged_table_says_nothing(tmp_path: Path, content: bytes) -> None:
    images = [ImageRef(tmp_path / "a.png")]
    assert read_second_look(images, tmp_path) == {}
    (tmp_path / TABLE).write_bytes(content)
    assert read_second_look(images, tmp_path) == {}
