"""Files that a command replaces stay beside it, each under a name of its own."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.system.atomic_write import NoSpaceError, WriteError
from deepimagetranslator.core.system.backup import back_up


def test_each_content_is_kept_once_and_no_copy_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for number, name in enumerate(["p.json.bak", "p.json.bak2", "p.json.bak3"]):
        path.write_text(str(number))
        assert back_up(path) == tmp_path / name
        assert back_up(path) == tmp_path / name
    path.write_text("0")
    assert back_up(path) == tmp_path / "p.json.bak"
    (tmp_path / "p.json.bak4").mkdir()
    path.write_text("new")
    assert back_up(path) == tmp_path / "p.json.bak5"
    assert [(tmp_path / f"p.json.bak{n}").read_text() for n in ("", 2, 3, 5)] == [*"012", "new"]


def test_what_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WriteError, match=r"missing\.json"):
        back_up(tmp_path / "missing.json")

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "p.json").write_text("1")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NoSpaceError):
        back_up(tmp_path / "p.json")
    assert [file.name for file in tmp_path.iterdir()] == ["p.json"]


def test_a_table_of_other_measures_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.csv"
    first, second = (
        Evaluation(({"image": name, "channel": "grey", "mae": 0.5},)) for name in ("a", "b")
    )
    assert first.write_csv(path, keep=True) is None
    before = path.read_bytes()
    assert first.write_csv(path, keep=True) is None
    kept = second.write_csv(path, keep=True)
    assert kept == tmp_path / "evaluation.csv.bak" and kept.read_bytes() == before
    assert first.write_csv(path) is None  # the user chose the file, and was asked
    assert path.read_bytes() == before


def test_a_table_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    table = Evaluation(({"image": "a", "channel": "grey", "mae": 0.5},))
    table.write_csv(tmp_path / "evaluation.csv")
    monkeypatch.setattr(Path, "read_bytes", locked)
    with pytest.raises(WriteError, match=r"evaluation\.csv cannot be written"):
        table.write_csv(tmp_path / "evaluation.csv", keep=True)
