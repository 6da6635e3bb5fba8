"""Entries that cannot act are greyed, and the chosen ones ticked, whenever a menu opens."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from quiet import QuietWindow
from sessions import write_pairs
from window import open_menu

from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.runs.run_folder import RunFolder

ALWAYS = {
    "Data": {"Values and window...", "Load images to label..."},
    "Model": {"Set model hyperparameters", "New model", "Load model weights"},
    "Train": {"Data augmentation", "Study"},
    "Translate": {"Load images for translation", "Load folder for translation..."},
    "Evaluate": set[str](),
    "View": {"Image list", "Window", "Dark", "Light", "As the system"},
}
WITH_PAIRS = {
    "Data": {
        "Check data...",
        "Label colours...",
        "Paint labels",
        "Split validation from training...",
    },
    "Train": {"Train model", "Continue from weights..."},
    "Translate": {"Clean-up..."},  # the targets are masks
    "View": {"Fit images", "True size"},
}
WITH_A_MODEL = {
    "Model": {"Save current model weights", "Describe weights"},
    "Evaluate": {"Evaluate on training images"},
}
WITH_IMAGES_TO_TRANSLATE = {
    "Translate": {"Save translated images", "Translate and save..."},
    "Evaluate": {"Evaluate translated images with targets..."},
}
WHILE_TRAINING = {
    "Train": {"Data augmentation", "Study", "Finish after this epoch", "Stop", "Show monitor"}
}


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    window = QuietWindow(root, tmp_path)
    yield window
    window.close()


def enabled(window: QuietWindow, name: str) -> set[str]:
    menu = open_menu(window.main, name)
    kinds = [(i, menu.type(i)) for i in range((menu.index("end") or 0) + 1)]
    return {
        str(menu.entrycget(i, "label"))
        for i, kind in kinds
        if kind != "separator" and menu.entrycget(i, "state") == "normal"
    }


def join(*sets: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: {e for one in sets for e in one.get(name, ())} for name in ALWAYS}


def test_entries_follow_what_there_is(window: QuietWindow, tmp_path: Path) -> None:
    def all_enabled() -> dict[str, set[str]]:
        return {name: enabled(window, name) for name in ALWAYS}

    assert all_enabled() == ALWAYS
    write_pairs(tmp_path, ["a.png", "b.png", "c.png"])
    window.load(tmp_path)
    known = join(ALWAYS, WITH_PAIRS)
    assert all_enabled() == known
    window.use_weights(tmp_path / "a.weights.h5")
    known = join(known, WITH_A_MODEL)
    assert all_enabled() == known
    window.session.viewer.set_images_to_translate([ImageRef(tmp_path / "in" / "a.png")])
    assert all_enabled() == join(known, WITH_IMAGES_TO_TRANSLATE)
    window.session.jobs.kind = "training"
    window.session.jobs.monitor.begin()
    assert enabled(window, "Train") == WHILE_TRAINING["Train"]
    assert enabled(window, "Translate") == known["Translate"]
    assert enabled(window, "Evaluate") == set()
    window.session.jobs.kind = ""


def test_checkpoints_and_a_training_to_resume_are_looked_up(
    window: QuietWindow, tmp_path: Path
) -> None:
    project = window.session.project
    project.save(tmp_path / "project.json")
    run = project.runs_home / "1"
    run.mkdir(parents=True)
    assert "Resume the last training" not in enabled(window, "Train")
    assert "Load weights of an epoch..." not in enabled(window, "Model")
    (run / "last.weights.h5").write_bytes(b"")  # damaged
    assert "Resume the last training" not in enabled(window, "Train")
    (run / "last.weights.h5").unlink()
    save_project(replace(Project(), run={"reading": 1}), run / "project.json")
    assert "Resume the last training" in enabled(window, "Train"), "it begins again"
    RunFolder(run).write_state(b"weights", 1)
    (run / "weights-improvement-01-0.5000.weights.h5").write_bytes(b"")
    assert "Resume the last training" in enabled(window, "Train")
    assert "Load weights of an epoch..." in enabled(window, "Model")


def test_the_chosen_palette_is_ticked(window: QuietWindow) -> None:
    menu = open_menu(window.main, "View")

    def ticked() -> list[str]:
        chosen = menu.getvar(str(menu.entrycget("Dark", "variable")))
        labels = ("Dark", "Light", "As the system")
        return [label for label in labels if menu.entrycget(label, "value") == chosen]

    assert ticked() == ["Dark"]
    menu.invoke("Light")
    assert ticked() == ["Light"]
    assert window.session.settings.get("palette") == "light"
