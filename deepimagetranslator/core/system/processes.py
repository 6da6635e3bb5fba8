"""Who a process is, so that what it left behind can be told from what another one still uses."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ENDED = ("Z", "X")  # states in /proc: ended, but its parent has not asked for its status


@dataclass(frozen=True)
class Process:
    """One process of one computer.

    Attributes:
        host: the computer's name; inside a container also the number of its process names, since
            processes of another container cannot be seen.
        pid: the process's number. Systems use a number again.
        started: when it started, in the system's own form; "" if unknown.
    """

    host: str
    pid: int
    started: str

    @property
    def is_gone(self) -> bool:
        """Whether it ran on this computer and has ended. False if that cannot be known."""
        if self.host != _host() or not self.started:
            return False
        found = start_time(self.pid)
        return found != self.started and not (not found and _is_hidden(self.pid))


def this_process() -> Process:
    """The process that asks."""
    return _process(os.getpid())


def start_time(pid: int) -> str:
    """When a process of this computer started, as letters and digits; "" if there is none."""
    if sys.platform == "win32":
        found = _windows_start_time(pid)
    elif sys.platform == "linux":
        found = _linux_start_time(pid)
    else:
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        told = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        found = re.sub(r"\W", "", told.stdout)
    return found


@cache
def _process(pid: int) -> Process:
    with suppress(OSError):
        return Process(_host(), pid, start_time(pid))
    return Process(_host(), pid, "")


@cache
def _host() -> str:
    names = ""
    with suppress(OSError):
        names = str(Path("/proc/self/ns/pid").readlink())
    inside = re.search(r"\d+", names)
    usual = inside is None or inside[0] == "4026531836"  # the first one of every Linux system
    return platform.node() + ("" if usual or inside is None else f"-{inside[0]}")


def _linux_start_time(pid: int) -> str:
    """In clock ticks since the computer started; "" if there is no such process or it has ended."""
    with suppress(OSError, IndexError):
        # The second field is the program's name, which may hold spaces and brackets.
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        values = status.rpartition(")")[2].split()
        return "" if values[0] in _ENDED else values[19]
    return ""


def _is_hidden(pid: int) -> bool:
    """Whether a process runs that Linux does not show, as those of others with ``hidepid``."""
    if sys.platform == "linux" and not Path(f"/proc/{pid}").exists():
        try:
            os.kill(pid, 0)
        except OSError as error:
            return isinstance(error, PermissionError)
    return False


def _windows_start_time(pid: int) -> str:
    """In 100 ns since 1601; "" if there is no such process or it has ended."""
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(0x1000, False, pid))  # to ask a little only
        if handle.value:
            times = [ctypes.c_ulonglong() for _ in range(4)]
            code = ctypes.c_ulong()
            try:
                running = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
                known = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
                if running and code.value == 259 and known:
                    return str(times[0].value)
            finally:
                kernel.CloseHandle(handle)
    return ""
