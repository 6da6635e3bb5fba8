"""Reads the files of both parts of a data set, and reports progress."""

from __future__ import annotations

import time
from collections.abc import Sequence

from deepimagetranslator.core.data.check_record import Parts
from deepimagetranslator.core.data.dataset import Matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.statistics import DatasetStatistics, gather_statistics
from deepimagetranslator.core.messages.events import FilesRead, Report
from deepimagetranslator.core.messages.job_control import JobControl

_SECONDS_BETWEEN_REPORTS = 0.2


def read_parts(
    matched: Matched,
    known: Parts[DatasetStatistics | None],
    report: Report,
    control: JobControl,
    in_brief: bool = False,
) -> Parts[DatasetStatistics]:
    """The statistics of both parts; the files of a part are read unless they are known.

    Raises:
        Cancelled: by ``control``.
    """
    progress = _Progress(len(matched.train) + len(matched.val), report)

    def read(pairs: Sequence[ImagePair], found: DatasetStatistics | None) -> DatasetStatistics:
        if found is None:
            found = gather_statistics(pairs, control.cancel.is_set, progress.read_one, in_brief)
            control.raise_if_cancelled()
        else:
            progress.know(len(pairs))
        return found

    return read(matched.train, known[0]), read(matched.val, known[1])


class _Progress:
    """Reports how many of the pairs were read, a few times a second."""

    def __init__(self, count: int, report: Report) -> None:
        self._count = count
        self._report = report
        self._done = 0
        self._told = 0.0

    def read_one(self, _done: int, _count: int) -> None:
        """Count one pair that was read."""
        self.know(1)

    def know(self, pairs: int) -> None:
        """Count pairs that are known and need no reading."""
        self._done += pairs
        now = time.monotonic()
        if self._done == self._count or now - self._told > _SECONDS_BETWEEN_REPORTS:
            self._told = now
            self._report(FilesRead(self._done, self._count))
