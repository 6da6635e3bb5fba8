"""Atomic writing: a file appears under its final name only when it is complete."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.system_path import system_path

_RETRIES = (0.05, 0.1, 0.2, 0.4)


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name, then move it to ``path``.

    Missing folders are created. If the block fails, the temporary file is deleted and an existing
    file stays as it is.

    Yields:
        The temporary path, in the same folder and with the same suffix.

    Raises:
        UserError: the file cannot be written (any ``OSError`` inside).
    """
    final = system_path(path)
    beside = final.with_name(f".tmp-{uuid.uuid4().hex[:8]}-{final.name[-40:]}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        for wait in _RETRIES:  # on Windows a virus scanner may hold a fresh file for a moment
            with suppress(PermissionError):
                beside.replace(final)
                return
            time.sleep(wait)
        beside.replace(final)
    except OSError as error:
        reason = error.strerror or "it was not finished"
        message = f"{path} cannot be written ({reason}); choose another folder or free some space."
        raise UserError(message) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file atomically.

    Raises:
        UserError: it cannot be written.
    """
    with atomic_write(path) as beside:
        beside.write_bytes(data)
