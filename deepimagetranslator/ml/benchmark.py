"""Benchmark of this machine: speed of training steps, epochs and translation.

All times are wall times. The time of an epoch beyond its bare steps (``ml.bare_steps``) is the
overhead of the program.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.messages.events import (
    EpochEnded,
    Event,
    LogLine,
    Report,
    ignore,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.system.machine import (
    bytes_in_words,
    free_memory_bytes,
    memory_bytes,
    processor_name,
)
from deepimagetranslator.ml import devices, translation
from deepimagetranslator.ml.bare_steps import BareSteps, compare
from deepimagetranslator.ml.memory import enough_memory

STEP_SHARE = 0.85
"""If bare steps take at least this fraction of an epoch, they limit the training speed."""
_TRANSLATED_SHARE = 0.7
_LITTLE_MEMORY = 0.05
_STEPS = 5


def drawn_project(folder: Path, train: int, val: int, size: int = 512) -> Project:
    """A project with the preset ``recommended`` on pairs of the sample set.

    Args:
        folder: the folder for the images.
        train, val: the number of training and of validation pairs.
        size: height and width in pixels.
    """
    sample = write_sample(folder, size=size, people=[1], slices=train + val).pairs
    pairs = [pair for person in sample.values() for pair in person]
    inputs, targets = (tuple(str(pair[side]) for pair in pairs) for side in (0, 1))
    files = {"train_inputs": inputs[:train], "train_targets": targets[:train]}
    files |= {"val_inputs": inputs[train:], "val_targets": targets[train:]}
    return new_project("recommended", files)


def figures(
    report: Report = ignore,
    control: JobControl | None = None,
    *,
    size: int = 512,
    depth: int = 5,
    base_filters: int = 16,
) -> dict[str, Any]:
    """Measure this machine, in half a minute to a minute; no files are left behind.

    The network is ``recommended`` with three input and target channels and a batch size of 1.

    Args:
        report: called with a ``LogLine`` for each part, and with the events of training and
            translation.
        control: cancels the measurement.
        size: height and width of the images, in pixels.
        depth, base_filters: see ``ModelSpec``.

    Returns:
        Plain values by name: machine (processor, cores, memory, gpus, precision, versions);
        step_ms, predict_ms, read_pair_ms and augment_pair_ms in milliseconds (the last two in one
        thread); step_images_per_second, epoch_images_per_second and
        translated_images_per_second; step_share, the fraction of an epoch that its bare steps
        take; limit, a sentence about what limits the speed.

    Raises:
        UserError: there is not enough memory or disk space.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    folder = tempfile.TemporaryDirectory(prefix="deepimagetranslator-", ignore_cleanup_errors=True)
    with folder as place, enough_memory():
        return _Trial(Path(place), report, control).run(size, depth, base_filters)


