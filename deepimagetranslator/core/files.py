"""Image files listed, named and compared as people do, and files that appear only when complete."""

from __future__ import annotations

import os
import re
import time
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepimagetranslator.core.problem import UserError

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".gif")
"""What a folder is searched for. Of a file's kind its content decides, not its name."""

_RETRIES = (0.05, 0.1, 0.2, 0.4)


def list_images(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """The image files in files and folders: files as given, folders searched through in natural
    order (slice2 before slice10), each file once.

    Raises:
        UserError: a path is missing, or a folder holds no image.
    """
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found: dict[str, Path] = {}
    for path in map(Path, given):
        if system_path(path).is_dir():
            inside = sorted(_images_below(path), key=natural_key)
            if not inside:
                endings = ", ".join(SUFFIXES)
                message = f"The folder {path} holds no images ({endings}); choose another one."
                raise UserError(message)
        elif system_path(path).exists():
            inside = [path]
        else:
            raise UserError(f"{path} does not exist; check its name or choose another one.")
        for file in inside:
            found.setdefault(os.path.normcase(file.absolute()), file)
    return list(found.values())


def _images_below(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()  # links may loop
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith((".", "@", "__MACOSX"))]
        yield from (
            Path(place) / name
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        )


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], ...]:
    """Sorts paths as people do: folder by folder, numbers by value, capitals as small letters."""
    parts = [*Path(path).parts, str(path)]
    return tuple(
        tuple(
            int(piece) if index % 2 else piece
            for index, piece in enumerate(re.split("([0-9]+)", plain(part)))
        )
        for part in parts
    )


def plain(text: str) -> str:
    """A name as it is compared: in small letters, accents composed as Linux and Windows do."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def system_path(path: str | Path) -> Path:
    """The path as the system opens it, over 260 characters on Windows too."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


def long_path(full: str) -> str:
    r"""A full Windows path with the ``\\?\`` that lifts its limit of 260 characters."""
    if full.startswith("\\\\?\\"):
        return full
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full


@contextmanager
def complete_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to: in its place at success, gone at failure.

    The temporary name ends as the final one does; missing folders are made.

    Raises:
        UserError: the file cannot be written (any ``OSError`` inside).
    """
    final = system_path(path)
    beside = final.with_name(f".tmp-{uuid.uuid4().hex[:8]}-{final.name[-40:]}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        for wait in _RETRIES:  # on Windows a virus scanner may hold a fresh file for a moment
            with suppress(PermissionError):
                beside.replace(final)
                return
            time.sleep(wait)
        beside.replace(final)
    except OSError as error:
        reason = error.strerror or "it was not finished"
        message = f"{path} cannot be written ({reason}); choose another folder or free some space."
        raise UserError(message) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file, which appears under its name only when complete.

    Raises:
        UserError: it cannot be written.
    """
    with complete_file(path) as beside:
        beside.write_bytes(data)
