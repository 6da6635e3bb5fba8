"""Shared by all tests: a quiet engine, a screen, real images."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from real_images import small, whole
from usual_priority import worker_main

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# How long an example takes says more about the machine than about the code; see benchmarks/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Benchmarks are run by benchmarks/run.py; the scripts beside the data by hand.
collect_ignore = ["benchmarks", "data", "packaging"]


@pytest.fixture(params=[small, whole], ids=["small", "whole"])
def real(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Finds real images by place: the test is run with the small ones and with the whole ones."""
    found: Callable[[str], Path] = request.param
    return found


@pytest.fixture(scope="session", autouse=True)
def engine_at_usual_priority() -> Iterator[None]:
    """The engine's process runs as fast as the tests, on a busy machine too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepimagetranslator.app.engine.worker_client.worker_main", worker_main)
        yield


@pytest.fixture(scope="session", autouse=True)
def display() -> Iterator[None]:
    """A virtual screen where there is none, one for each worker of pytest-xdist; ended with it."""
    given, shared = os.environ.get("DISPLAY"), "PYTEST_XDIST_WORKER" in os.environ
    if not sys.platform.startswith("linux") or (given and not shared):
        yield
        return
    if shutil.which("Xvfb") is None:
        pytest.exit("The window's tests need a screen or Xvfb: apt install xvfb", returncode=2)
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-dpi", "96"],
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.exit("Xvfb did not start: run 'Xvfb :99' by hand to see why", returncode=2)
    os.environ["DISPLAY"] = f":{number}"
    try:
        yield
    finally:
        if given is None:
            del os.environ["DISPLAY"]
        else:
            os.environ["DISPLAY"] = given
        server.terminate()
        server.wait(10)