class _Trial:
    """One run of the benchmark."""

    def __init__(self, folder: Path, report: Report, control: JobControl) -> None:
        self.folder = folder
        self.report = report
        self.control = control

    def run(self, size: int, depth: int, base_filters: int) -> dict[str, Any]:
        """Run all measurements one after another."""
        self._say("Drawing images")
        project = drawn_project(self.folder / "sample", _STEPS, 2, size)
        specs = project.specs
        model = replace(
            specs.model,
            depth=depth,
            base_filters=base_filters,
            input_channels=3,
            target_channels=3,
        )
        choices = replace(specs.training, batch_size=1)
        project = replace(project, specs=replace(specs, model=model, training=choices))
        precision = devices.choose_precision("automatic")
        self._say(f"Training steps in {precision}")
        bare = self._bare(project)
        try:
            predict_ms = 1000 * bare.predict(self.control)
            read_ms, augment_ms = self._pair_ms(project, bare)
            free = [free_memory_bytes()]
            self._say("Epochs of training")
            result = compare(
                project,
                self.folder / "run",
                epochs=1,
                bare=bare,
                report=lambda event: self._trained(event, free),
                control=self.control,
            )
        finally:
            bare.close()
        step_ms = 1000 * median(result.steps)
        self._say("Translating files")
        found = {
            "machine": machine(),
            "step_ms": step_ms,
            "predict_ms": predict_ms,
            "read_pair_ms": read_ms,
            "augment_pair_ms": augment_ms,
            "step_images_per_second": 1000 / step_ms,
            "epoch_images_per_second": _STEPS / median(e.training for e in result.epochs[1:]),
            "step_share": 1 / median(result.ratios("whole")),
            "translated_images_per_second": self._translated_per_second(),
        }
        return found | {"limit": limit(found, min(free), memory_bytes())}

    def _say(self, text: str) -> None:
        self.control.raise_if_cancelled()
        self.report(LogLine(f"{text} ..."))

    def _bare(self, project: Project) -> BareSteps:
        return BareSteps(project, self.folder, _STEPS)

    def _trained(self, event: Event, free: list[int]) -> None:
        if isinstance(event, EpochEnded):
            free.append(free_memory_bytes())
        if not isinstance(event, LogLine):
            self.report(event)

    def _pair_ms(self, project: Project, bare: BareSteps) -> tuple[float, float]:
        """Median milliseconds to read a pair from its files, and to augment it."""
        dataset, specs = bare.dataset, project.specs
        kept, anew = PairReader(dataset, 2**30), PairReader(dataset, 0)
        sampler = PairSampler(kept, dataset.train, specs.augmentation, specs.training.seed)
        reading, making = [], []
        for epoch in (1, 2):
            for position, pair in enumerate(dataset.train):
                self.control.raise_if_cancelled()
                start = time.perf_counter()
                anew.read(pair)
                middle = time.perf_counter()
                sampler.sample(epoch, position)
                reading.append(middle - start)
                if epoch == 2:
                    making.append(time.perf_counter() - middle)
        return 1000 * median(reading), 1000 * median(making)

    def _translated_per_second(self) -> float:
        """Translated images per second, including reading and writing.

        The first image is not counted, since TensorFlow traces its functions with it.
        """
        begun: list[float] = []
        result = translation.translate(
            RunFolder(self.folder / "run").best,
            sorted((self.folder / "sample").rglob("images/*")),
            self.folder / "translated",
            TranslationSpec(batch_size=1),
            report=self.report,
            control=replace(self.control, serve=lambda: begun.append(time.perf_counter())),
        )
        return (len(result.translated) - 1) / (time.perf_counter() - begun[1])


def machine() -> dict[str, Any]:
    """The hardware and versions that the results depend on, for a bug report."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count() or 1,
        "memory": bytes_in_words(memory_bytes()),
        "gpus": devices.gpu_names(),
        "precision": devices.choose_precision("automatic"),
        "versions": devices.versions(),
    }


def limit(found: dict[str, Any], least_free: int, memory: int) -> str:
    """What limits the speed, in one sentence.

    Args:
        found: the values of ``figures``.
        least_free: the lowest free memory during the benchmark, in bytes.
        memory: total memory in bytes; 0 if unknown.
    """
    share = found["step_share"]
    if least_free < _LITTLE_MEMORY * memory:
        return (
            f"Memory limits: only {bytes_in_words(least_free)} were free; close other programs, or "
            "choose smaller images or a smaller network."
        )
    if share < STEP_SHARE:
        read, augment = found["read_pair_ms"], found["augment_pair_ms"]
        what, ms = ("Making", augment) if augment >= read else ("Reading", read)
        return (
            f"{what} the pairs ({ms:.0f} ms each) limits training: its steps take {share:.0%} of "
            "an epoch."
        )
    words = f"The training step itself limits training: it takes {share:.0%} of an epoch"
    predicted = 1000 / found["predict_ms"]
    if found["translated_images_per_second"] < _TRANSLATED_SHARE * predicted:
        return f"{words}; reading and writing files limits translation."
    return f"{words}."
