"""A file that one process holds at a time; the system lets it go when that process ends."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.processes import Process, this_process
from deepimagetranslator.core.system.system_path import system_path

_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_TRIES = 5
_FAR = 2**30  # Windows forbids others to read the locked bytes; those of the text stay free
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LONGEST = 4096


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        process: the process, or the last one that wrote its name; None if it is unknown.
        since: local date and time at which it took the lock.
        here: whether it runs on this computer.
    """

    process: Process | None
    since: str = ""
    here: bool = True

    def __str__(self) -> str:
        if self.process is None:
            return "another process"
        place = "this computer" if self.here else f"computer {self.process.host}"
        return f"process {self.process.pid} on {place}, since {self.since}"


class HeldError(Exception):
    """Another process holds the lock.

    Attributes:
        holder: that process.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__(str(holder))
        self.holder = holder


class FileLock:
    """A lock by the operating system on a file that names its holder.

    A holder on another computer cannot be asked whether it still runs: its lock stays until
    somebody deletes the file. On file systems without locks the named process is looked up.

    Args:
        path: the file; it is deleted when the lock is released.
        local: take over what another computer's process has left.
    """

    def __init__(self, path: Path, *, local: bool = False) -> None:
        self.path = system_path(path)
        self._local = local
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """Take the lock; a held one stays held.

        Raises:
            HeldError: another process holds it.
            OSError: the file cannot be written.
        """
        for _ in range(_TRIES):
            file = self.path.open("a+b")
            try:
                taken = self._take(file)
            except BaseException:
                file.close()
                raise
            if taken:
                self._file = file
                return
            file.close()
        raise HeldError(Holder(None))

    def is_held(self) -> bool:
        """Whether another process, or another object of this one, holds the lock.

        The named process is looked up, so that nobody who takes the lock meanwhile is kept out. The
        lock is taken for a moment only where this cannot tell: the process is in another container,
        or the system does not say when it started.
        """
        try:
            with self.path.open("rb") as file:
                holder, same_system = _read(file)
        except OSError:
            return False
        process = holder.process
        if process is None:
            return False
        if not same_system:
            return not self._local
        if process.host == this_process().host and process.started:
            return not process.is_gone
        try:
            self.take()
        except HeldError:
            return True
        except OSError:
            return False
        self.release()
        return False

    def release(self) -> None:
        """Release the lock and delete its file."""
        file, self._file = self._file, None
        if file is None:
            return
        with suppress(OSError):
            file.truncate(0)
            if sys.platform != "win32" and _is_at(file, self.path):
                self.path.unlink()
        file.close()
        if sys.platform == "win32":  # where an open file cannot be deleted
            with suppress(OSError):
                self.path.unlink()

    def _take(self, file: IO[bytes]) -> bool:
        """Whether the lock was taken; False if its holder has deleted the file meanwhile."""
        try:
            locked = _lock(file)
        except OSError:
            raise HeldError(_read(file)[0]) from None
        if not _is_at(file, self.path):
            return False
        holder, same_system = _read(file)
        ended = holder.process is None or (
            self._local or same_system if locked else holder.process.is_gone
        )
        if not ended:
            raise HeldError(holder)
        since = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        own = asdict(this_process()) | {"since": since, "boot": _boot()}
        file.truncate(0)
        file.write(json.dumps(own).encode())
        file.flush()
        return True


def user_lock(place: Path) -> FileLock:
    """A lock on a file or folder, which may be read-only or shared: it lies in the user's folder.

    It tells apart the processes of one user. Taking it raises OSError if the user's folder cannot
    be written.
    """
    name = os.path.normcase(os.path.realpath(place))
    key = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    path = paths.user_folder() / "locks" / key
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, local=True)


def _lock(file: IO[bytes]) -> bool:
    """Lock a file; False if its file system has no locks.

    Raises:
        OSError: another process has locked it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise
        return False
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file still has this path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _read(file: IO[bytes]) -> tuple[Holder, bool]:
    """The holder that a file names, and whether it ran on this computer since it was started.

    The computer's start tells apart what a name may not: containers have names of their own.
    """
    try:
        file.seek(0)
        data = json.loads(file.read(_LONGEST))
        process = Process(str(data["host"]), int(data["pid"]), str(data["started"]))
        since, boot = str(data["since"]), str(data["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(None), True
    here = process.host == this_process().host or boot == _boot() != ""
    return Holder(process, since, here), here


def _boot() -> str:
    """What Linux calls this start of the computer; "" elsewhere."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
