"""One translation at a time writes into a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.lock import HeldError, user_lock


@contextmanager
def locked_output(folder: Path) -> Iterator[None]:
    """Hold an output folder, which need not exist yet, while the block runs.

    Raises:
        UserError: another translation into it runs.
    """
    lock = user_lock(folder)
    try:
        lock.take()
    except HeldError as error:
        raise UserError(
            f"{folder} is being translated into by {error.holder}: wait for its end, or choose "
            "another output folder."
        ) from None
    except OSError:
        pass  # without a lock, if the home folder is not writable: files that appear still stay
    try:
        yield
    finally:
        lock.release()
