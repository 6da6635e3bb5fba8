"""The project: its file, its choices, its pairs, and what the reading of all its images found."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.data_reader import DataReader, Found
from deepimagetranslator.app.events import (
    Bus,
    ProjectReplaced,
    ProjectSaved,
    ReadingEnded,
    ReadingProgressed,
    SpecsChanged,
)
from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.splitting import SplitWay, split_pairs
from deepimagetranslator.core.config.choices import choose
from deepimagetranslator.core.config.chosen import fields_in
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.run_folder import runs_folder
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs
from deepimagetranslator.core.config.validation import with_final_activation, with_sizes
from deepimagetranslator.core.data import dataset as datasets
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.crops import default_shapes
from deepimagetranslator.core.data.dataset import Dataset, Matched
from deepimagetranslator.core.data.section_choices import SectionStart, section_start
from deepimagetranslator.core.data.suggestions import (
    NOTHING_SEEN,
    SeenTargets,
    look_at,
    other_targets,
    suggested,
)
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import parse_images
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.system import paths

# Pairing thousands of names takes longer than a window may wait: loading does it in its thread, and
# whoever asks again, for instance after a change of the network, has it at once.
match_once = lru_cache(4)(datasets.match)

Shape = tuple[int, int, int]
"""Height, width, channels."""


class ProjectState:
    """The project of a window. Its files are paired and read anew with every change of them.

    Args:
        background: reads the files.
        settings: remembers recent projects.
        bus: is told of ``ProjectChanged``, ``ReadingProgressed`` and ``ReadingEnded``.

    Attributes:
        contents: what the project's file holds, or would hold.
        path: that file; None while there is none.
        changed: whether there is something to save.
        matched: the pairs by name and what has no partner.
        problems: what is wrong with the images, as far as it is known.
        dataset: the examined data set once the files have been read, else None.
        seen: what the training targets hold, as far as they have been looked at.
        reader: reads all files.
    """

    def __init__(self, background: Background, settings: Settings, bus: Bus) -> None:
        self.settings = settings
        self._background = background
        self._bus = bus
        self._lock = ProjectLock()
        self.contents = Project()
        self.path: Path | None = None
        self.changed = False
        self.matched = Matched((), (), ())
        self.problems: tuple[Problem, ...] = ()
        self.dataset: Dataset | None = None
        self.seen = NOTHING_SEEN
        self._looked_at: tuple[str, ...] = ()
        self.reader = DataReader(background, self._take_findings, bus.publish_error)

    # ---- the file --------------------------------------------------------------------------

    def new(self) -> None:
        """Begin anew."""
        self._lock.release()
        self._replace(Project(), None)

    def open(self, path: Path) -> None:
        """Load a project file.

        Raises:
            UserError: it is none, or another window has it.
        """
        self.take_over(load_project(path), path)

    def take_over(self, contents: Project, path: Path) -> None:
        """Have what was loaded from a project file as the project.

        Raises:
            UserError: another window has the file.
        """
        self._lock.take(path)
        self._replace(contents, path)
        self.settings.used_project(path)

    def save(self, path: Path) -> None:
        """Write the project file.

        Raises:
            UserError: it cannot be written, or another window has it.
        """
        self._lock.take(path)
        save_project(replace(self.contents, run={}), path)
        self.path, self.changed = path, False
        self.settings.used_project(path)
        self._bus.publish(ProjectSaved())

    def close(self) -> None:
        """Let another window have the file."""
        self._lock.release()

    def _replace(self, contents: Project, path: Path | None) -> None:
        self.contents, self.path, self.changed = contents, path, False
        self._match()
        self._bus.publish(ProjectReplaced())
        self.read_files()
        self._look()

    # ---- runs ------------------------------------------------------------------------------

    @property
    def runs(self) -> list[Path]:
        """The folders of the project's runs, by time; none without a file."""
        if self.path is None:
            return []
        return sorted(p for p in self.runs_home.glob("*") if p.is_dir())

    @property
    def runs_home(self) -> Path:
        """Where new runs lie: beside the project's file if there is one."""
        return runs_folder(self.path) if self.path else paths.user_folder() / "runs"

    # ---- choices ---------------------------------------------------------------------------

    @property
    def specs(self) -> Specs:
        """Every choice."""
        return self.contents.specs

    def section_start(self, section: str) -> SectionStart:
        """What a dialog for "model", "training" or "augmentation" begins with."""
        return section_start(self.contents, section, self.seen)

    def set_section(self, section: str, spec: object, chosen: frozenset[str] | None = None) -> None:
        """Take over the choices of one section ("training", "model", "augmentation" ...).

        Args:
            section: its name.
            spec: its values.
            chosen: the fields of the section that count as chosen; by default those that did, and
                those that change.
        """
        specs = replace(self.specs, **{section: spec})  # type: ignore[arg-type]
        if chosen is not None:
            others = self.contents.chosen - fields_in(section)
            chosen = others | {f"{section}.{name}" for name in chosen}
        self.set_specs(specs, chosen)

    def set_specs(self, specs: Specs, chosen: frozenset[str] | None = None) -> None:
        """Take over all choices; files are read again if what is made of them may differ.

        Args:
            specs: the choices.
            chosen: the fields that count as chosen, named SECTION.FIELD; by default those that did,
                and those that change.
        """
        self._change(choose(self.contents, specs, chosen))

    def set_files(self, data: DataSpec, seen: SeenTargets | None = None) -> None:
        """Take over lists of files just loaded; these are read in any case.

        Args:
            data: the choices with the lists.
            seen: what the training targets among them hold, if they were looked at.
        """
        if seen is not None:
            self.seen, self._looked_at = seen, data.train_targets
        self._change(replace(self.contents, specs=replace(self.specs, data=data)), read=True)

    def split_validation(self, way: SplitWay) -> str:
        """Keep whole groups of all pairs for validation; a warning or nothing.

        Raises:
            UserError: there is no such split.
        """
        split = split_pairs([*self.matched.train, *self.matched.val], way)
        self.set_files(datasets.with_split(self.specs.data, split))
        return split.warning

    def _change(self, contents: Project, read: bool = False) -> None:
        """Have these contents; what follows from the targets follows."""
        before = self.contents
        seen_all = self._looked_at == contents.specs.data.train_targets
        if seen_all and other_targets(before.specs.data, contents.specs.data):
            contents = suggested(contents, self.seen)
        if contents == before and not read:
            return
        self.contents, self.changed = contents, True
        specs, old = contents.specs, before.specs
        read = read or (specs.data, specs.model, specs.training) != (
            old.data,
            old.model,
            old.training,
        )
        if read:
            self._match()
        self._bus.publish(SpecsChanged())
        if read:
            self.read_files()
        self._look()

    def _look(self) -> None:
        """Look at the training targets in the background, if they are others than before."""
        targets = self.specs.data.train_targets
        if targets == self._looked_at:
            return
        self.seen, self._looked_at = NOTHING_SEEN, targets

        def take(seen: SeenTargets) -> None:
            if targets == self._looked_at:
                self.seen = seen
                self._change(suggested(self.contents, seen))

        self._background.run(
            "targets", lambda: look_at(parse_images(targets)), take, self._bus.publish_error
        )

    # ---- pairs -----------------------------------------------------------------------------

    @property
    def obstacles(self) -> tuple[Problem, ...]:
        """Why the loaded pairs cannot be trained on; empty if they can, or if there are none."""
        data = self.specs.data
        if not (data.train_inputs and data.train_targets):
            return ()
        return tuple(problem for problem in self.problems if problem.fatal)

    def pair_shape(self) -> tuple[Shape, Shape] | None:
        """The shapes of the first pair's input and target, if there is one."""
        if not self.matched.train:
            return None
        try:
            first = self.matched.train[0]
            return image_size(first.input)[:3], image_size(first.target)[:3]
        except UserError:
            return None

    def sized(self, model: ModelSpec) -> ModelSpec:
        """The model with what the data and the loss decide; else the sizes of a 256 image."""
        if self.dataset is not None:
            return self.dataset.model
        shapes = self.pair_shape() or ((256, 256, 3), (256, 256, 3))
        if self.specs.data.large_images == "crop":
            shapes = default_shapes(shapes, model.depth)
        return with_final_activation(with_sizes(model, *shapes), self.specs.training.loss)

    def _match(self) -> None:
        self.reader.stop()
        self.matched = match_once(self.specs.data)
        self.problems = self.matched.problems
        self.dataset = None

    # ---- reading ---------------------------------------------------------------------------

    def read_files(self) -> None:
        """Read all files in the background, for instance after that was stopped."""
        if self.matched.train:
            place = self.path or paths.user_folder() / "unsaved" / "project.json"
            self.reader.start(self.specs, self.runs_home, record_file(place))
            self._bus.publish(ReadingProgressed())

    def stop_reading(self) -> None:
        """End the reading of the files."""
        self.reader.stop()
        self._bus.publish(ReadingEnded())

    def tick(self) -> None:
        """Tell how far the reading is, if it has got further."""
        if self.reader.moved():
            self._bus.publish(ReadingProgressed())

    def _take_findings(self, found: Found) -> None:
        self.dataset = found[0]
        self.problems = tuple(found[2])
        self._bus.publish(ReadingEnded())
