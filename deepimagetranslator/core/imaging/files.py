"""Lists the images in files and folders, in natural order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.filenames import natural_key
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.imaging.series import in_order
from deepimagetranslator.core.system.system_path import exists, is_file, is_folder, system_path

_SINGLE = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
SUFFIXES = (*_SINGLE, ".tif", ".tiff", ".nii", ".nii.gz", *DICOM_SUFFIXES)
"""The file extensions that a folder is searched for. DICOM files without an extension are found
too. The reader is chosen by a file's content, not by its extension."""

CONFIDENCE_MAP, EXPECTED_ERROR_MAP = "_confidence", "_expected_error"
DISAGREEMENT_MAP = "_disagreement"
"""What follows the name of a translated image in that of the map beside it. When a folder is
listed, a file so named is left out if the image is beside it."""

LABELS_RECORD = "labels.json"
"""The file beside painted label maps; a folder with it is listed only if it is given itself."""

_LONGEST_FIRST = sorted(SUFFIXES, key=len, reverse=True)


def list_images(
    given: str | Path | ImageRef | Iterable[str | Path | ImageRef],
    series: str | None = None,
    without: Path | None = None,
) -> list[ImageRef]:
    """The images in files and folders, each once.

    Files keep their given order. Folders are searched recursively, in natural order (slice2
    before slice10). A file with several slices is replaced by its slices. DICOM files are sorted
    by slice position.

    Args:
        given: files, slices of files, and folders; texts and paths are parsed here.
        series: uid, number or description of the DICOM series to list; "all" lists every series.
        without: a subfolder that is not searched.

    Raises:
        SeveralSeriesError: a patient has several DICOM series, and none was chosen.
        UserError: a path is missing, a folder holds no image, or there is no such series.
    """
    found = _once(image for one in parsed(given) for image in _found_in(one, without))
    if series is not None or any(map(_may_be_dicom, found)):
        found = in_order(found, series)
    return _once(image for one in found for image in _slices(one))


def parsed(given: str | Path | ImageRef | Iterable[str | Path | ImageRef]) -> list[ImageRef]:
    """``given`` as a list of images; texts and paths are parsed."""
    if isinstance(given, (str, Path, ImageRef)):
        given = [given]
    given = list(given)
    texts = iter(parse_images(one for one in given if not isinstance(one, ImageRef)))
    return [one if isinstance(one, ImageRef) else next(texts) for one in given]


def expand(file: Path) -> list[ImageRef]:
    """The slices of a file; the file itself if it holds one image or cannot be read."""
    try:
        path = system_path(file)
        slices = reader_of(path).inspect(path).slices
    except Exception:  # the reader reports the reason later
        slices = 1
    if slices == 1:
        return [ImageRef(file)]
    return [ImageRef(file, number + 1) for number in range(slices)]


def _found_in(one: ImageRef, without: Path | None) -> list[ImageRef]:
    """The images in a folder, or the image itself.

    Raises:
        UserError: there is none.
    """
    path = system_path(one.file)
    if is_folder(path):
        inside = sorted(_without_maps(_images_below(one.file, without)), key=natural_key)
        if not inside:
            endings = ", ".join(SUFFIXES)
            message = f"The folder {one} holds no images ({endings}); choose another one."
            raise UserError(message)
        return list(map(ImageRef, inside))
    if not exists(path):
        raise UserError(f"{one} does not exist; check its name or choose another one.")
    return [one]


def _without_maps(files: Iterable[Path]) -> list[Path]:
    """The files without the confidence maps of translated images that are among them."""
    listed = list(files)
    images = {(file.parent, stem(file.name)) for file in listed}

    def is_map(file: Path) -> bool:
        name = stem(file.name)
        return any(
            name.endswith(word) and (file.parent, name.removesuffix(word)) in images
            for word in (CONFIDENCE_MAP, EXPECTED_ERROR_MAP, DISAGREEMENT_MAP)
        )

    return [file for file in listed if not is_map(file)]


def _once(images: Iterable[ImageRef]) -> list[ImageRef]:
    """Each image once, in order of first occurrence; case is ignored on Windows."""
    first: dict[tuple[str, int | None], ImageRef] = {}
    for image in images:
        first.setdefault((os.path.normcase(image.file.absolute()), image.slice), image)
    return list(first.values())


def stem(name: str) -> str:
    """A file's name without its extension: .nii.gz counts as one, the number in 1.2.840 as none."""
    ending = next((end for end in _LONGEST_FIRST if name.lower().endswith(end)), None)
    if ending is None:
        ending = "" if _is_bare(Path(name)) else Path(name).suffix
    return name[: len(name) - len(ending)]


def _slices(image: ImageRef) -> list[ImageRef]:
    if image.slice is not None or image.name.lower().endswith(_SINGLE):
        return [image]  # not opened: there may be thousands
    return expand(image.file)


def _images_below(folder: Path, without: Path | None) -> Iterator[Path]:
    seen: set[str] = set()  # links may loop
    if without is not None and os.path.realpath(without) != os.path.realpath(folder):
        seen.add(os.path.realpath(without))
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        if LABELS_RECORD in files and place != str(folder):
            folders.clear()
            continue
        folders[:] = filter(is_searched, folders)
        for name in files:
            path = Path(place) / name
            if is_image(path):
                yield path


def is_searched(folder: str) -> bool:
    """Whether a subfolder of that name is searched for images."""
    return not folder.startswith((".", "@", "__MACOSX"))


def is_image(path: Path) -> bool:
    """Whether a file counts as an image when its folder is listed: by its name, or as DICOM."""
    if path.name.startswith("."):
        return False
    known = path.name.lower().endswith(SUFFIXES)
    return known or (_is_bare(path) and _starts_like_dicom(path))


def _may_be_dicom(image: ImageRef) -> bool:
    return image.file.name.lower().endswith(DICOM_SUFFIXES) or _is_bare(image.file)


def _is_bare(path: Path) -> bool:
    """Whether a name has no extension, or only a number as in 1.2.840.12; DICOMDIR is excluded."""
    return path.suffix[1:].isdigit() or (not path.suffix and path.name.upper() != "DICOMDIR")


def _starts_like_dicom(path: Path) -> bool:
    file = system_path(path)
    with suppress(OSError):
        if is_file(file):  # opening a pipe would wait for ever
            with file.open("rb") as opened:
                return opened.read(132)[128:] == b"DICM"
    return False
