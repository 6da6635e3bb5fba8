"""Checks the hashes of an unpacked evidence pack, as ``sha256sum -c`` does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.system_path import system_path

LISTS = ("files.sha256", "images.sha256")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes:
        right: how many files have the hash that the pack states.
        different, missing: the names of the others.
    """

    right: int
    different: tuple[str, ...]
    missing: tuple[str, ...]


def verify(folder: Path, *, report: Report = ignore, control: JobControl | None = None) -> Verified:
    """Compare the files of a pack, and the images beside it, with their hashes.

    Args:
        folder: the unpacked pack.
        report: called with ``FilesRead`` events.
        control: cancels it.

    Raises:
        UserError: the folder is no pack, or a list is damaged.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    listed = [entry for name in LISTS for entry in _listed(folder, name)]
    different, missing = [], []
    for done, (name, digest) in enumerate(listed, 1):
        control.between_steps()
        try:
            if HELD.checksum(folder / name) != digest:
                different.append(name)
        except OSError:
            missing.append(name)
        report(FilesRead(done, len(listed)))
    right = len(listed) - len(different) - len(missing)
    return Verified(right, tuple(different), tuple(missing))


def _listed(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    try:
        text = system_path(folder / name).read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UserError(
            f"{folder} is no unpacked evidence pack: {name} cannot be read "
            f"({error.strerror or 'damaged'}); choose the folder that holds README.txt."
        ) from None
    for line in text.split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        path = PurePosixPath(match[2]) if match else None
        if match is None or path is None or path.is_absolute() or ".." in path.parts:
            raise UserError(f"{folder / name} is damaged; unpack it again.")
        yield match[2], match[1]
