"""Where the outputs lie: as the inputs do, subfolder by subfolder."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from deepimagetranslator.core.export.plan import same_file_key
from deepimagetranslator.core.imaging.files import list_images, parsed
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.system.system_path import system_path


def places(
    inputs: Sequence[Path | ImageRef],
    output: Path,
    series: str | None = None,
    folder: Path | None = None,
) -> dict[ImageRef, PurePath]:
    """Each image to translate, once, with its file's place below the output folder.

    The images of a folder keep their subfolders. Files that are given one by one lie side by side,
    unless several of them have the same name. An output folder inside an input folder is left out.

    Args:
        inputs: files, slices of files, and folders.
        output: the folder to write to.
        series: of several DICOM series in a folder the one to translate.
        folder: where files that are given one by one were listed; they are placed as those of a
            folder.

    Raises:
        UserError: an input is missing, or a folder holds no image.
    """
    found: dict[ImageRef, PurePath] = {}
    seen: set[tuple[str, int | None]] = set()
    images = parsed(inputs)
    inside = None if folder is None else _inside(output, folder)
    if inside is not None:
        images = [image for image in images if not image.file.is_relative_to(inside)]
    folders = {given for given in images if system_path(given.file).is_dir()}
    common = folder or _common_folder({given.file for given in images if given not in folders})
    for given in images:
        root = given.file if given in folders else common or given.file.parent
        for image in list_images(given, series, without=output):
            key = same_file_key(image.file), image.slice
            if key not in seen:
                seen.add(key)
                found[image] = image.file.relative_to(root)
    return found


def _inside(output: Path, folder: Path) -> Path | None:
    """The output folder as a path below the other one; None if it is none."""
    there, above = (Path(os.path.realpath(path)) for path in (output, folder))
    if there == above or not there.is_relative_to(above):
        return None
    return folder / there.relative_to(above)


def _common_folder(files: Collection[Path]) -> Path | None:
    """Where several people's files of the same names lie, given one by one; else None."""
    unlike = len({file.name.casefold() for file in files}) == len(files)
    if unlike or any(".." in file.parts for file in files):
        return None
    with suppress(ValueError):  # on two drives, or named in two ways
        return Path(os.path.commonpath([file.parent for file in files]))
    return None
