"""What an empty pane says: the menu entry that fills it."""

from __future__ import annotations

from collections.abc import Mapping

from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION

_IMAGES = {
    TRAINING: "File > Load training images, or File > Load folder pair",
    VALIDATION: "Data > Split validation from training, or File > Load validation images",
    TRANSLATED: "Translate > Load images for translation",
}
_TARGETS = {
    TRAINING: "File > Load training targets, or File > Load folder pair",
    VALIDATION: "File > Load validation targets",
    TRANSLATED: "Images for translation have no target",
}
_NO_MODEL = "Model > New model, or Model > Load model weights"


def hints(part: str, has_model: bool) -> Mapping[str, str]:
    """The texts of the empty panes "image", "target" and "prediction".

    Args:
        part: the part in view, one of ``PARTS``.
        has_model: whether there is a current model.
    """
    prediction = "The prediction of an image appears here" if has_model else _NO_MODEL
    return {"image": _IMAGES[part], "target": _TARGETS[part], "prediction": prediction}
