"""Settings from any file: what is wrong falls back to its default, with a line in the log."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_settings import NAMES, ODD_FILES

from deepimagetranslator.app.settings import MOST_RECENT, PALETTE_NAMES, Settings
from deepimagetranslator.core.system import paths
from deepimagetranslator.gui.theme.palette import PALETTES, palette_named
from deepimagetranslator.gui.widgets.screens import _PLACE
from deepimagetranslator.self_test import run as self_test

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def uses(path: Path) -> Settings:
    """Everything that the window reads from settings, and a change that is saved."""
    found = Settings(path)
    assert palette_named(found.get("palette", "dark")) in PALETTES.values()
    assert found.get("image list", "on") in ("on", "off")
    for name in ("geometry", "monitor geometry"):
        assert not found.get(name) or _PLACE.fullmatch(found.get(name))
    assert Path(found.folder("project")).is_dir()
    assert all(recent.is_file() for recent in found.recent)
    found.set("image list", "on")
    found.used_project(path)
    if not path.is_dir():
        assert Settings(path).recent[0] == path.absolute()
    return found


def test_the_palettes_are_those_of_the_window() -> None:
    assert set(PALETTE_NAMES) == {*PALETTES, "system"}


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_file_is_used_as_far_as_it_can_be(name: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(ODD_FILES[name])
    uses(path)


@settings(max_examples=20, derandomize=True)
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), _ANYTHING))
def test_any_values_can_be_read_and_saved_again(values: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        path.write_text(json.dumps(values), encoding="utf-8")
        uses(path)


def test_a_wrong_value_leaves_the_others_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"palette": "nope", "geometry": "800x600+1+2", "new": [1]}', encoding="utf-8")
    found = Settings(path)
    assert (found.get("palette", "dark"), found.get("geometry")) == ("dark", "800x600+1+2")
    lines = [record.getMessage() for record in caplog.records]
    assert [f"{path}: 'palette' has a wrong value; its default is used."] == [
        line for line in lines if "palette" in line
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "settings.json"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    uses(path)
    assert any(str(path) in record.getMessage() for record in caplog.records)


def test_a_first_start_logs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert Settings(tmp_path / "settings.json").recent == []
    assert not caplog.records


def test_of_many_recent_projects_the_latest_are_kept(tmp_path: Path) -> None:
    found = Settings(tmp_path / "settings.json")
    projects = [tmp_path / f"{n}.json" for n in range(MOST_RECENT + 3)]
    for project in projects:
        project.touch()
        found.used_project(project)
    assert Settings(tmp_path / "settings.json").recent == projects[::-1][:MOST_RECENT]


def test_a_home_that_cannot_be_written_is_replaced_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sentence = paths.use_writable_user_folder()
    assert str(home) in sentence and str(paths.user_folder()) in sentence
    assert paths.user_folder() != home and paths.log_folder().is_dir()
    assert paths.use_writable_user_folder() == ""


def test_a_user_without_a_home_folder_has_a_folder_for_documents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "home", none)
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: "~/Documents")
    assert Settings(tmp_path / "settings.json").folder("project") == str(tmp_path)


def test_the_self_test_tells_that_the_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(self_test, "_run", lambda _say: {"device": "CPU"})
    said: list[str] = []
    assert self_test.run(said.append) == {"device": "CPU"}
    assert "cannot be written" in said[0] and said[-1] == "All tests passed."
