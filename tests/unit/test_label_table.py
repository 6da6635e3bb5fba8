"""The classes of label maps changed step by step, and what they make of a target."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepimagetranslator.app.label_editor import (
    TOO_MANY,
    LabelTable,
    before_and_after,
    colours_text,
    count_colours,
)
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image

COLOURS = ((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0))


def classes() -> np.ndarray:
    """Class 1 in the upper left, a little of class 2 and 3 in the lower right."""
    numbers = np.zeros((256, 256), np.uint8)
    numbers[10:150, 10:150] = 1
    numbers[180:200, 180:240] = 2
    numbers[210:240, 200:240] = 3
    return numbers


def target() -> np.ndarray:
    return Palette(COLOURS, "uint8").decode(classes())


def blurred() -> np.ndarray:
    return cv2.GaussianBlur(target(), (0, 0), 1.5)


def count(*images: np.ndarray) -> ColourCount:
    result = ColourCount()
    for image in images:
        result.add(image)
    return result


def test_what_was_found_is_not_written_down_until_it_is_changed() -> None:
    data = DataSpec(train_targets=("a.png",))
    table = LabelTable(data, count(target()))
    assert [one.colours for one in table.classes] == [(colour,) for colour in COLOURS]
    assert table.chosen(data) == data
    table.rename(1, " lean; tissue ")
    assert table.chosen(data).labels[1] == "0,0,255=lean, tissue"
    table.reset()
    assert table.chosen(data) == data
    table.snap = True
    assert table.chosen(data).snap_labels and len(table.chosen(data).labels) == 4


def test_exclusive_classes_are_offered_where_each_colour_has_one_channel_on() -> None:
    data = DataSpec(exclusive_classes=True)
    table = LabelTable(data, count(target()))
    assert table.exclusive and table.can_be_exclusive and table.chosen(data) == data
    table.exclusive = False
    assert table.chosen(data) == DataSpec()
    table.set_colours(1, "0,0,255 + 255,255,0")
    assert table.can_be_exclusive, "the first colour of a class is learnt"
    table.set_colours(1, "255,255,0")
    assert not table.can_be_exclusive
    assert not LabelTable(DataSpec(), count(target()[..., :1])).can_be_exclusive


def test_shares_are_those_of_the_pixels() -> None:
    table = LabelTable(DataSpec(), count(target()))
    parts = [f"{(classes() == number).mean():.1%}" for number in range(4)]
    assert table.shares() == parts
    table.merge([1, 3])
    merged = f"{np.isin(classes(), (1, 3)).mean():.1%}"
    assert table.shares()[1] == merged
    soft = LabelTable(DataSpec(), count(blurred()))
    for words, part in zip(soft.shares(), parts, strict=True):
        assert abs(float(words.strip("<% ")) - float(part.strip("%"))) < 2


def test_merging_adding_and_removing() -> None:
    table = LabelTable(DataSpec(), count(target()))
    assert table.merge([2, 1]) == 1
    assert colours_text(table.classes[1]) == "0,0,255 + 0,255,0"
    with pytest.raises(UserError, match="two classes or more"):
        table.merge([1])
    table.remove([2])
    assert "(255, 0, 0)" in table.found and table.found.startswith("Training targets")
    assert table.add() == 2 and table.classes[2].colours == ((255, 0, 0),)
    assert "(255, 0, 0)" not in table.found
    table.set_colours(2, "rest")
    assert table.palette is not None and table.palette.rest == 2
    table.merge([1, 2])
    assert table.classes[1].rest and len(table.classes) == 2
    table.remove([1])
    assert "2 to 32" in table.problem and table.palette is None
    while len(table.classes) < 32:
        table.add()
    assert table.palette is not None, "every added class has a colour of its own"
    with pytest.raises(UserError, match="at most 32"):
        table.add()


def test_typed_colours() -> None:
    table = LabelTable(DataSpec(), count(target()))
    table.recolour(3, "#c80000")
    assert table.palette is not None and table.palette.written[3] == (200, 0, 0)
    table.recolour(3, " ")
    assert table.palette is not None and table.palette.written == ()
    for text in ("red", "0,0,255", "1,2"):
        before = list(table.classes)
        with pytest.raises(UserError):
            table.set_colours(3, text)
        assert table.classes == before
    with pytest.raises(UserError):
        table.recolour(3, "rest")


def test_blurred_label_maps_are_proposed_and_taken_by_ok() -> None:
    table = LabelTable(DataSpec(), count(blurred()))
    assert table.snap and "blurred" in table.found
    chosen = table.chosen(DataSpec())
    assert chosen.snap_labels and chosen.labels == ("0,0,0", "0,0,255", "0,255,0", "255,0,0")
    again = LabelTable(chosen, count(blurred()))
    assert again.classes == table.classes and again.chosen(chosen) == chosen
    again.snap = False
    assert "more than 32 colours" in again.found


def test_values_keep_their_classes_for_another_time() -> None:
    data = DataSpec(target_kind="values")
    table = LabelTable(data, count(target()))
    assert len(table.classes) == 4 and table.palette is None and not table.problem
    assert table.chosen(data) == data
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 1), np.uint8)
    table = LabelTable(DataSpec(), count(noise))
    assert not table.classes and table.found == TOO_MANY
    assert table.chosen(DataSpec()) == DataSpec()


def test_before_and_after_show_where_most_changes() -> None:
    table = LabelTable(DataSpec(), count(blurred()))
    assert table.palette is not None
    found = before_and_after(blurred(), table.palette, "x")
    assert (found.after == target()).all(2).mean() > 0.99
    visible = np.abs(found.after.astype(int) - blurred()).max(2) > 16
    assert found.changed == pytest.approx(visible.mean(), abs=0.01)
    x, y, zoom = found.region
    assert zoom > 1 and visible[int(y * 256) - 16 :, int(x * 256) - 16 :][:32, :32].any()
    table.recolour(3, "9,9,9")
    found = before_and_after(target(), table.palette, "x")
    assert found.changed == 0 and found.region == (0.5, 0.5, 1.0)
    exact = replace(table.palette, snap=False)
    with pytest.raises(UserError, match="none of the 4 label colours"):
        before_and_after(blurred(), exact, "x")


def test_colours_are_counted_over_all_readable_targets(tmp_path: Path) -> None:
    files = [ImageRef(tmp_path / f"{number}.png") for number in range(3)]
    write_image(files[0].file, target())
    write_image(files[1].file, target()[:100])
    files[2].file.write_bytes(b"no image")
    found = count_colours(files, lambda: False)
    assert sum(found.pixels.values()) == 256 * 256 + 256 * 100
    assert not count_colours(files, lambda: True).pixels
