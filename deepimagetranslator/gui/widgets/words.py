"""Converts the words and values of specs to text for the window, and back."""

from __future__ import annotations

from typing import Any

from deepimagetranslator.core.config.fields import FieldInfo, as_text, parse

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
    "dice_score": "Dice score",
    "area_difference": "Area difference",
    "input_mae": "Input MAE",
    "input_mse": "Input MSE",
    "input_psnr": "Input PSNR",
    "input_ssim": "Input SSIM",
}
_CHOICES = {
    "normalization": {"deep": "All blocks but the first", "group": "All blocks"},
    "initialization": {"data_dependent": "Data-dependent (LSUV)"},
    "behaviour": {"current": "2.0"},
}
"""Texts of choices that are only clear together with their field's label, by field."""


def shown_word(word: str) -> str:
    """The text for a word of a spec, for instance "Dice score" for "dice_score"."""
    if word in _WORDS:
        return _WORDS[word]
    if any(letter.isdigit() for letter in word):
        return word
    return word.replace("_", " ").capitalize()


def shown_choice(info: FieldInfo, word: str) -> str:
    """The text for a choice of a field; ``parsed`` converts it back."""
    return _CHOICES.get(info.name, {}).get(word) or shown_word(word)


def parsed(info: FieldInfo, text: str) -> Any:
    """The value of a field from typed text or from the text of ``shown_value``.

    Raises:
        UserError: the text is not an allowed value.
    """
    if info.kind == "choice":
        text = next((word for word in info.choices if shown_choice(info, word) == text), text)
    return parse(info, text)


def shown_value(info: FieldInfo, value: Any) -> str:
    """The text for a field's value; ``parsed`` converts it back."""
    return shown_choice(info, value) if info.kind == "choice" else as_text(info, value)


def said_value(info: FieldInfo, value: Any) -> str:
    """A field's value in a sentence: choices by the words of their boxes."""
    if isinstance(value, tuple):
        return ", ".join(shown_choice(info, one) for one in value)
    return shown_value(info, value)


def full_help(info: FieldInfo) -> str:
    """The field's help; for numbers with the allowed range."""
    if info.kind not in ("int", "float"):
        return info.help
    bounds = info.bounds()
    return f"{info.help} {bounds[0].upper()}{bounds[1:]}."
