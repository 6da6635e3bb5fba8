"""Screens of their own with a window manager, or with none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from waiting import wait_until

WINDOW_MANAGERS = ("none", "openbox", "metacity")
_QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextmanager
def screen(manager: str) -> Iterator[str]:
    """The name of a new screen that is managed by one of ``WINDOW_MANAGERS``.

    Use it in another process: Tk never closes its connection to a screen, and Xlib ends a process
    whose screen is gone.
    """
    for program in ("Xvfb", "xdotool", *([] if manager == "none" else [manager])):
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")
    read_end, write_end = os.pipe()
    # Without -noreset the server drops all clients when xdotool, as its only one, has asked.
    server = ("Xvfb", "-noreset", "-displayfd", str(write_end), "-screen", "0", "1366x768x24")
    with ExitStack() as stack:
        stack.enter_context(_running(*server, "-dpi", "96", pass_fds=[write_end]))
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            display = f":{answer.readline().strip()}"
        if manager != "none":
            environment = os.environ | {"DISPLAY": display}
            stack.enter_context(_running(manager, env=environment))
            wait_until(lambda: _is_managed(environment))
        yield display


@contextmanager
def _running(*command: str, **options: Any) -> Iterator[None]:
    """A program that is ended at the end."""
    process = subprocess.Popen(command, **_QUIET, **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _is_managed(environment: dict[str, str]) -> bool:
    """Whether a window manager has taken charge: it announces itself at the root window."""
    asked = subprocess.run(["xdotool", "get_num_desktops"], env=environment, check=False, **_QUIET)
    return asked.returncode == 0
