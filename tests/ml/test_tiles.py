"""Large images: no seams, every choice, progress and cancel in the middle, trained on crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import project_of, write_set

from deepimagetranslator.core.config.specs import ModelSpec, TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import ImageTranslated, PartTranslated
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml import image_pipeline, weights
from deepimagetranslator.ml import translator as translators
from deepimagetranslator.ml.network.unet import build_unet, convolutions
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator
from deepimagetranslator.ml.weights_card import WeightsCard

SIDE = 64
FLOATS = IntensityNormalization("type", 0.0, 1.0, "float32")
MODEL = ModelSpec(
    depth=2,
    base_filters=4,
    input_height=SIDE,
    input_width=SIDE,
    input_channels=1,
    target_height=SIDE,
    target_width=SIDE,
    target_channels=1,
    final_activation="linear",
)
BOX = np.full((3, 3), 1 / 9)
POINT = np.pad([[1.0]], 1)


def set_blur(model, spec: ModelSpec, kernel: np.ndarray = BOX) -> None:
    """Make a U-Net a plain filter: the first block filters, the skip carries it to the output."""
    layers = convolutions(model)
    channels = spec.input_channels
    for number, layer in enumerate(layers):
        weight, bias = (np.zeros_like(array) for array in layer.get_weights())
        before_skip = 0
        if number == 4:  # joins what comes from below with the skip
            before_skip = weight.shape[2] - spec.base_filters
        middle = kernel if number == 0 else POINT
        if number not in (2, 3):  # the bridge stays silent
            for channel in range(min(channels, weight.shape[3])):
                place = before_skip + channel
                if number == len(layers) - 1:
                    weight[0, 0, place, channel] = 1
                else:
                    weight[:, :, place, channel] = middle
        layer.set_weights([weight, bias])


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Callable[..., Path]:
    """Writes the weights of a filter network."""
    folder = tmp_path_factory.mktemp("weights")

    def make(name: str, crops: bool = False, kernel: np.ndarray = BOX, **choices: object) -> Path:
        path = folder / f"{name}.weights.h5"
        scaling = choices.pop("target_scaling", FLOATS)
        spec = replace(MODEL, **choices)  # type: ignore[arg-type]
        model = build_unet(spec)
        set_blur(model, spec, kernel)
        card = WeightsCard(spec, target_scaling=scaling, large_images="crop" if crops else "resize")
        weights.save(model, path, card)
        return path

    return make


@pytest.fixture(scope="module")
def blur(make) -> Path:
    return make("blur")


def picture(height: int, width: int, channels: int = 1) -> np.ndarray:
    """Smooth structures and noise, 8 bits."""
    y, x = np.mgrid[:height, :width]
    waves = 0.5 + 0.3 * np.sin(x / 17)[..., None] * np.cos(y / 23)[..., None]
    noise = np.random.default_rng(1).uniform(-0.2, 0.2, (height, width, channels))
    return np.rint(255 * (waves + noise)).astype(np.uint8)


def as_a_whole(path: Path, image: np.ndarray) -> np.ndarray:
    """What the same weights make of the whole image, in a network of its size."""
    card = weights.read_card(path)
    (height, width), spec = image.shape[:2], card.model
    ratio = spec.target_height // spec.input_height
    whole = replace(
        spec,
        input_height=height,
        input_width=width,
        target_height=height * ratio,
        target_width=width * ratio,
    )
    model = build_unet(whole)
    small, _ = weights.load(path)
    model.set_weights(small.get_weights())
    return np.asarray(model.predict_on_batch(image[None] / np.float32(255)))[0]


# --- no seams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(150, 201), (64, 129), (65, 65), (300, 64)])
def test_tiles_show_no_seam(blur, size):
    image = picture(*size)
    tiled = Translator(blur, large_images="tiles").translate(image, "image")
    assert tiled.dtype == np.float32 and tiled.shape == image.shape
    whole = as_a_whole(blur, image)
    assert np.abs(tiled - whole).max() < 1 / 255
    assert np.abs(tiled - image / 255).max() > 0.05  # the network does do something


def test_a_network_that_changes_nothing_gives_the_image_back(make):
    path = make("nothing", kernel=POINT, input_channels=3, target_channels=3)
    image = picture(130, 99, 3)
    tiled = Translator(path, large_images="tiles").translate(image, "image")
    assert np.abs(tiled - image / np.float32(255)).max() < 1e-5


def test_a_target_of_twice_the_size(make):
    path = make("double", target_height=2 * SIDE, target_width=2 * SIDE)
    image = picture(100, 140)
    tiled = Translator(path, large_images="tiles").translate(image, "image")
    assert tiled.shape == (200, 280, 1)
    assert np.abs(tiled - as_a_whole(path, image)).max() < 1 / 255


def test_classes_are_decided_from_all_tiles_together(make, tmp_path):
    """Softmax of two channels: the class is that of the blurred image, as for the whole."""
    palette = Palette(((0,), (7,)), "uint8")
    spec = replace(MODEL, target_channels=2, final_activation="softmax")
    model = build_unet(spec)
    set_blur(model, spec)
    last = convolutions(model)[-1]
    kernel, _ = last.get_weights()
    kernel[0, 0, 0] = -40, 40
    last.set_weights([kernel, np.array([20.0, -20.0])])
    path = tmp_path / "classes.weights.h5"
    weights.save(model, path, WeightsCard(spec, palette=palette))
    image = picture(150, 170)
    labels = Translator(path, large_images="tiles").translate(image, "image")
    whole = as_a_whole(path, image)
    sure = np.abs(whole[..., 0] - 0.5) > 0.05  # bfloat16 may see the others differently
    np.testing.assert_array_equal(labels[sure][:, 0], whole.argmax(-1)[sure] * 7)
    assert sure.mean() > 0.9 and set(np.unique(labels)) == {0, 7}


def test_the_number_of_tiles_at_once_changes_nothing(blur):
    image = picture(150, 201)
    one, five = (
        Translator(blur, large_images="tiles", batch_size=n).translate(image, "i") for n in (1, 5)
    )
    np.testing.assert_allclose(one, five, atol=1e-6)


def test_values_are_scaled_by_the_whole_image_where_each_has_its_own_range(make, tmp_path):
    path = make("range", kernel=POINT)
    model, card = weights.load(path)
    own = IntensityNormalization("image", 0.0, 255.0, "uint8")
    weights.save(model, tmp_path / "own.weights.h5", replace(card, input_scaling=own))
    image = np.zeros((100, 200, 1), np.uint8)
    image[:, :100], image[5, 5] = 50, 100
    tiled = Translator(tmp_path / "own.weights.h5", large_images="tiles").translate(image, "i")
    np.testing.assert_allclose(tiled, image / 100, atol=1e-5)


# --- when there are tiles ------------------------------------------------------------------------


def test_automatic_is_what_the_network_was_trained_on(make, blur):
    crops = make("crops", crops=True)
    large, exact, small = picture(100, 80), picture(SIDE, SIDE), picture(40, 50)
    expected = {
        (blur, "automatic"): (False, False, False),
        (blur, "resize"): (False, False, False),
        (blur, "tiles"): (True, False, False),
        (crops, "automatic"): (True, False, True),
        (crops, "resize"): (False, False, False),
        (crops, "tiles"): (True, False, True),
    }
    for (path, choice), tiled in expected.items():
        translator = Translator(path, large_images=choice)
        assert tuple(translator.in_tiles(i) for i in (large, exact, small)) == tiled


def test_a_smaller_image_keeps_its_scale_with_a_network_trained_on_crops(make):
    path = make("small crops", crops=True)
    image = picture(40, 50)
    result = Translator(path).translate(image, "image")
    assert result.shape == image.shape
    inner = slice(2, -2)
    whole = as_a_whole(path, image)
    np.testing.assert_allclose(result[inner, inner], whole[inner, inner], atol=1e-5)


def test_resizing_by_bands_equals_resizing_at_once(blur, monkeypatch):
    image = picture(150, 201)
    (whole,) = Translator(blur).predict([image], ["image"])
    monkeypatch.setattr("deepimagetranslator.core.data.tiling._BAND_VALUES", 3000)
    seen: list[tuple[int, int]] = []
    banded = Translator(blur).translate(image, "i", between=lambda *done: seen.append(done))
    np.testing.assert_allclose(banded, whole, atol=1e-5)
    assert len(seen) > 5 and seen[-1] == (150, 150)


def test_weights_of_unknown_size_take_tiles_of_their_own(tmp_path, monkeypatch):
    plain = Path(__file__).parents[1] / "data" / "weights_2021" / "plain-weights.hdf5"
    channels = weights.read_card(plain).model.input_channels
    image = picture(80, 100, channels)
    assert not Translator(plain).in_tiles(image)
    tiles = Translator(plain, large_images="tiles")
    assert not tiles.in_tiles(image)  # 512 holds it
    monkeypatch.setattr(translators, "UNKNOWN_SIZE_TILE", 64)
    assert tiles.in_tiles(image) and not Translator(plain, large_images="resize").in_tiles(image)
    sizes: list[tuple[int, int]] = []
    real = tiles._networks.predictor
    monkeypatch.setattr(tiles._networks, "predictor", lambda size: sizes.append(size) or real(size))
    assert tiles.translate(image, "image").shape == image.shape
    assert set(sizes) == {(64, 64)}


def test_a_misfit_is_named(blur):
    with pytest.raises(UserError, match=r"odd\.tif has 2 channels"):
        Translator(blur, large_images="tiles").translate(np.zeros((99, 99, 2), np.uint8), "odd.tif")


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two small pictures and two large ones, one of these with the wrong kind of pixels."""
    for name, size in (("a", (64, 64)), ("b", (150, 201)), ("c", (30, 64)), ("d", (99, 64))):
        write_image(tmp_path / "in" / f"{name}.png", picture(*size))
    return tmp_path / "in"


