"""Weights files: the 2021 program's give its own output, ours say what they are."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_images import more_of_2021

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.memory_file import MemoryFile
from deepimagetranslator.ml.network.unet import build_unet
from deepimagetranslator.ml.weights_card import WeightsCard
from deepimagetranslator.ml.weights_transfer import transfer

DATA = Path(__file__).parents[1] / "data" / "weights_2021"
PLAIN = DATA / "plain-weights.hdf5"
DEEP = DATA / "deep-checkpoint.hdf5"
SIZES = {"plain": (32, 32), "deep": (32, 32), "odd": (38, 50)}  # height, width, of cases.json
OURS = ModelSpec(2, 4, False, "group", 16, 24, 1, 16, 24, 3, 0.1)
CARD = WeightsCard(
    OURS,
    IntensityNormalization("data", -1000.0, 400.5, "float32"),
    IntensityNormalization("type", 0.0, 65535.0, "uint16"),
    Palette(((0, 0, 0), (0, 0, 65535), (65535, 0, 0)), "uint16"),
    "recommended",
    {"epoch": 3, "val_loss": 0.25, "loss_function": "dice"},
)


def output_2021(folder: Path, name: str) -> list[np.ndarray]:
    """What the 2021 program predicted, one array a head (it stacked them along the height)."""
    stacked = np.load(folder / f"{name}-output.npy")
    return np.split(stacked, 2, axis=1) if name == "deep" else [stacked]


def assert_as_2021(folder: Path, name: str, kind: str) -> None:
    model, card = weights.load(folder / f"{name}-{kind}.hdf5", size=SIZES[name])
    found = model.predict(np.load(folder / f"{name}-input.npy"), verbose=0)
    found = [found["final"], found["coarse"]] if isinstance(found, dict) else [found]
    for ours, theirs in zip(found, output_2021(folder, name), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert (card.model.input_height, card.model.input_width) == SIZES[name]


def edited(path: Path, folder: Path, edit) -> Path:
    """A copy of a weights file that ``edit`` changed."""
    copy = folder / f"edited {path.name}"
    shutil.copyfile(path, copy)
    with h5py.File(copy, "a") as file:
        edit(file)
    return copy


@pytest.mark.parametrize(
    ("name", "kind"), [("plain", "weights"), ("deep", "checkpoint"), ("odd", "weights")]
)
def test_a_2021_file_gives_the_2021_programs_output(name, kind):
    assert_as_2021(DATA, name, kind)


@pytest.mark.parametrize("kind", ["weights", "checkpoint"])
@pytest.mark.parametrize("name", ["plain", "deep", "odd"])
def test_every_file_of_the_2021_program_gives_its_output(name, kind):
    assert_as_2021(more_of_2021("weights"), name, kind)


def test_a_2021_network_is_recognised_from_the_file_alone():
    plain, deep = weights.read_card(PLAIN), weights.read_card(DEEP)
    for card in (plain, deep):
        assert (card.model.depth, card.model.base_filters) == (4, 4)
        assert (card.model.input_channels, card.model.target_channels) == (3, 3)
        assert card.model.final_activation == "sigmoid"
        assert (card.input_scaling, card.target_scaling, card.palette) == (BYTES, BYTES, None)
        assert card.preset == "2021" and "1.0" in card.program
    assert not plain.model.deep_supervision and deep.model.deep_supervision
    # A weights-only file names no size; a checkpoint has its configuration.
    assert plain.model.input_height == plain.model.target_width == 0
    assert (deep.model.input_height, deep.model.input_width) == (32, 32)
    assert (deep.model.target_height, deep.model.target_width) == (32, 32)


@pytest.mark.parametrize(
    "configuration",
    ["", "{", "[]", '{"config": {"layers": [{"config": {}}]}}', '{"config": {"layers": []}}'],
)
def test_a_checkpoint_whose_configuration_is_unreadable_loads_like_weights_alone(
    tmp_path, configuration
):
    path = edited(DEEP, tmp_path, lambda file: file.attrs.modify("model_config", configuration))
    model, card = weights.load(path, size=(32, 32))
    assert weights.read_card(path).model.input_height == 0
    assert card.model.deep_supervision and card.model.input_height == 32
    found = model.predict(np.load(DATA / "deep-input.npy"), verbose=0)
    np.testing.assert_allclose(found["final"], output_2021(DATA, "deep")[0], rtol=0, atol=1e-5)


def test_a_configuration_without_what_later_versions_wrote_still_names_the_sizes(tmp_path):
    def strip(file: h5py.File) -> None:
        configuration = json.loads(file.attrs["model_config"])
        for layer in configuration["config"]["layers"]:
            layer["config"] = {
                key: value
                for key, value in layer["config"].items()
                if key in ("name", "batch_input_shape", "height", "width")
            }
            for key in [key for key in layer if key not in ("class_name", "config", "name")]:
                del layer[key]
        file.attrs.modify("model_config", json.dumps(configuration))

    card = weights.read_card(edited(DEEP, tmp_path, strip))
    assert (card.model.input_height, card.model.target_width) == (32, 32)


def _dense(file: h5py.File) -> None:
    del file["conv2d/conv2d/kernel:0"]
    file["conv2d/conv2d/kernel:0"] = np.zeros((3, 4), np.float32)


def _other_kernel(file: h5py.File) -> None:
    del file["conv2d_3/conv2d_3/kernel:0"]
    file["conv2d_3/conv2d_3/kernel:0"] = np.zeros((3, 3, 5, 8), np.float32)


def _missing_array(file: h5py.File) -> None:
    del file["conv2d_3/conv2d_3/kernel:0"]


def _no_layers(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([], "S1")


@pytest.mark.parametrize("edit", [_dense, _other_kernel, _missing_array, _no_layers])
def test_a_file_of_layers_that_fit_no_network_says_why(tmp_path, edit):
    path = edited(PLAIN, tmp_path, edit)
    with pytest.raises(UserError, match=path.name) as caught:
        weights.load(path, size=(32, 32))
    assert "hoose a" in str(caught.value)


def test_a_foreign_or_damaged_file_is_named(tmp_path):
    foreign = {
        "text.hdf5": b"not weights at all",
        "empty.weights.h5": b"",
        "short.hdf5": PLAIN.read_bytes()[:100_000],
        "shorter.hdf5": DEEP.read_bytes()[:3_000],
    }
    for name, content in foreign.items():
        (tmp_path / name).write_bytes(content)
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["numbers"] = np.arange(4)
    for name in (*foreign, "table.h5", "is missing.hdf5"):
        for read in (weights.read_card, weights.load, weights.read_state):
            with pytest.raises(UserError, match=name) as caught:
                read(tmp_path / name)
            assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(UserError):
        weights.read_card(tmp_path)  # a folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> tuple[Path, keras.Model]:
    """A file of ours in a folder with an awkward name, and the network that it came from."""
    path = tmp_path_factory.mktemp("größe и имя") / "best one.weights.h5"
    model = build_unet(OURS, seed=5)
    weights.save(model, path, CARD, {"epoch": 3, "note": "é", "seeds": np.arange(3)})
    return path, model


def test_our_file_gives_back_card_state_and_output(ours):
    path, model = ours
    assert weights.read_card(path) == CARD
    state = weights.read_state(path)
    assert (state["epoch"], state["note"]) == (3, "é")
    np.testing.assert_array_equal(state["seeds"], np.arange(3))
    loaded, card = weights.load(path, seed=77)
    assert card == CARD
    x = np.random.default_rng(0).random((1, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(loaded(x), model(x))


def test_a_file_without_its_card_or_with_a_damaged_one_is_refused(ours, tmp_path):
    def without(file: h5py.File) -> None:
        del file["deepimagetranslator"]

    def replaced(text: bytes):
        def edit(file: h5py.File) -> None:
            del file["deepimagetranslator/card"]
            file["deepimagetranslator/card"] = np.frombuffer(text, np.uint8)

        return edit

    damaged = json.dumps(CARD.to_json() | {"palette": {"colours": [], "dtype": "uint8"}})
    other_depth = json.dumps(CARD.to_json() | {"model": {"depth": 99}})
    no_format = json.dumps({key: v for key, v in CARD.to_json().items() if key != "format"})
    for edit in (
        without,
        replaced(b"{"),
        replaced(b"[1]"),
        replaced(b"\xff\xfe"),
        replaced(damaged.encode()),
        replaced(other_depth.encode()),
        replaced(no_format.encode()),
    ):
        path = edited(ours[0], tmp_path, edit)
        with pytest.raises(UserError, match=path.name):
            weights.read_card(path)


def test_a_file_of_a_newer_version_says_so():
    with pytest.raises(UserError, match=r"new one.*newer version"):
        WeightsCard.from_json(CARD.to_json() | {"format": 2}, "new one")


def test_arrays_that_contradict_the_card_are_refused(ours, tmp_path):
    def deeper(file: h5py.File) -> None:
        card = replace(CARD, model=replace(OURS, depth=3)).to_json()
        del file["deepimagetranslator/card"]
        file["deepimagetranslator/card"] = np.frombuffer(json.dumps(card).encode(), np.uint8)

    path = edited(ours[0], tmp_path, deeper)
    with pytest.raises(UserError, match=rf"{path.name}: its arrays do not fit"):
        weights.load(path)


def test_arrays_of_a_newer_version_are_not_called_damaged(ours, tmp_path):
    """Its networks may have other layers under the same description."""

    def other(file: h5py.File) -> None:
        card = replace(CARD, program="DeepImageTranslator 99.2").to_json()
        del file["deepimagetranslator/card"]
        file["deepimagetranslator/card"] = np.frombuffer(json.dumps(card).encode(), np.uint8)
        found: list[str] = []
        file.visit(lambda name: found.append(name) if name.endswith("vars/0") else None)
        del file[next(name for name in found if "conv" in name)]

    path = edited(ours[0], tmp_path, other)
    with pytest.raises(UserError, match=r"made by a newer version, 99\.2; update this program"):
        weights.load(path)


@pytest.mark.parametrize("what", ["vars", "vars/0"])
def test_a_file_of_ours_without_one_array_is_refused(ours, tmp_path, what):
    def drop(file: h5py.File) -> None:
        found: list[str] = []
        file.visit(lambda name: found.append(name) if name.endswith(what) else None)
        del file[next(name for name in found if "conv" in name and len(file[name]))]

    path = edited(ours[0], tmp_path, drop)
    with pytest.raises(UserError, match=path.name):
        weights.load(path)


def test_a_truncated_file_of_ours_is_refused(ours, tmp_path):
    whole = ours[0].read_bytes()
    for part in (0.1, 0.5, 0.95):
        path = tmp_path / f"cut {part}.weights.h5"
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(UserError, match=f"cut {part}"):
            weights.load(path)


colours = st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=32, unique=True)
scalings = st.builds(
    lambda low, span, dtype: IntensityNormalization("data", low, low + span, dtype),
    st.floats(-1e5, 1e5),
    st.floats(1.0, 1e5),
    st.sampled_from(["uint8", "uint16", "float32"]),
)


@given(scalings, scalings, st.none() | colours.map(lambda c: Palette(tuple(c), "uint8")))
def test_a_card_survives_json(input_scaling, target_scaling, palette):
    card = replace(
        CARD, input_scaling=input_scaling, target_scaling=target_scaling, palette=palette
    )
    assert WeightsCard.from_json(json.loads(json.dumps(card.to_json())), "here") == card


def test_a_card_tells_how_larger_images_were_taken_and_an_older_one_resized_them():
    crops = replace(CARD, large_images="crop")
    assert WeightsCard.from_json(crops.to_json(), "here") == crops
    assert any("crops" in line for line in crops.lines())
    older = {key: value for key, value in CARD.to_json().items() if key != "large_images"}
    assert WeightsCard.from_json(older, "here").large_images == "resize"


def test_when_saving_fails_the_old_file_stays_and_no_half_one(ours, tmp_path, monkeypatch):
    path = tmp_path / "kept.weights.h5"
    shutil.copyfile(ours[0], path)
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    for name in ("write_bytes", "replace"):  # the content, and its name
        with monkeypatch.context() as patched:
            patched.setattr(Path, name, full)
            with pytest.raises(NoSpaceError, match="No space left"):
                weights.save(ours[1], path, CARD)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_hdf5_opens_no_file_while_weights_are_written(ours, tmp_path, monkeypatch):
    opened = []
    opens = h5py.File.__init__

    def noted(self, name, *args, **kwargs):
        opened.append(name)
        opens(self, name, *args, **kwargs)

    monkeypatch.setattr(h5py.File, "__init__", noted)
    weights.save(ours[1], tmp_path / "new.weights.h5", CARD)
    assert opened and all(isinstance(name, MemoryFile) for name in opened)


def test_a_file_by_way_of_memory_holds_what_keras_writes(ours, tmp_path):
    model = build_unet(OURS, seed=5)
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    direct, ours_path = tmp_path / "direct.weights.h5", tmp_path / "ours.weights.h5"
    model.save_weights(direct)
    weights.save(model, ours_path, CARD)
    found = [_content(path) for path in (direct, ours_path)]
    ours_alone = {name for name in found[1] if name.startswith("deepimagetranslator")}
    assert found[0].keys() == found[1].keys() - ours_alone and len(found[0]) > 20
    for name, (array, attributes) in found[0].items():
        np.testing.assert_array_equal(array, found[1][name][0])
        assert attributes == found[1][name][1] and array.dtype == found[1][name][0].dtype


def _content(path):
    """Each array of an HDF5 file with its attributes, by name."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()], dict(item.attrs)

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def test_a_file_in_memory_grows_beyond_what_was_expected():
    small, enough = MemoryFile(1), MemoryFile(2**24)
    for memory in (small, enough):
        with h5py.File(memory, "w") as file:
            for number in range(20):
                file[f"groups/{number}/array"] = np.full(10_000, number)
            del file["groups/3"]
    with h5py.File(small) as file, h5py.File(io.BytesIO(enough.content)) as other:
        for number in (0, 19):
            assert (file[f"groups/{number}/array"][()] == number).all()
            assert (other[f"groups/{number}/array"][()] == number).all()


