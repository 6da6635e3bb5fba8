"""Translating files and whole folders with a weights file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.files import list_images
from deepimagetranslator.core.images import read_image, write_image
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.protocol import (
    ImageSkipped,
    ImageTranslated,
    JobControl,
    Report,
    ignore,
)
from deepimagetranslator.core.specs import TranslationSpec
from deepimagetranslator.ml.translator import Translator

_READ_AHEAD = 4


@dataclass(frozen=True)
class TranslationResult:
    """What became of each input: (source, written file), or (source, why not)."""

    translated: tuple[tuple[Path, Path], ...]
    skipped: tuple[tuple[Path, str], ...]


def translate(
    weights_path: Path,
    inputs: Sequence[Path],
    output: Path,
    spec: TranslationSpec | None = None,
    *,
    report: Report = ignore,
    control: JobControl | None = None,
) -> TranslationResult:
    """Translate files and whole folders, subfolders included.

    An output has its input's stem, with .png for 8 bits and .tif for more, in the same subfolder
    below ``output``. A file that cannot be translated is skipped and listed.

    Args:
        weights_path: a weights file of this program or of the 2021 program.
        inputs: files and folders.
        output: the folder to write to, made if need be.
        spec: batch size, what to write, whether to overwrite.

    Raises:
        UserError: nothing was written: unusable weights, no inputs, two inputs that would get one
            name, an output that exists already or would overwrite an input.
        Cancelled: by ``control``; what was written is complete.
    """
    spec = spec or TranslationSpec()
    control = control or JobControl()
    translator = Translator(weights_path, spec.output, spec.file_format)
    jobs = _output_names(inputs, output, translator.suffix, spec.overwrite)
    translated: list[tuple[Path, Path]] = []
    skipped: list[tuple[Path, str]] = []
    writing: deque[tuple[Path, Path, Future[None]]] = deque()

    def finish(most_open: int) -> None:
        while len(writing) > most_open:
            source, target, future = writing.popleft()
            done = len(translated) + len(skipped) + 1
            try:
                future.result()
                translated.append((source, target))
                report(ImageTranslated(str(source), str(target), done, len(jobs)))
            except UserError as error:
                skip(source, error)

    def skip(source: Path, error: UserError) -> None:
        skipped.append((source, str(error)))
        done = len(translated) + len(skipped)
        report(ImageSkipped(str(source), str(error), done, len(jobs)))

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "images") as pool:
        for batch in _batches(translator, jobs, pool, spec.batch_size, skip):
            control.between_steps()
            predicted: Sequence[np.ndarray | None]
            try:
                predicted = translator.predict([b[2] for b in batch], [b[0].name for b in batch])
            except UserError:
                predicted = _one_by_one(translator, batch, skip)
            for (source, target, _), values in zip(batch, predicted, strict=True):
                if values is not None:
                    future = pool.submit(_write, translator, values, target)
                    writing.append((source, target, future))
            finish(most_open=_READ_AHEAD)
        finish(most_open=0)
    return TranslationResult(tuple(translated), tuple(skipped))


def _write(translator: Translator, predicted: np.ndarray, target: Path) -> None:
    write_image(target, translator.as_image(predicted))


def _one_by_one(translator: Translator, batch: Any, skip: Any) -> list[np.ndarray | None]:
    """A batch with a misfit in it, image by image; None in the misfit's place."""
    results: list[np.ndarray | None] = []
    for source, _, image in batch:
        try:
            results += translator.predict([image], [source.name])
        except UserError as error:
            skip(source, error)
            results.append(None)
    return results


def _batches(
    translator: Translator,
    jobs: Sequence[tuple[Path, Path]],
    pool: ThreadPoolExecutor,
    batch_size: int,
    skip: Any,
) -> Iterator[list[tuple[Path, Path, np.ndarray]]]:
    """(source, output, image) in batches of one network size, read ahead by the pool."""
    coming = iter(jobs)
    reading: deque[tuple[Path, Path, Future[np.ndarray]]] = deque()
    batch: list[tuple[Path, Path, np.ndarray]] = []
    while True:
        for source, target in islice(coming, batch_size + _READ_AHEAD - len(reading)):
            reading.append((source, target, pool.submit(read_image, source)))
        if not reading:
            break
        source, target, future = reading.popleft()
        try:
            image = future.result()
        except UserError as error:
            skip(source, error)
            continue
        if batch and translator.network_size(batch[0][2]) != translator.network_size(image):
            yield batch
            batch = []
        batch.append((source, target, image))
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


def _output_names(
    inputs: Sequence[Path], output: Path, suffix: str, overwrite: bool
) -> list[tuple[Path, Path]]:
    """Each input file with the file to write; refuses whatever would lose data."""
    jobs: list[tuple[Path, Path]] = []
    taken: dict[str, Path] = {}
    sources = set()
    for given in inputs:
        folder = given if given.is_dir() else given.parent
        for source in list_images(given):
            target = (output / source.relative_to(folder)).with_suffix(suffix)
            key = _same_file_key(target)
            other = taken.get(key)
            if other is not None and _same_file_key(other) != _same_file_key(source):
                raise UserError(
                    f"{other} and {source} would both be written as {target}; rename one, or "
                    "translate them into different folders."
                )
            if other is None:
                taken[key] = source
                sources.add(_same_file_key(source))
                jobs.append((source, target))
    for _, target in jobs:
        if _same_file_key(target) in sources:
            raise UserError(
                f"{target} is one of the images to translate and would be overwritten; choose "
                "another output folder."
            )
    existing = [target for _, target in jobs if target.exists()]
    if existing and not overwrite:
        raise UserError(
            f"{len(existing)} of the translated images exist already, the first is {existing[0]}; "
            "choose another folder, or overwrite them with --overwrite."
        )
    return jobs


def _same_file_key(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
