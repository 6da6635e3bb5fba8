"""The image sets of the accuracy protocol: who is learnt and who is left out.

Everything is prepared once, in a cache below the temporary folder: inputs and value targets are
reduced by averaging areas, label maps by nearest neighbours. A left-out person chooses nothing:
no set has a validation part unless ``validated`` takes every fifth slice of the training pairs.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_good_model import DATA, images

from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.imaging.pixels import resize

CACHE = Path(tempfile.gettempdir()) / "dit-accuracy"
SIZE = 256
FULL_SIZE = 512
ABDOMEN = ("crlm_1006", "lungdx_a0001", "lungdx_a0002")
THORAX = ("lungdx_a0001", "lungdx_a0002")
EVERY = 5

TISSUE, MEMBRANES, NOISE, KERNELS = "tissue", "membranes", "noise", "kernels"
KINDS = (TISSUE, MEMBRANES, NOISE, KERNELS)

Pair = tuple[str, str]
"""The paths of an input and of its target."""


@dataclass(frozen=True)
class ImageSet:
    """Pairs to learn and pairs to measure on.

    Attributes:
        name: its kind, and whom it leaves out.
        kind: one of ``KINDS``.
        train, test: pairs; none is in both.
        person: the left-out person, or the specimen.
        size: height and width of the images in pixels.
    """

    name: str
    kind: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]
    person: str
    size: int = SIZE

    def validated(self) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """The training pairs without every fifth, and every fifth, for validation."""
        every = self.train[::EVERY]
        return tuple(pair for pair in self.train if pair not in every), every


def all_sets(size: int = SIZE) -> list[ImageSet]:
    """The sets of the protocol, the folds of the tissue maps first."""
    abdomen = {person: _abdomen(person, size) for person in ABDOMEN}
    sets = [
        ImageSet(f"{TISSUE} {out}", TISSUE, _others(abdomen, out), abdomen[out], out, size)
        for out in ABDOMEN
    ]
    sets.append(_membranes(size, range(14), range(16, 24)))
    thorax = {person: _thorax(person, size) for person in THORAX}
    sets += [
        ImageSet(f"{NOISE} {out}", NOISE, _others(thorax, out), thorax[out], out, size)
        for out in THORAX
    ]
    return [*sets, _kernels(size)]


def membranes_at_full_size() -> ImageSet:
    """Slices 0 to 19 learnt, 20 to 23 measured, 512 x 512, as NVIDIA's UNet_Medical was."""
    return _membranes(FULL_SIZE, range(20), range(20, 24))


def _others(pairs: dict[str, tuple[Pair, ...]], out: str) -> tuple[Pair, ...]:
    return tuple(pair for person, own in pairs.items() if person != out for pair in own)


def _abdomen(person: str, size: int) -> tuple[Pair, ...]:
    folder = DATA / "ct_abdomen" / person
    inputs = [_prepared(path, size) for path in images(folder / "images")]
    targets = [_prepared(path, size, labels=True) for path in images(folder / "targets")]
    return tuple(zip(inputs, targets, strict=True))


def _membranes(size: int, learnt: range, measured: range) -> ImageSet:
    folder = DATA / "isbi_em"
    inputs = [_prepared(path, size) for path in images(folder / "images")]
    targets = [_prepared(path, size, labels=True) for path in images(folder / "targets")]
    pairs = list(zip(inputs, targets, strict=True))
    train, test = (tuple(pairs[i] for i in part) for part in (learnt, measured))
    name = MEMBRANES if size == SIZE else f"{MEMBRANES} {size}"
    return ImageSet(name, MEMBRANES, train, test, "isbi_em", size)


def _thorax(person: str, size: int) -> tuple[Pair, ...]:
    """Clean slices, each its own target: the noise comes from augmentation and from ``shifts``."""
    clean = [_prepared(path, size) for path in images(DATA / "ct_thorax" / person)]
    return tuple((path, path) for path in clean)


def _kernels(size: int) -> ImageSet:
    """Slices of a sharp kernel to those of a smooth one, of one person."""
    folder = DATA / "ct_thorax_pairs" / THORAX[0]
    pairs = {
        int(Path(sharp).stem[1:]): (_prepared(sharp, size), _prepared(smooth, size))
        for sharp, smooth in zip(images(folder / "noisy"), images(folder / "clean"), strict=True)
    }
    train = tuple(pair for number, pair in pairs.items() if number <= 38)
    test = tuple(pair for number, pair in pairs.items() if number >= 49)
    return ImageSet(KERNELS, KERNELS, train, test, THORAX[0], size)


def _prepared(path: str, size: int, labels: bool = False) -> str:
    """The file of a reduced image; made if it does not exist yet."""
    made = CACHE / str(size) / Path(path).relative_to(DATA)
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        write_image(made, resize(read_image(Path(path)), size, size, labels))
    return str(made)
