"""Doing nothing as a baseline: which inputs can be compared, the verdict, and what is shown."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.app.training import words
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.cli.engine_commands import spread_table, whole_volume_table
from deepimagetranslator.core.data.intensity.conversion import conversion
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.evaluation.measures import LIKENESS, MEASURES, OF_INPUT, measure
from deepimagetranslator.core.evaluation.summary import summaries
from deepimagetranslator.core.evaluation.table import table_of
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages import events
from deepimagetranslator.core.runs.input_itself import Verdict, recorded_inputs, verdict
from deepimagetranslator.gui.monitor import charts

WINDOW = IntensityNormalization("window", -1000, 400, "uint16", -1024)
HU = IntensityNormalization("data", -1024, 3000, "float32")
DEEP = IntensityNormalization("data", 0, 4095, "uint16")


@pytest.mark.parametrize(
    ("source", "destination"), [(WINDOW, HU), (HU, WINDOW), (DEEP, DEEP), (WINDOW, WINDOW)]
)
def test_a_converted_value_has_the_same_meaning(
    source: IntensityNormalization, destination: IntensityNormalization
) -> None:
    convert = conversion(source, destination)
    values = np.linspace(0, 1, 11, dtype=np.float32)
    assert convert is not None
    meaning = source.low + values.astype(float) * (source.high - source.low)
    back = destination.low + convert(values).astype(float) * (destination.high - destination.low)
    np.testing.assert_allclose(back, meaning, atol=1e-3)


def test_images_divided_by_the_maximum_of_their_types_are_alike() -> None:
    deep = IntensityNormalization("type", 0, 65535, "uint16")
    convert = conversion(BYTES, deep)
    assert convert is not None and (convert.factor, convert.summand) == (1, 0)


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (IntensityNormalization("image", 0, 255, "uint8"), BYTES),
        (BYTES, DEEP),  # 8-bit and 16-bit values have no common unit
        (DEEP, HU),  # nor have 16-bit values without an offset, and Hounsfield units
        (WINDOW, DEEP),  # an offset for one side only
    ],
)
def test_values_of_unknown_relation_are_not_compared(
    source: IntensityNormalization, destination: IntensityNormalization
) -> None:
    assert conversion(source, destination) is None


def test_the_best_epoch_is_compared_by_the_first_metric_in_common() -> None:
    rows = [
        {"epoch": n, "val_loss": 0.1 / n, "val_mse": 0.02 / n, "val_psnr": 20.0 + n} for n in (1, 2)
    ]
    found = verdict(rows, 2, {"loss": 0.2, "mse": 0.03, "psnr": 30.0})
    assert found == Verdict("psnr", 22.0, 30.0) and not found.better
    assert "PSNR 22 dB, the inputs themselves have 30 dB" in str(found) and "Train longer" in str(
        found
    )
    by_mse = verdict(rows, 1, {"loss": 0.2, "mse": 0.03})
    assert by_mse == Verdict("mse", 0.02, 0.03) and by_mse.better
    assert "Train longer" not in str(by_mse)
    assert verdict(rows, 2, {}) is verdict(rows, None, {"mse": 1.0}) is None


def test_a_damaged_record_holds_no_values() -> None:
    for run in ({}, {"input_itself": 3}, {"input_itself": {"mse": "0.1", "psnr": math.nan}}):
        assert recorded_inputs(run) == {}
    assert recorded_inputs({"input_itself": {"mse": 1, "more": 2.0}}) == {"mse": 1.0}


def trained(inputs: dict[str, float]) -> MonitorState:
    state = MonitorState()
    state.begin(Path("run"), 2)
    state.handle(
        events.EpochEnded(1, 2, {"epoch": 1, "val_loss": 0.2, "val_mse": 0.04}, 1.0, 1, 0.2)
    )
    state.handle(events.InputsMeasured(inputs))
    return state


def test_the_monitor_shows_the_inputs_and_the_verdict() -> None:
    state = trained({"loss": 0.1, "mse": 0.03})
    assert dict(words.facts(state))["Input itself, loss"] == "0.1"
    assert [chart.inputs for chart in charts.charts_of(state)] == [0.1, 0.03]
    state.handle(events.JobFinished({}))
    assert "MSE 0.04, the inputs themselves have 0.03" in words.remark(state)


def test_the_monitor_shows_nothing_where_there_is_nothing_to_compare() -> None:
    state = trained({})
    state.handle(events.JobFinished({}))
    assert words.facts(state)[-1] == ("", "") and "themselves" not in words.remark(state)
    assert [chart.inputs for chart in charts.charts_of(state)] == [None, None]


def test_an_earlier_run_is_shown_with_its_inputs(tmp_path: Path) -> None:
    state = MonitorState()
    state.recall(
        tmp_path,
        1,
        "val_loss",
        [{"epoch": 1, "val_loss": 0.3, "val_mse": 0.1}],
        inputs={"mse": 0.2},
    )
    assert state.verdict == Verdict("mse", 0.1, 0.2)
    state.begin(tmp_path, 1)
    assert state.verdict is None


def test_the_table_has_the_inputs_beside_the_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    target, predicted, original = rng.random((3, 12, 12, 1)).astype(np.float32)
    files = [ImageRef(Path(name)) for name in ("a.png", "b.png")]
    measured = [(file, measure(target, predicted)) for file in files]
    inputs = {file: measure(target, original) for file in files}
    table = table_of(measured, (), [], False, inputs)
    whole, own = table.whole_volume()["grey"], inputs[files[0]].results(["grey"])["grey"]
    assert [whole[name] for name in OF_INPUT] == pytest.approx([own[name] for name in LIKENESS])
    assert table.verdict == Verdict("psnr", whole["psnr"], whole["input_psnr"])
    table.write_csv(tmp_path / "e.csv")
    header = (tmp_path / "e.csv").read_text().splitlines()[0].split(",")
    assert header == ["image", "channel", *MEASURES, *OF_INPUT]
    for text in (whole_volume_table(table.whole_volume()), spread_table(summaries(table.rows))):
        grey, itself = text.splitlines()[1:3]
        assert itself.startswith(" input itself") and f"{whole['input_mse']:.4f}" in itself
        assert len(grey) == len(itself)


def test_inputs_of_some_images_only_give_no_verdict_for_the_whole_volume() -> None:
    image = np.zeros((12, 12, 1), np.float32)
    files = [ImageRef(Path(name)) for name in ("a.png", "b.png")]
    measured = [(file, measure(image, image + 0.1)) for file in files]
    table = table_of(measured, (), [], False, {files[0]: measure(image, image + 0.2)})
    assert table.verdict is None and "input_psnr" not in table.whole_volume()["grey"]
    assert [("input_psnr" in row) for row in table.rows] == [True, True, False, False, False, False]
