"""One window per project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.core.errors import UserError

HOLD = """
import sys
from pathlib import Path
from deepimagetranslator.app.project_lock import ProjectLock
lock = ProjectLock()
lock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))


def test_another_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    project = tmp_path / "p.json"
    lock = ProjectLock()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match="open in another window"):
            lock.take(tmp_path / "." / "p.json")
        lock.take(tmp_path / "q.json")  # another project is free
        other.kill()
        other.wait(10)
    lock.take(project)


def test_a_lock_is_taken_again_and_let_go(tmp_path: Path) -> None:
    one, other = ProjectLock(), ProjectLock()
    one.take(tmp_path / "p.json")
    one.take(tmp_path / "p.json")
    with pytest.raises(UserError):
        other.take(tmp_path / "p.json")
    one.release()
    other.take(tmp_path / "p.json")
