"""Long use: what the engine's processes hold stays the same, and answers stay as quick."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from long_use import Figures, LongUse

from deepimagetranslator.app.engine import renewal
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    EpochEnded,
    ImageTranslated,
    JobFinished,
)

ROUNDS, EVERY = 500, 50
MOST_GROWTH = 1.0
"""MiB per 100 rounds."""

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
    pytest.mark.timeout(5400),  # that of the whole slow series
]


@pytest.fixture
def use(tmp_path: Path) -> Iterator[LongUse]:
    use = LongUse(tmp_path)
    yield use
    use.client.close()


def middle(figures: list[Figures]) -> Figures:
    """The medians; a process that is just being renewed counts twice in some rounds."""
    rows = [(one.memory, one.handles, one.threads, one.latency) for one in figures]
    memory, handles, threads, latency = np.median(rows, axis=0)
    return Figures(float(memory), int(handles), int(threads), float(latency))


def told(name: str, number: int, figures: Figures) -> None:
    print(
        f"{name} {number}: {figures.memory:.1f} MiB, {figures.handles} handles, "
        f"{figures.threads} threads, preview {1000 * figures.latency:.0f} ms",
        flush=True,
    )


def test_the_engine_is_renewed_between_jobs_and_goes_on_answering(
    use: LongUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "TRAININGS_KEPT", 1)
    monkeypatch.setattr(renewal, "ROOM", 0)
    first = use.client.pid
    best = use.train(use.folder / "run").best
    number = 0
    while use.client.pid == first:
        number += 1
        use.preview(best, number)
    use.preview(best, number + 1)
    assert use.client.ready and use.client.alive
    assert use.events == []  # nobody is told


@pytest.mark.faults
def test_500_rounds_hold_no_more_at_the_end(use: LongUse) -> None:
    found: list[Figures] = []
    for number in range(1, ROUNDS + 1):
        found.append(use.round())
        if number % EVERY == 0:
            told("round", number, middle(found[-EVERY:]))
    # The first rounds fill caches.
    first, last = middle(found[EVERY : 2 * EVERY]), middle(found[-EVERY:])
    growth = 100 * (last.memory - first.memory) / (ROUNDS - 2 * EVERY)
    print(f"growth {growth:.2f} MiB per 100 rounds")
    assert growth < MOST_GROWTH
    assert last.handles <= first.handles and last.threads <= first.threads
    assert last.latency < 2 * first.latency


@pytest.mark.faults
def test_5000_images_are_translated_in_flat_memory(use: LongUse) -> None:
    best = use.train(use.folder / "run").best
    inputs = []
    for number in range(5000):
        path = use.folder / "many" / f"{number:04d}.png"
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(use.inputs[number % len(use.inputs)].path, path)
        inputs.append(ImageRef(path))
    memory: dict[int, float] = {}
    use.start_translation(best, tuple(inputs))
    for number in range(1, len(inputs) + 1):
        use.until(ImageTranslated)
        if number % 500 == 0:
            memory[number] = use.figures().memory
            print(f"image {number}: {memory[number]:.1f} MiB", flush=True)
    use.until(JobFinished)
    assert memory[5000] - memory[1000] < 4 * MOST_GROWTH


@pytest.mark.faults
def test_2000_epochs_of_4_steps_run_in_flat_memory(use: LongUse) -> None:
    specs = use.project.specs
    training = replace(specs.training, epochs=2000, batch_size=1)
    data = replace(specs.data, train_inputs=use.files[0], train_targets=use.files[1])
    use.project = replace(use.project, specs=replace(specs, training=training, data=data))
    memory: dict[int, float] = {}
    use.begin(use.folder / "run")
    for epoch in range(1, 2001):
        assert use.until(EpochEnded).epoch == epoch
        if epoch % 200 == 0:
            memory[epoch] = use.figures().memory
            print(f"epoch {epoch}: {memory[epoch]:.1f} MiB", flush=True)
    use.until(JobFinished)
    assert memory[2000] - memory[400] < 16 * MOST_GROWTH
