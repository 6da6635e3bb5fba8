"""Presets: named sets of choices for a new project.

``Specs()`` holds the values that version 2.0.0 had, which a file keeps that does not name a field.
What was found to be better since then is switched on in the recommended preset.
"""

from __future__ import annotations

from deepimagetranslator.core.config.specs import (
    AugmentationSpec,
    DataSpec,
    ModelSpec,
    Specs,
    TrainingSpec,
    TranslationSpec,
)
from deepimagetranslator.core.errors import UserError

RECOMMENDED = "recommended"
PRESETS: dict[str, Specs] = {
    RECOMMENDED: Specs(
        data=DataSpec(exclusive_classes=True),
        model=ModelSpec(fused_normalization=True),
        training=TrainingSpec(recognize_unlike=True),
        augmentation=AugmentationSpec(blur=2.0),
    ),
    "2021": Specs(
        data=DataSpec(target_kind="values", input_scaling="type", target_scaling="type"),
        model=ModelSpec(
            input_channels=3,
            target_channels=3,
            normalization="none",
            initialization="glorot_uniform",
            final_activation="sigmoid",
        ),
        training=TrainingSpec(
            epochs=200,
            optimizer="adam",
            learning_rate=0.001,
            schedule="constant",
            warmup=0,
            loss="binary_crossentropy",
            metrics=("mse",),
            precision="float32",
            keep_best=0,
            judge="val_total_loss",
        ),
        augmentation=AugmentationSpec(behaviour="2021"),
        translation=TranslationSpec(output="values"),
    ),
}


def preset(name: str) -> Specs:
    """The specs of a preset, ``recommended`` or ``2021``.

    Raises:
        UserError: there is no such preset.
    """
    if name not in PRESETS:
        raise UserError(f"There is no preset '{name}'; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
