"""Recent projects on the start page: what is told of each file, whatever its state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sessions import write_pairs

from deepimagetranslator.app.recent import recent_projects
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.runs.run_folder import runs_folder


def project_at(path: Path, names: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pairs(path.parent, names)
    project = Project()
    sides = {
        f"train_{sides}": tuple(str(path.parent / side / name) for name in names)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    data = replace(project.specs.data, **sides)  # type: ignore[arg-type]
    save_project(replace(project, specs=replace(project.specs, data=data)), path)
    return path


def test_a_project_is_told_by_its_name_images_and_trainings(tmp_path: Path) -> None:
    first = project_at(tmp_path / "liver" / "project.json", ["a.png", "b.png"])
    second = project_at(tmp_path / "cells" / "nuclei.json", ["a.png"])
    (runs_folder(first) / "2026-01-01_10-00-00").mkdir(parents=True)
    found = recent_projects([first, second])
    assert [(one.title, one.words) for one in found] == [
        ("liver", "2 training images, 1 run"),
        ("nuclei", "1 training image"),
    ]
    assert found[0].input == ImageRef(first.parent / "in" / "a.png")
    assert found[0].target == ImageRef(first.parent / "out" / "a.png")


def test_files_that_are_gone_damaged_or_empty_do_no_harm(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.json"
    damaged.write_text("{", encoding="utf-8")
    empty = tmp_path / "empty.json"
    save_project(Project(), empty)
    (only,) = recent_projects([tmp_path / "gone.json", damaged, empty])
    assert (only.title, only.input, only.target) == ("empty", None, None)
    assert only.words == "0 training images"
