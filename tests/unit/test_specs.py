"""Fields, specs, presets: bounds, words, and the round trip through text and JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.config import fields, presets, validation
from deepimagetranslator.core.config.specs import (
    OPERATIONS,
    SECTIONS,
    AugmentationSpec,
    ModelSpec,
    Specs,
    TrainingSpec,
)
from deepimagetranslator.core.errors import UserError

SPEC_CLASSES = [type(getattr(Specs(), section)) for section in SECTIONS]
EVERY_FIELD = [(cls, info) for cls in SPEC_CLASSES for info in fields.fields_of(cls)]


def values_of(info: fields.FieldInfo) -> st.SearchStrategy[Any]:
    if info.kind == "bool":
        return st.booleans()
    if info.kind == "choice":
        return st.sampled_from(info.choices)
    if info.kind == "names":
        return st.lists(st.sampled_from(info.choices), unique=True).map(tuple)
    if info.kind == "paths":
        return st.lists(st.text("abc/ .é", min_size=1).map(str.strip).filter(bool)).map(tuple)
    if info.kind == "texts":
        return st.lists(st.text("0123,>= é", min_size=1).map(str.strip).filter(bool)).map(tuple)
    if info.kind == "int":
        return st.integers(int(info.low or 0), int(info.high or 0))
    return st.floats(info.low, info.high)


def any_spec(cls: type) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{info.name: values_of(info) for info in fields.fields_of(cls)})


@given(st.data())
def test_a_spec_survives_json(data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(SPEC_CLASSES).flatmap(any_spec))
    text = json.dumps(fields.to_json(spec))
    assert fields.from_json(type(spec), json.loads(text), "here") == spec


@given(st.data())
def test_a_value_survives_being_typed(data: st.DataObject) -> None:
    _, info = data.draw(st.sampled_from(EVERY_FIELD))
    value = data.draw(values_of(info))
    if isinstance(value, tuple):
        between = "; " if info.kind == "texts" else ", "
        assert fields.parse(info, between.join(value)) == value
    else:
        assert fields.parse(info, f" {value} ") == value


@pytest.mark.parametrize("cls", SPEC_CLASSES)
def test_every_field_is_described(cls: type) -> None:
    infos = list(fields.fields_of(cls))
    assert [info.name for info in infos] == [field.name for field in dataclasses.fields(cls)]
    for info in infos:
        assert info.label
        assert info.help.endswith(".")
        assert info.bounds()
        assert fields.value_problem(info, info.default) is None


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_presets_have_no_problems(preset: str) -> None:
    for section in SECTIONS:
        assert validation.problems(getattr(presets.PRESETS[preset], section)) == []


def test_the_2021_preset_is_that_program() -> None:
    chosen = presets.preset("2021")
    assert chosen.model == ModelSpec(
        depth=5,
        base_filters=16,
        input_channels=3,
        target_channels=3,
        normalization="none",
        initialization="glorot_uniform",
        final_activation="sigmoid",
    )
    training = chosen.training
    assert (training.optimizer, training.learning_rate) == ("adam", 0.001)
    assert (training.epochs, training.batch_size) == (200, 1)
    assert (training.loss, training.precision) == ("binary_crossentropy", "float32")
    assert chosen.data.target_kind == "values"
    ticked = [name for name in OPERATIONS if chosen.augmentation.ticks(name)[:2] == (True, True)]
    assert ticked == ["scaling", "rotation", "translation", "flip"]


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(UserError, match="recommended, 2021"):
        presets.preset("best")


@pytest.mark.parametrize(
    ("text", "value"),
    [("BinaryCrossentropy", "binary_crossentropy"), (" MSE", "mse"), ("dice-crossentropy", None)],
)
def test_choices_are_read_as_people_write_them(text: str, value: str | None) -> None:
    info = fields.field_named(TrainingSpec, "loss")
    assert fields.parse(info, text) == (value or "dice_crossentropy")


@pytest.mark.parametrize(
    ("cls", "name", "text"),
    [
        (TrainingSpec, "epochs", "3x"),
        (TrainingSpec, "epochs", "0"),
        (TrainingSpec, "epochs", "2.5"),
        (TrainingSpec, "learning_rate", "nan"),
        (TrainingSpec, "learning_rate", "inf"),
        (TrainingSpec, "loss", "hinge"),
        (TrainingSpec, "metrics", "mse, nonsense"),
        (ModelSpec, "deep_supervision", "maybe"),
        (AugmentationSpec, "brightness", "0.5"),
    ],
)
def test_a_wrong_value_is_named_with_its_bounds(cls: type, name: str, text: str) -> None:
    info = fields.field_named(cls, name)
    with pytest.raises(UserError) as caught:
        fields.parse(info, text)
    assert info.label in str(caught.value)
    assert info.bounds() in str(caught.value)


def test_an_unknown_field_names_those_there_are() -> None:
    with pytest.raises(UserError, match="depth"):
        fields.field_named(ModelSpec, "deepness")


@pytest.mark.parametrize(
    "data", [[], {"depth": "5"}, {"depth": True}, {"dropout": math.nan}, {"depth": 99}, {"x": 1}]
)
def test_json_of_the_wrong_kind_is_refused(data: Any) -> None:
    with pytest.raises(UserError, match="my file"):
        fields.from_json(ModelSpec, data, "my file")


def test_a_whole_number_is_a_float_too() -> None:
    assert fields.from_json(ModelSpec, {"dropout": 0}, "here") == ModelSpec()


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_depth_goes_as_far_as_the_size_allows(height: int, width: int) -> None:
    most = validation.deepest(height, width)
    assert min(height, width) >> (most - 1) == 1
    spec = ModelSpec(input_height=height, input_width=width, base_filters=1)
    assert validation.problems(replace(spec, depth=min(most, 12))) == []
    if most < 12:
        (problem,) = validation.problems(replace(spec, depth=most + 1))
        assert problem.subject == "depth"
        assert str(most) in problem.message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (ModelSpec(depth=2, deep_supervision=True), "deep_supervision"),
        (ModelSpec(input_height=64), "input_height"),
        (ModelSpec(target_width=64), "target_height"),
        (ModelSpec(depth=12, base_filters=1024), "base_filters"),
        (AugmentationSpec(noise_validation=True), "noise_validation"),
    ],
)
def test_fields_that_do_not_go_together_are_named(spec: Any, field: str) -> None:
    assert [problem.subject for problem in validation.problems(spec)] == [field]
