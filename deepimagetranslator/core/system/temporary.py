"""Temporary files beside the files that they become: their names, and those of ended processes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.system.processes import Process, this_process
from deepimagetranslator.core.system.system_path import system_path

_NAME = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-(\w+)-[0-9a-f]{8}-.*", re.DOTALL)
_KEPT_CHARACTERS = 40


def temporary_name(name: str) -> str:
    """A name for a file of this process that becomes ``name``; it has the same suffix."""
    process = this_process()
    owner = f"{_key(process.host)}-{process.pid}-{process.started or 'unknown'}"
    return f".tmp-{owner}-{uuid.uuid4().hex[:8]}-{name[-_KEPT_CHARACTERS:]}"


def sweep(*folders: str | Path) -> None:
    """Delete the temporary files and folders in these folders whose process ran here and has ended.

    Those of running processes, of other computers and of unknown owners stay. So does everything
    in other subfolders.
    """
    for folder in dict.fromkeys(map(system_path, folders)):
        with suppress(OSError), os.scandir(folder) as entries:
            left = [entry for entry in entries if _is_left_behind(entry.name)]
            for entry in left:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path)
                    else:
                        Path(entry.path).unlink()


def new_temporary_folder(name: str) -> Path:
    """A new folder among the system's temporary files.

    What an ended process has left of this kind is deleted first.

    Args:
        name: the end of its name, which says what it is for.
    """
    parent = system_path(tempfile.gettempdir())
    sweep(parent)
    folder = parent / temporary_name(name)
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """As ``new_temporary_folder``, deleted afterwards."""
    folder = new_temporary_folder(name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(name: str) -> bool:
    match = _NAME.fullmatch(name)
    here = this_process()
    if match is None or match[1] != _key(here.host) or match[3] == "unknown":
        return False
    owner: Process = replace(here, pid=int(match[2]), started=match[3])
    return owner.is_gone


def _key(host: str) -> str:
    return f"{zlib.crc32(host.encode()):08x}"
