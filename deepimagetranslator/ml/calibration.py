"""At the end of a training: which images do its best weights suit?

Some validation images are changed by degrees and translated (``core.data.domain``). Nothing else
is looked at; without validation images it is every fifth of the training images, whose limits are
then rather wide, as the network knows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from deepimagetranslator.core.augmentation.sampling import PairSampler
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.domain.calibration import Trial, limits_of, scale_limits
from deepimagetranslator.core.data.domain.damage import Judge
from deepimagetranslator.core.data.domain.domain import Domain, Known, is_readable
from deepimagetranslator.core.data.domain.reference import reference_of
from deepimagetranslator.core.data.domain.sample import Sample, Seen, sample_of
from deepimagetranslator.core.data.domain.shifts import Shift, graded
from deepimagetranslator.core.data.domain.spacing import network_pixel, spacing_range
from deepimagetranslator.core.data.even_sample import even_sample
from deepimagetranslator.core.imaging.images import read_header
from deepimagetranslator.core.messages.events import ChangesTried, LogLine, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.network.embedding import outputs_of, with_embedding
from deepimagetranslator.ml.sequence import one_hot

_PART = 0.2  # predictions for each image of a training step: about 5 % of the training's time
_FEWEST, _MOST = 2, 10  # changed images
_USUAL = 32  # training images
_WITHOUT_VALIDATION = 5  # every so many training images are changed


def calibrated(
    weights_path: Path,
    sampler: PairSampler,
    trained: int,
    report: Report,
    control: JobControl,
) -> Domain:
    """Find out which images weights suit.

    Args:
        weights_path: the weights.
        sampler: samples the validation pairs.
        trained: the number of images that were trained on, each as often as it was.
        report: called with ``ChangesTried`` events.
        control: cancels.

    Raises:
        UserError: an image cannot be read.
        Cancelled: by ``control``.
    """
    budget = int(_PART * trained)
    changes = graded()
    usual = min(_USUAL, max(8, budget // 6))
    images = min(_MOST, (budget - usual) // (1 + len(changes)))
    if images < _FEWEST:
        return Domain(reason="short")
    report(LogLine("Finding out which images the network suits, by changes of known images."))
    dataset = sampler.reader.dataset
    like = even_sample(dataset.train, usual)
    changed = even_sample(dataset.val or dataset.train[::_WITHOUT_VALIDATION], images)
    trials = _Trials(weights_path, dataset, report, control)
    trials.count = len(like) + len(changed) * (1 + len(changes))
    known = trials.samples(replace(sampler, pairs=like))
    reference = reference_of(known)
    found = [
        replace(trial, deviations=reference.deviations(sample))
        for trial, sample in trials.changed(replace(sampler, pairs=changed), changes)
    ]
    if not found:
        return Domain(reason="poor")
    limits = limits_of(found, map(reference.deviations, known))
    model = dataset.model
    size = None if dataset.crops else (model.input_height, model.input_width)
    pixels = [network_pixel(read_header(pair.input), size) for pair in dataset.train]
    spacing = spacing_range(pixels, *scale_limits(found))
    content = Known(reference, limits, len({trial.image for trial in found}), spacing)
    return Domain(content, "") if is_readable(content) else Domain(reason="poor")


def add_domain(
    run: RunFolder,
    best_epoch: int,
    sampler: PairSampler,
    trained: int,
    report: Report,
    control: JobControl,
) -> None:
    """Let the best weights of a run say which images they suit, unless they do already.

    Args:
        run: the run, whose training has ended.
        best_epoch: the epoch of its best weights.
        sampler: samples the validation pairs.
        trained: the number of images that were trained on, each as often as it was.
        report: called with events.
        control: cancels.

    Raises:
        UserError: an image cannot be read, or the weights cannot be written; they stay as they are.
        Cancelled: by ``control``.
    """
    if weights.read_card(run.best).domain.known is not None:
        return
    domain = calibrated(run.best, sampler, trained, report, control)
    content = weights.content_with(run.best, domain)
    improvements = (one.path for one in run.improvements() if one.epoch == best_epoch)
    for path in (*improvements, run.best):
        write_bytes(path, content, durable=True)
    report(LogLine(domain.line))


class _Trials:
    """Runs the network of some weights on known images.

    Attributes:
        count: how many runs there will be, for the progress.
    """

    def __init__(
        self, weights_path: Path, dataset: Dataset, report: Report, control: JobControl
    ) -> None:
        network, card = weights.load(weights_path, devices.choose_precision("automatic"))
        self._model: keras.Model = with_embedding(network)
        self._dataset, self._report, self._control = dataset, report, control
        model = card.model
        same_sizes = model.input_height == model.target_height and (
            model.input_width == model.target_width
        )
        same_kind = same_sizes and model.input_channels == model.target_channels
        comparable = same_kind and dataset.input_scaling == dataset.target_scaling
        self._by_class = card.by_class
        labels, exclusive = self._by_class is not None, dataset.exclusive_channels
        self._judge = Judge(labels, bool(self._by_class), comparable, exclusive)
        self._done, self.count = 0, 0

    def samples(self, sampler: PairSampler) -> list[Sample]:
        """What the network sees of unchanged images."""
        images = (sampler.sample(1, position)[0] for position in range(len(sampler.pairs)))
        return [self._run(x)[0] for x in images]

    def changed(
        self, sampler: PairSampler, changes: Sequence[Shift]
    ) -> Iterator[tuple[Trial, Sample]]:
        """Each image unchanged and after each change, with the damage done.

        Images whose targets show nothing, or that the network translates poorly, are left out. The
        trials have no deviations yet.
        """
        for number in range(len(sampler.pairs)):
            x, stored = sampler.sample(1, number)
            y = self._target(stored)
            sample, y_pred = self._run(x)
            before = self._judge.quality(x, y, y_pred)
            if not self._judge.suffices(before):
                self._pass(len(changes))
                continue
            yield Trial(number, "", 0.0, {}, 0.0), sample
            for place, shift in enumerate(changes):
                rng = np.random.default_rng([sampler.seed, number, place])
                moved = shift.change(x, rng)
                aim = shift.change(y, rng) if self._moves(shift) else y
                sample, y_pred = self._run(moved)
                damage = self._judge.damage(before, self._judge.quality(moved, aim, y_pred))
                if np.isfinite(damage):
                    yield Trial(number, shift.kind, shift.grade, {}, damage), sample

    def _moves(self, shift: Shift) -> bool:
        """Whether the target changes with the input."""
        return shift.moves or (shift.relights and self._judge.comparable)

    def _target(self, stored: Array) -> Array:
        """A target as the network's output is: classes in channels."""
        return one_hot(stored, self._dataset.classes) if self._dataset.classes else stored

    def _run(self, x: Array) -> tuple[Sample, Array]:
        self._control.between_steps()
        y, embedding = outputs_of(self._model, x[np.newaxis])
        self._pass(1)
        return sample_of(Seen(x, y[0], embedding[0]), self._by_class), y[0]

    def _pass(self, runs: int) -> None:
        self._done += runs
        self._report(ChangesTried(self._done, self.count))
