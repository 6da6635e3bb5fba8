"""What the start page tells about recent projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.runs.run_folder import runs_folder


@dataclass(frozen=True)
class RecentProject:
    """A project file and what it holds.

    Attributes:
        path: the project file.
        words: its content in a few words.
        input, target: its first training input and target; None if it has none.
    """

    path: Path
    words: str
    input: ImageRef | None = None
    target: ImageRef | None = None

    @property
    def title(self) -> str:
        """The file's name, or its folder's if the file has the usual name."""
        return self.path.parent.name if self.path.name == "project.json" else self.path.stem


def recent_projects(files: Sequence[Path]) -> list[RecentProject]:
    """Read project files; unreadable ones are left out. Run it in a thread."""
    found = []
    for path in files:
        try:
            data = load_project(path).specs.data
        except UserError:
            continue
        inputs = data.train_inputs or data.unlabelled_inputs
        first = [
            next(iter(parse_images(texts[:1])), None) for texts in (inputs, data.train_targets)
        ]
        found.append(RecentProject(path, _words(path, len(inputs)), *first))
    return found


def _words(path: Path, images: int) -> str:
    words = f"{images:,} training image{'' if images == 1 else 's'}"
    folder = runs_folder(path)
    runs = sum(entry.is_dir() for entry in folder.iterdir()) if folder.is_dir() else 0
    return words if not runs else f"{words}, {runs} run{'' if runs == 1 else 's'}"
