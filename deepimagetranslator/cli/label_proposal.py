"""The proposal of the command label next, by the way that the user chooses."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from deepimagetranslator.cli import terminal
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.labelling.loop.foreground import foreground_in
from deepimagetranslator.core.labelling.loop.next_image import (
    DISAGREEMENT,
    RANDOM,
    THUMBNAILS,
    Proposal,
    next_by_value,
    next_image,
)
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.loop.thumbnails import distances
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.ml import devices


def proposed(
    arguments: argparse.Namespace,
    project: Project,
    store: LabelStore,
    images: Sequence[KnownImage],
    newest: Callable[[], Path],
) -> tuple[Proposal | None, list[Problem]]:
    """The image to label next, and the images that the network cannot tell of.

    Args:
        arguments: ``by`` and ``weights`` of the command line.
        project: the project.
        store: has the label maps.
        images: all images of the project.
        newest: gives the weights if the user gave none.

    Raises:
        UserError: there are no weights, or they do not suit.
        Cancelled: the user cancelled.
    """
    way, seed = arguments.by, project.specs.training.seed
    if arguments.weights is not None and way != DISAGREEMENT:
        raise UserError(
            f"Only --by {DISAGREEMENT} takes a network; leave --weights out, or choose it."
        )
    left = [one.image for one in images if one.state != DONE]
    has_foreground = foreground_in(store)
    if way == RANDOM or not left:
        return next_image(images, seed, has_foreground), []
    problems: list[Problem] = []
    with terminal.progress() as (report, control):
        if way == THUMBNAILS:
            values = distances(images, report=report, control=control)
        else:
            weights = arguments.weights or newest()
            devices.load_engine()
            from deepimagetranslator.ml.self_disagreement import (  # noqa: PLC0415
                self_disagreements,
            )
            from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

            values, problems = self_disagreements(Translator(weights), left, report, control)
    return next_by_value(images, seed, has_foreground, values, way), problems
