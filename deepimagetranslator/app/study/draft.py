"""A new study as it is typed, and what it asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass

from deepimagetranslator.app.study.axes import Axis
from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.chosen import info_of
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.new_study import (
    FOLDS,
    LEAVE_ONE_OUT,
    Wishes,
    sizes_in,
)
from deepimagetranslator.core.study.variations import ONLY, Variation, crossed

EPOCHS, STEPS = "training.epochs", "training.steps_per_epoch"


class FieldError(UserError):
    """What is wrong with one field of the dialog.

    Attributes:
        field: an attribute of ``Draft``, or "axis 0" and so on.
    """

    def __init__(self, field: str, error: UserError) -> None:
        super().__init__(*str(error).split("\n"))
        self.problems = error.problems
        self.field = field


@dataclass(frozen=True)
class Draft:
    """What is typed and chosen; all numbers as texts.

    Attributes:
        kind: as in ``Wishes``.
        folds: the number of folds, for FOLDS.
        group: a regular expression that finds the person in a file's name; empty to find persons
            by folder, DICOM patient or name.
        axes: what is varied; all values are combined with each other.
        sizes: numbers of training images, separated by commas; empty to take all.
        repeats: how often everything is repeated with other seeds.
        epochs, steps: of each training; empty for those of the project.
        measure, weights: as in ``Wishes``; empty for what suits.
        optimistic: score the best weights by the tested images too.
        comparisons: pairs of names of variations; None to compare each with the first.
        output: the study's folder.
    """

    kind: str = LEAVE_ONE_OUT
    folds: str = "3"
    group: str = ""
    axes: tuple[Axis, ...] = ()
    sizes: str = ""
    repeats: str = "1"
    epochs: str = ""
    steps: str = ""
    measure: str = ""
    weights: str = ""
    optimistic: bool = False
    comparisons: tuple[tuple[str, str], ...] | None = None
    output: str = ""


def variations_of(axes: tuple[Axis, ...]) -> tuple[Variation, ...]:
    """All combinations of the values.

    Raises:
        FieldError: of an axis; the last one if two vary the same.
    """
    for number, axis in enumerate(axes):
        try:
            crossed([axis.text])
        except UserError as error:
            raise FieldError(f"axis {number}", error) from None
    try:
        return crossed([axis.text for axis in axes]) if axes else (Variation(ONLY),)
    except UserError as error:
        names = [axis.name for axis in axes]
        twice = max(i for i, name in enumerate(names) if names.count(name) > 1)
        raise FieldError(f"axis {twice}", error) from None


def wishes_of(draft: Draft) -> Wishes:
    """What the draft asks for, in the form that the command uses too.

    Raises:
        FieldError: of the first field that cannot be understood.
    """
    varied = variations_of(draft.axes)
    folds = _whole(draft.folds, "folds") if draft.kind == FOLDS else 0
    try:
        sizes = sizes_in(draft.sizes)
    except UserError as error:
        raise FieldError("sizes", error) from None
    return Wishes(
        draft.kind,
        folds,
        _whole(draft.repeats, "repeats"),
        sizes,
        varied,
        settings_of(draft),
        draft.comparisons,
        draft.measure or None,
        draft.weights or None,
        draft.optimistic,
        os.cpu_count() or 1,
        draft.group.strip() or None,
    )


def settings_of(draft: Draft) -> tuple[str, ...]:
    """The settings of all variations.

    Raises:
        FieldError: of the epochs or the steps.
    """
    found = []
    for field, name, text in (("epochs", EPOCHS, draft.epochs), ("steps", STEPS, draft.steps)):
        if not text.strip():
            continue
        try:
            fields.parse(info_of(name), text)
        except UserError as error:
            raise FieldError(field, error) from None
        found.append(f"{name}={text.strip()}")
    return tuple(found)


def _whole(text: str, field: str) -> int:
    try:
        return int(text)
    except ValueError:
        error = UserError(f"'{text}' is not a whole number; give one such as 3.")
        raise FieldError(field, error) from None
