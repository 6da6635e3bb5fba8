"""How the words and values of the specs are written for people, and read back."""

from __future__ import annotations

from typing import Any

from deepimagetranslator.core.config.fields import FieldInfo

_WORDS = {
    "muon": "Muon",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "mse": "MSE",
    "mae": "MAE",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "iou": "IoU",
    "ssim_mae": "SSIM + MAE",
    "binary_crossentropy": "Binary cross-entropy",
    "categorical_crossentropy": "Categorical cross-entropy",
    "sparse_categorical_crossentropy": "Sparse categorical cross-entropy",
    "dice_crossentropy": "Dice + cross-entropy",
    "he_normal": "He normal",
    "png": "PNG",
    "tif": "TIF",
    "nifti": "NIfTI",
    "dicom": "DICOM",
    "val_loss": "val_loss",
    "val_total_loss": "val_total_loss",
}


def shown_word(word: str) -> str:
    """A choice as people write it; ``core.fields.parse`` takes it back."""
    if word in _WORDS:
        return _WORDS[word]
    if any(letter.isdigit() for letter in word):
        return word
    return word.replace("_", " ").capitalize()


def shown_value(info: FieldInfo, value: Any) -> str:
    """A field's value as the text that ``core.fields.parse`` turns into the same value."""
    if info.kind == "bool":
        return "true" if value else "false"
    if info.kind == "choice":
        return shown_word(value)
    if info.kind in ("names", "paths"):
        return ", ".join(value)
    if info.kind == "texts":
        return "; ".join(value)
    return repr(value).removesuffix(".0")


def full_help(info: FieldInfo) -> str:
    """The field's help, and for a number what is allowed."""
    if info.kind not in ("int", "float"):
        return info.help
    bounds = info.bounds()
    return f"{info.help} {bounds[0].upper()}{bounds[1:]}."
