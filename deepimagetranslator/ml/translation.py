"""Translating images and folders with a weights file; nothing else is needed."""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.files import list_images
from deepimagetranslator.core.images import read_image, write_image
from deepimagetranslator.core.pixels import resize, to_channels
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.protocol import (
    ImageSkipped,
    ImageTranslated,
    JobControl,
    Report,
    ignore,
)
from deepimagetranslator.core.specs import TranslationSpec
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.unet import FINAL

NETWORKS_KEPT = 4
_READ_AHEAD = 4


class Translator:
    """A network ready to translate, from its weights file.

    A network whose file names no size (2021 weights) is built for each image size; the last few
    are kept.

    Attributes:
        suffix: of the files written: .png for 8 bits, .tif for more, unless chosen.
    """

    def __init__(
        self, weights_path: Path, output: str = "automatic", file_format: str = "automatic"
    ) -> None:
        """Read the file's card; the network is built with the first image.

        Args:
            weights_path: a weights file of this program or of the 2021 program.
            output: a ``TranslationSpec.output``.
            file_format: a ``TranslationSpec.file_format``.

        Raises:
            UserError: not a weights file, or its output cannot be written as wanted.
        """
        self.path = weights_path
        self.card = weights.read_card(weights_path)
        palette, channels = self.card.palette, self.card.model.target_channels
        self.classes = self.card.model.final_activation == "softmax"
        if output == "labels" and palette is None:
            raise UserError(
                f"{weights_path.name} was not trained on label maps; choose output 'values'."
            )
        self.labels = palette is not None and output != "values"
        if not self.labels and (self.classes or channels not in (1, 3)):
            raise UserError(
                f"{weights_path.name} has {channels} output channels, which are no grey or colour "
                "image; choose output 'labels', or train with 1 or 3 target channels."
            )
        deep = self.card.target_scaling.dtype != "uint8" and not self.labels
        self.precision = "float32" if deep else devices.choose_precision("automatic")
        self._networks: OrderedDict[tuple[int, int], keras.Model] = OrderedDict()

        dtype = palette.dtype if self.labels and palette else self.card.target_scaling.dtype
        if file_format == "png" and dtype == "float32":
            raise UserError("PNG cannot hold floating-point values; choose the format tif.")
        by_depth = "png" if dtype == "uint8" else "tif"
        self.suffix = "." + (by_depth if file_format == "automatic" else file_format)

    def network_size(self, image: np.ndarray) -> tuple[int, int]:
        """The (height, width) in pixels at which the network sees this image."""
        model = self.card.model
        return (model.input_height, model.input_width) if model.input_height else image.shape[:2]

    def predict(self, images: Sequence[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
        """The network's output for images of one network size.

        Args:
            images: (height, width, channels) in the files' own types and sizes.
            names: the files' names, for errors.

        Returns:
            For each image float32 (height, width, target channels) in [0, 1], in the image's own
            size times the network's ratio of target to input.

        Raises:
            UserError: an image's channels do not fit the network.
        """
        for image, name in zip(images, names, strict=True):
            self._refuse_other_depth(image, name)
        size = self.network_size(images[0])
        channels = self.card.model.input_channels
        x = np.stack(
            [
                self.card.input_scaling.to_unit(resize(to_channels(image, channels, name), *size))
                for image, name in zip(images, names, strict=True)
            ]
        )
        y: Any = self._network(size).predict_on_batch(x)
        y = np.asarray(y[FINAL] if isinstance(y, dict) else y, np.float32)
        ratio_y, ratio_x = y.shape[1] / size[0], y.shape[2] / size[1]
        return [
            resize(
                predicted,
                max(1, round(image.shape[0] * ratio_y)),
                max(1, round(image.shape[1] * ratio_x)),
            )
            for image, predicted in zip(images, y, strict=True)
        ]

    def _refuse_other_depth(self, image: np.ndarray, name: str) -> None:
        """A range of file values, as of 16-bit or float images, means nothing in another type."""
        scaling = self.card.input_scaling
        if scaling.kind == "data" and image.dtype.name != scaling.dtype:
            raise UserError(
                f"{name} holds {image.dtype.name} values, but the network was trained on "
                f"{scaling.dtype} values from {scaling.low:g} to {scaling.high:g}; save the image "
                "in that type, or train on images such as this one."
            )

    def as_image(self, predicted: np.ndarray) -> np.ndarray:
        """One of ``predict``'s outputs as the image to write: exact label colours, or values."""
        if not self.labels:
            return self.card.target_scaling.from_unit(predicted)
        palette = self.card.palette
        assert palette is not None
        if self.classes:
            return palette.decode(predicted.argmax(axis=-1))
        return palette.nearest(predicted, self.card.target_scaling)

    def take_new_weights(self) -> bool:
        """Read the file again, which training has rewritten; False if the network has changed."""
        card = weights.read_card(self.path)
        if replace(card, training={}) != replace(self.card, training={}):
            return False
        for network in self._networks.values():
            weights.load_into(network, self.path)
        self.card = card
        return True

    def _network(self, size: tuple[int, int]) -> keras.Model:
        if size not in self._networks:
            model, _ = weights.load(self.path, self.precision, size=size)
            self._networks[size] = model
            if len(self._networks) > NETWORKS_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(size)
        return self._networks[size]


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
