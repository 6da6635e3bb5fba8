"""This computer's processor, total and free memory, and numbers of bytes as text."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_OWN_MEMORY = Path("/proc/self/statm")
_RESERVED = 7 * 2**28  # bytes of address space; TensorFlow on two cores reserved up to 1.7 GiB
_LINUX = Path("/proc/meminfo")
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
        found = min([found, *(_number(group / "memory.max", found) for group in _cgroups())])
    return found


def free_memory_bytes(swap: bool = False) -> int:
    """Memory in bytes that this process can still allocate, within the limits that are set for it.

    Limits are those of its control groups (containers, services, batch systems) and of the process
    itself (``ulimit -v``). Where the free memory is unknown (macOS), the total memory; 0 if that is
    unknown too.

    Args:
        swap: count swap space too, with which a computation may take hours.
    """
    if sys.platform == "win32":
        found = _windows_memory()[1]
    else:
        limits = [*map(_left_in, _cgroups()), _left_to_process()]
        found = max(1, min([_available(swap), *(limit for limit in limits if limit is not None)]))
    return found


def _available(swap: bool) -> int:
    """The free memory of the whole computer, on Linux; elsewhere the total memory."""
    with suppress(OSError):
        numbers = dict(re.findall(r"(MemAvailable|SwapFree):\s+(\d+) kB", _LINUX.read_text()))
        if "MemAvailable" in numbers:
            names = ("MemAvailable", "SwapFree") if swap else ("MemAvailable",)
            return 1024 * sum(int(numbers.get(name, 0)) for name in names)
    return memory_bytes()


def _cgroups() -> list[Path]:
    """The control groups (version 2) of this process, from its own to the outermost one."""
    with suppress(OSError):
        own = re.search(r"^0::/(.*)$", _OWN_CGROUP.read_text(), re.MULTILINE)
        if own is not None:
            inner = _CGROUPS / own[1]
            within = [one for one in (inner, *inner.parents) if one.is_relative_to(_CGROUPS)]
            return [one for one in within if (one / "memory.max").exists()]
    return []


def _left_in(cgroup: Path) -> int | None:
    """The bytes that a control group still has; None without a limit. Cached files are free."""
    limit = _number(cgroup / "memory.max", -1)
    if limit < 0:
        return None
    cached = 0
    with suppress(OSError):
        found = re.search(r"^inactive_file (\d+)$", (cgroup / "memory.stat").read_text(), re.M)
        cached = int(found[1]) if found else 0
    return limit - _number(cgroup / "memory.current", 0) + cached


def _number(file: Path, default: int) -> int:
    """The number in a file of a control group; the default for "max" or if there is none."""
    with suppress(OSError):
        text = file.read_text().strip()
        return int(text) if text.isdigit() else default
    return default


def _left_to_process() -> int | None:
    """The bytes of address space that this process may still use; None without a limit.

    Threads and their allocators reserve address space that they do not use.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415

        if sys.platform != "win32":
            limit, _ = resource.getrlimit(resource.RLIMIT_AS)
            if limit != resource.RLIM_INFINITY:
                taken = int(_OWN_MEMORY.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
                return limit - taken - _RESERVED
    return None


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
