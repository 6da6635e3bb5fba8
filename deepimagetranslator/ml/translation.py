"""Translating files and whole folders with a weights file."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.layout import places
from deepimagetranslator.core.export.plan import OutputFile, plan
from deepimagetranslator.core.export.volume import VolumeWriter
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.read_ahead import read_ahead
from deepimagetranslator.core.messages.events import (
    ImageSkipped,
    ImageTranslated,
    PartTranslated,
    Report,
    SliceTranslated,
    ignore,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml.translator import Translator

_READ_AHEAD = 4
_SECONDS = 0.2  # between two reports on one image


@dataclass(frozen=True)
class TranslationResult:
    """What became of each input: (source, output), or (source, why not).

    A slice of a volume has the same slice of the written volume for output; a volume that could
    not be translated is one source.
    """

    translated: tuple[tuple[ImageRef, ImageRef], ...]
    skipped: tuple[tuple[ImageRef, str], ...]

    @property
    def files(self) -> dict[Path, Path]:
        """Each file that was written, with the one that it was made from."""
        return {output.file: source.file for source, output in self.translated}


@dataclass(frozen=True)
class _Job:
    """An image to translate, and the file that it becomes or becomes a part of."""

    source: ImageRef
    assembly: VolumeWriter

    @property
    def product(self) -> OutputFile:
        return self.assembly.product

    @property
    def begins_volume(self) -> bool:
        """Whether it is the first of several slices."""
        sources = self.product.sources
        return len(sources) > 1 and self.source == sources[0]


def translate(
    weights_path: Path,
    inputs: Sequence[Path | ImageRef],
    output: Path,
    spec: TranslationSpec | None = None,
    *,
    series: str | None = None,
    folder: Path | None = None,
    report: Report = ignore,
    control: JobControl | None = None,
) -> TranslationResult:
    """Translate files and whole folders, subfolders included.

    An output has its input's name in the same subfolder below ``output``, and follows its kind
    unless a format is chosen; see ``core.export.layout`` and ``core.export.plan``. A file that
    cannot be translated is skipped and listed, a volume with all its slices.

    Args:
        weights_path: a weights file of this program or of the 2021 program.
        inputs: files, slices of files, and folders; paths are parsed here.
        output: the folder to write to, made if need be.
        spec: how to translate, what to write, whether to overwrite.
        series: of several DICOM series in a folder the one to translate.
        folder: where files that are given one by one were listed; see ``core.export.layout``.

    Raises:
        UserError: nothing was written: unusable weights, no inputs, a format that cannot hold
            the outputs, two inputs that would get one name, an output that exists already or
            would overwrite an input.
        Cancelled: by ``control``; what was written is complete.
    """
    spec = spec or TranslationSpec()
    translator = Translator(
        weights_path,
        spec.output,
        spec.value_type,
        spec.large_images,
        spec.batch_size,
        mirrors=spec.mirrors,
    )
    images = places(inputs, output, series, folder)
    products = plan(images, output, translator.network, spec)
    run = _Run(translator, products, spec.batch_size, report, control or JobControl())
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "images") as pool:
        run.work(pool)
    return TranslationResult(tuple(run.translated), tuple(run.skipped))


class _Run:
    """One translation: images are read ahead and written behind by a pool of threads."""

    def __init__(
        self,
        translator: Translator,
        products: Sequence[OutputFile],
        batch_size: int,
        report: Report,
        control: JobControl,
    ) -> None:
        self._translator, self._batch_size = translator, batch_size
        self._report, self._control = report, control
        names = next((_class_names(p) for p in products if p.rendition.kind == "classes"), ())
        derived = DerivedSeries(translator.network.name, names)
        self._jobs = [
            _Job(source, assembly)
            for assembly in (VolumeWriter(product, derived) for product in products)
            for source in assembly.product.sources
        ]
        self._done = 0
        self._written: Counter[Path] = Counter()
        self._failed: set[Path] = set()
        self._writing: deque[tuple[_Job, Future[None]]] = deque()
        self.translated: list[tuple[ImageRef, ImageRef]] = []
        self.skipped: list[tuple[ImageRef, str]] = []

    def work(self, pool: ThreadPoolExecutor) -> None:
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
        try:
            predicted = self._translator.predict(images, names)
        except UserError as error:
            if len(batch) == 1:
                self._skip(batch[0][0], error)
                return
            for one in batch:  # only the misfit is skipped
                self._translate_batch([one], pool)
            return
        for (job, image), values in zip(batch, predicted, strict=True):
            future = pool.submit(_render, job, values, image.shape[:2])
            self._writing.append((job, future))

    def _translate_large(self, batch: list[tuple[_Job, Array]], pool: ThreadPoolExecutor) -> None:
        """The one image of a batch, alone in memory: it is gone before its output is written."""
        job, image = batch.pop()
        size, last = image.shape[:2], 0.0

        def between(done: int, parts: int) -> None:
            nonlocal last
            self._control.between_steps()
            if time.monotonic() - last > _SECONDS:
                last = time.monotonic()
                event = PartTranslated(job.source, done, parts, self._done + 1, count)
                self._report(event)

        self._finish(most_open=0)
        count = len(self._jobs)
        try:
            result = self._translator.translate(
                image, job.source.name, job.product.rendition.image, between
            )
        except UserError as error:
            self._skip(job, error)
            return
        del image
        self._writing.append((job, pool.submit(job.assembly.put, job.source, result, size)))
        del result
        self._finish(most_open=0)

    def _finish(self, most_open: int) -> None:
        while len(self._writing) > most_open:
            job, future = self._writing.popleft()
            try:
                future.result()
            except UserError as error:
                self._skip(job, error)
            else:
                self._count(job)

    def _count(self, job: _Job) -> None:
        """One more image is done; with the last of a file all of them are reported as written."""
        self._done += 1
        product, count = job.product, len(self._jobs)
        if product.path in self._failed:
            self._report(SliceTranslated(self._done, count))
            return
        self._written[product.path] += 1
        if self._written[product.path] < len(product.sources):
            self._report(SliceTranslated(self._done, count))
            return
        for source in product.sources:
            part = product.part(source)
            self.translated.append((source, part))
            self._report(ImageTranslated(source, part, self._done, count))

    def _skip(self, job: _Job, error: UserError) -> None:
        """An image cannot be translated, and so neither can the volume that it is part of."""
        product = job.product
        if product.path in self._failed:
            self._count(job)
            return
        self._failed.add(product.path)
        self._done += 1
        source, reason = job.source, str(error)
        if len(product.sources) > 1:
            job.assembly.drop()
            source = ImageRef(product.original)
            reason = f"{reason} Nothing is written of {source.name}, which needs this slice."
        self.skipped.append((source, reason))
        self._report(ImageSkipped(source, reason, self._done, len(self._jobs)))

    def _batches(self, pool: ThreadPoolExecutor) -> Iterator[list[tuple[_Job, Array]]]:
        """Images in batches of one network size, read ahead by the pool; large ones alone."""
        coming = iter(self._jobs)
        sources = [job.source for job in self._jobs]
        batch: list[tuple[_Job, Array]] = []
        for image in read_ahead(sources, pool, self._batch_size + _READ_AHEAD):
            job = next(coming)
            if isinstance(image, UserError):
                self._skip(job, image)
                continue
            if job.product.path in self._failed:
                self._count(job)
                continue
            if batch and not self._together(batch[0], job, image):
                yield batch
                batch = []
            batch.append((job, image))
            full = len(batch) == self._batch_size or self._translator.is_large(image)
            del image  # a large one is to go as soon as it has been translated
            if full:
                yield batch
                batch = []
        if batch:
            yield batch

    def _together(self, first: tuple[_Job, Array], job: _Job, image: Array) -> bool:
        """Whether an image can stand in one batch with the first of it."""
        translator = self._translator
        return (
            not job.begins_volume
            and not translator.is_large(image)
            and translator.network_size(first[1]) == translator.network_size(image)
        )


def _render(job: _Job, values: np.ndarray, size: tuple[int, int]) -> None:
    job.assembly.put(job.source, job.product.rendition.image(values), size)


def _class_names(product: OutputFile) -> Sequence[str]:
    palette = product.rendition.network.palette
    assert palette is not None
    return palette.class_names if palette.names else [str(colour) for colour in palette.colours]
