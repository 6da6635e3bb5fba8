"""How much a network disagrees with itself on an image and its mirror images."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from networks import COLOURS, write_network
from tiny import picture

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import Event, FilesRead
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.self_disagreement import self_disagreement, self_disagreements
from deepimagetranslator.ml.translator import Translator


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of three classes with weights that no image's mirror image leaves alone."""
    folder = tmp_path_factory.mktemp("network")
    choices = {"target_channels": 3, "final_activation": "softmax", "palette": COLOURS}
    path = write_network(folder, "classes", **choices)
    model, card = weights.load(path)
    rng = np.random.default_rng(2)
    model.set_weights([w + rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    weights.save(model, path, card)
    return path


def reference(translator: Translator, image: np.ndarray) -> float:
    """1 - mean Dice over pairs and over the classes that one of both finds, without background."""
    maps = []
    for across in (False, True):
        for down in (False, True):
            turned = image[::-1] if down else image
            turned = turned[:, ::-1] if across else turned
            (y,) = translator.predict([np.ascontiguousarray(turned)], ["it"])
            found = y.argmax(axis=-1)
            found = found[:, ::-1] if across else found
            maps.append(found[::-1] if down else found)
    dice = []
    for a, b in combinations(maps, 2):
        for number in (1, 2):
            both, each = ((a == number) & (b == number)).sum(), (a == number).sum()
            each += (b == number).sum()
            if each:
                dice.append(2 * both / each)
    return 1 - float(np.mean(dice))


@pytest.mark.parametrize("size", [(16, 24), (40, 31)])
def test_it_is_1_minus_the_mean_dice_of_the_four_predictions(
    network: Path, size: tuple[int, int]
) -> None:
    translator = Translator(network)
    image = picture(5, *size)
    found = self_disagreement(translator, image)
    assert found == pytest.approx(reference(translator, image), abs=1e-9)
    assert 0 < found < 1


def test_a_network_that_ignores_the_image_agrees_with_itself(tmp_path: Path) -> None:
    choices = {"target_channels": 3, "palette": COLOURS}
    same = Translator(write_network(tmp_path, "same", 0.9, **choices))
    assert self_disagreement(same, picture(1, 16, 24)) == 0


def test_images_that_do_not_fit_are_told_and_a_cancelled_look_ends(
    network: Path, tmp_path: Path
) -> None:
    good, bad = ImageRef(tmp_path / "good.png"), ImageRef(tmp_path / "bad.png")
    write_image(good.file, picture(1, 16, 24))
    bad.file.write_bytes(b"no image")
    told: list[Event] = []
    values, problems = self_disagreements(Translator(network), [good, bad], told.append)
    assert list(values) == [good] and [one.subject for one in problems] == [str(bad)]
    assert told == [FilesRead(1, 2), FilesRead(2, 2)]
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        self_disagreements(Translator(network), [good], control=control)


def test_a_network_of_values_has_no_classes_to_disagree_on(tmp_path: Path) -> None:
    values = Translator(write_network(tmp_path, "values"))
    with pytest.raises(UserError):
        self_disagreement(values, picture(1, 16, 24))
