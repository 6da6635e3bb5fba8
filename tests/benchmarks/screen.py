"""A virtual screen of its own for a benchmark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def need(*tools: str) -> None:
    """End with a sentence if a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        sys.exit(f"This benchmark needs {', '.join(missing)}: apt install xvfb xdotool x11-utils")


@contextmanager
def virtual_screen(size: str = "1600x1000") -> Iterator[None]:
    """An Xvfb, which becomes DISPLAY; no window manager or other program disturbs there.

    It ends with its last client too, should the benchmark be killed.
    """
    need("Xvfb")
    read_end, write_end = os.pipe()
    options = f"-screen 0 {size}x24 -dpi 96 -terminate"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), *options.split()],
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    before = os.environ.get("DISPLAY")
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            sys.exit("Xvfb did not start: run 'Xvfb :99' by hand to see why")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        if before is not None:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.wait(10)