def test_files_of_any_size_in_one_folder(make, folder, tmp_path):
    path = make("8 bit", target_scaling=IntensityNormalization("type", 0.0, 255.0, "uint8"))
    spec = TranslationSpec(large_images="tiles", batch_size=2)
    events: list[object] = []
    result = translate(path, [folder], tmp_path / "out", spec, report=events.append)
    shapes = {source.file.stem: read_image(written).shape for source, written in result.translated}
    assert shapes == {"a": (64, 64, 1), "b": (150, 201, 1), "c": (30, 64, 1), "d": (99, 64, 1)}
    done = [event.index for event in events if isinstance(event, ImageTranslated)]
    assert done == [1, 2, 3, 4]
    image = read_image(folder / "b.png")
    written = read_image(tmp_path / "out" / "b.png")[..., 0] / 255
    assert np.abs(written - as_a_whole(path, image)[..., 0]).max() < 2.5 / 255  # bfloat16, 8 bits


def test_progress_within_one_image(blur, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(image_pipeline, "_SECONDS", 0.0)
    events: list[object] = []
    spec = TranslationSpec(large_images="tiles")
    translate(blur, [folder / "b.png"], tmp_path / "out", spec, report=events.append)
    parts = [event for event in events if isinstance(event, PartTranslated)]
    # Tiles half a tile apart: 4 rows (0, 32, 64, 86) of 6 (0, 32, ... 128, 137).
    assert {(part.parts, part.index, part.count) for part in parts} == {(24, 1, 1)}
    assert [part.done for part in parts] == list(range(25))
    assert isinstance(events[-1], ImageTranslated)


def test_cancelled_in_the_middle_of_an_image_nothing_is_left(blur, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(image_pipeline, "_SECONDS", 0.0)
    control = JobControl()
    seen: list[int] = []

    def report(event: object) -> None:
        if isinstance(event, PartTranslated):
            seen.append(event.done)
            if event.done == 7:
                control.cancel.set()

    spec = TranslationSpec(large_images="tiles")
    with pytest.raises(Cancelled):
        translate(blur, [folder / "b.png"], tmp_path / "out", spec, report=report, control=control)
    assert max(seen) == 7
    assert not list((tmp_path / "out").rglob("*.*"))


# --- training on crops ---------------------------------------------------------------------------


def test_a_network_trained_on_crops_says_so_and_translates_in_tiles(tmp_path):
    pairs = write_set(tmp_path / "a", range(3), "values", (70, 90))
    other = write_set(tmp_path / "b", range(3, 4), "values", (48, 60))
    project = project_of(
        (pairs[0] + other[0], pairs[1] + other[1]),
        other,
        data={"large_images": "crop"},
        training={"loss": "mae", "epochs": 1},
    )
    result = train(project, tmp_path / "run")
    card = weights.read_card(result.best_weights)
    assert card.large_images == "crop"
    # Not chosen: the shortest side of all images, 48, which depth 3 halves twice.
    assert (card.model.input_height, card.model.input_width) == (48, 48)
    assert (card.model.target_height, card.model.target_width) == (48, 48)
    translator = Translator(result.best_weights)
    image = read_image(pairs[0][0])
    assert translator.in_tiles(image)
    assert translator.translate(image, "image").shape == image.shape
