"""What an HDF5 file says that it holds, looked at before anything of it is read."""

from __future__ import annotations

from typing import Any

import h5py

MOST = 10_000  # groups and arrays; the deepest network has some hundreds
_DEEPEST = 20  # groups in one another
_KINDS = "biufS"  # of values in arrays


def check_contents(file: h5py.File) -> None:
    """Refuse a file whose arrays are not all there as they are said to be, or not in it.

    Keras and this program write every array in one piece. Links to other places, arrays that are
    kept in other files, packed or in pieces, may be of any size or lead anywhere.

    Raises:
        ValueError: the file is refused.
        Exception: it is damaged.
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