def test_memory_that_is_short_for_a_file_is_told_before_hdf5_begins(ours, tmp_path, monkeypatch):
    def short(*_args):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("deepimagetranslator.ml.memory_file.mmap.mmap", short)
    with pytest.raises(MemoryError):
        weights.save(ours[1], tmp_path / "new.weights.h5", CARD)
    assert not [*tmp_path.iterdir()]


def test_saving_replaces_without_asking(ours, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked on stdin"))
    path = tmp_path / "twice.weights.h5"
    weights.save(ours[1], path, CARD)
    weights.save(ours[1], path, replace(CARD, preset="second"))
    assert weights.read_card(path).preset == "second"


def test_transfer_to_other_target_channels_renews_the_last_layer_only():
    source = build_unet(OURS, seed=1)
    other = build_unet(replace(OURS, target_channels=2), seed=2)
    before = [keras.ops.convert_to_numpy(v) for v in other.trainable_variables]
    renewed = transfer(source, other)
    assert len(renewed) == 1 and other.get_layer(renewed[0]).filters == 2
    for mine, theirs, old in zip(
        other.trainable_variables, source.trainable_variables, before, strict=True
    ):
        if mine.shape == theirs.shape:
            np.testing.assert_array_equal(mine, theirs)
        else:
            np.testing.assert_array_equal(mine, old)


def test_transfer_to_the_same_channels_keeps_all():
    source, other = build_unet(OURS, seed=1), build_unet(replace(OURS, dropout=0.5), seed=2)
    assert transfer(source, other) == []
    x = np.random.default_rng(0).random((1, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(source(x), other(x))


def test_transfer_does_not_depend_on_the_networks_made_before():
    """Keras numbers layers on and on in a process: group_normalization_9, then _10."""
    keras.utils.clear_session()
    spec = replace(OURS, depth=3, normalization="deep")
    source, other = build_unet(spec, seed=1), build_unet(spec, seed=2)
    for number, model in enumerate((source, other)):
        layers = [layer for layer in model.layers if "normalization" in layer.name]
        assert len(layers) == 6 and layers[-1].name.endswith(str(5 + 6 * number))
    assert transfer(source, other) == []
    x = np.random.default_rng(0).random((1, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(source(x), other(x))


def test_transfer_between_networks_with_and_without_deep_supervision():
    single = replace(OURS, depth=3)
    deep = replace(single, deep_supervision=True)
    source, other = build_unet(single, seed=1), build_unet(deep, seed=2)
    renewed = transfer(source, other)
    assert len(renewed) == 1
    x = np.random.default_rng(0).random((1, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(source(x), other(x)["final"])
    back = build_unet(single, seed=3)
    assert transfer(other, back) == []
    np.testing.assert_array_equal(back(x), source(x))


@pytest.mark.parametrize(
    "change",
    [{"depth": 3}, {"base_filters": 8}, {"input_channels": 3}, {"normalization": "none"}],
)
def test_transfer_into_another_body_is_refused_and_changes_nothing(change):
    source, other = build_unet(OURS), build_unet(replace(OURS, **change), seed=2)
    before = [keras.ops.convert_to_numpy(v) for v in other.trainable_variables]
    with pytest.raises(UserError, match="another network"):
        transfer(source, other)
    for now, old in zip(other.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(now, old)
