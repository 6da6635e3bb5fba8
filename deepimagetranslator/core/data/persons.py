"""Finds the persons of a folder tree: for each of them a folder with images and targets.

A person's folder holds subfolders such as ``images`` and ``targets``, or images beside a subfolder
of targets (a folder of DICOM patients), or files such as ``ct.nii.gz`` and ``ct_mask.nii.gz``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pair_lists import LISTS, PARTS, Files, with_more
from deepimagetranslator.core.data.pairs import SIDE_WORDS, base_name
from deepimagetranslator.core.data.splits import TEST_WORDS, TRAINING_WORDS, VALIDATION_WORDS
from deepimagetranslator.core.errors import Action, UserError
from deepimagetranslator.core.imaging.filenames import natural_key, plain
from deepimagetranslator.core.imaging.files import is_image, is_searched, list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import Series, SeveralSeriesError
from deepimagetranslator.core.system.system_path import is_folder

_SIDES = ("inputs", "targets")
_SEPARATORS = re.compile(r"[\W_]+")
_DIGITS = "0123456789"


@dataclass(frozen=True)
class Person:
    """A folder with images and targets of one person.

    Attributes:
        folder: the folder.
        part: "val" below a folder such as ``validation``, else "train".
        inputs, targets: what is listed for each side: one folder, or files.
    """

    folder: Path
    part: str
    inputs: tuple[Path, ...] = ()
    targets: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Tree:
    """The persons below a folder.

    Attributes:
        root: the folder.
        persons: in natural order of their folders.
        left_out: folders of test images, which are neither trained on nor validated.
    """

    root: Path
    persons: tuple[Person, ...]
    left_out: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The persons' folders, as ``DataSpec.persons``; empty if there is only one.

        Several folders with images and targets below the first level at which folders differ are
        one person, for instance two examinations.
        """
        places = [person.folder.relative_to(self.root).parts for person in self.persons]
        known = [tuple(_below_parts(parts)) for parts in places]
        level = 0
        while len({parts[:level] for parts in known}) == 1 and level < max(map(len, known)):
            level += 1
        ends = [len(parts) - len(below) + level for parts, below in zip(places, known, strict=True)]
        found = dict.fromkeys(parts[:end] for parts, end in zip(places, ends, strict=True))
        if len({below[:level] for below in known}) < 2:
            return ()
        return tuple(str(self.root.joinpath(*parts).absolute()) for parts in found)


class PersonsSeriesError(SeveralSeriesError):
    """A person of a tree has several DICOM series, so one must be chosen for all persons.

    Attributes:
        side: "inputs" or "targets".
    """

    def __init__(self, message: str, series: tuple[Series, ...], side: str) -> None:
        action: Action = "choose_series" if side == "inputs" else "choose_target_series"
        super().__init__(message, series, action)
        self.side = side

    def name_of(self, uid: str) -> str:
        """What other persons' series may share with the series of this UID: description, number."""
        chosen = next(one for one in self.series if one.uid == uid)
        for name in (chosen.description, "" if chosen.number is None else str(chosen.number)):
            if name and sum(name in (one.description, str(one.number)) for one in self.series) == 1:
                return name
        return uid


def find_persons(root: Path) -> Tree:
    """The persons below a folder, which is one itself if it holds images and targets.

    Raises:
        UserError: a folder cannot be opened, none below holds both images and targets, or one has
            several folders that may hold them.
    """
    left_out: list[Path] = []
    persons = tuple(_persons_in(root, "train", left_out, set()))
    if not any(person.inputs and person.targets for person in persons):
        raise UserError(
            f"No folder in {root} holds both images and targets, such as PERSON/images and "
            "PERSON/targets; choose another folder, or rename the folders."
        )
    return Tree(root, persons, tuple(left_out))


def list_persons(
    tree: Tree, series: Mapping[str, str | None] | None = None
) -> dict[str, list[Files]]:
    """The images and targets of each person, by part ("train", "val").

    Args:
        tree: the persons.
        series: number or description of the DICOM series of the "inputs" and of the "targets", for
            persons with several; None or a missing one chooses none.

    Raises:
        PersonsSeriesError: a person has several DICOM series, and none was chosen.
        UserError: a folder holds no image, or there is no such series.
    """
    found: dict[str, list[Files]] = {part: [] for part in PARTS}
    for person in tree.persons:
        inputs, targets = (
            _listed(side, getattr(person, side), (series or {}).get(side)) for side in _SIDES
        )
        found[person.part].append((inputs, targets))
    return found


def _listed(side: str, given: Sequence[Path], series: str | None) -> list[ImageRef]:
    """The images of a side; only a person with several series needs ``series``."""
    if not given:
        return []
    try:
        try:
            return list_images(given)
        except SeveralSeriesError:
            if series is None:
                raise
            return list_images(given, series)
    except SeveralSeriesError as error:
        raise PersonsSeriesError(str(error), error.series, side) from error


