"""This computer's processor, total and free memory, and numbers of bytes as text."""

from __future__ import annotations

import ctypes
import math
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_LINUX = Path("/proc/meminfo")
_LINUX_PROCESS = Path("/proc/self/statm")
_LINUX_PROCESSOR = Path("/proc/cpuinfo")


def processor_name() -> str:
    """The processor's name, such as "AMD Ryzen 7 5800X"; its architecture if that is unknown."""
    found = ""
    with suppress(OSError, subprocess.SubprocessError):
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415

            place = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
                found = str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
        elif sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        else:
            text = _LINUX_PROCESSOR.read_text(encoding="utf-8", errors="replace")
            named = re.search(r"model name\s*:\s*(.+)", text)
            found = named[1] if named else ""
    return found.strip() or platform.machine()


def memory_bytes() -> int:
    """Total usable memory in bytes, respecting a container's limit; 0 if unknown."""
    if sys.platform == "win32":
        found = _windows_memory()[0]
    else:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        limit = _CONTAINER_LIMIT.read_text().strip() if _CONTAINER_LIMIT.exists() else ""
        found = min(found, int(limit)) if limit.isdigit() else found
    return found


def free_memory_bytes() -> int:
    """Memory in bytes that can be allocated without swapping.

    What a limit on this process (``ulimit -v``) leaves counts where it is less. Where this is
    unknown (macOS), the total memory; 0 if that is unknown too.
    """
    if sys.platform == "win32":
        found = _windows_memory()[1]
    else:
        found = memory_bytes()
        with suppress(OSError):
            available = re.search(r"MemAvailable:\s+(\d+) kB", _LINUX.read_text())
            found = min(found, 1024 * int(available[1])) if available else found
        with suppress(OSError):
            found = int(min(found, _left_by_limit()))
    return found


def _left_by_limit() -> float:
    """What a limit of this process leaves of its address space in bytes; infinity without one."""
    left = math.inf
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            taken = int(_LINUX_PROCESS.read_text().split()[0]) * resource.getpagesize()
            left = max(1, limit - taken)  # 0 would mean that it is unknown
    return left


def bytes_in_words(count: int) -> str:
    """For instance "420 MiB" or "1.3 GiB"."""
    if count < 2**30:
        return f"{max(1, round(count / 2**20))} MiB"
    return f"{count / 2**30:.1f} GiB"


def _windows_memory() -> tuple[int, int]:
    """Total and free memory in bytes; 0 where unknown."""
    found = 0, 0
    if sys.platform == "win32":

        class Status(ctypes.Structure):
            """MEMORYSTATUSEX: its length, the load, total and free memory, and five more."""

            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                ("total", ctypes.c_ulonglong),
                ("free", ctypes.c_ulonglong),
                ("rest", ctypes.c_ulonglong * 5),
            )

        status = Status(length=ctypes.sizeof(Status))
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            found = int(status.total), int(status.free)
    return found
