"""One training at a time uses a run's folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system.atomic_write import writing
from deepimagetranslator.core.system.lock import FileLock, HeldError, Holder
from deepimagetranslator.core.system.moving import make_folder
from deepimagetranslator.core.system.system_path import exists
from deepimagetranslator.core.system.temporary import sweep


class InUseError(UserError):
    """Another process trains in the folder."""


@contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Hold a run's folder while the block runs; it is created, and deleted again if it stays empty.

    Temporary files that ended processes have left in it are deleted.

    Raises:
        InUseError: another process trains in the folder.
        UserError: it cannot be written.
    """
    missing = [folder for folder in (run.path, *run.path.parents) if not exists(folder)]
    lock = FileLock(run.lock)
    try:
        with writing(run.path):
            make_folder(run.path, durable=True)
            lock.take()
    except HeldError as error:
        raise InUseError(_held(run, error.holder)) from None
    try:
        sweep(run.path, run.preview(0).parent)
        yield
    finally:
        lock.release()
        for folder in missing or [run.path]:
            with suppress(OSError):
                folder.rmdir()


def _held(run: RunFolder, holder: Holder) -> str:
    text = f"{run.path} is being trained by {holder}: wait for its end, or choose another folder."
    if holder.here:
        return text
    return f"{text} If that computer trains no longer, delete {run.lock}."
