"""A translation on a cluster: the input files are dealt to the workers.

A volume, or the files of a DICOM series, are one task; other files are dealt some at a time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePath
from uuid import uuid4

from deepimagetranslator.core.config.clean_up import cleaned_by
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.export.layout import require_folder
from deepimagetranslator.core.export.output_lock import locked_output
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import series_of
from deepimagetranslator.core.messages.events import ImageSkipped, ImageTranslated, LogLine, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.atomic_write import NoSpaceError, write_bytes
from deepimagetranslator.core.system.system_path import is_folder, system_path
from deepimagetranslator.ml.cluster import tasks
from deepimagetranslator.ml.cluster.cluster import Cluster, Task, connected
from deepimagetranslator.ml.marking import Marked
from deepimagetranslator.ml.translation import Prepared, prepared
from deepimagetranslator.ml.translation_result import (
    Part,
    TranslationResult,
    concluded,
    tell_not_finite,
)

_SHARES = 4  # tasks for each worker, so that none waits long for the others
Group = dict[ImageRef, PurePath]


def translate_on_cluster(
    address: str,
    weights: Path | Sequence[Path],
    inputs: Sequence[Path | ImageRef],
    output: Path,
    spec: TranslationSpec,
    *,
    series: str | None,
    report: Report,
    control: JobControl,
) -> TranslationResult:
    """Translate on the workers of a cluster, which see all files at the same paths.

    Args:
        address: of the Dask scheduler.
        weights, inputs, output, spec, series, report, control: see ``translation.translate``.

    Raises:
        UserError, Cancelled: see ``translation.translate``; or the cluster cannot be used.
    """
    require_folder(output)
    with locked_output(output):
        ready = prepared(weights, inputs, output, spec, series, None, report, control)
        with _shared_file(output) as shared, connected(address, shared) as cluster:
            return _Dealt(weights, output, spec, ready, report).translated(cluster, control)


class _Dealt:
    """The images of a translation, dealt to workers, and what comes back."""

    def __init__(
        self,
        weights: Path | Sequence[Path],
        output: Path,
        spec: TranslationSpec,
        ready: Prepared,
        report: Report,
    ) -> None:
        self._weights: Path | list[Path]
        if isinstance(weights, Path):
            self._weights = weights.absolute()
        else:
            self._weights = [one.absolute() for one in weights]
        self._output, self._spec, self._ready, self._report = output, spec, ready, report
        self._given = {image.absolute(): image for image in ready.images}
        self._parts: list[Part] = []
        self._done = 0

    def translated(self, cluster: Cluster, control: JobControl) -> TranslationResult:
        """Let the workers translate all images that are not refused.

        Raises:
            UserError: images are left, as the disk is full or workers have vanished.
            Cancelled: by ``control``.
        """
        refused = self._refused()
        known = {text for problem in self._ready.problems for text in problem.files}
        images = {i: p for i, p in self._ready.images.items() if str(i) not in known}
        todo = [self._task(n, group) for n, group in enumerate(_groups(images, cluster.count), 1)]
        cleaned = [f for f in self._ready.output_files if f.encoding.clean_up is not None]
        if cleaned:
            self._report(LogLine(cleaned_by(self._spec.clean_up)))
        dealt = 0
        try:
            for _, part in cluster.deal(todo, self._report, control):
                if part is not None:
                    dealt += 1
                    self._take(part)
        except NoSpaceError as error:
            count = sum(len(part.result.translated) for part in self._parts)
            raise NoSpaceError(
                f"{error} {count} of {len(self._given)} images are known to be translated."
            ) from None
        finally:
            whole = self._merged(refused)
            result = concluded(whole, self._output, self._report)
        if whole.not_finite:
            tell_not_finite(whole.not_finite, len(self._given), self._report)
        if dealt < len(todo):
            raise UserError(
                f"{len(result.translated)} of {len(self._given)} images are translated; the "
                "others were with workers that stopped. Translate these again."
            )
        return result

    def _task(self, number: int, group: Group) -> Task:
        """A task. If its worker vanishes, what that has written of these files is replaced: none of
        them was there before, unless they may be overwritten anyway."""
        images = {image.absolute(): place for image, place in group.items()}
        first = (self._weights, images, self._output.absolute(), self._spec)
        again = (*first[:3], replace(self._spec, overwrite=True))
        return Task(f"part {number}", tasks.translate, first, again)

    def _refused(self) -> list[tuple[ImageRef, str]]:
        """The files of series whose values have another meaning, with the reason."""
        reasons = {text: p.message for p in self._ready.problems for text in p.files}
        found = []
        for file in self._ready.output_files:
            first = file.sources[0]
            if str(first) in reasons:
                source = first if len(file.sources) == 1 else ImageRef(file.original)
                self._done += len(file.sources)
                found.append((source, reasons[str(first)]))
                self._report(ImageSkipped(*found[-1], self._done, len(self._given)))
        return found

    def _take(self, part: Part) -> None:
        """Keep a part, with the paths as the user gave them."""
        done = part.result
        pairs = tuple((self._source(x), self._out(y)) for x, y in done.translated)
        marked = tuple(
            Marked(self._source(one.source), self._out(one.output), one.mark) for one in done.marked
        )
        looks = tuple(
            replace(one, source=self._source(one.source), output=self._out(one.output))
            for one in done.second_look
        )
        skipped = tuple((self._source(source), reason) for source, reason in done.skipped)
        maps = tuple(self._out(ImageRef(path)).file for path in done.confidence)
        self._parts.append(
            Part(
                replace(
                    done,
                    translated=pairs,
                    skipped=skipped,
                    marked=marked,
                    second_look=looks,
                    confidence=maps,
                ),
                tuple(map(self._source, part.not_finite)),
            )
        )
        marks = {one.source: one.mark for one in marked}
        apart = {one.source: one.disagreement for one in looks}
        for source, to in pairs:
            self._done += 1
            more = None, marks.get(source), apart.get(source)
            self._report(ImageTranslated(source, to, self._done, len(self._given), *more))
        for source, reason in skipped:
            self._done += 1
            self._report(ImageSkipped(source, reason, self._done, len(self._given)))

    def _merged(self, refused: Sequence[tuple[ImageRef, str]]) -> Part:
        """All parts together, in the order of the plan."""
        order = {image: place for place, image in enumerate(self._ready.images)}
        done = [part.result for part in self._parts]
        translated = sorted((x for one in done for x in one.translated), key=lambda x: order[x[0]])
        problems: list[Problem] = [*self._ready.problems, *(x for d in done for x in d.problems)]
        result = TranslationResult(
            tuple(translated),
            (*refused, *(x for one in done for x in one.skipped)),
            tuple(problems),
            tuple(sorted((x for d in done for x in d.marked), key=lambda x: -x.mark.score)),
            None,
            self._ready.translator.card.domain.unknown,
            next((one.clean_up for one in done), ()),
            tuple(sorted(x for one in done for x in one.confidence)),
            any(one.calibrated for one in done),
            tuple(sorted((x for d in done for x in d.second_look), key=lambda x: -x.disagreement)),
        )
        return Part(result, tuple(x for part in self._parts for x in part.not_finite))

    def _source(self, image: ImageRef) -> ImageRef:
        whole = ImageRef(image.file)  # of a skipped volume
        given = self._given.get(image)
        if given is None:
            given = next((o for a, o in self._given.items() if a.file == whole.file), image)
            return ImageRef(given.file, image.slice)
        return given

    def _out(self, image: ImageRef) -> ImageRef:
        place = image.file.relative_to(self._output.absolute())
        return ImageRef(self._output / place, image.slice)


def _groups(images: Group, workers: int) -> Iterator[Group]:
    """The images of each task."""
    whole: dict[Hashable, Group] = {}
    single: dict[Path, Group] = {}
    for image, place in images.items():
        key = series_of(image)
        if image.slice is None and isinstance(key, Path):
            single.setdefault(image.file, {})[image] = place
        else:
            whole.setdefault(key, {})[image] = place
    yield from whole.values()
    files = list(single.values())
    size = max(1, -(-len(files) // (_SHARES * max(1, workers))))
    for first in range(0, len(files), size):
        together: Group = {}
        for group in files[first : first + size]:
            together |= group
        yield together


@contextmanager
def _shared_file(output: Path) -> Iterator[Path]:
    """A file in the output folder, by which the workers show that they see it; deleted again."""
    path, there = output / f".shared-{uuid4().hex[:8]}", is_folder(output)
    write_bytes(path, path.name.encode())
    try:
        yield path
    finally:
        system_path(path).unlink(missing_ok=True)
        if not there:
            with suppress(OSError):  # something was written
                system_path(output).rmdir()
