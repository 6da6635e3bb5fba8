"""Translation skips images of other values before anything is written, unless they are accepted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import files, write_network
from tiny import picture

from deepimagetranslator.core.checks.values.unlike_inputs import ACCEPT
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.input_statistics import InputMeter
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image, write_stack
from deepimagetranslator.core.messages.events import FilesRead, ImageSkipped, ImageTranslated
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator
from deepimagetranslator.ml.weights_card import WeightsCard

ACCEPTING = TranslationSpec(accept_values=True)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that know the values of ten pictures."""
    refs = [ImageRef(Path(f"{n}.png")) for n in range(10)]
    meter = InputMeter(refs, BYTES)
    for n, ref in enumerate(refs):
        meter.add(ref, picture(n))
    statistics = meter.statistics()
    return write_network(tmp_path_factory.mktemp("known"), "known", input_statistics=statistics)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of right pictures with an inverted one, and an inverted folder and stack."""
    folder = tmp_path / "in"
    for n in (21, 22):
        write_image(folder / "right" / f"{n}.png", picture(n))
        write_image(folder / "wrong" / f"{n}.png", 255 - picture(n))
    write_image(folder / "right" / "odd.png", 255 - picture(23))
    inverted = [255 - picture(n) for n in range(30, 35)]
    write_stack(folder / "stack.tif", inverted, None, 0)
    return folder


def test_series_and_images_of_other_values_are_skipped(
    known: Path, mixed: Path, tmp_path: Path
) -> None:
    events: list[object] = []
    right = [mixed / "right" / f"{n}.png" for n in (21, 22, 21, 22)]
    result = translate(known, [mixed, *right], tmp_path / "out", report=events.append)
    assert files(tmp_path / "out") == ["right/21.png", "right/22.png"]
    skipped = {source.file.relative_to(mixed).as_posix(): why for source, why in result.skipped}
    assert set(skipped) == {"stack.tif", "wrong/21.png", "wrong/22.png", "right/odd.png"}
    assert all("black and white are exchanged" in why for why in skipped.values())
    assert {problem.remedy for problem in result.problems} == {ACCEPT}
    sizes = {Path(problem.subject).name: len(problem.files) for problem in result.problems}
    assert sizes == {"wrong": 2, "stack.tif": 5, "odd.png": 1}
    told = [event for event in events if isinstance(event, ImageSkipped | ImageTranslated)]
    assert [event.count for event in told] == [10] * len(told)
    assert told[-1].index == 10
    assert [e.count for e in events if isinstance(e, FilesRead)] == [3, 3, 3]


def test_they_are_translated_if_accepted(known: Path, mixed: Path, tmp_path: Path) -> None:
    result = translate(known, [mixed], tmp_path / "out", ACCEPTING)
    assert (len(result.translated), result.skipped, result.problems) == (10, (), ())


def test_whoever_asks_first_gets_the_problems_and_no_files(
    known: Path, mixed: Path, tmp_path: Path
) -> None:
    result = translate(known, [mixed], tmp_path / "out", ask=True)
    assert len(result.problems) == 2 and not (result.translated or result.skipped)
    assert not (tmp_path / "out").exists()
    (right,) = [mixed / "right" / "21.png"]
    assert len(translate(known, [right], tmp_path / "out", ask=True).translated) == 1


def test_weights_without_statistics_say_nothing(mixed: Path, tmp_path: Path) -> None:
    old = write_network(tmp_path, "old")
    assert Translator(old).card.trained is None
    assert len(translate(old, [mixed], tmp_path / "out").translated) == 10


def test_the_statistics_are_stored_in_the_weights(known: Path, tmp_path: Path) -> None:
    card = weights.read_card(known)
    assert card.input_statistics is not None and card.input_statistics.images == 10
    assert WeightsCard.from_json(card.to_json(), "w") == card
    older = {k: v for k, v in card.to_json().items() if k != "input_statistics"}
    assert WeightsCard.from_json(older, "w") == replace(card, input_statistics=None)
    trained = Translator(known).card.trained
    assert trained is not None and trained.image(picture(40)) == ""
    assert "black and white" in trained.image(np.uint8(255) - picture(40))
