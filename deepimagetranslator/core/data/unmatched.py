"""Why files have no partner: their headers are opened before names are blamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.data.pairs import Pairing, base_name
from deepimagetranslator.core.errors import FEW, Problem, Repair
from deepimagetranslator.core.imaging import nifti, tiff
from deepimagetranslator.core.imaging.filenames import plain
from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.system.system_path import system_path

_AXES = {"C": "channels", "T": "time points", "Z": "depths"}


def explained(pairing: Pairing) -> tuple[Problem, ...]:
    """The problems of a pairing; unmatched files that the headers explain come first.

    A file may hold no image, or have another number of slices than its target. Only the headers of
    a few files are opened.

    Args:
        pairing: by name; the problems of one by order stay as they are.
    """
    if pairing.rule == "their order" or not pairing.problems:
        return pairing.problems
    causes = [*_counts_that_differ(pairing), *_without_image(pairing)]
    if not causes:
        return pairing.problems
    covered = {file for problem in causes for file in problem.files}
    rest = [known for one in pairing.problems if (known := _without(one, covered)) is not None]
    return (*causes, *rest)


def _without(problem: Problem, covered: set[str]) -> Problem | None:
    """A problem without the files that are explained; None if nothing is left of it."""
    files = tuple(file for file in problem.files if file not in covered)
    if len(files) == len(problem.files):
        return problem
    if not files:
        return None
    message = f"1 more file has no certain partner: {files[0]}."
    repair = Repair("Leave out this file", files)
    if len(files) > 1:
        message = f"{len(files)} more files have no certain partner, for example {files[0]}."
        repair = Repair(f"Leave out these {len(files)} files", files)
    return replace(problem, message=message, files=files, repair=repair)


def _counts_that_differ(pairing: Pairing) -> list[Problem]:
    """A problem for each input file whose target file has another number of slices."""
    mates = _mates(pairing)
    found = []
    for file, target in mates[:FEW]:
        with suppress(Exception):  # a file that cannot be read is named below
            if _slices(file) != _slices(target):
                found.append(_other_count(file, target, pairing))
    if len(mates) > FEW and len(found) == FEW:
        found.append(_summed_up(mates[FEW:], pairing))
    return found


def _mates(pairing: Pairing) -> list[tuple[Path, Path]]:
    """Input and target files that belong together although slices of them have no partner."""
    ours, theirs = _files(pairing.unmatched_inputs), _files(pairing.unmatched_targets)
    names = Counter(_name(file) for file in theirs)
    named = {_name(file): file for file in theirs if names[_name(file)] == 1}
    partly = {pair.input.file: pair.target.file for pair in pairing.pairs}
    mates = []
    for file in ours if named or partly else ():  # names of thousands of files take long
        target = partly.get(file) or named.get(_name(file))
        if target is not None:
            mates.append((file, target))
    inputs = {target: file for file, target in partly.items()}
    known = {target for _, target in mates}
    return mates + [(inputs[one], one) for one in theirs if one in inputs and one not in known]


def _other_count(file: Path, target: Path, pairing: Pairing) -> Problem:
    one, other = _slices(file), _slices(target)
    message = (
        f"{file} has {one} slice{'s' * (one > 1)}{_meaning(file)}, its target {target.name} "
        f"{other}{_meaning(target)}; save the slices that belong together as files of their own, "
        "or pair by order."
    )
    refs = _unmatched_of({file}, {target}, pairing)
    whole = not any(pair.input.file == file for pair in pairing.pairs)
    what = "this file and its target" if whole else f"its {len(refs)} slices without a partner"
    repair = Repair(f"Leave out {what}", refs)
    return Problem(str(file), message, kind="unmatched", files=refs, repair=repair)


def _summed_up(mates: list[tuple[Path, Path]], pairing: Pairing) -> Problem:
    """The problem of files beyond the first few, whose headers are not opened."""
    refs = _unmatched_of({one for one, _ in mates}, {other for _, other in mates}, pairing)
    message = f"{len(mates)} more files do not fit their targets slice by slice either."
    repair = Repair(f"Leave out these {len(mates)} files and their targets", refs)
    return Problem("unmatched", message, kind="unmatched", files=refs, repair=repair)


def _unmatched_of(inputs: set[Path], targets: set[Path], pairing: Pairing) -> tuple[str, ...]:
    """The images of these files that have no partner."""
    ours = [str(ref) for ref in pairing.unmatched_inputs if ref.file in inputs]
    return (*ours, *(str(ref) for ref in pairing.unmatched_targets if ref.file in targets))


def _without_image(pairing: Pairing) -> list[Problem]:
    """A problem for each of the first unmatched files that holds no image that can be read."""
    found = []
    for side in (pairing.unmatched_inputs, pairing.unmatched_targets):
        for file in _files(side)[:FEW]:
            try:
                _slices(file)
            except UnreadableError as error:
                refs = tuple(str(image) for image in side if image.file == file)
                repair = Repair("Leave out this file", refs)
                message = f"{file} {error}"
                found.append(Problem(str(file), message, True, "unmatched", refs, repair))
            except Exception:  # damaged or gone: only its name is known
                continue
    return found


def _slices(file: Path) -> int:
    path = system_path(file)
    return reader_of(path).inspect(path).slices


def _meaning(file: Path) -> str:
    """What the slices of a file are, in brackets; empty if it does not say or it is one image."""
    path, words = system_path(file), ""
    with suppress(Exception):
        reader = reader_of(path)
        if reader is tiff and (axes := tiff.stack_axes(path)) is not None:
            words = " x ".join(_AXES.get(axis, "pages") for axis in axes.axes)
        elif reader is nifti and (shape := nifti.read_geometry(path).shape)[3] > 1:
            words = f"{shape[2]} of each of {shape[3]} volumes"
    return f" ({words})" if words else ""


def _files(images: Iterable[ImageRef]) -> list[Path]:
    return list(dict.fromkeys(image.file for image in images))


def _name(file: Path) -> str:
    name = stem(plain(file.name))
    return base_name(name) or name
