"""How long a training of the loop is, and from which weights it begins.

The loop is to be quick: an epoch shows each done image twice, in at least 20 and at most 200
steps; there are 25 epochs from scratch and 10 from the newest weights, whose peak learning rate is
0.3 of the project's. With 10 done images and a batch size of 1 these are 500 and 200 steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

from deepimagetranslator.core.config.project import Project

CONTINUES = False
"""Whether a training begins from the newest weights unless the user says otherwise. A warm start
can harm, as the network goes on from what few images have taught it."""

EPOCHS, EPOCHS_CONTINUED = 25, 10
RATE_CONTINUED = 0.3
"""The peak learning rate from the newest weights, as a share of the project's."""
_SHOWN = 2  # how often an epoch shows each image
LEAST_STEPS, MOST_STEPS = 20, 200  # of an epoch
_OWN = {"training.epochs", "training.steps_per_epoch"}


def scheduled(project: Project, images: int, continued: bool, epochs: int = 0) -> Project:
    """The project with the length of a training of the loop.

    A length that the user has chosen for the project holds for trainings from scratch.

    Args:
        project: the project.
        images: the number of training images.
        continued: whether it begins from the newest weights.
        epochs: the number of epochs; 0 for that of the rule.
    """
    training = project.specs.training
    if continued or not _OWN & project.chosen:
        steps = math.ceil(_SHOWN * images / training.batch_size)
        training = replace(
            training,
            epochs=EPOCHS_CONTINUED if continued else EPOCHS,
            steps_per_epoch=min(max(steps, LEAST_STEPS), MOST_STEPS),
        )
    if continued:
        training = replace(training, learning_rate=training.learning_rate * RATE_CONTINUED)
    if epochs:
        training = replace(training, epochs=epochs)
    return replace(project, specs=replace(project.specs, training=training))
