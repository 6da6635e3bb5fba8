"""Write the output files of a translation: single images at once, volumes after the last slice."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export import nifti
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.plan import OutputFile, origin_of
from deepimagetranslator.core.imaging import tiff
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_spacing, write_image, write_stack
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.typing import Array


class VolumeWriter:
    """Collects the images of one output file, already encoded, and writes it when all are there.

    Attributes:
        output_file: the file to write.
    """

    def __init__(
        self, output_file: OutputFile, derived: DerivedSeries, overwrite: bool = False
    ) -> None:
        """Args:
        output_file: the file to write.
        derived: shared by all files of a translation.
        overwrite: replace an existing file; otherwise one that appears meanwhile stays.
        """
        self.output_file = output_file
        self._derived, self._overwrite = derived, overwrite
        self._lock = threading.Lock()
        self._images: dict[ImageRef, Array] = {}

    def put(self, source: ImageRef, image: Array, size: tuple[int, int]) -> None:
        """Add the image of one source; the last one writes the file. Thread-safe.

        Args:
            source: one of the file's sources.
            image: (height, width, 1 or 3).
            size: height and width of the source in pixels.

        Raises:
            UserError: the file cannot be written.
        """
        if len(self.output_file.sources) > 1:
            image = _apart(image)
        with self._lock:
            self._images[source] = image
            if len(self._images) < len(self.output_file.sources):
                return
        self._write(size, image.shape[:2])

    def drop(self) -> None:
        """Discard the images."""
        with self._lock:
            self._images = {}

    def _taken(self) -> Iterator[Array]:
        """The images in order. Each is released here, so that no volume is in memory twice."""
        for source in self.output_file.sources:
            yield self._images.pop(source)

    def _write(self, size: tuple[int, int], written: Sequence[int]) -> None:
        path, original = self.output_file.path, self.output_file.original
        replace = self._overwrite
        try:
            if self.output_file.form == "dicom":
                encoding = self.output_file.encoding
                palette = encoding.network.palette
                classes = len(palette.colours) if palette and encoding.kind == "classes" else 0
                self._derived.write(
                    path,
                    original,
                    list(self._taken()),
                    classes,
                    encoding.limits,
                    replace=replace,
                )
            elif self.output_file.form == "nifti":
                nifti.write_volume(path, self._taken(), original, replace=replace)
            else:
                spacing = _scaled(read_spacing(original), size, written)
                if self.output_file.form == "stack":
                    size_in_bytes = sum(image.nbytes for image in self._images.values())
                    of_tiff = origin_of(original) == "tiff"  # else a map beside a DICOM file
                    axes = tiff.stack_axes(system_path(original)) if of_tiff else None
                    write_stack(path, self._taken(), spacing, size_in_bytes, axes, replace=replace)
                else:
                    write_image(path, next(self._taken()), spacing, replace=replace)
        except (UserError, MemoryError):
            raise
        except Exception as error:  # readers may raise anything for unusual headers
            raise UserError(
                f"{path} cannot be written with the header of {original} ({error}); choose the "
                "format tif."
            ) from error


def _apart(image: Array) -> Array:
    """A copy in memory pages of its own, which the system gets back as soon as it is released.

    A slice on the common heap would keep its memory while the volume is put together.
    """
    copy: Array = np.frombuffer(mmap.mmap(-1, image.nbytes), image.dtype).reshape(image.shape)
    copy[...] = image
    return copy


def _scaled(
    spacing: tuple[float, float] | None, size: tuple[int, int], written: Sequence[int]
) -> tuple[float, float] | None:
    """The pixel spacing of an image of another size that covers the same area."""
    if spacing is None:
        return None
    return spacing[0] * size[0] / written[0], spacing[1] * size[1] / written[1]
