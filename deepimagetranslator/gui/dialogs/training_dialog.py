"""The dialog for training parameters."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.data.section_choices import SectionStart
from deepimagetranslator.gui.widgets.form import FormDialog, Group

TRAINING = "training"
TRAINING_GROUPS = (
    Group("Optimization", ("optimizer", "loss", "learning_rate", "schedule", "warmup")),
    Group("Duration", ("epochs", "steps_per_epoch", "batch_size", "early_stopping", "seed")),
    Group("Metrics", ("metrics", "judge"), column=1),
    Group(
        "Checkpoints and precision",
        ("keep_best", "averaging", "precision", "recognize_unlike"),
        column=1,
    ),
)


class TrainingDialog(FormDialog[TrainingSpec]):
    """Define training parameters; the constructor does not wait."""

    def __init__(
        self,
        parent: tk.Misc,
        start: SectionStart,
        on_ok: Callable[[TrainingSpec, frozenset[str]], object] | None = None,
    ) -> None:
        super().__init__(
            parent,
            TRAINING,
            "Define training parameters",
            start,
            TRAINING_GROUPS,
            ok="Apply",
            on_ok=on_ok,
        )
        self.place(self.form.first())
