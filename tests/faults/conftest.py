"""Faults on purpose: kills, full disks, hostile files. ``pytest -m faults`` runs the slow series.

The short versions run with all other tests. Everything random comes from the fixture ``seed``;
``FAULTS_SEED=n`` repeats a run.
"""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def seed() -> int:
    """The seed of all random choices of a test, told with its failure."""
    value = int(os.environ.get("FAULTS_SEED", "20261128"))
    print(f"FAULTS_SEED={value}")
    return value
