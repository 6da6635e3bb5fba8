"""The project: its file, its specs, its pairs, and the findings of the data check."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.data_reader import DataReader, Found
from deepimagetranslator.app.events import (
    Bus,
    LabelsMoved,
    ProjectReplaced,
    ProjectSaved,
    ReadingEnded,
    ReadingProgressed,
    RunsChanged,
    SpecsChanged,
)
from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.splitting import SplitWay, split_pairs
from deepimagetranslator.core.config.choices import choose
from deepimagetranslator.core.config.chosen import fields_in
from deepimagetranslator.core.config.presets import RECOMMENDED
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    new_project,
    save_project,
)
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
    other_basis,
    suggested,
)
from deepimagetranslator.core.data.targets import target_size
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import parse_images
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.runs.run_folder import runs_folder, runs_of
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.temporary import sweep

# Pairing thousands of names would block the window. The loader therefore pairs in its thread, and
# later calls with the same file lists, for instance after a change of the network, hit the cache.
match_once = lru_cache(4)(datasets.match)


def unsaved_runs() -> Path:
    """The folder for runs of projects that were never saved."""
    return paths.user_folder() / "runs"


def unsaved_projects() -> Path:
    """The folder for projects that were not saved when the window was closed or died."""
    return paths.user_folder() / "unsaved"


def new_unsaved_project() -> Path:
    """A file in ``unsaved_projects``, named by date, time and process: windows may end together."""
    return unsaved_projects() / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{os.getpid()}.json"


Shape = tuple[int, int, int]
"""Height, width, channels."""


class ProjectState:
    """The project of a window. Its files are paired and read again whenever the lists change.

    Args:
        background: reads and sweeps in threads.
        settings: keeps the list of recent projects.
        bus: gets ``ProjectChanged``, ``ReadingProgressed`` and ``ReadingEnded``.

    Attributes:
        contents: the content of the project file, with unsaved changes.
        path: the project file; None for a project that was never saved.
        changed: whether there are unsaved changes.
        matched: the pairs, and the files without a partner.
        problems: the findings so far.
        dataset: the data set; None until all files have been read.
        seen: what is known of the training targets, from which suggested settings follow.
        reader: reads all files.
    """

    def __init__(self, background: Background, settings: Settings, bus: Bus) -> None:
        self.settings = settings
        self._background = background
        self._bus = bus
        self._lock = ProjectLock()
        self.contents = new_project(RECOMMENDED, {})
        self.path: Path | None = None
        self.changed = False
        self.matched = Matched((), (), ())
        self.problems: tuple[Problem, ...] = ()
        self.dataset: Dataset | None = None
        self.seen = NOTHING_SEEN
        self._seen_of: tuple[tuple[str, ...], ...] | None = ()
        self._to_follow = False
        failed = partial(bus.publish_error, action="Check data")
        self.reader = DataReader(background, self._take_findings, failed)

    # ---- the file --------------------------------------------------------------------------

    def new(self) -> None:
        """Start a new, empty project."""
        self._lock.release()
        self._replace(new_project(RECOMMENDED, {}), None)

    def open(self, path: Path) -> None:
        """Load a project file.

        Raises:
            UserError: it is not a project file, or it is open in another window.
        """
        self.take_over(load_project(path), path)

    def take_over(self, contents: Project, path: Path) -> None:
        """Use a project that was already loaded from a file.

        Args:
            contents: the loaded project.
            path: its file.

        Raises:
            UserError: the file is open in another window.
        """
        self._lock.take(path)
        self.sweep(path.parent)
        self._replace(contents, path)
        self.settings.used_project(path)

    def save(self, path: Path) -> None:
        """Write the project file.

        Raises:
            UserError: it cannot be written, or it is open in another window.
        """
        self._lock.take(path)
        self.sweep(path.parent)
        contents = self.to_write(path)
        save_project(contents, path)
        contents = replace(contents, run=self.contents.run)
        self.contents, self.path, self.changed = contents, path, False
        self.settings.used_project(path)
        self._bus.publish(ProjectSaved())

    def to_write(self, path: Path) -> Project:
        """What a project file of that path holds: runs that lie beside it are found there."""
        beside = runs_folder(path.absolute())
        listed = dict.fromkeys((*self.runs, *self.contents.runs))
        elsewhere = tuple(run for run in listed if run.parent != beside)
        return replace(self.contents, runs=elsewhere, run={})

    def keep(self, run_dir: Path | None = None) -> None:
        """Save unsaved changes without asking.

        Args:
            run_dir: a training that the user let finish with the permission to save: the project
                is saved in its own file, or beside the run if it has none. Without a run it is
                saved in the user's folder, and its own file stays as it is.

        Raises:
            UserError: it cannot be written.
        """
        if not self.changed:
            return
        if run_dir is None:
            self.save(new_unsaved_project())
        else:
            self.save(self.path or run_dir.with_name(f"{run_dir.name}.json"))

    def close(self) -> None:
        """Release the lock on the file, so that another window can open it."""
        self._lock.release()

    def sweep(self, *folders: Path) -> None:
        """Delete temporary files of ended processes in these folders, in the background."""
        nothing = lambda _: None  # noqa: E731
        self._background.run(f"sweep {folders}", partial(sweep, *folders), nothing, nothing)

    def _replace(self, contents: Project, path: Path | None) -> None:
        self.contents, self.path, self.changed = contents, path, False
        self._match()
        self._bus.publish(ProjectReplaced())
        # An opened project stays as it is until it is changed.
        self.seen, self._seen_of, self._to_follow = NOTHING_SEEN, None, False
        self.read_files()

    # ---- runs ------------------------------------------------------------------------------

    @property
    def runs(self) -> list[Path]:
        """The folders of the project's runs, oldest first."""
        return runs_of(self.path, self.contents.runs)

    @property
    def runs_home(self) -> Path:
        """The folder for new runs: beside the project file, else in the user's folder."""
        return runs_folder(self.path.absolute()) if self.path else unsaved_runs()

    def add_run(self, run_dir: Path) -> None:
        """List a new run; one beside the project file is found there."""
        if run_dir in self.runs or (self.path and run_dir.parent == self.runs_home):
            return
        self._list_runs((*self.contents.runs, run_dir))

    def moved_run(self, before: Path, after: Path) -> None:
        """Replace the path of a run's folder that was moved."""
        self._list_runs(tuple(after if run == before else run for run in self.contents.runs))

    def _list_runs(self, runs: tuple[Path, ...]) -> None:
        self.contents, self.changed = replace(self.contents, runs=runs), True
        self._bus.publish(RunsChanged())

    def set_labels(self, folder: Path | None) -> None:
        """Set the folder of the label maps if it does not lie beside the project file."""
        if folder != self.contents.labels:
            self.contents, self.changed = replace(self.contents, labels=folder), True
            self._bus.publish(LabelsMoved())

    # ---- specs -----------------------------------------------------------------------------

    @property
    def specs(self) -> Specs:
        """All specs of the project."""
        return self.contents.specs

    def section_start(self, section: str) -> SectionStart:
        """The initial values of a dialog for "model", "training" or "augmentation"."""
        return section_start(self.contents, section, self.seen)

    def set_section(self, section: str, spec: object, chosen: frozenset[str] | None = None) -> None:
        """Set the spec of one section.

        Args:
            section: the section's name, for instance "model" or "training".
            spec: the section's spec.
            chosen: the fields of the section that count as chosen by the user; by default those
                chosen before and those that change.
        """
        specs = replace(self.specs, **{section: spec})  # type: ignore[arg-type]
        if chosen is not None:
            others = self.contents.chosen - fields_in(section)
            chosen = others | {f"{section}.{name}" for name in chosen}
        self.set_specs(specs, chosen)

    def set_specs(self, specs: Specs, chosen: frozenset[str] | None = None) -> None:
        """Set all specs; the files are read again if the change can affect the data set.

        Args:
            specs: the specs.
            chosen: the fields that count as chosen by the user, as SECTION.FIELD; by default those
                chosen before and those that change.
        """
        self._change(choose(self.contents, specs, chosen))

    def set_files(self, data: DataSpec, seen: SeenTargets | None = None) -> None:
        """Set newly loaded lists of files; the files are always read again.

        Args:
            data: the data spec with the lists.
            seen: what is known of the training targets; None if they were not examined.
        """
        if seen is not None:
            self.seen, self._seen_of = seen, _images_of(data)
        self._change(replace(self.contents, specs=replace(self.specs, data=data)), read=True)

    def split_validation(self, way: SplitWay) -> str:
        """Split all pairs into training and validation pairs, keeping groups together.

        Returns:
            A warning, or an empty text.

        Raises:
            UserError: such a split is impossible.
        """
        pairs = [*self.matched.train, *self.matched.val]
        split = split_pairs(pairs, way, self.specs.data.persons)
        self.set_files(datasets.with_split(self.specs.data, split))
        return split.warning

    def _change(self, contents: Project, read: bool = False) -> None:
        """Set the project's contents, and update the settings that follow from the targets."""
        before = self.contents
        if other_basis(before.specs, contents.specs):
            if self._seen_of == _images_of(contents.specs.data):
                contents = suggested(contents, self.seen)
            else:  # once the targets have been read
                self.seen, self._seen_of, self._to_follow = NOTHING_SEEN, None, True
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

    # ---- pairs -----------------------------------------------------------------------------

    @property
    def obstacles(self) -> tuple[Problem, ...]:
        """The errors that prevent training on the loaded pairs; empty if there are no pairs."""
        data = self.specs.data
        if not (data.train_inputs and data.train_targets):
            return ()
        return tuple(problem for problem in self.problems if problem.fatal)

    def pair_shape(self) -> tuple[Shape, Shape] | None:
        """The shapes of the first pair's input and target; None if there is no readable pair.

        Where there are only images to label, those of the first one and of its coloured label map.
        """
        to_label = self.specs.data.unlabelled_inputs
        try:
            if self.matched.train:
                first = self.matched.train[0]
                return image_size(first.input)[:3], target_size(first)[:3]
            if to_label:
                shape = image_size(*parse_images(to_label[:1]))[:3]
                return shape, (*shape[:2], 3)
        except UserError:
            pass
        return None

    def sized(self, model: ModelSpec) -> ModelSpec:
        """The model with what the data and the loss decide; without data, 256 x 256 x 3."""
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
        """Start to read all files in the background."""
        if self.matched.train:
            place = self.path or unsaved_projects() / "project.json"
            self.reader.start(self.specs, self.runs_home, record_file(place))
            self._bus.publish(ReadingProgressed())

    def stop_reading(self) -> None:
        """Stop reading the files."""
        self.reader.stop()
        self._bus.publish(ReadingEnded())

    def tick(self) -> None:
        """Publish the progress of the reading if there is any."""
        if self.reader.moved():
            self._bus.publish(ReadingProgressed())

    def _take_findings(self, found: Found) -> None:
        self.dataset, self.problems = found.dataset, found.problems
        if self._seen_of is None:
            self.seen, self._seen_of = found.targets, _images_of(self.specs.data)
        self._bus.publish(ReadingEnded())
        if self._to_follow:
            self._to_follow = False
            self._change(suggested(self.contents, self.seen))


def _images_of(data: DataSpec) -> tuple[tuple[str, ...], ...]:
    """The images that suggested settings follow from, and how the targets are read."""
    return data.train_inputs, data.train_targets, data.target_changes
