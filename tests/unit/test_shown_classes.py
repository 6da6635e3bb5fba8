"""Names and colours of label classes in the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepimagetranslator.app.shown_classes import (
    classes_of_channels,
    classes_of_project,
    shown_classes,
)
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs, TrainingSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.palette import Palette

COLOURS = ((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0))
NAMES = ("", "lean tissue", "visceral fat", "")


def dataset_of(palette: Palette, channels: int, activation: str = "sigmoid") -> Dataset:
    model = replace(ModelSpec(), target_channels=channels, final_activation=activation)
    return Dataset((), (), model, BYTES, BYTES, palette, sparse=False)


def test_unnamed_classes_are_named_by_their_colours() -> None:
    found = shown_classes(Palette(COLOURS, "uint8", NAMES))
    assert [one.name for one in found.classes] == ["black", "lean tissue", "visceral fat", "red"]
    assert [one.colour for one in found.classes] == ["#000000", "#0000ff", "#00ff00", "#ff0000"]
    assert found.high is None
    assert (found.name_of((0, 0, 255)), found.name_of((255, 0, 0))) == ("lean tissue", "")


@pytest.mark.parametrize(
    ("values", "dtype", "high", "shades"),
    [
        ((0, 1, 2), "uint8", 2, ["#000000", "#808080", "#ffffff"]),
        ((0, 128, 255), "uint8", 255, ["#000000", "#808080", "#ffffff"]),
        ((0, 65535), "uint16", 65535, ["#000000", "#ffffff"]),
    ],
)
def test_grey_classes_have_the_shades_that_panes_draw(
    values: tuple[int, ...], dtype: str, high: float, shades: list[str]
) -> None:
    found = shown_classes(Palette(tuple((value,) for value in values), dtype))
    assert found.high == high
    assert [one.colour for one in found.classes] == shades
    assert [one.name for one in found.classes] == [str(value) for value in values]


def test_merged_and_rewritten_colours_belong_to_their_class() -> None:
    palette = Palette(
        ((0,), (1,)), "uint8", ("", "organ"), written=((0,), (200,)), also=(((7,), 1),)
    )
    found = shown_classes(palette)
    assert [found.name_of((value,)) for value in (0, 1, 7, 200, 9)] == ["", *["organ"] * 3, ""]


@pytest.mark.parametrize(
    ("palette", "channels", "activation", "expected"),
    [
        (
            Palette(COLOURS, "uint8", NAMES),
            3,
            "sigmoid",
            {"red": "red", "green": "visceral fat", "blue": "lean tissue"},
        ),
        (
            Palette(COLOURS, "uint8", NAMES),
            4,
            "softmax",
            {"lean tissue": "lean tissue", "visceral fat": "visceral fat", "class3": "red"},
        ),
        (Palette(((0,), (255,)), "uint8", ("", "cell")), 1, "sigmoid", {"grey": "cell"}),
        # Yellow and red share the red channel, which stands for neither.
        (Palette(((0, 0, 0), (255, 255, 0), (255, 0, 0)), "uint8"), 3, "sigmoid", {
            "green": "yellow",
        }),
    ],
)  # fmt: skip
def test_each_channel_of_the_network_stands_for_a_class(
    palette: Palette, channels: int, activation: str, expected: dict[str, Any]
) -> None:
    found = classes_of_channels(dataset_of(palette, channels, activation))
    assert {channel: one.name for channel, one in found.items()} == expected


def test_without_label_maps_there_are_no_classes() -> None:
    assert shown_classes(None).classes == ()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("dice_crossentropy", {"red": "fat", "blue": "blue"}),
        ("categorical_crossentropy", {"fat": "fat", "class2": "blue"}),
    ],
)
def test_classes_of_painted_label_maps_are_known_before_they_are_read(
    loss: str, expected: dict[str, str]
) -> None:
    labels = ("0,0,0=background", "255,0,0=fat", "0,0,255")
    specs = Specs(data=DataSpec(labels=labels), training=TrainingSpec(loss=loss))
    found = classes_of_project(specs)
    assert {channel: one.name for channel, one in found.items()} == expected
    assert classes_of_project(Specs()) == {}
