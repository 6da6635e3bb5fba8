"""A session without an engine, whose files all lie in the test's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sessions import Sessions


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    sessions = Sessions(tmp_path)
    yield sessions
    sessions.session.close()
