"""One training from its first batch to its last epoch: network, batches, and what is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.domain.domain import UNKNOWN, Domain
from deepimagetranslator.core.data.input_statistics import InputMeter
from deepimagetranslator.core.data.intensity.conversion import conversion
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    CheckpointSaved,
    EpochEnded,
    LogLine,
    Report,
)
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs import history_text
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.calibration import add_domain
from deepimagetranslator.ml.input_itself import InputItself
from deepimagetranslator.ml.memory import enough_memory
from deepimagetranslator.ml.network.averaging import AveragedModel, WeightAverage
from deepimagetranslator.ml.network.losses import build_loss
from deepimagetranslator.ml.network.metrics import build_metrics
from deepimagetranslator.ml.network.optimizers import build_optimizer
from deepimagetranslator.ml.network.sharing import LossScaling, SharedModel
from deepimagetranslator.ml.network.unet import (
    COARSE,
    FINAL,
    convert_inputs,
    lsuv_initialize,
    unet_tensors,
)
from deepimagetranslator.ml.progress import ProgressCallback, not_a_number
from deepimagetranslator.ml.run_record import (
    HISTORY,
    TrainingState,
)
from deepimagetranslator.ml.sequence import PairSequence
from deepimagetranslator.ml.unwritten import Unwritten
from deepimagetranslator.ml.weights_card import WeightsCard
from deepimagetranslator.ml.weights_transfer import transfer

_FIRST_PIXELS = 2**20


class Job:
    """One training: the network, its batches, and the work after each epoch."""

    def __init__(
        self,
        project: Project,
        dataset: Dataset,
        run: RunFolder,
        state: TrainingState,
        report: Report,
        control: JobControl,
        history: str = "",
        recorded: Mapping[str, float] | None = None,
    ) -> None:
        self.history = history
        self.baseline = InputItself(run, dataset, project.specs.training, report, recorded or {})
        self.project = project
        self.dataset = dataset
        self.run = run
        self.state = state
        self.report = report
        self.control = control
        self.unwritten = Unwritten(run, report)
        self.average: WeightAverage | None = None
        specs = project.specs
        inputs = (pair.input for pair in dataset.train)
        self.meter = InputMeter(inputs, dataset.input_scaling)
        reader = PairReader(dataset, specs.data.cache_mib * 2**20, dataset.contents, self.meter.add)
        self.train_batches, self.val_batches = (
            PairSequence(
                PairSampler(
                    reader, pairs, specs.augmentation, specs.training.seed, pairs is dataset.val
                ),
                specs.training.batch_size,
                state.epoch + 1,
                specs.training.epochs,
                steps=specs.training.steps_per_epoch if pairs is dataset.train else 0,
            )
            for pairs in (dataset.train, dataset.val)
        )
        self.monitored = specs.training.judge
        if not specs.model.deep_supervision:
            self.monitored = self.monitored.replace("total_", "")
        if not dataset.val:
            self.monitored = self.monitored.removeprefix("val_")

    def build(self, start_weights: Path | None) -> None:
        """Build and compile the network, and load weights and optimizer state if there are any."""
        training = self.project.specs.training
        model = self.dataset.model
        inputs, outputs = unet_tensors(model, self.state.precision, training.seed)
        # Two models share the layers. Only the second has an optimizer, so that saving the first
        # writes the weights alone.
        self.network = keras.Model(inputs, outputs, name="unet")
        kind = AveragedModel if training.averaging else SharedModel
        self.trained = kind(inputs, outputs, name="trained_unet")
        loss = build_loss(training.loss, model.final_activation)
        metrics = build_metrics(
            training.metrics,
            model.target_channels,
            self.dataset.channel_names,
            model.final_activation,
            sparse=self.dataset.sparse,
            exclusive=self.dataset.exclusive_channels,
        )
        heads: dict[str, Any] = {"loss": loss, "metrics": metrics}
        if model.deep_supervision:
            heads = {
                "loss": {FINAL: loss, COARSE: build_loss(training.loss, model.final_activation)},
                "loss_weights": {FINAL: 0.5, COARSE: 0.5},
                "metrics": {FINAL: metrics},
            }
        optimizer = build_optimizer(training, len(self.train_batches) * training.epochs)
        if self.state.precision == "float16":
            optimizer = LossScaling(optimizer)
        self.trained.compile(optimizer=optimizer, auto_scale_loss=False, **heads)
        if model.residual:
            found = conversion(self.dataset.input_scaling, self.dataset.target_scaling)
            assert found is not None, "refused by the examination"
            convert_inputs(self.network, found.factor, found.summand)
        if start_weights is not None:
            self._start_from(start_weights)
        elif not self.state.epoch and model.initialization == "data_dependent":
            lsuv_initialize(self.network, model, self.state.precision, self._first_images())
        if training.averaging:
            self.average = WeightAverage(self.network.trainable_variables, training.averaging)
            self.trained.average = self.average
        if self.state.epoch:
            # The optimizer must be built first, or Keras would reset it without an error.
            optimizer.build(self.trained.trainable_variables)
            self.trained.load_weights(self.run.last)
            stored = weights.read_state(self.run.last)
            for name, variable in self._seed_states().items():
                variable.assign(stored[name])
            if self.average is not None:
                self.average.restore(stored)

    def fit(self) -> None:
        """Train to the last epoch, unless the user or early stopping ends it before.

        Raises:
            UserError: the loss is nan or infinite, a batch cannot be made, memory is short, or
                files of the run could not be written up to the end.
            Cancelled: the caller cancelled.
        """
        try:
            self._fit()
        except Exception:
            lost = self.unwritten.finish()
            if lost is not None:
                self.report(LogLine(str(lost)))
            raise
        lost = self.unwritten.finish()
        if lost is not None:
            raise lost

    def _fit(self) -> None:
        training = self.project.specs.training
        self.rate = self._learning_rate()
        callback = ProgressCallback(
            self.train_batches, training, self.report, self.control, self._epoch_ended
        )
        fused = self.project.specs.model.fused_normalization
        single = fused and self.train_batches.batch_size == 1
        try:
            self.trained.fit(
                devices.feed(self.train_batches, single),
                validation_data=devices.feed(self.val_batches, single)
                if self.dataset.val
                else None,
                initial_epoch=self.state.epoch,
                epochs=training.epochs,
                shuffle=False,
                verbose=0,
                callbacks=[callback],
            )
        except (UserError, Cancelled):
            raise
        except Exception:
            # Keras wraps an error in a batch; the original has the message for the user.
            original = self.train_batches.error or self.val_batches.error
            if original is not None:
                raise original from None
            raise

    def learn_domain(self) -> None:
        """Let the best weights say which images they suit, unless they do already.

        The training is complete without it, so it fails with a line in the log.
        """
        sampler, trained = self.val_batches.sampler, self.state.epoch * self.train_batches.images
        try:
            with enough_memory():
                add_domain(
                    self.run, self.state.best_epoch, sampler, trained, self.report, self.control
                )
        except UserError as error:
            self.report(LogLine(f"It was not found out which images the network suits: {error}"))

    def close(self) -> None:
        """End the threads and release the memory."""
        self.train_batches.close()
        self.val_batches.close()
        keras.utils.clear_session()

    def _start_from(self, path: Path) -> None:
        model = self.dataset.model
        size = (model.input_height, model.input_width)
        source, card = weights.load(path, size=size)
        renewed = transfer(source, self.network)
        self.report(LogLine(f"Started from {path.name} ({card.program})."))
        if renewed:
            why = (
                f"the file has {card.model.target_channels} target channels, this project has "
                f"{model.target_channels}"
            )
            if card.model.residual != model.residual:
                why = "only one of the two networks has a residual output"
            initial = "initial" if model.residual else "random"
            self.report(
                LogLine(
                    f"The last layer ({', '.join(renewed)}) keeps its {initial} weights: {why}."
                )
            )

    def _first_images(self) -> np.ndarray:
        """The first images of the first epoch for the initialization: 4, or fewer if large."""
        model = self.dataset.model
        pixels = model.input_height * model.input_width
        return self.train_batches.first_inputs(max(1, min(4, _FIRST_PIXELS // pixels)))

    def _learning_rate(self) -> float:
        """The learning rate of the next step; history.csv has that of an epoch's first step."""
        return float(keras.ops.convert_to_numpy(self.trained.optimizer.learning_rate))

    def _seed_states(self) -> dict[str, Any]:
        generators = [getattr(layer, "seed_generator", None) for layer in self.network.layers]
        found = [generator for generator in generators if generator is not None]
        return {f"seed_state_{i}": generator.state for i, generator in enumerate(found)}

    def _epoch_ended(self, epoch: int, values: dict[str, float], seconds: float) -> bool:
        state, training = self.state, self.project.specs.training
        value = values[self.monitored]
        if not math.isfinite(value):
            raise not_a_number(epoch, training)
        improved = value < state.best_value
        if improved:
            state.best_epoch, state.best_value = epoch, value
        state.epoch, state.epochs, state.values = epoch, training.epochs, values
        row = {"epoch": epoch, **values, "learning_rate": self.rate, "seconds": round(seconds, 3)}
        self.rate = self._learning_rate()
        self.history += history_text.line_of(row) if self.history else history_text.text_of([row])
        self._save(epoch, value, improved)
        self.report(
            EpochEnded(
                epoch,
                training.epochs,
                row,
                seconds,
                state.best_epoch,
                state.best_value,
            )
        )
        self.baseline.measure(self.val_batches, self.unwritten, self.control.between_steps)
        waited = epoch - state.best_epoch
        if training.early_stopping and waited >= training.early_stopping:
            self.report(LogLine(f"Stopped: no better {self.monitored} for {waited} epochs."))
            return True
        return self.control.finish_early.is_set()

    def _save(self, epoch: int, value: float, improved: bool) -> None:
        """Write the files of an epoch, or keep them until that can be done."""
        card, files, history = self._card(epoch, value), self.unwritten, self.history
        if improved:
            with nullcontext() if self.average is None else self.average.in_place():
                content = weights.file_content(self.network, card)
            path = self.run.improvement(epoch, value).name
            files.put("checkpoint", lambda run: write_bytes(run.path / path, content, durable=True))
            files.put("best checkpoint", lambda run: self._write_best(run, content, epoch, value))
        state = self._state_content(card)
        files.put("history", lambda run: run.write_history(history))
        files.put("state", lambda run: run.write_state(state, epoch))
        files.write()

    def _write_best(self, run: RunFolder, content: memoryview, epoch: int, value: float) -> None:
        write_bytes(run.best, content, durable=True)
        run.keep_improvements(self.project.specs.training.keep_best)
        self.report(CheckpointSaved(str(run.improvement(epoch, value)), epoch, value))

    def _state_content(self, card: WeightsCard) -> memoryview:
        """The content of the file that the run resumes from."""
        arrays = {
            name: np.asarray(keras.ops.convert_to_numpy(variable))
            for name, variable in self._seed_states().items()
        }
        if self.average is not None:
            arrays |= self.average.arrays()
        arrays[HISTORY] = np.frombuffer(self.history.encode(), np.uint8)
        return weights.file_content(self.trained, card, asdict(self.state) | arrays)

    def _card(self, epoch: int, value: float) -> WeightsCard:
        training = self.project.specs.training
        summary = {
            "epoch": epoch,
            self.monitored: value,
            "loss_function": training.loss,
            "precision": self.state.precision,
            "seed": training.seed,
            "train_pairs": len(self.dataset.train),
            "val_pairs": len(self.dataset.val),
            "saved": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        if training.averaging:
            summary["averaging"] = training.averaging
        return WeightsCard(
            model=self.dataset.model,
            input_scaling=self.dataset.input_scaling,
            target_scaling=self.dataset.target_scaling,
            palette=self.dataset.palette,
            large_images=self.project.specs.data.large_images,
            preset=self.project.preset,
            input_statistics=self.meter.statistics(),
            domain=Domain(reason="training") if training.recognize_unlike else UNKNOWN,
            training=summary | {name: float(v) for name, v in self.state.values.items()},
        )
