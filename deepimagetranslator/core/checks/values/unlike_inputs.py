"""Before a translation: series whose values are unlike those of the training inputs.

A network that has learnt Hounsfield units makes something of Hounsfield units + 1024 as well, but
nothing right.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deepimagetranslator.core.checks.values.unlike_values import Trained, Unlike
from deepimagetranslator.core.data.even_sample import even_sample
from deepimagetranslator.core.errors import Problem, Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.read_ahead import read_ahead
from deepimagetranslator.core.imaging.series import series_of
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array

KIND = "unlike_inputs"
ACCEPT = Remedy((("translation.accept_values", True),))
"""The remedy: translate such images all the same."""
_LOOKED_AT = 8  # images of a series
_THREADS = min(4, os.cpu_count() or 1)


def unlike_series(
    images: Sequence[ImageRef],
    trained: Trained,
    report: Report = ignore,
    control: JobControl | None = None,
) -> list[Problem]:
    """Series whose values are unlike those of the training inputs; a few images of each are read.

    Args:
        images: the images to translate; unreadable ones tell nothing.
        trained: what the weights say.
        report: called with ``FilesRead`` events.
        control: may cancel.

    Returns:
        A problem for each such series; its files are all images of the series.

    Raises:
        Cancelled: by ``control``.
    """
    groups: dict[Hashable, list[ImageRef]] = defaultdict(list)
    for image in images:
        groups[series_of(image)].append(image)
    control, found = control or JobControl(), []
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, group in enumerate(groups.values(), 1):
            control.between_steps()
            read = read_ahead(
                even_sample(group, _LOOKED_AT), pool, _THREADS
            )  # few large images at a time
            unlike = trained.series(image for image in read if not isinstance(image, UserError))
            if unlike is not None:
                found.append(_problem(group, trained.sentence(unlike)))
            report(FilesRead(done, len(groups)))
    return found


def unlike_image(ref: ImageRef, image: Array, trained: Trained) -> Problem | None:
    """A problem if a single image's values have another meaning than those of the training.

    Slices of a volume or of a DICOM series share one meaning, so only their series is compared.
    """
    if ref.slice is not None or not isinstance(series_of(ref), Path):
        return None
    cause = trained.image(image)
    return _problem([ref], trained.sentence(Unlike(0, 0, cause))) if cause else None


def _problem(images: Sequence[ImageRef], sentence: str) -> Problem:
    first = images[0]
    subject = first.file if first.slice is not None or len(images) == 1 else first.file.parent
    files = tuple(map(str, images))
    return Problem(str(subject), sentence, True, KIND, files, remedy=ACCEPT)
