"""Facts about one image file, of a size independent of the image's, cached by file stamp."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import MAX_COLOURS
from deepimagetranslator.core.data.checksums import checksum
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.numbering import Numbers
from deepimagetranslator.core.data.odd_values import NONE, OddValues, odd_values
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.places import displaced
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.header import Header
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_header, read_place, read_with_header
from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.imaging.place import Place
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.system.system_path import Stamp, file_stamp
from deepimagetranslator.core.typing import Array

SIDE = 64
_HIGHEST_NUMBER = 255
_LOOKED_AT = 2048
_MOST_REMEMBERED = 20_000  # about 7 KiB each

Thumbnail = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FileContent:
    """Digests of a file's content.

    Attributes:
        checksum: of its bytes, see ``checksum``; empty if they could not be read.
        digest: of the decoded pixels, see ``digest_of``.
    """

    checksum: str
    digest: bytes


class ImageChangedError(UserError):
    """The content of an image has changed since the data set was examined."""

    def __init__(self, image: ImageRef) -> None:
        super().__init__(f"{image} has changed since the images were checked; check them again.")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts about one image.

    Attributes:
        trouble: a sentence with the file's name why it cannot be read; else empty.
        shape: height, width, channels.
        values: its range, type and channels.
        colours: its colours; for an input with more than a few only the fact that there are many.
        digest: of the decoded pixels, their dtype and shape; equal for equal images.
        thumbnail: (64, 64) in grey, stretched to 0..255; the aspect ratio is not kept.
        numbers: (64, 64) of a target of several greys up to 255, which may number objects or
            classes: its values at a grid of pixels; empty for other images.
        patient: the Patient ID or name of a DICOM file, else empty.
        label_map: whether its colours look like those of a label map.
        constant: whether all of its pixels are equal.
        checksum: of the file's bytes, see ``checksum``; empty if it could not be read.
        stamp: size, modification time and inode before the file was read; to detect changes.
        place: where the image lies in the patient, if the file states it.
        note: what the file holds besides and is not read, see ``Header.note``.
        odd: its values that are no measurement.
    """

    trouble: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    values: ValueRange = field(default_factory=ValueRange)
    colours: ColourCount = field(default_factory=ColourCount)
    digest: bytes = b""
    thumbnail: Thumbnail = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.uint8))
    numbers: Numbers = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    patient: str = ""
    label_map: bool = False
    constant: bool = False
    checksum: str = ""
    stamp: Stamp | None = None
    place: Place | None = None
    note: str = ""
    odd: OddValues = NONE

    @property
    def dtype(self) -> str:
        """The image's dtype: "uint8", "uint16" or "float32"; empty if it cannot be read."""
        return next(iter(self.values.dtypes), "")

    @property
    def content(self) -> FileContent:
        """The digests of the file's content."""
        return FileContent(self.checksum, self.digest)


NOTHING = FileFacts()
"""Facts of no file. Its empty fields replace omitted ones of other facts, which saves memory."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """A pair with the facts about its two images.

    Attributes:
        alike: the correlation of both at 64 x 64 pixels; 0 if one is constant.
    """

    pair: ImagePair
    input: FileFacts
    target: FileFacts
    alike: float = 0.0

    @property
    def readable(self) -> bool:
        """Whether both files can be read."""
        return not (self.input.trouble or self.target.trouble)

    @property
    def displaced(self) -> bool:
        """Whether both files state a place in the patient, and these differ."""
        return displaced(self.pair, self.input.place, self.target.place)


_Key = tuple[ImageRef, bool, tuple[str, ...], ImageRef | None]
Read = Callable[[], tuple[Array, Header]]
_remembered: OrderedDict[_Key, FileFacts] = OrderedDict()
_lock = threading.Lock()
_turns = tuple(threading.Lock() for _ in range(64))


def facts_of(image: ImageRef, target: bool, remember: bool = True) -> FileFacts:
    """The facts about an image, read again only if its file has changed.

    Args:
        image: a file or a slice of one.
        target: whether all colours are counted, as for a target.
        remember: keep them for the next time, which takes about 7 KiB an image.
    """
    return _facts_of((image, target, (), None), remember)


def target_facts(target: ImagePair | ImageRef, remember: bool = True) -> FileFacts:
    """The facts about a target as it is read with the changes of its pair.

    Args:
        target: a pair, or a target without changes.
        remember: as in ``facts_of``.
    """
    if isinstance(target, ImageRef):
        return facts_of(target, True, remember)
    if not target.changes:
        return facts_of(target.target, True, remember)
    key = target.target, True, target.changes, target.input
    whole = ImageRef(target.target.file)  # its slices may be read in another order
    return _facts_of(key, remember, lambda: (read_target(target), read_header(whole)))


def _facts_of(key: _Key, remember: bool, read: Read | None = None) -> FileFacts:
    image, target = key[:2]
    with _turns[hash(key) % len(_turns)]:  # a second thread waits instead of reading it too
        with _lock:
            known = _remembered.get(key)
        if known is not None and known.stamp == file_stamp(image.file):
            return known
        facts = read_facts(image, target, read)
        if remember and facts.stamp is not None and not facts.trouble:
            _remember(key, facts)
        return facts


def _remember(key: _Key, facts: FileFacts) -> None:
    with _lock:
        _remembered[key] = facts
        _remembered.move_to_end(key)
        while len(_remembered) > _MOST_REMEMBERED:
            _remembered.popitem(last=False)


def forget_all() -> None:
    """Forget all facts, so that every file is read again."""
    with _lock:
        _remembered.clear()


def pair_facts(pair: ImagePair, remember: bool = True) -> PairFacts:
    """The facts about both images of a pair; an image that is its own target is read once."""
    theirs = target_facts(pair, remember)
    same = pair.input == pair.target and not pair.changes
    ours = theirs if same else facts_of(pair.input, False, remember)
    return PairFacts(pair, ours, theirs, _likeness(ours.thumbnail, theirs.thumbnail))


def brief(facts: PairFacts) -> PairFacts:
    """The facts without the large fields: thumbnails, values, and the inputs' colours."""
    none = NOTHING
    ours = replace(facts.input, values=none.values, colours=none.colours, thumbnail=none.thumbnail)
    theirs = replace(
        facts.target, values=none.values, thumbnail=none.thumbnail, numbers=none.numbers
    )
    return replace(facts, input=ours, target=theirs)