def sides_of(folders: Sequence[Path]) -> tuple[Path | None, Path | None]:
    """Of two folders that of the inputs and that of the targets, if their names tell."""
    by_role = _by_role(folders, folders=True)
    if len(by_role["targets"]) == 1:
        return next(f for f in folders if f not in by_role["targets"]), by_role["targets"][0]
    if len(by_role["inputs"]) == 1 and not by_role["targets"]:
        return by_role["inputs"][0], next(f for f in folders if f not in by_role["inputs"])
    return None, None


def _persons_in(folder: Path, part: str, left_out: list[Path], seen: set[str]) -> Iterator[Person]:
    """The persons in a folder and below."""
    real = os.path.realpath(folder)
    if real in seen:  # links may loop
        return
    seen.add(real)
    try:
        inside = sorted(folder.iterdir(), key=natural_key)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be opened as a folder ({error.strerror}); choose another folder, or "
            "allow reading it."
        ) from error
    below = [path for path in inside if is_folder(path) and is_searched(path.name)]
    files = [path for path in inside if is_image(path) and not is_folder(path)]
    sides = _sides(folder, below, files)
    if sides:
        yield Person(folder, part, sides.get("inputs", ()), sides.get("targets", ()))
        return
    for place in below:
        if plain(place.name) in TEST_WORDS:
            left_out.append(place)
            continue
        own = "val" if plain(place.name) in VALIDATION_WORDS else part
        yield from _persons_in(place, own, left_out, seen)


def _sides(
    folder: Path, below: Sequence[Path], files: Sequence[Path]
) -> dict[str, tuple[Path, ...]]:
    """What a folder holds for each side; empty if it is no person's folder.

    Raises:
        UserError: several subfolders may hold the images or the targets.
    """
    by_role = _by_role(below, folders=True)
    sides = {side: _one(folder, side, by_role[side]) for side in SIDE_WORDS if by_role[side]}
    if not sides:
        return {} if any(map(_holds_images, below)) else _sides_of_files(files)
    missing = next((side for side in SIDE_WORDS if side not in sides), "")
    if missing and files:
        return sides | {missing: tuple(files)}
    others = [place for place in by_role[""] if missing and _holds_images(place)]
    if len(others) > 1:
        return {}  # folders of persons, rather than a person's
    return sides | {missing: (others[0],)} if others else sides


def _sides_of_files(files: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """The sides of files in one folder; all are inputs if their names do not say otherwise."""
    by_role = _by_role(files, folders=False)
    inputs, targets = (*by_role["inputs"], *by_role[""]), tuple(by_role["targets"])
    if inputs and targets:
        return {"inputs": tuple(sorted(inputs, key=natural_key)), "targets": targets}
    return {"inputs": tuple(files)} if files else {}


def _holds_images(folder: Path) -> bool:
    return any(is_image(Path(place) / n) for place, _, names in os.walk(folder) for n in names)


def _by_role(paths: Iterable[Path], folders: bool) -> defaultdict[str, list[Path]]:
    """Files, or folders, by side; under "" those whose names do not say it.

    A folder's name consists of words of its side, perhaps with a number (``images16``); in a file's
    name such a word may stand anywhere.
    """
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        words = [word for word in _SEPARATORS.split(plain(path.name)) if word]
        if folders:
            words = [] if base_name(path.name, folder=True) else [w.rstrip(_DIGITS) for w in words]
        side = next((side for side, known in SIDE_WORDS.items() if known.intersection(words)), "")
        found[side].append(path)
    return found


def _one(folder: Path, side: str, found: Sequence[Path]) -> tuple[Path, ...]:
    """The only folder of a side; of several the one without a number in its name."""
    plainest = [path for path in found if not path.name[-1].isdigit()]
    chosen = found if len(found) == 1 else plainest
    if len(chosen) == 1:
        return (chosen[0],)
    names = " and ".join(path.name for path in found)
    raise UserError(
        f"{folder} holds several folders of {'images' if side == 'inputs' else side}: {names}. "
        "Keep the one to train on there, or load these folders as pairs."
    )


def _below_parts(parts: Sequence[str]) -> list[str]:
    """A path without leading folders such as ``train`` and ``val``."""
    names = list(parts)
    while names and plain(names[0]) in TRAINING_WORDS | VALIDATION_WORDS:
        names.pop(0)
    return names


def with_persons(data: DataSpec, tree: Tree, listed: Mapping[str, Sequence[Files]]) -> DataSpec:
    """The data spec with the persons of a tree added, whose folders the split then knows.

    Args:
        data: the data spec; without files and persons for the tree alone.
        tree: the tree.
        listed: its files, as ``list_persons`` gives them.

    Raises:
        UserError: see ``with_more``.
    """
    for part, groups in listed.items():
        if groups:
            data = with_more(data, part, groups)
    return replace(data, persons=tuple(dict.fromkeys((*data.persons, *tree.folders))))


def without_files(data: DataSpec) -> DataSpec:
    """The data spec without images and persons, paired by name."""
    empty: dict[str, Any] = dict.fromkeys((*LISTS, "persons"), ())
    return replace(data, pairing="name", **empty)
