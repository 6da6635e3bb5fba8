"""The record of a data check, kept beside the project to save a second reading before training.

A record has a part for the training images and one for the validation images: statistics of all
of its images, and some hundred bytes for each. A part is valid if it holds the same files in the
same order, each with the same size, modification time and inode. Otherwise all of its files are
read again, as statistics of single files cannot be removed from those of the set. The record holds
no names of patients or files, and no part with unreadable images or with pairs whose files state
different places: a part that is recalled has none, so its facts hold no places.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from deepimagetranslator.core.data.checksums import of_image
from deepimagetranslator.core.data.facts import NOTHING, FileFacts, PairFacts, forget_all
from deepimagetranslator.core.data.odd_values import OddValues
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.statistics import DatasetStatistics
from deepimagetranslator.core.data.statistics_json import (
    array_of,
    colours_from_json,
    colours_to_json,
    range_from_json,
    range_to_json,
    text_of,
)
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.reading import READING_VERSION
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.system_path import Stamp, file_stamp, is_file, system_path
from deepimagetranslator.core.version import __version__

FORMAT = 3
_MOST_BYTES, _MOST_BYTES_A_FILE = 2**24, 300
_READ_BY = (
    *("numpy", "pillow", "opencv-python-headless", "tifffile", "imagecodecs"),
    *("pydicom", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "nibabel"),
)

_FILE = np.dtype(
    [
        ("stamp", "<i8", 2),  # size and time
        ("inode", "<u8"),
        ("shape", "<u4", 3),
        ("digest", "u1", 16),
        ("checksum", "u1", 32),
        ("label_map", "?"),
        ("constant", "?"),
        ("nan", "<u4"),
        ("infinite", "<u4"),
    ]
)
_PAIR = np.dtype([("input", _FILE), ("target", _FILE), ("alike", "<f8")])

Item = TypeVar("Item")
Parts = tuple[Item, Item]
"""One item for the training images and one for the validation images."""

_log = logging.getLogger(__name__)


def record_file(project: Path) -> Path:
    """The path of a project file's record, beside it."""
    return project.with_name(f"{project.stem}.facts")


def keep(file: Path | None, parts: Parts[DatasetStatistics]) -> None:
    """Write the record; a failure is only logged.

    Args:
        file: the record's path; None if the project has no file.
        parts: statistics of training and validation images; incomplete ones are not stored.
    """
    if file is None:
        return
    body = json.dumps([_part_to_json(part) for part in parts]).encode()
    # Without spaces: a changed byte could make one into another white space, which means the same.
    made_by = {**_made_by(), "digest": _digest(body)}
    head = json.dumps(made_by, separators=(",", ":")).encode()
    try:
        write_bytes(file, head + b"\n" + body)
    except UserError as error:
        _log.info("The check is not kept: %s", error)


def recall(
    file: Path | None, train: Sequence[ImagePair], val: Sequence[ImagePair]
) -> Parts[DatasetStatistics | None]:
    """The recorded statistics of the training and the validation pairs; None if not valid."""
    if file is None or not is_file(file):
        return None, None
    try:
        of_train, of_val = _read(file, 2 * (len(train) + len(val)))
        return _part_from_json(of_train, train), _part_from_json(of_val, val)
    except Exception as error:  # an unusable record only costs time: the files are read again
        _log.info("%s is not used: %s: %s", file, type(error).__name__, error)
        return None, None


def forget(file: Path | None) -> None:
    """Delete a record that turned out to be wrong, and all facts that this process remembers."""
    forget_all()
    if file is not None:
        with suppress(OSError):
            system_path(file).unlink(missing_ok=True)


def _read(file: Path, images: int) -> list[Any]:
    """The parts of the record of so many images.

    Raises:
        ValueError: it is damaged, or was made by another version of this program or of a library.
        OSError: it cannot be read.
    """
    path = system_path(file)
    if path.stat().st_size > _MOST_BYTES + images * _MOST_BYTES_A_FILE:
        raise ValueError("it is too large")
    first, _, body = path.read_bytes().partition(b"\n")
    head = json.loads(first)
    if head != {**_made_by(), "digest": _digest(body)}:
        raise ValueError("it is damaged or was made by another version")
    parts: list[Any] = json.loads(body)
    return parts


@cache
def _made_by() -> dict[str, Any]:
    """Versions of this program and of its image libraries; others may decode differently."""
    found = {}
    for name in _READ_BY:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return {
        "record": FORMAT,
        "program": __version__,
        "reading": READING_VERSION,
        "read by": found,
    }


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _names(pairs: Sequence[ImagePair]) -> str:
    """A digest of a list of pairs and their order."""
    texts = ("\0".join((str(pair.input), str(pair.target), *pair.changes)) for pair in pairs)
    return _digest("\0".join(texts).encode("utf-8", "surrogateescape"))


def _part_to_json(part: DatasetStatistics) -> dict[str, Any] | None:
    whole = part.complete and all(
        facts.stamp and facts.checksum for both in part.facts for facts in (both.input, both.target)
    )
    whole = whole and not any(both.displaced for both in part.facts)
    if not whole:
        return None
    rows = [(_row(both.input), _row(both.target), both.alike) for both in part.facts]
    return {
        "names": _names([both.pair for both in part.facts]),
        "pairs": text_of(np.array(rows, _PAIR)),
        "inputs": range_to_json(part.input_range),
        "targets": range_to_json(part.target_range),
        "colours": colours_to_json(part.colours),
    }


def _part_from_json(
    data: dict[str, Any] | None, pairs: Sequence[ImagePair]
) -> DatasetStatistics | None:
    """The statistics of these pairs; None if the record holds others or a file has changed."""
    if data is None or data["names"] != _names(pairs):
        return None
    stamps = _Stamps()
    facts = []
    for pair, row in zip(pairs, array_of(data["pairs"], _PAIR), strict=True):
        ours, theirs = _facts(pair.input, row["input"]), _facts(pair.target, row["target"])
        if stamps.of(pair.input) != ours.stamp or stamps.of(pair.target) != theirs.stamp:
            return None
        facts.append(PairFacts(pair, ours, theirs, float(row["alike"])))
    return DatasetStatistics.of(
        facts,
        range_from_json(data["inputs"]),
        range_from_json(data["targets"]),
        colours_from_json(data["colours"]),
    )


class _Stamps(dict[Path, Stamp | None]):
    """The current stamps of files, each read once."""

    def of(self, image: ImageRef) -> Stamp | None:
        """The stamp of an image's file."""
        if image.file not in self:
            self[image.file] = file_stamp(image.file)
        return self[image.file]


def _row(facts: FileFacts) -> tuple[Any, ...]:
    """A readable file's facts as a row of ``_FILE``."""
    assert facts.stamp is not None
    checksum = bytes.fromhex(facts.checksum.partition("/")[0])
    size, time, inode = facts.stamp
    return (
        (size, time),
        inode,
        facts.shape,
        tuple(facts.digest),
        tuple(checksum),
        facts.label_map,
        facts.constant,
        facts.odd.nan,
        facts.odd.infinite,
    )


def _facts(image: ImageRef, row: Any) -> FileFacts:
    size, time = row["stamp"].tolist()
    height, width, channels = row["shape"].tolist()
    return replace(
        NOTHING,
        shape=(height, width, channels),
        digest=row["digest"].tobytes(),
        label_map=bool(row["label_map"]),
        constant=bool(row["constant"]),
        odd=OddValues(int(row["nan"]), int(row["infinite"])),
        checksum=of_image(row["checksum"].tobytes().hex(), image),
        stamp=(size, time, int(row["inode"])),
    )