def read_facts(ref: ImageRef, target: bool, read: Read | None = None) -> FileFacts:
    """The facts about an image, read now; ``trouble`` holds the reason if it is unreadable.

    Args:
        ref: the image.
        target: as in ``facts_of``.
        read: reads the pixels and the header; by default ``read_with_header``.
    """
    stamp = file_stamp(ref.file)
    with HELD.holding(ref.file, several=ref.slice is not None):
        try:
            image, header = read_with_header(ref) if read is None else read()
        except UserError as error:
            return FileFacts(trouble=str(error))
        facts = replace(_facts_in(image, target, header), note=header.note)
        if header.placed:
            with suppress(UserError):
                facts = replace(facts, place=read_place(ref))
        with suppress(OSError):  # unlikely, as it has just been read
            facts = replace(facts, checksum=checksum(ref))
        return replace(facts, patient=patient_of(ref) or "", stamp=stamp)


def digest_of(image: Array) -> bytes:
    """A digest of 16 bytes (BLAKE2b) of an image's pixels, dtype and shape."""
    hashed = hashlib.blake2b(f"{image.dtype.name} {image.shape}".encode(), digest_size=16)
    hashed.update(image.data)
    return hashed.digest()


def _facts_in(image: Array, target: bool, header: Header) -> FileFacts:
    """The facts that follow from an image's pixels and its file's header."""
    values, colours = ValueRange(), ColourCount()
    values.add(image, header)
    if target or _has_few_colours(image):
        colours.add(image)
    else:
        colours.dtypes, colours.many = {image.dtype.name}, True
    return FileFacts(
        shape=image.shape,
        values=values,
        colours=colours,
        digest=digest_of(image),
        thumbnail=thumbnail_of(image),
        numbers=_numbers_in(image, colours) if target else NOTHING.numbers,
        label_map=colours.label_palette() is not None,
        constant=len(colours.pixels) == 1 or not values.low < values.high,
        odd=odd_values(image, values.low, values.high),
    )


def thumbnail_of(image: Array) -> Thumbnail:
    """An image (height, width, 1 or 3) in grey at 64 x 64 pixels, stretched to 0..255."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.ndim == 3 and small.shape[2] == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    np.nan_to_num(small, copy=False, posinf=0.0, neginf=0.0)
    small = small.astype(np.float64)  # differences of float32 may be infinite
    low, high = float(small.min()), float(small.max())
    stretched = (small - low) * (255 / (high - low) if high > low else 0.0)
    thumbnail: Thumbnail = np.rint(stretched).astype(np.uint8).reshape(SIDE, SIDE)
    return thumbnail


def _numbers_in(image: Array, colours: ColourCount) -> Numbers:
    """The numbers of a grey label map at a grid of its pixels; empty with less than two."""
    values = {colour[0] for colour in colours.pixels if len(colour) == 1} - {0}
    if len(values) < 2 or max(values) > _HIGHEST_NUMBER:
        return NOTHING.numbers
    return resize(image, SIDE, SIDE, labels=True)[..., 0].astype(np.uint8)


def _likeness(ours: Thumbnail, theirs: Thumbnail) -> float:
    """The Pearson correlation of two thumbnails; 0 if one is constant."""
    a, b = (side.astype(np.float32).ravel() for side in (ours, theirs))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 0.0


def _has_few_colours(image: Array) -> bool:
    """Whether a sample of the pixels has few colours; a fast first test."""
    pixels = image.reshape(-1, image.shape[2])
    some = (
        pixels[:: max(1, len(pixels) // _LOOKED_AT)].astype(np.float64) @ _APART[: image.shape[2]]
    )
    return len(np.unique(some)) <= MAX_COLOURS


_APART = np.array([1.0, 2.0**16, 2.0**32])
