"""Previews of large images give way: to a newer one, and to a job that is being cancelled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepimagetranslator import worker
from deepimagetranslator.core.messages.job_control import Cancelled
from deepimagetranslator.core.messages.requests import DescribeWeights, PreviewTranslation

IMAGE = np.zeros((8, 8, 1), np.uint8)


def preview(number: int, keep: bool = False) -> PreviewTranslation:
    return PreviewTranslation(number, Path("best.weights.h5"), IMAGE, "image", keep)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker without a pipe whose network asks between two tiles whether to go on."""

    class Network:
        card = SimpleNamespace(training={"epoch": 3})

        def translate(self, image: Any, name: str, between: Any) -> Any:
            between(0, 2)
            return image

    made = worker._Worker(None)  # type: ignore[arg-type]
    monkeypatch.setattr(made, "_translator", lambda _path: Network())
    return made


def test_a_preview_is_answered(engine: Any) -> None:
    engine._short.put(DescribeWeights(Path("other.weights.h5")))
    ready = engine._preview(preview(1))
    assert (ready.number, ready.epoch, ready.problem) == (1, 3, "")
    assert ready.image is IMAGE


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


def test_a_cancelled_job_does_not_wait_for_it(engine: Any) -> None:
    control = engine._running = engine._control(7)
    assert engine._preview(preview(1, keep=True)) is not None
    control.cancel.set()
    assert engine._preview(preview(1, keep=True)) is None
