"""The window begins as version 2.0.0's settings say; see data/make_version_2_0.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from window import Window

from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor

DATA = Path(__file__).parents[1] / "data" / "version_2_0"


def test_the_window_of_2_0_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    study = tmp_path / "study"
    shutil.copytree(DATA, study)
    (tmp_path / "home").mkdir()
    text = (DATA / "settings" / "used.json").read_text(encoding="utf-8")
    text = text.replace("/tmp/version_2_0", study.as_posix())
    (tmp_path / "home" / "settings.json").write_text(text, encoding="utf-8")

    window = Window()
    try:
        window.root.update()
        assert window.app.theme.palette.name == "light"
        assert window.root.geometry().startswith("1100x640+")
        recent = window.app.window.menus["Recent projects"]
        window.root.tk.call(recent.cget("postcommand"))
        projects = [study / "preset_2021.json", study / "many_choices.json"]
        assert [Path(entry) for entry in window.entries("Recent projects")] == projects
        window.choose("Train", "Show monitor")
        assert window.dialog(TrainingMonitor).geometry().startswith("900x600+")
    finally:
        window.close()
