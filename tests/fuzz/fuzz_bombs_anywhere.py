"""What is no ordinary file, never ends, loops, or would run code where somebody unpickled it; under
the name of every kind of file, and in folders."""

from __future__ import annotations

import os
import pickle
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_bombs_tiff import entries, tiff
from fuzz_registry import Bombs
from fuzz_seeds import pictures

ANYWHERE = {
    "pictures": Bombs("pictures"),
    "volumes": Bombs("volumes"),
    "projects": Bombs("projects"),
    "weights": Bombs("weights"),
}
BOMBS = Bombs("folders")
_ENDINGS = {
    "pictures": (".png", ".tif"),
    "volumes": (".dcm", ".nii", ".nii.gz"),
    "projects": (".json",),
    "weights": (".weights.h5", ".hdf5"),
}


def _empty(path: Path) -> None:
    path.touch()


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").mkdir()


def _self(path: Path) -> None:
    path.symlink_to(path)


def _pair(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**33)


def _forbidden(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


class _Harm:
    """Would write a file, were it unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(_Harm()))


def _numpy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([_Harm()], object), allow_pickle=True)


def _archive(path: Path) -> None:
    """A zip file, as .npz and .keras are, with a pickle in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", '{"class_name": "Functional", "module": "os"}')
        file.writestr("data.pkl", pickle.dumps(_Harm()))
        file.writestr("model.weights.h5", bytes(2**24))


_MAKERS = (_empty, _folder, _self, _pair, _pipe, _endless, _socket, _sparse, _forbidden)
for _kind, _endings in _ENDINGS.items():
    for _ending in _endings:
        for _make in (*_MAKERS, _pickle, _numpy, _archive):
            ANYWHERE[_kind][f"{_make.__name__[1:]}{_ending}"] = _make
for _ending in (".png", ".npy", ".pkl", ""):
    BOMBS[f"pickle{_ending}"] = _pickle


@BOMBS.file("links")
def _links(path: Path) -> None:
    """Links that lead back, into themselves and nowhere, and two that double at every step."""
    path.mkdir()
    (path / "up").symlink_to("..")
    (path / "here").symlink_to(".")
    (path / "self.png").symlink_to("self.png")
    (path / "nowhere.tif").symlink_to("nothing")
    for number in range(40):
        (path / f"d{number}").mkdir()
        for name in "ab":
            (path / f"d{number}" / name).symlink_to(f"../d{number + 1}")


@BOMBS.file("no files")
def _no_files(path: Path) -> None:
    """Pipes, sockets and folders with the names of images, and without a name's ending."""
    path.mkdir()
    for number, ending in enumerate((".png", ".tif", ".dcm", ".nii", ".nii.gz", "", ".840.1")):
        os.mkfifo(path / f"pipe{ending}")
        _socket(path / f"socket{ending}")
        (path / f"zero{ending}").symlink_to("/dev/zero")
        (path / f"folder{ending}").mkdir()
        (path / f"empty{ending}").touch()
        (path / f"sparse{ending}").touch()
        os.truncate(path / f"sparse{ending}", 2**33 + number)
        (path / f"hidden{ending}").touch(0)


@BOMBS.file("deep folder")
def _deep_folder(path: Path) -> None:
    path.mkdir()
    (path / "/".join(["a" * 9] * 300)).mkdir(parents=True)


@BOMBS.file("many slices")
def _many_slices(path: Path) -> None:
    path.mkdir()
    for number in range(3):
        (path / f"{number}.tif").write_bytes(tiff([entries()] * 9000))


@BOMBS.file("all kinds")
def _all_kinds(path: Path) -> None:
    """Good files of every kind, cut in half, under one another's names."""
    path.mkdir()
    seeds = list(pictures().values())
    for number, seed in enumerate(seeds):
        ending = seeds[number - 7].ending
        whole = seed.finished(seed.content)
        (path / f"{number}{ending}").write_bytes(whole[: len(whole) // (1 + number % 2)])
