"""Translating files and folders: names, sizes, values, and nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import COLOURS, files, write_network
from tiny import picture

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import ImageSkipped, ImageTranslated
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml import devices, loaded_networks, weights
from deepimagetranslator.ml import translator as translators
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator

PLAIN_2021 = Path(__file__).parents[1] / "data" / "weights_2021" / "plain-weights.hdf5"


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Callable[..., Path]:
    """Writes a weights file, see ``write_network``."""
    folder = tmp_path_factory.mktemp("weights")
    return lambda name, *rest, **choices: write_network(folder, name, *rest, **choices)


@pytest.fixture(scope="module")
def plain(make) -> Path:
    return make("plain")


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Two pictures in a folder and one in a subfolder, of sizes not the network's."""
    folder = tmp_path / "in é"
    write_image(folder / "a.png", picture(1, 30, 20))
    write_image(folder / "b.tif", picture(2, 16, 24))
    write_image(folder / "person 2" / "a.png", picture(3, 33, 47))
    return folder


# --- names -------------------------------------------------------------------------------------


def test_outputs_have_the_inputs_names_folders_and_sizes(plain, pictures, tmp_path):
    events: list[object] = []
    result = translate(plain, [pictures], tmp_path / "out", report=events.append)
    assert files(tmp_path / "out") == ["a.png", "b.png", "person 2/a.png"]
    assert [read_image(path).shape for _, path in result.translated] == [
        (30, 20, 1),
        (16, 24, 1),
        (33, 47, 1),
    ]
    done = [event for event in events if isinstance(event, ImageTranslated)]
    assert [(event.index, event.count) for event in done] == [(1, 3), (2, 3), (3, 3)]
    assert [event.source for event in done] == [source for source, _ in result.translated]
    assert result.skipped == ()


