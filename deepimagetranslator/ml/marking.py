"""Marks translated images that are far from the training images, and lists them in a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.domain.sample import Sample, Seen, mean_of, sample_of
from deepimagetranslator.core.data.domain.spacing import network_pixel
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_header
from deepimagetranslator.core.system.atomic_write import write_bytes, writing
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.csv_text import csv_text
from deepimagetranslator.core.system.system_path import is_file, system_path
from deepimagetranslator.ml.weights_card import WeightsCard

TABLE = "unlike_images.csv"
"""The table's name in the folder of the translated images."""
_COLUMNS = ("image", "score", "kind", "reason", "output")


@dataclass(frozen=True)
class Marked:
    """A translated image that is far from the training images."""

    source: ImageRef
    output: ImageRef
    mark: DomainMark


class Marker:
    """Compares images with the training images of some weights.

    Args:
        card: the weights' description.

    Attributes:
        knows: whether the weights say what their training images were like.
    """

    def __init__(self, card: WeightsCard) -> None:
        self._known, self._scaling = card.domain.known, card.input_scaling
        self.knows = self._known is not None
        self._by_class = card.by_class

    def sample(self, seen: Seen) -> Sample | None:
        """What the network saw, as numbers; None if nothing is known to compare with."""
        return sample_of(seen, self._by_class) if self.knows else None

    def mark(
        self,
        samples: Sequence[Sample | None],
        image: ImageRef | None = None,
        size: tuple[int, int] | None = None,
    ) -> DomainMark | None:
        """The mark of an image; None if it is like the training images, or nothing is known.

        Args:
            samples: of the image, or of its tiles.
            image: where its file may state a pixel size; None for pixels that come from no file.
            size: height and width in pixels to which it was resized; None for tiles.

        Raises:
            UserError: the file cannot be read.
        """
        present = [sample for sample in samples if sample is not None]
        if self._known is None or not present:
            return None
        pixel = None
        if self._known.spacing is not None and image is not None:
            pixel = network_pixel(read_header(image), size)
        return self._known.mark(mean_of(present), self._scaling, pixel)


def ranked(
    translated: Sequence[tuple[ImageRef, ImageRef]], marks: Mapping[ImageRef, DomainMark]
) -> tuple[Marked, ...]:
    """The marked images among the translated (source, output), the farthest first."""
    found = [Marked(source, to, marks[source]) for source, to in translated if source in marks]
    return tuple(sorted(found, key=lambda one: -one.mark.score))


def write_table(marked: Sequence[Marked], outputs: Iterable[ImageRef], folder: Path) -> Path | None:
    """Write the table of marked images; an earlier one is kept beside it.

    Args:
        marked: the marked images.
        outputs: all images that were translated now. If none is marked, a table of before that
            tells of one of them is out of date and no longer stands under its name.
        folder: the folder of the translated images.

    Returns:
        The table; None if nothing is marked.

    Raises:
        WriteError: it cannot be written.
    """
    path = folder / TABLE
    if not marked:
        if _told_of(path) & {one.shown_name for one in outputs}:
            back_up(path)
            with writing(path):
                system_path(path).unlink()
        return None
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for one in marked:
        cells = f"{one.mark.score:.3g}", one.mark.kind, one.mark.reason
        rows.append((one.source.shown_name, *cells, one.output.shown_name))
    if is_file(path):
        back_up(path)
    write_bytes(path, csv_text(rows).encode("utf-8", "backslashreplace"))
    return path


def _told_of(table: Path) -> set[str]:
    """The outputs that a table of marked images names; none if it is not of this program."""
    try:
        text = system_path(table).read_bytes().decode()
        header, *rows = csv.reader(io.StringIO(text, newline=""))
    except (OSError, ValueError, csv.Error):
        return set()
    return {row[-1] for row in rows if row} if tuple(header) == _COLUMNS else set()
