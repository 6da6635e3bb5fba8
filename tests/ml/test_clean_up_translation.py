"""Clean-up of translated label maps: written, in tiles, and evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import write_identity

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import LogLine
from deepimagetranslator.ml.evaluation import evaluate, evaluate_weights
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator

RULES = ("object: islands under 20", "object: holes under 9")
PALETTE = Palette(((0,), (255,)), "uint8", names=("background", "object"))


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that gives back masks of 16 x 24 pixels."""
    return write_identity(tmp_path_factory.mktemp("weights"), BYTES, palette=PALETTE)


def mask(height: int = 16, width: int = 24) -> np.ndarray:
    """An object across the middle, wider than a tile."""
    image = np.zeros((height, width, 1), np.uint8)
    image[height // 2 - 2 : height // 2 + 4, 3:-3] = 255
    return image


def spoilt(image: np.ndarray) -> np.ndarray:
    """The mask with an island and a hole."""
    spoilt = image.copy()
    spoilt[1:3, 1:6] = 255
    middle = image.shape[0] // 2
    spoilt[middle : middle + 2, 8:11] = 0
    return spoilt


def test_label_maps_are_written_clean_and_what_cleaned_them_is_said(
    identity: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "in" / "a.png", spoilt(mask()))
    told: list[object] = []
    for name, rules in (("clean", RULES), ("raw", ())):
        spec = TranslationSpec(clean_up=rules)
        result = translate(identity, [tmp_path / "in"], tmp_path / name, spec, report=told.append)
        assert result.clean_up == rules
    assert (read_image(ImageRef(tmp_path / "clean" / "a.png")) == mask()).all()
    assert (read_image(ImageRef(tmp_path / "raw" / "a.png")) == spoilt(mask())).all()
    lines = [event.text for event in told if isinstance(event, LogLine)]
    assert [line for line in lines if line.startswith("Clean-up")] == [
        f"Clean-up of the label maps: {RULES[0]}; {RULES[1]}."
    ]


def test_an_image_in_tiles_is_cleaned_as_a_whole(identity: Path) -> None:
    image = mask(50, 70)
    image[22, 10:40] = 255  # above the object and part of it
    bridge = image.copy()
    bridge[2:8, 12:14], bridge[8, 12:26] = 255, 255  # 26 pixels in several tiles
    tiles = Translator(identity, large_images="tiles", clean_up=RULES)
    assert tiles.in_tiles(image)
    assert (tiles.translate(spoilt(bridge)) == bridge).all()


def test_values_stay_and_an_unknown_class_is_refused_before_anything_is_written(
    identity: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "in" / "a.png", spoilt(mask()))
    values = TranslationSpec(output="values", clean_up=RULES)
    result = translate(identity, [tmp_path / "in"], tmp_path / "values", values)
    assert result.clean_up == ()
    assert (read_image(ImageRef(tmp_path / "values" / "a.png")) == spoilt(mask())).all()
    wrong = TranslationSpec(clean_up=("liver: largest only",))
    with pytest.raises(UserError, match=r"'liver'.*its classes are background, object"):
        translate(identity, [tmp_path / "in"], tmp_path / "out", wrong)
    assert not list((tmp_path / "out").rglob("*.png"))


def test_weights_are_evaluated_with_their_clean_up(identity: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in" / "a.png", tmp_path / "target" / "a.png"
    write_image(source, spoilt(mask()))
    write_image(target, mask())
    pair = ImagePair(ImageRef(source), ImageRef(target))
    clean, raw = (evaluate_weights(identity, [pair], clean_up=rules) for rules in (RULES, ()))
    translate(identity, [source], tmp_path / "out")
    written = evaluate([tmp_path / "out"], [target])
    dice = [table.whole_volume()["grey"]["dice"] for table in (clean, raw, written)]
    assert dice[0] == 1
    assert dice[1] == dice[2] < 1
