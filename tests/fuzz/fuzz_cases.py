"""Damage as hypothesis draws it: a good file and a list of changes, which are the recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fuzz_seeds import Seed
from hypothesis import strategies as st

from deepimagetranslator.core.config.fields import fields_of
from deepimagetranslator.core.config.specs import SECTIONS, Specs

_HEAD = 512  # most places are drawn from here: headers are what readers believe
_MOST = 2**20  # bytes of a damaged file
_EXTREMES = (0, 1, 2, 3, 255, 2**15 - 1, 2**15, 2**16 - 1, 20_000, 2**31 - 1, 2**31, 2**32 - 1)
_EXTREMES += (2**63 - 1, 2**63, 2**64 - 1)


@dataclass(frozen=True)
class Case:
    """A good file's name and what is done to it, one change after another."""

    seed: str
    changes: tuple[tuple[Any, ...], ...]

    def content(self, seeds: Mapping[str, Seed]) -> bytes:
        """The damaged file."""
        data = seeds[self.seed].content
        for change, *values in self.changes:
            data = _CHANGES[change](data, *values, seeds=seeds)[:_MOST]
        return seeds[self.seed].finished(data)


def _flip(data: bytes, place: int, bit: int, **_: Any) -> bytes:
    place %= len(data) or 1
    return data[:place] + bytes(x ^ 1 << bit for x in data[place : place + 1]) + data[place + 1 :]


def _put(data: bytes, place: int, width: int, value: int, little: bool, **_: Any) -> bytes:
    """A whole number in a field of the header."""
    place = place % (len(data) or 1) // 2 * 2
    number = (value % 2 ** (8 * width)).to_bytes(width, "little" if little else "big")
    return data[:place] + number + data[place + width :]


def _cut(data: bytes, place: int, **_: Any) -> bytes:
    return data[: place % (len(data) or 1)]


def _drop(data: bytes, place: int, length: int, **_: Any) -> bytes:
    place %= len(data) or 1
    return data[:place] + data[place + length :]


def _repeat(data: bytes, place: int, length: int, times: int, **_: Any) -> bytes:
    place %= len(data) or 1
    return data[: place + length] + data[place : place + length] * times + data[place + length :]


def _swap(data: bytes, one: int, other: int, length: int, **_: Any) -> bytes:
    """Two fields changed for one another."""
    one, other = sorted((one % (len(data) or 1), other % (len(data) or 1)))
    length = min(length, other - one)
    first, second = data[one : one + length], data[other : other + length]
    between = data[one + length : other]
    return data[:one] + second + between + first + data[other + length :]


def _splice(
    data: bytes, place: int, name: str, start: int, length: int, over: bool, seeds: Any
) -> bytes:
    """A block of another file."""
    other = seeds[name].content
    start %= len(other) or 1
    place %= len(data) or 1
    rest = place + length if over else place
    return data[:place] + other[start : start + length] + data[rest:]


_CHANGES: dict[str, Any] = {
    "flip": _flip,
    "put": _put,
    "cut": _cut,
    "drop": _drop,
    "repeat": _repeat,
    "swap": _swap,
    "splice": _splice,
}


def damaged(seeds: Mapping[str, Seed], head: int = _HEAD) -> st.SearchStrategy[Case]:
    """Good files with one to six changes, most of them in the first ``head`` bytes."""
    names = st.sampled_from(sorted(seeds))
    place = st.one_of(st.integers(0, head - 1), st.integers(0, head - 1), st.integers(0, _MOST))
    length = st.sampled_from([1, 2, 4, 8, 12, 40, 512])
    number = st.one_of(st.sampled_from(_EXTREMES), st.integers(0, 2**16))
    put = st.tuples(st.just("put"), place, st.sampled_from([1, 2, 4, 8]), number, st.booleans())
    change = st.one_of(
        put,
        put,
        put,
        st.tuples(st.just("flip"), place, st.integers(0, 7)),
        st.tuples(st.just("cut"), st.integers(0, _MOST)),
        st.tuples(st.just("drop"), place, length),
        st.tuples(st.just("repeat"), place, length, st.sampled_from([1, 7, 5000])),
        st.tuples(st.just("swap"), place, place, length),
        st.tuples(st.just("splice"), place, names, place, length, st.booleans()),
    )
    return st.builds(Case, names, st.lists(change, min_size=1, max_size=6).map(tuple))


_LETTERS = 'a0.,:[]{}\\"\n\0é脂\u2028\U0001f600'
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 20),
    st.sampled_from([10**400, -(10**400), 2**63, 1e308, 5e-324, float("nan"), float("inf")]),
    st.floats(),
    st.text(_LETTERS, max_size=4),
    st.sampled_from(["\ud800", "\0", "\n\u2028", "../" * 50, "automatic", "2021", "a" * 5000]),
)


@cache
def json_values() -> st.SearchStrategy[Any]:
    """Any JSON, with the names and the nesting of a project's here and there."""
    fields = [info.name for section in SECTIONS for info in fields_of(getattr(Specs(), section))]
    names = st.sampled_from([*SECTIONS, *fields, "format", "preset", "run", "kind", "colours"])
    return st.recursive(
        _VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    )


@st.composite
def rewritten(draw: st.DrawFn, seeds: Mapping[str, Seed]) -> bytes:
    """A good JSON file with other values in some of its places."""
    data = json.loads(seeds[draw(st.sampled_from(sorted(seeds)))].content)
    for _ in range(draw(st.integers(1, 4))):
        section = draw(st.sampled_from(sorted(data)))
        place = data
        if isinstance(data[section], dict) and data[section] and draw(st.integers(0, 4)):
            place = data[section]
        name = draw(st.sampled_from([*place, draw(st.text(_LETTERS, max_size=4))]))
        place[name] = draw(json_values())
    return json.dumps(data, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
