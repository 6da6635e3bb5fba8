"""Previews of large images give way: to a newer one, and to a job that is being cancelled."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepimagetranslator import worker
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.messages.events import JobCancelled, JobStarted
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    Evaluate,
    InitialiseModel,
    PreviewTranslation,
)
from deepimagetranslator.ml import marking

IMAGE = np.zeros((8, 8, 1), np.uint8)


def preview(number: int, keep: bool = False) -> PreviewTranslation:
    return PreviewTranslation(number, Path("best.weights.h5"), IMAGE, "image", keep)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker without a pipe whose network asks between two tiles whether to go on."""

    class Network:
        card = SimpleNamespace(
            epoch=3,
            domain=SimpleNamespace(known=None),
            input_scaling=None,
            model=ModelSpec(),
            palette=None,
            by_class=False,
        )
        encoding = SimpleNamespace(with_clean_up=lambda rules: rules)

        def in_tiles(self, _image: Any) -> bool:
            return True

        def translate(
            self, image: Any, name: str, encoding: Any, between: Any, watch: Any, on_rows: Any
        ) -> Any:
            between(0, 2)
            watch(0, None)
            return encoding or image

    made = worker._Worker(None)  # type: ignore[arg-type]
    monkeypatch.setattr(made, "_translator", lambda _path: Network())
    return made


def test_a_preview_is_answered(engine: Any) -> None:
    engine._short.put(DescribeWeights(Path("other.weights.h5")))
    ready = engine._preview(preview(1))
    assert (ready.number, ready.epoch, ready.problem) == (1, 3, "")
    assert ready.image is IMAGE


def test_a_preview_is_cleaned_by_the_rules_of_its_request(engine: Any) -> None:
    rules = ("red: islands under 20",)
    assert engine._preview(replace(preview(1), clean_up=rules)).image == rules


def test_a_reduced_image_is_not_compared_in_tiles_with_the_training_images(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = DomainMark(2.0, "noise", "noisier than the training images")
    monkeypatch.setattr(marking.Marker, "mark", lambda *_arguments: mark)
    assert engine._preview(preview(1)).mark == mark
    assert engine._preview(replace(preview(1), reduced=True)).mark is None


def test_an_error_that_nobody_expected_is_an_answer_and_ends_no_job(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError("division by zero")

    sent: list[Any] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: sent.append(event))
    monkeypatch.setattr(engine, "_translator", fail)
    monkeypatch.setattr("deepimagetranslator.ml.weights.read_card", fail)
    monkeypatch.setattr("deepimagetranslator.ml.network.unet.build_unet", fail)
    path = Path("w.weights.h5")
    for request in (DescribeWeights(path), InitialiseModel(ModelSpec(), path, 1), preview(1)):
        engine._short.put(request)
    engine._serve_short()
    assert len(sent) == 3 and all("division by zero" in event.problem for event in sent)


def test_a_newer_one_takes_its_place_unless_it_is_to_be_kept(engine: Any) -> None:
    engine._short.put(preview(2))
    assert engine._preview(preview(1)) is None
    assert engine._preview(preview(1, keep=True)).number == 1
    with pytest.raises(Cancelled):
        engine._abandon_if_stale(preview(1))


def test_of_previews_that_wait_only_the_newest_and_those_to_keep_are_answered(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: sent.append(event.number))
    for request in (preview(1), preview(2, keep=True), preview(3), preview(4)):
        engine._short.put(request)
    engine._serve_short()
    assert sent == [2, 4]
    engine._serve_short()
    assert sent == [2, 4]


def test_one_to_keep_does_not_take_the_place_of_the_image_in_view(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: sent.append(event.number))
    for request in (preview(1), preview(2), preview(3, keep=True)):
        engine._short.put(request)
    engine._serve_short()
    assert sent == [2, 3]
    engine._short.put(preview(5, keep=True))
    assert engine._preview(preview(4)).number == 4


def test_they_are_answered_between_two_steps_of_a_job(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: sent.append(event.number))
    control = engine._control(7)
    engine._short.put(preview(1))
    control.between_steps()
    assert sent == [1]


def test_after_a_cancelled_job_they_are_answered_again(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[object] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: ends.append(event))

    def cancelled(_request: object, control: JobControl) -> None:
        control.cancel.set()
        control.between_steps()

    monkeypatch.setattr(engine, "_result", cancelled)
    engine._work(Evaluate(7, Path("w"), ()))
    assert ends == [JobStarted(), JobCancelled()]
    assert engine._preview(preview(1)).number == 1


def test_what_gives_way_to_a_job_that_is_cancelled_is_answered_after_it(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(engine, "_send", lambda _job, event: sent.append(event))
    for request in (preview(1), preview(2), preview(3, keep=True)):
        engine._short.put(request)
    control = engine._running = engine._control(7)
    control.cancel.set()
    engine._serve_short()
    assert sent == []
    engine._running = JobControl()
    engine._serve_short()
    assert [event.number for event in sent] == [2, 3]


def test_weights_that_a_training_has_rewritten_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, made = tmp_path / "best.weights.h5", []

    class Network:
        """Takes other weights once; then the file describes another network."""

        def __init__(self, _path: Path) -> None:
            self.taken = 0
            made.append(self)

        def take_new_weights(self) -> bool:
            self.taken += 1
            return self.taken == 1

    module = SimpleNamespace(Translator=Network)
    monkeypatch.setitem(sys.modules, "deepimagetranslator.ml.translator", module)
    engine = worker._Worker(None)  # type: ignore[arg-type]
    path.write_bytes(b"weights")
    first = engine._translator(path)
    assert engine._translator(path) is first and first.taken == 0
    for time in (1, 2):
        os.utime(path, ns=(0, time))
        engine._translator(path)
    assert (first.taken, len(made)) == (2, 2)
    assert engine._translator(path) is made[1]


def test_a_cancelled_job_does_not_wait_for_it(engine: Any) -> None:
    control = engine._running = engine._control(7)
    assert engine._preview(preview(1, keep=True)) is not None
    control.cancel.set()
    assert engine._preview(preview(1, keep=True)) is None
