"""Faults on purpose: kills, full disks, hostile files. ``pytest -m faults`` runs the slow series.

The short versions run with all other tests. Everything random comes from the fixture ``seed``,
which is printed; ``FAULTS_SEED=n`` repeats a run.
"""

from __future__ import annotations

import os

import pytest

SEED = int(os.environ.get("FAULTS_SEED", "20261128"))


def pytest_report_header() -> str:
    return f"faults: FAULTS_SEED={SEED}"


@pytest.fixture
def seed() -> int:
    """The seed of all random choices of a test."""
    return SEED
