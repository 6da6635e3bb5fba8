"""Weights files with other contents in their places, of other programs, and made to harm."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fuzz_bombs import BOMBS
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
    if isinstance(file[place], h5py.Dataset) and file[place].dtype.kind in "fui":
        file[place][...] = np.asarray(np.nan if file[place].dtype.kind == "f" else 255)


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
    states = st.tuples(
        st.just("state"), st.just(ours), json_values().map(lambda value: _encoded(value))
    )
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


# Files of other programs.


def _layers(file: h5py.File, shapes: list[tuple[int, ...]], **options: Any) -> None:
    """Layers as the 2021 program's Keras wrote them."""
    file.attrs["layer_names"] = [f"layer{n}".encode() for n in range(len(shapes))]
    for number, shape in enumerate(shapes):
        layer = file.create_group(f"layer{number}")
        layer.attrs["weight_names"] = [b"kernel", b"bias"]
        layer.create_dataset("kernel", shape, "f4", **options)
        layer.create_dataset("bias", shape[-1:], "f4", **options)


def _dense(file: h5py.File) -> None:
    _layers(file, [(784, 32), (32, 10)])


def _huge_layers(file: h5py.File) -> None:
    _layers(file, [(3, 3, 2**20, 2**20)] * 4, chunks=True)


def _huge_network(file: h5py.File) -> None:
    """Kernels that would make a U-Net, of which nothing is stored."""
    wide, last = (3, 3, 3, 2048), (1, 1, 2048, 3)
    _layers(file, [wide, (3, 3, 2048, 2048), last], chunks=True)


def _many_layers(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"layer"] * 4000)
    layer = file.create_group("layer")
    layer.attrs["weight_names"] = np.array([b"kernel"] * 4000)
    layer["kernel"] = np.zeros((3, 3, 3, 3), "f4")


def _large_layers(file: h5py.File) -> None:
    """One array of 256 MiB, packed, named again and again."""
    file.attrs["layer_names"] = np.array([b"layer"] * 4000)
    layer = file.create_group("layer")
    layer.attrs["weight_names"] = np.array([b"kernel"] * 4000)
    layer.create_dataset("kernel", (3, 3, 2048, 3641), "f4", chunks=(3, 3, 64, 64), compression=1)


def _keras_model(file: h5py.File) -> None:
    file.attrs["keras_version"] = "2.4.0"
    file.attrs["model_config"] = json.dumps(
        {"class_name": "Functional", "config": {"layers": [{"class_name": "Lambda"}]}}
    )
    _layers(file.create_group("model_weights"), [(3, 3, 3, 8), (784, 32)])


def _table(file: h5py.File) -> None:
    file["table"] = np.zeros((9, 9))


def _many_groups(file: h5py.File) -> None:
    for number in range(20_000):
        file.create_group(f"g{number}")


def _deep_groups(file: h5py.File) -> None:
    file.create_group("/".join(["g"] * 2000))


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2**30,), "u1")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", (2**30,))
    file.create_virtual_dataset(CARD, layout)


def _card_only(file: h5py.File) -> None:
    file[CARD] = np.frombuffer(b'{"format": 1}', np.uint8)


def _huge_card(file: h5py.File) -> None:
    file.create_dataset(CARD, (2**28,), "u1", chunks=(2**20,), compression=9)


def _deep_card(file: h5py.File) -> None:
    file[CARD] = np.frombuffer(b"[" * 3_000_000, np.uint8)


def _pickled_object(file: h5py.File) -> None:
    import pickle  # noqa: PLC0415

    file[CARD] = np.frombuffer(pickle.dumps([1]), np.uint8)
    file.attrs["PICKLE"] = np.void(pickle.dumps([1]))


def _write(make: Callable[[h5py.File], None], path: Path) -> None:
    with h5py.File(path, "w", libver="latest" if make is _deep_groups else None) as file:
        make(file)


for _make in (
    _dense,
    _huge_layers,
    _huge_network,
    _many_layers,
    _large_layers,
    _keras_model,
    _table,
    _many_groups,
    _deep_groups,
    _virtual,
    _card_only,
    _huge_card,
    _deep_card,
    _pickled_object,
):
    BOMBS[f"{_make.__name__[1:].replace('_', ' ')}.h5"] = (
        "weights",
        lambda path, make=_make: _write(make, path),  # type: ignore[misc]
    )


def _card_of_a_large_network(path: Path) -> None:
    from deepimagetranslator.core import fields  # noqa: PLC0415
    from deepimagetranslator.core.specs import ModelSpec  # noqa: PLC0415
    from deepimagetranslator.core.values.scaling import BYTES  # noqa: PLC0415

    model = fields.to_json(ModelSpec(10, 512, False, "group", 8, 8, 1, 8, 8, 1))
    card = {"format": 1, "program": "", "preset": "", "model": model, "palette": None}
    card |= {"input_scaling": BYTES.to_json(), "target_scaling": BYTES.to_json(), "training": {}}
    with h5py.File(path, "w") as file:
        file[CARD] = np.frombuffer(json.dumps(card).encode(), np.uint8)


BOMBS["large network.h5"] = "weights", _card_of_a_large_network
