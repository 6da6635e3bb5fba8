"""Weights files with other contents in their places."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np
from fuzz_cases import json_values, rewritten
from fuzz_seeds import Seed
from hypothesis import strategies as st

CARD, STATE = "deepimagetranslator/card", "deepimagetranslator/state"
_HUGE = 2**40
_TEXT = h5py.string_dtype()


def _delete(file: h5py.File, place: str) -> None:
    del file[place]


def _replaced(**options: Any) -> Callable[[h5py.File, str], None]:
    def change(file: h5py.File, place: str) -> None:
        del file[place]
        file.create_dataset(place, **options)

    return change


def _linked(link: Any) -> Callable[[h5py.File, str], None]:
    def change(file: h5py.File, place: str) -> None:
        del file[place]
        file[place] = link

    return change


def _group(file: h5py.File, place: str) -> None:
    del file[place]
    file.create_group(place)


def _itself(file: h5py.File, place: str) -> None:
    del file[place]
    file[place] = file["/"]


def _stored_outside(file: h5py.File, place: str) -> None:
    del file[place]
    file.create_dataset(place, (999,), "u1", external=[("/etc/passwd", 0, 999)])


def _filtered(file: h5py.File, place: str) -> None:
    """Deflated: a MiB for a GiB of zeros."""
    del file[place]
    data = file.create_dataset(place, (2**30,), "u1", chunks=(2**24,), compression=9)
    if file.id.get_filesize() < 2**20:
        data[: 2**24] = 0


def _values(file: h5py.File, place: str) -> None:
    found = file[place]
    if isinstance(found, h5py.Dataset) and found.dtype.kind in "fui" and found.size < 2**20:
        found[...] = np.asarray(np.nan if found.dtype.kind == "f" else 255)


def _attribute(value: Any) -> Callable[[h5py.File, str], None]:
    def change(file: h5py.File, place: str) -> None:
        attributes = file[place].attrs
        for name in list(attributes) or ["layer_names"]:
            attributes[name] = value

    return change


CHANGES: dict[str, Callable[[h5py.File, str], None]] = {
    "delete": _delete,
    "group": _group,
    "itself": _itself,
    "huge": _replaced(shape=(_HUGE,), dtype="f4", chunks=(1024,)),
    "huge bytes": _replaced(shape=(_HUGE,), dtype="u1", chunks=(1024,)),
    "huge kernel": _replaced(shape=(3, 3, 30_000, 30_000), dtype="f4", chunks=(3, 3, 64, 64)),
    "scalar": _replaced(data=3),
    "nothing": _replaced(data=h5py.Empty("f4")),
    "empty": _replaced(shape=(0,), dtype="u1"),
    "texts": _replaced(data=["a", "b"], dtype=_TEXT),
    "text": _replaced(data="a", dtype=_TEXT),
    "complex": _replaced(data=np.ones((3, 3, 1, 2), complex)),
    "record": _replaced(data=np.zeros(3, [("a", "i4"), ("b", "S9")])),
    "references": _replaced(shape=(4,), dtype=h5py.ref_dtype),
    "ragged": _replaced(shape=(4,), dtype=h5py.vlen_dtype(np.int32)),
    "opaque": _replaced(data=np.zeros(9, "V8")),
    "double": _replaced(data=np.zeros((3, 3, 1, 2))),
    "outside": _stored_outside,
    "filtered": _filtered,
    "values": _values,
    "loop": _linked(h5py.SoftLink("/")),
    "broken": _linked(h5py.SoftLink("/nowhere")),
    "other file": _linked(h5py.ExternalLink("/dev/zero", "/")),
    "passwords": _linked(h5py.ExternalLink("/etc/passwd", "/")),
    "attribute number": _attribute(7),
    "attribute texts": _attribute(["a", "../..", "/"]),
    "attribute bytes": _attribute(np.array([b"\xff\xfe"])),
    "attribute empty": _attribute(h5py.Empty("f4")),
    "attribute huge": _attribute(np.zeros((60, 60), "f8")),
}


def places(content: bytes) -> list[str]:
    """The groups and datasets of a file."""
    found: list[str] = []
    with h5py.File(io.BytesIO(content), "r") as file:
        file.visit(found.append)
    return sorted(found)


def changed(content: bytes, changes: tuple[tuple[str, str], ...]) -> bytes:
    """The file with changes of ``CHANGES``, each at a place; those impossible are left out."""
    copy = io.BytesIO(content)
    with h5py.File(copy, "a") as file:
        for name, place in changes:
            if place in file:
                try:
                    CHANGES[name](file, place)
                except (OSError, RuntimeError, KeyError, ValueError, TypeError):
                    continue
    return copy.getvalue()


def with_text(content: bytes, place: str, text: bytes) -> bytes:
    """The file with a JSON text in the place of another."""
    copy = io.BytesIO(content)
    with h5py.File(copy, "a") as file:
        del file[place]
        file[place] = np.frombuffer(text, np.uint8)
    return copy.getvalue()


def weights_files(seeds: Mapping[str, Seed]) -> st.SearchStrategy[Any]:
    """Recipes for ``made``: other contents in a good file."""
    inside = {name: places(seed.content) for name, seed in seeds.items()}
    ours = next(name for name in inside if CARD in inside[name])
    card = {"card": Seed(text_of(seeds[ours].content, CARD), ".json")}
    structure = st.sampled_from(sorted(seeds)).flatmap(
        lambda name: st.tuples(
            st.just("changed"),
            st.just(name),
            st.lists(
                st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from(inside[name])),
                min_size=1,
                max_size=3,
            ).map(tuple),
        )
    )
    cards = st.tuples(st.just("card"), st.just(ours), rewritten(card))
    states = st.tuples(st.just("state"), st.just(ours), json_values().map(_encoded))
    return st.one_of(structure, structure, cards, cards, states)


def made(recipe: tuple[str, str, Any], seeds: Mapping[str, Seed]) -> bytes:
    """The file of a recipe of ``weights_files``."""
    kind, name, what = recipe
    content = seeds[name].content
    if kind == "changed":
        return changed(content, what)
    return with_text(content, CARD if kind == "card" else f"{STATE}/values", what)


def text_of(content: bytes, place: str) -> bytes:
    with h5py.File(io.BytesIO(content), "r") as file:
        return bytes(file[place][()])


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
