"""The validation inputs measured as if the network had given them back unchanged.

What that is for is said in ``core.runs.input_itself``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.config.project import load_project, save_project
from deepimagetranslator.core.config.specs import VALUE_LOSSES, TrainingSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.intensity.conversion import Conversion
from deepimagetranslator.core.messages.events import InputsMeasured, LogLine, Report
from deepimagetranslator.core.runs import input_itself
from deepimagetranslator.core.runs.history_text import rows_of
from deepimagetranslator.core.runs.input_itself import LOSS, MEASURED, RECORD, Verdict
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml.network import losses, metrics
from deepimagetranslator.ml.network.unet import FINAL
from deepimagetranslator.ml.sequence import PairSequence
from deepimagetranslator.ml.unwritten import Unwritten

_EQUAL = 1e-10  # mean squared error of images that are equal but for rounding
_FUNCTIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "psnr": metrics.psnr,
    "mse": losses.mse,
    "mae": losses.mae,
    "ssim": losses.ssim,
    "ssim_mae": losses.ssim_mae,
}


class InputItself:
    """Doing nothing as the baseline of one training.

    Args:
        run: its folder, whose record keeps the values.
        dataset: its images.
        training: its loss and metrics.
        report: called with each event.
        recorded: the values in the record of a resumed run; empty to measure them.

    Attributes:
        values: by metric; empty until they are measured, and where they cannot be.
    """

    def __init__(
        self,
        run: RunFolder,
        dataset: Dataset,
        training: TrainingSpec,
        report: Report,
        recorded: Mapping[str, float],
    ) -> None:
        self.values = dict(recorded)
        self._run, self._training, self._report = run, training, report
        self._convert = dataset.input_to_target if dataset.val else None

    def tell(self) -> None:
        """Report the values, if there are any."""
        if self.values:
            self._report(InputsMeasured(self.values))

    def measure(
        self, batches: PairSequence, unwritten: Unwritten, between: Callable[[], None]
    ) -> None:
        """Measure, record and report the values once; call it when an epoch has ended.

        The images were then read for the validation, and are still in memory if they fit.

        Args:
            batches: the validation batches.
            unwritten: writes the record.
            between: called after each batch; may raise to cancel.
        """
        convert, self._convert = self._convert, None
        if self.values or convert is None:
            return
        self.values = measured_inputs(batches, convert, self._training, between)
        if not self.values:
            return
        self.tell()
        found = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
        self._report(LogLine(f"The validation inputs themselves, without a network: {found}."))
        record = load_project(self._run.project)
        record = replace(record, run={**record.run, RECORD: self.values})
        unwritten.put("record", lambda run: save_project(record, run.project))
        unwritten.write()

    def verdict(self, history: str, best_epoch: int) -> Verdict | None:
        """Compare the best epoch of a history with the inputs; None if that is not possible."""
        return input_itself.verdict(rows_of(history), best_epoch, self.values)

    def conclude(self, history: str, best_epoch: int) -> None:
        """Say so if the best epoch is no better than the inputs themselves."""
        found = self.verdict(history, best_epoch)
        if found is not None and not found.better:
            self._report(LogLine(str(found)))


def measured_inputs(
    batches: PairSequence,
    convert: Conversion,
    training: TrainingSpec,
    between: Callable[[], None],
) -> dict[str, float]:
    """The loss and the metrics of a training for the inputs themselves.

    Each is the mean over the images, as for the network's output.

    Args:
        batches: the validation batches, augmented as for the network.
        convert: from the inputs' normalization to that of the targets.
        training: has the loss and the metrics; those that do not compare values are left out.
        between: called after each batch; may raise to cancel.

    Returns:
        The values by metric, and by "loss"; empty if the inputs equal their targets.
    """
    names = {name: name for name in MEASURED if name in training.metrics}
    if training.loss in VALUE_LOSSES:
        names[LOSS] = training.loss
    needed = {"mse", *names.values()}
    sums, images = dict.fromkeys(needed, 0.0), 0
    for index in range(len(batches)):
        x, y = batches.batch(batches.epoch, index)
        y = y[FINAL] if isinstance(y, dict) else y
        for name in needed:
            values = _FUNCTIONS[name](y.astype(np.float32), convert(x))
            sums[name] += float(np.sum(keras.ops.convert_to_numpy(values)))
        images += len(x)
        between()
    if sums["mse"] <= _EQUAL * images:
        return {}
    return {name: sums[measure] / images for name, measure in names.items()}
