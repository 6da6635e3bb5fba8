"""What a translation has done, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepimagetranslator.core.data.odd_values import told
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.disagreement import (
    SecondLook,
    write_second_look,
)
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    LogLine,
    Report,
)
from deepimagetranslator.ml.marking import Marked, write_table


@dataclass(frozen=True)
class TranslationResult:
    """The result for each input.

    Attributes:
        translated: (source, output) of each translated image. The output of a slice is the same
            slice of the written volume.
        skipped: (source, reason) of each image or whole volume that was not translated.
        problems: series and images whose values are unlike those of the training images; their
            images are among the skipped.
        marked: translated images that are far from the training images, the farthest first.
        marks_file: the table of these images; None if there are none.
        domain_unknown: why such images could not be recognized, as a sentence; else empty.
        clean_up: the rules by which label maps were cleaned; empty for values.
        confidence: the confidence maps that were written.
        calibrated: whether they are calibrated.
        second_look: of several networks, the translated images on which they are farthest apart
            first.
        second_look_file: the table of these images; None for one network.
    """

    translated: tuple[tuple[ImageRef, ImageRef], ...]
    skipped: tuple[tuple[ImageRef, str], ...]
    problems: tuple[Problem, ...] = ()
    marked: tuple[Marked, ...] = ()
    marks_file: Path | None = None
    domain_unknown: str = ""
    clean_up: tuple[str, ...] = ()
    confidence: tuple[Path, ...] = ()
    calibrated: bool = False
    second_look: tuple[SecondLook, ...] = ()
    second_look_file: Path | None = None

    @property
    def files(self) -> dict[Path, Path]:
        """The source file of each written file."""
        return {output.file: source.file for source, output in self.translated}


@dataclass(frozen=True)
class Part:
    """What is done of a translation.

    Attributes:
        result: without the files of its tables.
        not_finite: images with NaN or infinity.
    """

    result: TranslationResult
    not_finite: tuple[ImageRef, ...]


def concluded(part: Part, output: Path, report: Report) -> TranslationResult:
    """The result of a translation with its tables, if there is something to list and space."""
    done = part.result
    outputs = [to for _, to in done.translated]
    tables: list[Path | None] = []
    for write in (
        lambda: write_table(done.marked, outputs, output),
        lambda: write_second_look(done.second_look, output) if done.second_look else None,
    ):
        try:
            tables.append(write())
        except UserError as error:
            report(LogLine(str(error)))
            tables.append(None)
    return replace(done, marks_file=tables[0], second_look_file=tables[1])


def tell_not_finite(images: Sequence[ImageRef], count: int, report: Report) -> None:
    """Tell of images with NaN or infinity among so many."""
    report(LogLine(told(len(images), f"of {count} images (such as {images[0].shown_name})")))
