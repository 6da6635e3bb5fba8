"""Copies label maps to the folder of another project file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.kept_drafts import KeptDrafts
from deepimagetranslator.core.labelling.names import file_name
from deepimagetranslator.core.labelling.record import ImageRecord
from deepimagetranslator.core.system.atomic_write import write_bytes, writing
from deepimagetranslator.core.system.system_path import file_stamp, system_path


def copied(
    images: Mapping[ImageRef, ImageRecord],
    before: Path,
    after: Path,
    text_of: Callable[[Path], str],
) -> dict[str, ImageRecord]:
    """Copy the label maps of images with the drafts that they began with; returns their records.

    Args:
        images: the images that have a label map.
        before, after: the folders of label maps.
        text_of: returns a path as the other folder's record names it.

    Raises:
        UserError: a file cannot be copied.
    """
    drafts, found = (KeptDrafts(before), KeptDrafts(after)), {}
    for image, known in images.items():
        file, text = before / known.file, text_of(image.path)
        if file_stamp(file) is None:
            continue  # killed before it was first written
        new = replace(known, file=file_name(image, text))
        with writing(file):
            content = system_path(file).read_bytes()
        write_bytes(after / new.file, content, durable=True)
        drafts[0].copy(known.file, drafts[1], new.file)
        found[text] = new
    return found
