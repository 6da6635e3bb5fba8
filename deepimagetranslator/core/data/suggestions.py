"""Suggested settings: what follows from the data until the user chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepimagetranslator.core.config.specs import (
    Specs,
)
from deepimagetranslator.core.data.intensity.normalization import (
    ValueRange,
    choose_normalization,
)
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image

_LOOKED_AT = 24


def suited_to_targets(specs: Specs, targets: Sequence[ImageRef]) -> Specs:
    """The ``recommended`` choices for these targets: the loss follows from what they are.

    Label maps in pure colours keep Dice + cross-entropy on independent channels; label maps in
    other colours get the same loss on classes (softmax). Any other image gets mae, and the network
    neither a normalization nor a start scaled to the images, which make it forget how bright they
    are. Some of the files are looked at. What was chosen already stays.
    """
    if specs.training.loss != Specs().training.loss:
        return specs
    step = max(1, len(targets) // _LOOKED_AT)
    images = []
    for target in targets[::step]:
        try:
            images.append(read_image(target))
        except UserError:
            continue
    if not images:
        return specs
    colours = ColourCount()
    for image in images:
        colours.add(image)
    # Blurred label maps and numbered objects are label maps as soon as the user agrees.
    palette = colours.label_palette() or colours.blurred_palette()
    if palette is None and colours.instances:
        return specs
    if palette is None:
        return _suited_to_values(specs)
    if not palette.is_pure(choose_normalization(ValueRange.of(images), target=True)):
        return replace(specs, model=replace(specs.model, final_activation="softmax"))
    return specs


def _suited_to_values(specs: Specs) -> Specs:
    model, usual = specs.model, Specs().model
    if model.normalization == usual.normalization:
        model = replace(model, normalization="none")
    if model.initialization == usual.initialization:
        model = replace(model, initialization="he_normal")
    return replace(specs, model=model, training=replace(specs.training, loss="mae"))
