"""The layout of the output folder: it has the subfolders of the inputs."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.plan import same_file_key
from deepimagetranslator.core.imaging.files import list_images, parsed
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.system.system_path import exists, is_folder


def places(
    inputs: Sequence[Path | ImageRef],
    output: Path,
    series: str | None = None,
    folder: Path | None = None,
) -> dict[ImageRef, PurePath]:
    """Each image to translate, without duplicates, with its file's relative output path.

    Images of a folder keep their subfolders. Single files go directly into the output folder,
    unless several of them have the same name; they then keep the folders below their common one.
    If the output folder lies inside an input folder, its images are left out.

    Args:
        inputs: files, slices of files, and folders.
        output: the output folder.
        series: the DICOM series to translate if a folder has several.
        folder: the folder that single files were listed from; they keep their subfolders in it.

    Returns:
        For each image the path of its file's output, relative to ``output``.

    Raises:
        UserError: an input is missing, or a folder has no image.
    """
    found: dict[ImageRef, PurePath] = {}
    seen: set[tuple[str, int | None]] = set()
    images = parsed(inputs)
    inside = None if folder is None else _inside(output, folder)
    if inside is not None:
        images = [image for image in images if not image.file.is_relative_to(inside)]
    folders = {given for given in images if is_folder(given.file)}
    common = folder or _common_folder({given.file for given in images if given not in folders})
    for given in images:
        root = given.file if given in folders else common or given.file.parent
        for image in list_images(given, series, without=output):
            key = same_file_key(image.file), image.slice
            if key not in seen:
                seen.add(key)
                found[image] = image.file.relative_to(root)
    return found


def require_folder(output: Path) -> None:
    """Check that images can be written below ``output``, which need not exist yet.

    Raises:
        UserError: it, or a folder of its path, is a file.
    """
    there = next((p for p in (output, *output.parents) if exists(p)), None)
    if there is not None and not is_folder(there):
        raise UserError(f"{there} is a file, not a folder; choose another output folder.")


def _inside(output: Path, folder: Path) -> Path | None:
    """The output folder as a path below ``folder``; None if it does not lie inside it."""
    there, above = (Path(os.path.realpath(path)) for path in (output, folder))
    if there == above or not there.is_relative_to(above):
        return None
    return folder / there.relative_to(above)


def _common_folder(files: Collection[Path]) -> Path | None:
    """The common folder of single files if some have the same name (in subfolders); else None."""
    unlike = len({file.name.casefold() for file in files}) == len(files)
    if unlike or any(".." in file.parts for file in files):
        return None
    with suppress(ValueError):  # on two drives, or absolute and relative paths
        return Path(os.path.commonpath([file.parent for file in files]))
    return None
