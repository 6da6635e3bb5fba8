"""A residual output: the untrained network gives the input back, everywhere and in every scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import MODEL
from tiny import picture, project_of, target, write_set

from deepimagetranslator.core.config.network_plan import count_parameters
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.conversion import conversion
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.network.unet import (
    build_unet,
    convert_inputs,
    convolutions,
    lsuv_initialize,
    residuals,
)
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator
from deepimagetranslator.ml.weights_card import WeightsCard
from deepimagetranslator.ml.weights_transfer import transfer

RESIDUAL = replace(MODEL, residual=True, final_activation="linear")
WINDOW = IntensityNormalization("window", -200, 600, "uint16", -1024)
SHIFTED = {
    "target_kind": "values",
    "input_scaling": "window",
    "input_high": 250.0,
    "input_offset": -5.0,
}
NARROW = IntensityNormalization("data", -100, 300, "uint16", -1024)


def inputs(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).uniform(size=shape).astype(np.float32)


# --- the network -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normalization", "precision"), [("none", "bfloat16"), ("deep", "float32")]
)
def test_an_untrained_network_gives_back_its_converted_input(normalization, precision):
    """On both outputs, after the data-dependent initialization too."""
    spec = replace(RESIDUAL, normalization=normalization, deep_supervision=True, depth=3)
    network = build_unet(spec, precision)
    x = inputs(2, 16, 24, 1)
    lsuv_initialize(network, spec, precision, x)
    convert_inputs(network, 2.0, -0.25)
    outputs = network(x)
    assert len(outputs) == len(residuals(network)) == 2
    for output in outputs.values():
        np.testing.assert_array_equal(np.asarray(output), 2 * x - np.float32(0.25))


def test_another_target_size_resizes_the_input():
    spec = replace(RESIDUAL, target_height=32, target_width=48)
    x = np.tile(np.linspace(0, 1, 24, dtype=np.float32), (1, 16, 1))[..., None]
    found = np.asarray(build_unet(spec)(x))
    assert found.shape == (1, 32, 48, 1)
    inner = (np.arange(48) + 0.5) / 2 - 0.5  # bilinear, pixel centres half a pixel inside
    np.testing.assert_allclose(found[0, 5, 1:-1, 0], inner[1:-1] / 23, atol=1e-6)


def test_a_network_without_it_is_what_it_was():
    plain, residual = (build_unet(replace(RESIDUAL, residual=on)) for on in (False, True))
    shapes = [[w.shape for w in model.trainable_variables] for model in (plain, residual)]
    assert shapes[0] == shapes[1] and not residuals(plain)
    for one, other in zip(convolutions(plain)[:-1], convolutions(residual)[:-1], strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


# --- weights files and translation -------------------------------------------------------------


def write_residual(folder: Path, source: Any = WINDOW, target: Any = NARROW, **spec: Any) -> Path:
    """The weights of an untrained residual network, converted from one to the other range."""
    model = replace(RESIDUAL, **spec)
    network = build_unet(model)
    found = conversion(source, target)
    assert found is not None
    convert_inputs(network, found.factor, found.summand)
    path = folder / "residual.weights.h5"
    weights.save(network, path, WeightsCard(model, source, target))
    return path


@pytest.mark.parametrize("size", [(16, 24), (40, 61)], ids=["whole", "tiles"])
def test_translating_gives_the_file_values_back_but_for_those_outside(tmp_path, size):
    values = np.random.default_rng(1).integers(824, 1624, (*size, 1)).astype(np.uint16)
    write_image(tmp_path / "scan.png", values)
    spec = TranslationSpec(large_images="tiles", accept_values=True)
    path = write_residual(tmp_path)
    ((_, written),) = translate(path, [tmp_path / "scan.png"], tmp_path / "out", spec).translated
    np.testing.assert_array_equal(read_image(written), values)
    assert "residual output" in weights.read_card(path).lines()[1]


def test_differences_are_clipped_only_when_they_are_written(tmp_path):
    path = write_residual(tmp_path)
    network, card = weights.load(path)
    last = convolutions(network)[-1]
    last.set_weights([last.get_weights()[0], np.float32([-3])])
    weights.save(network, path, card)
    translator = Translator(path)
    (found,) = translator.predict([np.full((16, 24, 1), 1100, np.uint16)], ["scan"])
    assert found.max() < -2
    assert translator.as_image(found).min() >= 0


def test_weights_pass_between_residual_networks_and_not_to_others():
    one, other = build_unet(RESIDUAL, seed=1), build_unet(RESIDUAL, seed=2)
    convolutions(one)[-1].set_weights([np.ones((1, 1, 4, 1)), np.ones(1)])
    convert_inputs(one, 3.0, 1.0)
    convert_inputs(other, 2.0, 0.5)
    assert transfer(one, other) == []
    assert convolutions(other)[-1].get_weights()[1] == [1]
    assert float(residuals(other)[0].gain) == 2  # its own project's
    for source, destination in ((MODEL, RESIDUAL), (RESIDUAL, MODEL)):
        giver, taker = build_unet(source, seed=1), build_unet(destination, seed=2)
        before = convolutions(taker)[-1].get_weights()
        assert transfer(giver, taker) == [convolutions(taker)[-1].name]
        for a, b in zip(convolutions(taker)[-1].get_weights(), before, strict=True):
            np.testing.assert_array_equal(a, b)


# --- a training --------------------------------------------------------------------------------


def value_project(folder: Path) -> Any:
    """Targets that are the inputs with a change, in their own normalization; nothing is learnt."""
    lists = []
    for part, numbers in (("train", range(3)), ("val", range(6, 8))):
        files, targets = write_set(folder / part, numbers, "values")
        for number, file in zip(numbers, targets, strict=True):
            changed = picture(number) // 2 + target(number, kind="values") // 2
            write_image(Path(file), changed)
        lists.append((files, targets))
    return project_of(
        *lists,
        model={"depth": 1, "residual": True},
        training={
            "loss": "mae",
            "metrics": ("psnr",),
            "learning_rate": 1e-8,
            "optimizer": "sgd",
            "schedule": "constant",
            "recognize_unlike": False,
        },
        data={"target_kind": "values", "target_scaling": "data"},
    )


def test_an_untrained_network_has_the_psnr_of_its_inputs_also_when_it_is_resumed(tmp_path):
    project = value_project(tmp_path)
    train(project, tmp_path / "run")
    longer = replace(project.specs.training, epochs=2)
    train(
        replace(project, specs=replace(project.specs, training=longer)),
        tmp_path / "run",
        resume=True,
    )
    scaling = weights.read_card(tmp_path / "run" / "best.weights.h5").target_scaling
    assert scaling.high - scaling.low < 250
    data, psnrs = project.specs.data, []
    for file, other in zip(data.val_inputs, data.val_targets, strict=True):
        image, expected = (read_image(Path(name)).astype(np.float64) for name in (file, other))
        mse = np.mean(((image - expected) / (scaling.high - scaling.low)) ** 2)
        psnrs.append(-10 * np.log10(mse))
    rows = RunFolder(tmp_path / "run").read_history()
    assert [row["val_psnr"] for row in rows] == pytest.approx([np.mean(psnrs)] * 2, abs=1e-3)


@pytest.mark.parametrize(
    ("data", "model", "sentence"),
    [
        ({"target_kind": "values", "input_scaling": "image"}, {}, "choose 'data' or 'window'"),
        ({"target_kind": "values"}, {"target_channels": 3}, "equal numbers of channels"),
        ({"target_kind": "values"}, {"final_activation": "sigmoid"}, "choose automatic"),
        ({"target_kind": "labels"}, {}, "label maps; switch it off"),
        (SHIFTED, {}, "offsets of -5 and 0"),
    ],
)
def test_what_it_does_not_go_with_is_refused_with_the_remedy(tmp_path, data, model, sentence):
    kind = "labels" if data["target_kind"] == "labels" else "values"
    project = project_of(
        write_set(tmp_path / "train", range(3), kind),
        model={"residual": True} | model,
        training={"loss": "mae"},
        data=data,
    )
    with pytest.raises(UserError, match=sentence):
        train(project, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_plan_counts_what_is_trained():
    trained = sum(int(np.prod(weight.shape)) for weight in build_unet(RESIDUAL).trainable_variables)
    assert count_parameters(RESIDUAL) == trained
