"""Shared by all tests: a quiet engine, and where the real images lie if they are here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder with real images and the 2021 program's files, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the real images (../shared) are not on this machine")
    return SHARED
