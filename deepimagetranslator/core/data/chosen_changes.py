"""Which targets of a project are read with which changes.

An entry for a file holds for all of its images, one for a slice only for this slice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.config.target_changes import joined, parse, to_text
from deepimagetranslator.core.data.pairs import ImagePair, Pairing
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images

Changes = Mapping[ImageRef, tuple[str, ...]]


def chosen_changes(data: DataSpec) -> Changes:
    """The changes of each file or slice with an entry; unknown ones are left out, as the checks of
    the spec report them."""
    found: dict[str, tuple[str, ...]] = {}
    for text in data.target_changes:
        with suppress(ValueError):
            names, target = parse(text)
            found[target] = joined(found.get(target, ()), *names)
    return dict(zip(parse_images(found), found.values(), strict=True))


def changes_of(target: ImageRef, chosen: Changes) -> tuple[str, ...]:
    """The changes with which a target is read: those of its file, then its own."""
    whole = chosen.get(ImageRef(target.file), ())
    return whole if target.slice is None else joined(whole, *chosen.get(target, ()))


def paired_with_changes(pairing: Pairing, data: DataSpec) -> Pairing:
    """The pairing with each pair's changes."""
    return replace(pairing, pairs=read_as_chosen(pairing.pairs, data))


def read_as_chosen(pairs: Sequence[ImagePair], data: DataSpec) -> tuple[ImagePair, ...]:
    """The pairs with the changes that the data spec has for their targets."""
    chosen = chosen_changes(data)
    if not chosen:
        return tuple(pairs)
    return tuple(replace(pair, changes=changes_of(pair.target, chosen)) for pair in pairs)


def with_changes(data: DataSpec, changes: Iterable[tuple[str, str]]) -> DataSpec:
    """The data spec after these changes of targets.

    Args:
        data: the data spec.
        changes: texts of files or slices, each with the name of a change, which replaces another
            one of its group; without a name all changes of the target are removed.
    """
    chosen = dict(chosen_changes(data))
    of_file: defaultdict[Path, list[ImageRef]] = defaultdict(list)
    for target in chosen:
        of_file[target.file].append(target)
    wanted = list(changes)
    targets = parse_images(text for text, _ in wanted)
    for target, (_, name) in zip(targets, wanted, strict=True):
        if name:
            of_file[target.file].append(target)
            chosen[target] = joined(chosen.get(target, ()), name)
        else:
            for gone in [target] if target.slice is not None else of_file.pop(target.file, []):
                chosen.pop(gone, None)
    return replace(data, target_changes=tuple(to_text(n, str(t)) for t, n in chosen.items()))


def changes_in_order(data: DataSpec) -> list[tuple[str, ...]]:
    """The changes of each target in the order of the project's lists, whatever their paths are."""
    chosen = chosen_changes(data)
    targets = parse_images((*data.train_targets, *data.val_targets))
    return [changes_of(target, chosen) for target in targets]