def test_files_and_folders_together_each_once(plain, pictures, tmp_path):
    given = [pictures / "a.png", pictures / "person 2", pictures / "a.png"]
    with pytest.raises(UserError, match="would both be written"):
        translate(plain, given, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    translate(plain, [pictures / "a.png", pictures, pictures / "a.png"], tmp_path / "out")
    assert len(files(tmp_path / "out")) == 3


def test_two_inputs_that_would_get_one_name_are_refused(plain, pictures, tmp_path):
    write_image(pictures / "b.png", picture(4, 16, 24))
    with pytest.raises(UserError, match="would both be written") as caught:
        translate(plain, [pictures], tmp_path / "out")
    assert "b.png" in str(caught.value) and "b.tif" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_overwritten(plain, pictures, overwrite):
    before = {name: (pictures / name).read_bytes() for name in files(pictures)}
    for output in (pictures, pictures / "person 2" / ".."):
        with pytest.raises(UserError, match=r"would be\s+overwritten"):
            translate(plain, [pictures], output, TranslationSpec(overwrite=overwrite))
    assert {name: (pictures / name).read_bytes() for name in files(pictures)} == before


def test_an_input_behind_a_link_is_never_overwritten(plain, pictures, tmp_path):
    (tmp_path / "out").mkdir()
    try:
        (tmp_path / "out" / "a.png").symlink_to(pictures / "a.png")
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(UserError, match="overwritten"):
        translate(plain, [pictures / "a.png"], tmp_path / "out", TranslationSpec(overwrite=True))


def test_outputs_are_overwritten_only_when_asked(plain, pictures, tmp_path):
    out = tmp_path / "out"
    write_image(out / "a.png", np.zeros((3, 3), np.uint8))
    with pytest.raises(UserError, match="overwrite them"):
        translate(plain, [pictures], out)
    assert files(out) == ["a.png"] and read_image(out / "a.png").shape == (3, 3, 1)
    translate(plain, [pictures], out, TranslationSpec(overwrite=True))
    assert read_image(out / "a.png").shape == (30, 20, 1) and len(files(out)) == 3


def test_nothing_to_translate_is_said(plain, tmp_path):
    (tmp_path / "empty").mkdir()
    for given in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(UserError, match=given.name):
            translate(plain, [given], tmp_path / "out")


def test_files_of_one_name_from_several_folders_keep_their_folders(plain, pictures, tmp_path):
    """As the window gives them: every file by itself."""
    given = [pictures / "a.png", pictures / "b.tif", pictures / "person 2" / "a.png"]
    translate(plain, given, tmp_path / "out")
    assert files(tmp_path / "out") == ["a.png", "b.png", "person 2/a.png"]
    translate(plain, given[1:], tmp_path / "two")
    assert files(tmp_path / "two") == ["a.png", "b.png"]


def test_outputs_inside_the_inputs_are_not_translated_again(plain, pictures):
    out = pictures / "translated"
    for overwrite in (False, True):
        spec = TranslationSpec(overwrite=overwrite)
        assert len(translate(plain, [pictures], out, spec).translated) == 3
    assert files(out) == ["a.png", "b.png", "person 2/a.png"]


# --- values ------------------------------------------------------------------------------------


def test_a_constant_prediction_stays_that_constant(make, pictures, tmp_path):
    """The 2021 program stretched each image: a blank one became full of contrast."""
    result = translate(make("constant", constant=0.4), [pictures], tmp_path / "out")
    for _, path in result.translated:
        assert set(np.unique(read_image(path))) == {102}


def test_values_are_the_networks_own_in_the_images_size(plain, pictures, tmp_path):
    image = read_image(pictures / "b.tif")
    model, _ = weights.load(plain)
    expected = np.asarray(model(image[None].astype(np.float32) / 255))[0]
    ((_, path),) = translate(plain, [pictures / "b.tif"], tmp_path / "out").translated
    assert np.abs(read_image(path) / 255 - expected).max() < 0.02  # bfloat16 and 8 bits


def test_deep_inputs_are_written_as_tiff_with_their_scaling_inverted(make, tmp_path):
    path = make(
        "deep",
        constant=0.25,
        input_scaling=IntensityNormalization("data", 900.0, 1300.0, "uint16"),
        target_scaling=IntensityNormalization("data", 1000.0, 3000.0, "uint16"),
    )
    image = np.random.default_rng(0).integers(900, 1300, (16, 24), np.uint16)
    write_image(tmp_path / "in" / "scan.png", image)
    assert Translator(path).precision == "float32"
    ((_, written),) = translate(path, [tmp_path / "in"], tmp_path / "out").translated
    found = read_image(written)
    assert written.name == "scan.tif" and found.dtype == np.uint16
    assert np.abs(found.astype(int) - 1500).max() <= 1


def test_float_targets_come_back_as_float(make, tmp_path):
    scaling = IntensityNormalization("data", -1024.0, 1024.0, "float32")
    path = make("float", constant=0.75, target_scaling=scaling)
    write_image(tmp_path / "in" / "a.png", picture(1, 20, 20))
    ((_, written),) = translate(path, [tmp_path / "in"], tmp_path / "out").translated
    found = read_image(written)
    assert written.file.suffix == ".tif" and found.dtype == np.float32
    np.testing.assert_allclose(found, 512, atol=0.01)


def test_the_input_scaling_of_the_weights_is_used(make, tmp_path):
    """The same picture in 8 and in 16 bits: one prediction."""
    eight = picture(5, 16, 24)
    write_image(tmp_path / "in" / "eight.png", eight)
    write_image(tmp_path / "in" / "sixteen.png", eight.astype(np.uint16) * 257)
    translate(make("depths"), [tmp_path / "in"], tmp_path / "out")
    one, other = (read_image(tmp_path / "out" / f"{n}.png") for n in ("eight", "sixteen"))
    np.testing.assert_array_equal(one, other)


def test_hounsfield_units_are_no_8_bit_values(make, tmp_path):
    """Floats from 0 to 1 are what 8 bits divided by 255 are; others mean something else."""
    plane = np.linspace(0, 1, 16 * 24, dtype=np.float32).reshape(16, 24, 1)
    write_image(tmp_path / "in" / "unit.tif", plane)
    write_image(tmp_path / "in" / "units.tif", plane * 2000 - 1000)
    result = translate(make("bytes"), [tmp_path / "in"], tmp_path / "out")
    assert [source.name for source, _ in result.translated] == ["unit.tif"]
    ((skipped, reason),) = result.skipped
    assert skipped.name == "units.tif"
    assert "holds float values, but the network was trained on 8-bit values" in reason


# --- label maps --------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_label_networks_give_only_label_colours(make, pictures, tmp_path, activation):
    path = make(
        f"labels {activation}",
        target_channels=3,
        final_activation=activation,
        palette=COLOURS,
    )
    result = translate(path, [pictures], tmp_path / "out")
    known = set(COLOURS.colours)
    for source, written in result.translated:
        image = read_image(written)
        assert image.shape[:2] == read_image(source).shape[:2]
        assert {tuple(colour) for colour in image.reshape(-1, 3).tolist()} <= known


def test_classes_are_decided_after_resizing(make, tmp_path):
    """No staircase: an edge in a fourfold larger image is finer than the network's pixels."""
    path = make("smooth", target_channels=2, final_activation="softmax",
                palette=Palette(((0,), (255,)), "uint8"))  # fmt: skip
    translator = Translator(path)
    image = picture(1, 64, 96)
    (values,) = translator.predict([image], ["a"])
    assert values.shape == (64, 96, 2) and values.dtype == np.float32
    np.testing.assert_allclose(values.sum(-1), 1, atol=1e-3)
    assert len(np.unique(values[..., 0])) > 16 * 24
    decided = translator.as_image(values)[..., 0]
    np.testing.assert_array_equal(decided, (values.argmax(-1) * 255).astype(np.uint8))


def test_values_or_labels_as_the_user_wants(make, pictures, tmp_path):
    path = make("either", target_channels=3, palette=COLOURS)
    translate(path, [pictures / "a.png"], tmp_path / "values", TranslationSpec(output="values"))
    found = read_image(tmp_path / "values" / "a.png")
    assert len({tuple(c) for c in found.reshape(-1, 3).tolist()}) > 3
    with pytest.raises(UserError, match="label maps"):
        Translator(make("no labels"), "labels")
    classes = make("classes", target_channels=3, final_activation="softmax", palette=COLOURS)
    with pytest.raises(UserError, match="labels"):
        Translator(classes, "values")
    with pytest.raises(UserError, match="5 output channels"):
        Translator(make("five", target_channels=5))


def test_mirror_images_are_translated_too_and_turned_back(make):
    path, image = make("mirrors", target_channels=3), picture(1, 16, 24)
    turns = ((), (0,), (1,), (0, 1))
    alone = Translator(path)
    each = [np.flip(alone.predict([np.flip(image, t)], ["a"])[0], t) for t in turns]
    (mean,) = Translator(path, mirrors=True).predict([image], ["a"])
    np.testing.assert_allclose(mean, np.mean(each, axis=0), atol=1e-6)
    assert np.abs(mean - each[0]).max() > 1e-3
    (turned,) = Translator(path, mirrors=True).predict([image[:, ::-1]], ["a"])
    np.testing.assert_allclose(turned[:, ::-1], mean, atol=1e-6)


@pytest.mark.skipif(not devices.fuses_normalization(), reason="not on this device")
def test_fused_normalization_gives_practically_the_same_with_any_batch_size(make):
    choices = {"normalization": "group", "base_filters": 8, "target_channels": 3}
    paths = [make(f"fused {on}", fused_normalization=on, **choices) for on in (False, True)]
    images, names = [picture(n, 16, 24) for n in range(3)], ["a", "b", "c"]
    network, card = weights.load(paths[0], devices.choose_precision("automatic"))
    x = np.stack([card.input_scaling.to_unit(image) for image in images])
    usual, fused = (Translator(path).predict(images, names) for path in paths)
    np.testing.assert_array_equal(usual, network.predict_on_batch(x))
    assert not np.array_equal(fused, usual)
    np.testing.assert_allclose(fused, usual, atol=0.02)
    translator = Translator(paths[1])
    one_by_one = [translator.predict([image], ["a"])[0] for image in images]
    np.testing.assert_array_equal(fused, one_by_one)


# --- sizes -------------------------------------------------------------------------------------


def test_a_larger_target_enlarges_by_the_networks_ratio(make, pictures, tmp_path):
    path = make("larger", target_height=32, target_width=72)
    result = translate(path, [pictures], tmp_path / "out")
    assert [read_image(p).shape for _, p in result.translated] == [
        (60, 60, 1),
        (32, 72, 1),
        (66, 141, 1),
    ]


def test_2021_weights_without_a_size_take_each_images_own(tmp_path):
    data = PLAIN_2021.parent
    batch = np.load(data / "plain-input.npy")
    for number, x in enumerate(batch):
        write_image(tmp_path / "in" / f"known{number}.png", np.rint(x * 255).astype(np.uint8))
    colour = np.repeat(picture(1, 40, 56), 3, axis=2)
    write_image(tmp_path / "in" / "other.png", colour)
    write_image(tmp_path / "in" / "grey.png", picture(1, 40, 56))
    translator = Translator(PLAIN_2021)
    assert translator.network_size(colour) == (40, 56)
    result = translate(PLAIN_2021, [tmp_path / "in"], tmp_path / "out")
    assert result.skipped == () and len(result.translated) == 4
    rounded = np.abs(batch * 255 - np.rint(batch * 255)).max()
    expected = np.load(data / "plain-output.npy")
    for number in range(len(batch)):
        found = read_image(tmp_path / "out" / f"known{number}.png") / 255
        assert np.abs(found - expected[number]).max() < 0.02 + rounded / 255
    other, grey = (read_image(tmp_path / "out" / n) for n in ("other.png", "grey.png"))
    assert other.shape == (40, 56, 3)
    np.testing.assert_array_equal(other, grey)


def test_only_a_few_networks_are_kept(monkeypatch):
    built = []
    real = weights.load

    def counted(path, precision, size):
        built.append(size)
        return real(path, precision, size=size)

    monkeypatch.setattr(translators.weights, "load", counted)
    monkeypatch.setattr(loaded_networks, "NETWORKS_KEPT", 2)
    translator = Translator(PLAIN_2021)
    for side in (16, 24, 16, 32, 24):
        translator.predict([picture(1, side, side)], ["a"])
    assert [size[0] for size in built] == [16, 24, 32, 24]
    assert len(translator._networks) == 2


def test_weights_that_a_training_has_rewritten_are_taken_with_their_epoch(make):
    path, image = make("rewritten", 0.2), picture(1, 16, 24)
    translator = Translator(path)
    assert (translator.translate(image) == 51).all()
    network, card = weights.load(make("later", 0.8))
    weights.save(network, path, replace(card, training={"epoch": 2}))
    assert translator.take_new_weights()
    assert translator.card.training["epoch"] == 2
    assert (translator.translate(image) == 204).all()
    make("rewritten", depth=1)
    assert not translator.take_new_weights()


# --- robust ------------------------------------------------------------------------------------


def test_bad_files_are_skipped_and_the_rest_is_done(plain, pictures, tmp_path):
    (pictures / "broken.png").write_bytes(b"no image")
    (pictures / "person 2" / "cut.png").write_bytes((pictures / "a.png").read_bytes()[:60])
    events: list[object] = []
    spec = TranslationSpec(batch_size=2)
    result = translate(plain, [pictures], tmp_path / "out", spec, report=events.append)
    assert files(tmp_path / "out") == ["a.png", "b.png", "person 2/a.png"]
    assert sorted(path.name for path, _ in result.skipped) == ["broken.png", "cut.png"]
    for path, reason in result.skipped:
        assert path.name in reason
    assert len([event for event in events if isinstance(event, ImageSkipped)]) == 2
    indices = [e.index for e in events if isinstance(e, ImageSkipped | ImageTranslated)]
    assert indices == [1, 2, 3, 4, 5]


def test_a_misfit_in_a_batch_costs_only_itself(make, tmp_path):
    path = make("two channels", input_channels=2)
    write_image(tmp_path / "in" / "a.png", picture(1, 16, 24))
    result = translate(path, [tmp_path / "in"], tmp_path / "out", TranslationSpec(batch_size=4))
    assert result.translated == () and "1 channels where 2" in result.skipped[0][1]


def test_an_output_that_cannot_be_written_is_skipped(plain, pictures, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "person 2").write_bytes(b"a file where a folder must be")
    result = translate(plain, [pictures], out)
    assert [image.file.parent.name for image, _ in result.skipped] == ["person 2"]
    assert files(out) == ["a.png", "b.png", "person 2"]


def test_the_same_again_and_with_any_batch_size(plain, tmp_path):
    for number in range(5):
        write_image(tmp_path / "in" / f"{number}.png", picture(number, 16 + number, 24))
    found = []
    for turn, batch_size in enumerate((1, 1, 2, 5)):
        out = tmp_path / f"out{turn}"
        translate(plain, [tmp_path / "in"], out, TranslationSpec(batch_size=batch_size))
        found.append([(out / name).read_bytes() for name in files(out)])
    assert len(found[0]) == 5
    assert found[0] == found[1]
    assert found[0] == found[2] == found[3]


def test_cancel_leaves_only_whole_images(plain, pictures, tmp_path):
    control = JobControl()

    def report(event: object) -> None:
        control.cancel.set()

    for number in range(12):
        write_image(pictures / f"more{number}.png", picture(number))
    with pytest.raises(Cancelled):
        translate(plain, [pictures], tmp_path / "out", report=report, control=control)
    written = files(tmp_path / "out")
    assert 0 < len(written) < 15
    assert all(read_image(tmp_path / "out" / name).ndim == 3 for name in written)


def test_more_than_8_bits_are_computed_in_float32(make, plain, monkeypatch):
    monkeypatch.setattr(devices, "choose_precision", lambda wanted: "bfloat16")
    assert Translator(plain).precision == "bfloat16"
    scaling = IntensityNormalization("type", 0.0, 65535.0, "uint16")
    assert Translator(make("sixteen", target_scaling=scaling)).precision == "float32"


def test_a_foreign_weights_file_is_refused_before_anything_is_written(pictures, tmp_path):
    shutil.copyfile(pictures / "a.png", tmp_path / "wrong.weights.h5")
    with pytest.raises(UserError, match=r"wrong\.weights"):
        translate(tmp_path / "wrong.weights.h5", [pictures], tmp_path / "out")
    assert not (tmp_path / "out").exists()
