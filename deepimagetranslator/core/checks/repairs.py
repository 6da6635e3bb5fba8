"""What repairs a project: pairs left out, settings changed, pairs moved. No file is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.pair_lists import LISTS, PARTS, lists_of, matched, with_pairs
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Repair
from deepimagetranslator.core.imaging.filenames import known_path


def repaired(specs: Specs, repair: Repair) -> Specs:
    """The choices after a repair.

    The order of several repairs hardly matters: one that moves pairs takes only those that are
    still in the project, so that what an earlier one left out stays out.
    """
    settings = dict(repair.settings)
    lists = {name: settings.pop(f"data.{name}") for name in LISTS if f"data.{name}" in settings}
    data = specs.data
    if lists:
        settings.pop("data.pairing", None)  # decided by whether the names still say it
        data = _with_lists(data, lists)
    if repair.leave_out:
        data = _without(data, set(repair.leave_out), repair.part)
    specs = replace(specs, data=data)
    for name, value in settings.items():
        section, _, field = name.partition(".")
        specs = replace(specs, **{section: replace(getattr(specs, section), **{field: value})})
    return specs


def moved(train: Sequence[ImagePair], val: Sequence[ImagePair], label: str) -> Repair:
    """The repair after which the project has these pairs, as far as they are still in it.

    Files without a partner leave the project with it.
    """
    lists = lists_of(train, val)
    return Repair(label, settings=tuple((f"data.{name}", files) for name, files in lists.items()))


def _with_lists(data: DataSpec, lists: Mapping[str, Any]) -> DataSpec:
    """Pairs arranged anew, without those whose files are no longer in the project."""
    there = {file for name in LISTS for file in getattr(data, name)}
    parts = []
    for part in PARTS:
        both = zip(lists[f"{part}_inputs"], lists[f"{part}_targets"], strict=True)
        found = [(a, b) for a, b in both if a in there and b in there]
        parts.append([ImagePair(known_path(a), known_path(b)) for a, b in found])
    return with_pairs(data, *parts)


def _without(data: DataSpec, files: set[str], only: str) -> DataSpec:
    """The choices without these files and their partners."""
    parts: dict[str, list[ImagePair]] = {}
    lists: dict[str, Any] = {}
    for part in PARTS:
        pairs = matched(data, part)
        gone = files if only in ("", part) else set()
        out = {pair for pair in pairs if str(pair.input) in gone or str(pair.target) in gone}
        parts[part] = [pair for pair in pairs if pair not in out]
        gone = gone | {str(file) for pair in out for file in (pair.input, pair.target)}
        for side in ("inputs", "targets"):
            name = f"{part}_{side}"
            lists[name] = tuple(file for file in getattr(data, name) if file not in gone)
    # Files without a partner stay, so that they are not lost in silence.
    remaining = replace(data, **lists)
    if all(matched(remaining, part) == parts[part] for part in PARTS):
        return remaining
    return with_pairs(data, parts["train"], parts["val"])
