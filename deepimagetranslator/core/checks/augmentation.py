"""Findings about the augmentation."""

from __future__ import annotations

from collections.abc import Iterator

from deepimagetranslator.core.augmentation.coverage import leaves_little, share_left
from deepimagetranslator.core.checks.context import CheckContext, finding
from deepimagetranslator.core.config.chosen import value_of
from deepimagetranslator.core.data.amounts import amounts_for
from deepimagetranslator.core.errors import Problem, Repair


def little_left(context: CheckContext) -> Iterator[Problem]:
    """An augmentation that moves much of an image out of view.

    Crops are left out, as the image around them is moved in.
    """
    specs, model = context.specs, context.model
    if model is None or specs.data.large_images == "crop":
        return
    size = model.input_height, model.input_width
    if not leaves_little(specs.augmentation, *size):
        return
    share = share_left(specs.augmentation, *size)
    message = (
        f"Shifts, turns and scaling leave at most {share:.0%} of one in ten images of "
        f"{size[1]} x {size[0]} pixels, the rest is black; make the amounts smaller."
    )
    suggested = amounts_for(specs, [size])
    smaller = [(n, v) for n, v in suggested.items() if v < value_of(specs, n)]
    repair = Repair("Use amounts for this image size", settings=tuple(sorted(smaller)))
    subject = "augmentation.translation"
    yield finding("little_left", message, subject=subject, repair=repair if smaller else None)
