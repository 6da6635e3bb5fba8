"""Safety check of an HDF5 file's structure, before any array is read."""

from __future__ import annotations

from typing import Any

import h5py

AVERAGE = "average_"
"""A state holds the moving averages of the weights as arrays under this name and their number."""

MOST = 10_000  # groups and arrays; the deepest network has some hundreds
_DEEPEST = 20  # nested groups
_KINDS = "biufS"  # NumPy kinds of the arrays' values


def check_contents(file: h5py.File) -> None:
    """Refuse a file that a weights file never looks like.

    Keras and this program write each array contiguously. Links, external, compressed, chunked or
    virtual arrays could claim any size or point to other files, so they are refused. So is an
    array that is larger than the file.

    Raises:
        ValueError: the file is refused.
        Exception: the file is damaged.
    """
    room = file.id.get_filesize()
    count = 0

    def check(name: str, link: Any) -> None:
        nonlocal count
        count += 1
        if count > MOST or name.count("/") > _DEEPEST or not isinstance(link, h5py.HardLink):
            raise ValueError("too many groups, or a link to another place")

    def check_array(_: str, found: Any) -> None:
        nonlocal room
        if isinstance(found, h5py.Dataset):
            pieces = found.chunks is not None or found.is_virtual or found.external is not None
            if pieces or found.shape is None or found.dtype.kind not in _KINDS:
                raise ValueError("an array of a kind that no weights file has")
            room -= found.nbytes
            if room < 0 or found.id.get_storage_size() < found.nbytes:
                raise ValueError("an array larger than the file")

    file.visititems_links(check)
    file.visititems(check_array)
