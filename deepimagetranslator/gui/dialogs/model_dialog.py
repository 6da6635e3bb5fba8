"""The dialog for the network: fields, drawing, number of parameters and memory use."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from tkinter import ttk
from typing import Any

from deepimagetranslator.core.config.memory_plan import training_memory_bytes
from deepimagetranslator.core.config.network_plan import count_parameters
from deepimagetranslator.core.config.specs import (
    CATEGORICAL_LOSSES,
    DataSpec,
    ModelSpec,
    TrainingSpec,
)
from deepimagetranslator.core.config.validation import with_sizes
from deepimagetranslator.core.data.crops import default_shapes
from deepimagetranslator.core.data.section_choices import SectionStart
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.system.machine import bytes_in_words, memory_bytes
from deepimagetranslator.gui.dialogs.network_drawing import NetworkDrawing
from deepimagetranslator.gui.widgets.form import Form, FormDialog, Group, Row
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

NAME = "model"
TITLE = "Define new model"
Shape = tuple[int, int, int]
_SIZES = ("width", "height", "channels")
_SIZE_FIELDS = frozenset(f"{side}_{size}" for side in ("input", "target") for size in _SIZES)
_ASSUMED: Shape = (256, 256, 3)
_MOST_OF_MEMORY = 0.9
GROUPS = (
    Group(
        "Image sizes",
        (
            Row(
                "Input images",
                tuple(f"input_{size}" for size in _SIZES),
                ("Width", "Height", "Channels"),
            ),
            Row(
                "Target images",
                tuple(f"target_{size}" for size in _SIZES),
                ("", "", ""),
            ),
        ),
    ),
    Group(
        "U-Net",
        (
            "depth",
            "base_filters",
            Row("", ("deep_supervision", "residual"), ("", "")),
            "normalization",
            "fused_normalization",
            "dropout",
            "upsampling",
            "initialization",
            "final_activation",
        ),
    ),
)
DATA_GROUPS = (Group("Images of another size", ("large_images",)),)


class ModelDialog(FormDialog[ModelSpec]):
    """The dialog; its constructor does not wait.

    Args:
        parent: a widget of the window in front of which it appears.
        start: the initial values, and those of resets.
        training: its batch size and precision determine the memory use, its loss the channels.
        first_pair_shapes: height, width and channels of the first input and target, for sizes
            that are not chosen; None before images are loaded.
        on_ok: called by "Create model" with the spec, the names of the fields that count as
            chosen, and ``DataSpec.large_images``; sizes that are not chosen are 0.
        memory: bytes available for training; by default this computer's.
        large_images: the initial ``DataSpec.large_images``.
    """

    aside = True

    def __init__(
        self,
        parent: tk.Misc,
        start: SectionStart,
        training: TrainingSpec,
        first_pair_shapes: tuple[Shape, Shape] | None = None,
        on_ok: Callable[[ModelSpec, frozenset[str], str], object] | None = None,
        memory: int | None = None,
        large_images: str = "resize",
    ) -> None:
        self._training = training
        self._pair_shapes = first_pair_shapes
        self._memory = memory_bytes() if memory is None else memory
        self.large_images = large_images

        def accepted(model: ModelSpec, chosen: frozenset[str]) -> None:
            if on_ok is not None:
                unchosen: dict[str, Any] = dict.fromkeys(_SIZE_FIELDS - chosen, 0)
                on_ok(replace(model, **unchosen), chosen, self.large_images)

        super().__init__(parent, NAME, TITLE, start, GROUPS, "Create model", accepted)
        self._build_data_form()
        self._build_aside()
        self.changed()
        self.place(self.form.first())

    def filled(self, spec: ModelSpec) -> ModelSpec:
        """The spec; sizes that are not chosen are those of the loaded images."""
        shapes = self._shapes(spec.depth)
        if shapes is None:
            return spec
        # With a categorical loss the target channels are the classes, which are counted when the
        # images are read.
        classes = self._training.loss in CATEGORICAL_LOSSES
        return _sized(spec, shapes, every_channel=not classes)

    def changed(self) -> None:
        """Draw the network; while a value is invalid the last drawing stays."""
        spec = self.form.read()
        if spec is None or not hasattr(self, "drawing"):
            return
        shapes = self._shapes(spec.depth) or (_ASSUMED, _ASSUMED)
        assumed = _sized(spec, shapes, every_channel=True)
        self.drawing.show(assumed)
        self.parameters.configure(text=f"{count_parameters(assumed):,} parameters")
        batch, step = self._training.batch_size, training_memory_bytes(assumed, self._training)
        images = "1 image" if batch == 1 else f"{batch} images"
        self.memory.configure(
            text=f"About {bytes_in_words(step)} of memory for a training step of {images}"
        )
        self.warning.show(self._memory_problem(step))

    def _memory_problem(self, step: int) -> Problem | None:
        if not self._memory or step <= _MOST_OF_MEMORY * self._memory:
            return None
        there = bytes_in_words(self._memory)
        return Problem(
            "memory",
            f"This would not fit in memory, which is {there}: choose fewer blocks or channels, "
            "smaller images or a smaller batch size.",
            fatal=False,
        )

    def _shapes(self, depth: int) -> tuple[Shape, Shape] | None:
        """The shapes for sizes that are not chosen: those of the first pair or of its crops."""
        if self._pair_shapes is None or self.large_images == "resize":
            return self._pair_shapes
        return default_shapes(self._pair_shapes, depth)

    def _build_data_form(self) -> None:
        self.data_form: Form[DataSpec] = Form(
            self.body,
            DataSpec,
            DATA_GROUPS,
            mnemonics=self.mnemonics,
            on_help=self.show_help,
        )
        self.data_form.show(DataSpec(large_images=self.large_images))
        self.data_form.grid(row=1, column=0, sticky="nw", pady=(self.theme.px(14), 0))
        self.data_form.fields.on_change = self._on_large_images
        self.update_idletasks()  # to align the widgets of both forms in one column
        like = self.form.controls["final_activation"]
        self.data_form.align_labels(like.winfo_x())
        column = self.data_form.controls["large_images"].master
        column.columnconfigure(1, minsize=like.winfo_width())

    def _on_large_images(self) -> None:
        """Update sizes that the user has not chosen: those of the images or of the crops."""
        data, spec = self.data_form.read(), self.form.read()
        if data is None or data.large_images == self.large_images:
            return
        before = self._sizes(spec)
        self.large_images = data.large_images
        after = self._sizes(spec)
        if spec is not None and before and all(getattr(spec, n) == before[n] for n in before):
            self.form.show(replace(spec, **after))

    def _sizes(self, spec: ModelSpec | None) -> dict[str, Any]:
        shapes = None if spec is None else self._shapes(spec.depth)
        if shapes is None:
            return {}
        sized = with_sizes(ModelSpec(), *shapes)
        return {n: getattr(sized, n) for side in ("input", "target") for n in _of(side)}

    def _build_aside(self) -> None:
        px = self.theme.px
        aside = ttk.Frame(self.body)
        aside.grid(row=0, column=1, rowspan=2, sticky="nsew", padx=(px(28), 0))
        self.body.columnconfigure(1, weight=1)
        self.body.rowconfigure(0, weight=1)
        aside.columnconfigure(0, weight=1)
        aside.rowconfigure(0, weight=1)
        self.drawing = NetworkDrawing(aside, px(400), px(340))
        self.drawing.grid(row=0, column=0, sticky="nsew")
        self.parameters = ttk.Label(aside, style="Bold.TLabel")
        self.parameters.grid(row=1, column=0, sticky="w", pady=(px(10), 0))
        self.memory = ttk.Label(aside)
        self.memory.grid(row=2, column=0, sticky="w", pady=(px(2), 0))
        self.warning = MessageLabel(aside, px(390))
        self.warning.grid(row=3, column=0, sticky="w", pady=(px(4), 0))
        self.warning.show(None)


def _of(side: str) -> tuple[str, str]:
    return f"{side}_height", f"{side}_width"


def _sized(spec: ModelSpec, shapes: tuple[Shape, Shape], every_channel: bool) -> ModelSpec:
    """The spec; sizes that are not chosen are taken from the shapes of input and target."""
    sized = with_sizes(spec, *shapes)
    # The number of classes is only known once the targets have been read.
    return sized if every_channel else replace(sized, target_channels=spec.target_channels)
