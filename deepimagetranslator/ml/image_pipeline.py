"""From planned images to written files: reads in advance, translates in batches, writes."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from deepimagetranslator.core.checks.values.unlike_inputs import unlike_image
from deepimagetranslator.core.checks.values.unlike_values import Trained
from deepimagetranslator.core.config.clean_up import cleaned_by
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.domain.sample import Sample, Seen
from deepimagetranslator.core.data.odd_values import not_finite
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.disagreement import (
    Apart,
    SecondLook,
    worst_first,
)
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.plan import OutputFile, file_beside
from deepimagetranslator.core.export.volume import VolumeWriter
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.read_ahead import read_ahead
from deepimagetranslator.core.messages.events import (
    ImageSkipped,
    ImageTranslated,
    LogLine,
    PartTranslated,
    Report,
    SliceTranslated,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml.marking import Marker, ranked
from deepimagetranslator.ml.translation_result import (
    Part,
    TranslationResult,
    concluded,
    tell_not_finite,
)
from deepimagetranslator.ml.translator import Translator

_READ_AHEAD = 4
_SECONDS = 0.2  # between two reports on one image


@dataclass(frozen=True)
class _Job:
    """An image to translate, the writer of its output file, and that of its confidence map."""

    source: ImageRef
    writer: VolumeWriter
    beside: VolumeWriter | None = None

    @property
    def output_file(self) -> OutputFile:
        return self.writer.output_file

    @property
    def begins_volume(self) -> bool:
        """Whether it is the first of several slices."""
        sources = self.output_file.sources
        return len(sources) > 1 and self.source == sources[0]


class ImagePipeline:
    """One translation, or a part of one; threads read images in advance and write finished ones."""

    def __init__(
        self,
        translator: Translator,
        output_files: Sequence[OutputFile],
        output: Path,
        spec: TranslationSpec,
        report: Report,
        control: JobControl,
        trained: Trained | None,
    ) -> None:
        self._translator, self._batch_size = translator, spec.batch_size
        self._trained, self._output = trained, output
        self._marker = Marker(translator.card)
        self._marks: dict[ImageRef, DomainMark] = {}
        self._report, self._control = report, control
        names = next((_class_names(p) for p in output_files if p.encoding.kind == "classes"), ())
        cleaned = any(file.encoding.clean_up is not None for file in output_files)
        self._clean_up = spec.clean_up if cleaned else ()
        if cleaned:
            report(LogLine(cleaned_by(spec.clean_up)))
        derived = DerivedSeries(translator.network.name, names, self._clean_up)
        self._jobs = list[_Job]()
        for file in output_files:
            writer = VolumeWriter(file, derived, spec.overwrite)
            beside = None
            if translator.beside:
                beside = VolumeWriter(file_beside(file, translator.beside), derived, spec.overwrite)
            self._jobs += [_Job(source, writer, beside) for source in file.sources]
        self._total, self._done = len(self._jobs), 0
        self._written: Counter[Path] = Counter()
        self._failed: set[Path] = set()
        self._not_finite: list[ImageRef] = []
        self._apart: dict[ImageRef, Apart] = {}
        self._writing: deque[tuple[_Job, Future[DomainMark | None]]] = deque()
        self.translated: list[tuple[ImageRef, ImageRef]] = []
        self.skipped: list[tuple[ImageRef, str]] = []
        self.problems: list[Problem] = []
        self.confidence: list[Path] = []

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Skip the images of these problems without reading them."""
        reasons = {image: problem.message for problem in problems for image in problem.files}
        self.problems += problems
        refused = [job for job in self._jobs if str(job.source) in reasons]
        self._jobs = [job for job in self._jobs if str(job.source) not in reasons]
        for output_file in dict.fromkeys(job.output_file for job in refused):
            sources = output_file.sources
            source = sources[0] if len(sources) == 1 else ImageRef(output_file.original)
            self._done += len(sources)
            self._note_skipped(source, reasons[str(sources[0])])

    def result(self) -> TranslationResult:
        """Translate all images that are not refused, and write the tables."""
        try:
            self._translate_all()
        finally:
            done = concluded(self._done_part(), self._output, self._report)
        if odd := self._not_finite:
            tell_not_finite(odd, self._total, self._report)
        return done

    def part(self) -> Part:
        """Translate all images, and leave the tables to whoever has the other parts."""
        self._translate_all()
        return self._done_part()

    def _translate_all(self) -> None:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "images") as pool:
            self._work(pool)

    def _done_part(self) -> Part:
        result = TranslationResult(
            tuple(self.translated),
            tuple(self.skipped),
            tuple(self.problems),
            ranked(self.translated, self._marks),
            None,
            self._translator.card.domain.unknown,
            self._clean_up,
            tuple(self.confidence),
            bool(self.confidence) and self._translator.confidence.calibration is not None,
            worst_first(self._second_looks()),
        )
        return Part(result, tuple(self._not_finite))

    def _second_looks(self) -> Iterator[SecondLook]:
        for source, output in self.translated:
            if source in self._apart:
                apart = self._apart[source]
                yield SecondLook(source, output, apart.disagreement, apart.measure)

    def _work(self, pool: ThreadPoolExecutor) -> None:
        for batch in self._batches(pool):
            self._control.between_steps()
            if batch[0][0].begins_volume:
                self._finish(most_open=0)  # so that one volume at a time is in memory
            if self._translator.is_large(batch[0][1]):
                self._translate_large(batch, pool)
            else:
                self._translate_batch(batch, pool)
            self._finish(most_open=_READ_AHEAD)
        self._finish(most_open=0)

    def _translate_batch(self, batch: list[tuple[_Job, Array]], pool: ThreadPoolExecutor) -> None:
        images, names = [image for _, image in batch], [job.source.name for job, _ in batch]
        seen: dict[int, Seen] = {}
        try:
            predicted = self._translator.predict(images, names, seen.__setitem__)
        except UserError as error:
            if len(batch) == 1:
                self._skip(batch[0][0], error)
                return
            for one in batch:  # to skip only the image that does not fit
                self._translate_batch([one], pool)
            return
        for index, ((job, image), values) in enumerate(zip(batch, predicted, strict=True)):
            future = pool.submit(self._render, job, values, image.shape, seen[index])
            self._writing.append((job, future))

    def _render(
        self, job: _Job, values: np.ndarray, shape: tuple[int, ...], seen: Seen
    ) -> DomainMark | None:
        """Encode and write one output; compare its input with the training images."""
        encoding = job.output_file.encoding
        confidence = replace(self._translator.confidence, encoding=encoding)
        image, found = encoding.image(confidence.written(values)), None
        if job.beside is not None:
            found = confidence.image(values, job.beside.output_file.form)
        _put(job, image, found, (shape[0], shape[1]))
        self._note_apart(job, seen)
        return self._marker.mark([self._marker.sample(seen)], job.source, seen.x.shape[:2])

    def _note_apart(self, job: _Job, seen: Seen) -> None:
        """Add how far the networks are apart on an image, or on a tile of it."""
        if seen.apart is not None:
            known = self._apart.get(job.source)
            self._apart[job.source] = seen.apart if known is None else known + seen.apart

    def _translate_large(self, batch: list[tuple[_Job, Array]], pool: ThreadPoolExecutor) -> None:
        """Translate the only image of a batch; it is released before its output is written."""
        job, image = batch.pop()
        size, last = image.shape[:2], 0.0

        def between(done: int, parts: int) -> None:
            nonlocal last
            self._control.between_steps()
            if time.monotonic() - last > _SECONDS:
                last = time.monotonic()
                event = PartTranslated(job.source, done, parts, self._done + 1, count)
                self._report(event)

        samples: list[Future[Sample | None]] = []

        def watch(_: int, seen: Seen) -> None:
            self._note_apart(job, seen)
            if self._marker.knows:
                samples.append(pool.submit(self._marker.sample, seen))

        self._finish(most_open=0)
        count = self._total
        network = None if self._translator.in_tiles(image) else self._translator.network_size(image)
        name, encoding = job.source.name, job.output_file.encoding
        confidence: Array | None = None
        try:
            if job.beside is None:
                result = self._translator.translate(image, name, encoding, between, watch)
            else:
                form = job.beside.output_file.form
                result, confidence = self._translator.translate_with_confidence(
                    image, name, form, encoding, between, watch
                )
        except UserError as error:
            self._skip(job, error)
            return
        del image
        put = partial(self._put, job, result, confidence, size, samples, network)
        self._writing.append((job, pool.submit(put)))
        del result, confidence, put
        self._finish(most_open=0)

    def _put(
        self,
        job: _Job,
        result: Array,
        confidence: Array | None,
        size: tuple[int, int],
        samples: Sequence[Future[Sample | None]],
        network: tuple[int, int] | None,
    ) -> DomainMark | None:
        """Write the output of a large image; compare its tiles with the training images."""
        _put(job, result, confidence, size)
        return self._marker.mark([sample.result() for sample in samples], job.source, network)

    def _finish(self, most_open: int) -> None:
        while len(self._writing) > most_open:
            job, future = self._writing.popleft()
            try:
                mark = future.result()
            except NoSpaceError as error:
                self._count_written()
                count = len({source for source, _ in self.translated})
                raise NoSpaceError(
                    f"{error} {count} of {self._total} images are translated; translate the others "
                    "when there is space."
                ) from error
            except UserError as error:
                self._skip(job, error)
            else:
                if mark is not None:
                    self._marks[job.source] = mark
                self._count(job)

    def _count_written(self) -> None:
        """Count the images that were still being written when the disk was full."""
        while self._writing:
            job, future = self._writing.popleft()
            if future.exception() is None:
                self._count(job)

    def _count(self, job: _Job) -> None:
        """Count a finished image; after the last one of a file, report them all as written."""
        self._done += 1
        output_file, count = job.output_file, self._total
        if output_file.path in self._failed:
            self._report(SliceTranslated(self._done, count))
            return
        self._written[output_file.path] += 1
        if self._written[output_file.path] < len(output_file.sources):
            self._report(SliceTranslated(self._done, count))
            return
        if job.beside is not None:
            self.confidence.append(job.beside.output_file.path)
        encoding = output_file.encoding
        palette = encoding.network.palette if encoding.kind == "classes" else None
        for source in output_file.sources:
            part = output_file.part(source)
            self.translated.append((source, part))
            mark, apart = self._marks.get(source), self._apart.get(source)
            far = None if apart is None else apart.disagreement
            self._report(ImageTranslated(source, part, self._done, count, palette, mark, far))

    def _skip(self, job: _Job, error: UserError) -> None:
        """Skip an image that cannot be translated, and the whole volume if it is part of one."""
        output_file = job.output_file
        if output_file.path in self._failed:
            self._count(job)
            return
        self._failed.add(output_file.path)
        self._done += 1
        source, reason = job.source, str(error)
        if len(output_file.sources) > 1:
            job.writer.drop()
            if job.beside is not None:
                job.beside.drop()
            source = ImageRef(output_file.original)
            reason = f"{reason} Nothing is written of {source.name}, which needs this slice."
        self._note_skipped(source, reason)

    def _note_skipped(self, source: ImageRef, reason: str) -> None:
        self.skipped.append((source, reason))
        self._report(ImageSkipped(source, reason, self._done, self._total))

    def _is_unlike(self, job: _Job, image: Array) -> bool:
        """Whether the values of a single image, no slice of a volume, have another meaning."""
        problem = self._trained and unlike_image(job.source, image, self._trained)
        if not problem:
            return False
        self.problems.append(problem)
        self._skip(job, UserError(problem.message))
        return True

    def _batches(self, pool: ThreadPoolExecutor) -> Iterator[list[tuple[_Job, Array]]]:
        """Batches of images of one network size, read in advance; large images come alone."""
        coming = iter(self._jobs)
        sources = [job.source for job in self._jobs]
        batch: list[tuple[_Job, Array]] = []
        for image in read_ahead(sources, pool, self._batch_size + _READ_AHEAD):
            job = next(coming)
            if isinstance(image, UserError):
                self._skip(job, image)
                continue
            if job.output_file.path in self._failed:
                self._count(job)
                continue
            if self._is_unlike(job, image):
                continue
            if not_finite(image):
                self._not_finite.append(job.source)
            if batch and not self._together(batch[0], job, image):
                yield batch
                batch = []
            batch.append((job, image))
            full = len(batch) == self._batch_size or self._translator.is_large(image)
            del image  # so that a large one can be released as soon as it has been translated
            if full:
                yield batch
                batch = []
        if batch:
            yield batch

    def _together(self, first: tuple[_Job, Array], job: _Job, image: Array) -> bool:
        """Whether an image fits into the batch with this first image."""
        translator = self._translator
        return (
            not job.begins_volume
            and not translator.is_large(image)
            and translator.network_size(first[1]) == translator.network_size(image)
        )


def _put(job: _Job, image: Array, confidence: Array | None, size: tuple[int, int]) -> None:
    """Hand over an image to its writer, after its confidence map, so that none is without it."""
    if job.beside is not None and confidence is not None:
        job.beside.put(job.source, confidence, size)
    job.writer.put(job.source, image, size)


def _class_names(output_file: OutputFile) -> Sequence[str]:
    palette = output_file.encoding.network.palette
    assert palette is not None
    return palette.class_names if palette.names else [str(colour) for colour in palette.colours]
