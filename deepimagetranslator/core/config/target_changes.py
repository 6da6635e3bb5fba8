"""Changes of targets that the user has chosen: their names, and their texts in project files.

A target is read with its changes; its file stays as it is. A text such as
``turn_90+inverted: masks/a.png`` names the changes and a target: a file with all of its images, or
one slice of it. The functions behind the names are in ``core.data.targets``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

GEOMETRY = "geometry"
GROUPS: dict[str, tuple[str, ...]] = {
    "channel": ("transparency",),
    GEOMETRY: ("array_order", "other_form", "resampled"),
    "orientation": (
        *("turn_90", "turn_180", "turn_270"),
        *("mirror_x", "mirror_y", "transpose", "transpose_180"),
    ),
    "values": ("inverted",),
    "objects": ("objects_outline",),
}
"""The changes by group, in the order in which they are applied. A target has at most one change of
a group."""
NAMES = tuple(name for group in GROUPS.values() for name in group)

_SEPARATOR = ": "
_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}


def parse(text: str) -> tuple[tuple[str, ...], str]:
    """The changes in a text, and the target's text.

    Raises:
        ValueError: the text has no such form, or a change is not known to this version; says which
            as a clause.
    """
    words, _, target = text.partition(_SEPARATOR)
    names = tuple(words.split("+"))
    unknown = next((name for name in names if name not in NAMES), None)
    if unknown is not None:
        raise ValueError(f"'{unknown}' is no change of a target")
    if not target:
        raise ValueError(f"'{text.strip()}' names no target")
    return names, target


def to_text(names: Sequence[str], target: str) -> str:
    """The inverse of ``parse``."""
    return "+".join(names) + _SEPARATOR + target


def with_targets(texts: Iterable[str], changed: Callable[[str], str]) -> tuple[str, ...]:
    """The texts with other texts for their targets, as given by ``changed``."""
    found = []
    for text in texts:
        words, separator, target = text.partition(_SEPARATOR)
        found.append(words + separator + changed(target) if separator else text)
    return tuple(found)


def joined(names: Iterable[str], *more: str) -> tuple[str, ...]:
    """Changes with more of them, in the order of application; of a group the last one stays."""
    of_group = {_GROUP_OF[name]: name for name in (*names, *more)}
    return tuple(of_group[group] for group in GROUPS if group in of_group)
