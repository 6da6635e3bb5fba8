"""The project: its file and its lock, changes of choices, the reading of its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions, write_pairs

from deepimagetranslator.app import data_reader
from deepimagetranslator.app.events import (
    ProjectReplaced,
    ProjectSaved,
    ReadingEnded,
    ReadingProgressed,
    SpecsChanged,
)
from deepimagetranslator.app.settings import MOST_RECENT
from deepimagetranslator.app.splitting import SplitWay
from deepimagetranslator.core.config.chosen import EVERY_FIELD
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    new_project,
    save_project,
)
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.check_record import recall
from deepimagetranslator.core.data.crops import default_side
from deepimagetranslator.core.data.suggestions import NOTHING_SEEN
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import FilesRead
from deepimagetranslator.core.messages.requests import StartTraining
from deepimagetranslator.core.system.temporary import temporary_name

NAMES = [f"p{k}.png" for k in range(4)]


def loaded(folder: Path) -> DataSpec:
    """The usual choices with the pairs of a folder."""
    sides = {
        f"train_{side}": tuple(str(path) for path in sorted((folder / name).iterdir()))
        for side, name in (("inputs", "in"), ("targets", "out"))
    }
    return replace(DataSpec(), **sides)


# ---- the file ------------------------------------------------------------------------------


def test_a_saved_project_is_the_same_when_opened(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project, file = sessions.session.project, tmp_path / "project.json"
    project.set_files(loaded(tmp_path))
    assert project.changed
    specs = project.specs
    project.save(file)
    assert (project.path, project.changed) == (file, False)
    assert sessions.told[-1] == ProjectSaved()
    assert sessions.session.settings.recent == [file]
    project.new()
    assert (project.path, project.specs, project.matched.train) == (
        None,
        PRESETS["recommended"],
        (),
    )
    project.open(file)
    assert (project.path, project.specs, project.changed) == (file, specs, False)
    assert len(project.matched.train) == 4
    assert len(sessions.changes(ProjectReplaced)) == 2


def test_saving_takes_the_lock(sessions: Sessions, tmp_path: Path) -> None:
    ours, file = sessions.session.project, tmp_path / "project.json"
    ours.save(file)
    written = file.read_bytes()
    other = Sessions(tmp_path)
    theirs = other.session.project
    with pytest.raises(UserError, match="open in another window"):
        theirs.open(file)
    theirs.set_section("training", replace(theirs.specs.training, epochs=7))
    with pytest.raises(UserError, match="open in another window"):
        theirs.save(file)
    assert file.read_bytes() == written
    assert (theirs.path, theirs.changed) == (None, True)
    ours.new()  # lets go of the file
    theirs.save(file)
    assert load_project(file).specs.training.epochs == 7
    other.session.close()


def test_what_a_killed_process_left_beside_a_project_is_deleted(
    sessions: Sessions, tmp_path: Path
) -> None:
    parts = temporary_name("project.json").split("-")
    left, file = tmp_path / "-".join([*parts[:3], "1", *parts[4:]]), tmp_path / "project.json"
    for act in (sessions.session.project.save, sessions.session.project.open):
        left.touch()
        act(file)
        sessions.until(lambda: not left.exists())


def test_saving_under_another_name_lets_go_of_the_first(sessions: Sessions, tmp_path: Path) -> None:
    ours = sessions.session.project
    ours.save(tmp_path / "first.json")
    ours.save(tmp_path / "second.json")
    other = Sessions(tmp_path)
    other.session.project.open(tmp_path / "first.json")
    with pytest.raises(UserError, match="open in another window"):
        other.session.project.open(tmp_path / "second.json")
    assert other.session.project.path == tmp_path / "first.json"
    other.session.close()


def test_the_latest_projects_are_remembered_the_last_one_first(
    sessions: Sessions, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.json" for number in range(MOST_RECENT + 2)]
    for file in [*files, files[4]]:
        sessions.session.project.save(file)
    latest = [files[4], *(file for file in reversed(files) if file != files[4])]
    assert sessions.session.settings.recent == latest[:MOST_RECENT]


def test_runs_lie_beside_the_file(sessions: Sessions, tmp_path: Path) -> None:
    project = sessions.session.project
    assert project.runs == []
    assert project.runs_home == tmp_path / "home" / "runs"
    project.save(tmp_path / "project.json")
    assert project.runs_home.parent == tmp_path
    for name in ("2", "1"):
        (project.runs_home / name).mkdir(parents=True)
    (project.runs_home / "note.txt").write_text("no run", encoding="utf-8")
    assert [run.name for run in project.runs] == ["1", "2"]


# ---- choices and pairs ---------------------------------------------------------------------


def test_files_are_read_again_only_if_that_may_give_something_else(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    project.set_files(loaded(tmp_path))
    sessions.until(lambda: project.reader.complete)
    dataset, specs = project.dataset, project.specs
    told = len(sessions.changes(SpecsChanged))
    assert dataset is not None and len(dataset.train) == 4
    project.set_section("augmentation", replace(specs.augmentation, rotation=3.0))
    assert project.dataset is dataset
    project.set_section("augmentation", project.specs.augmentation)  # the same
    assert len(sessions.changes(SpecsChanged)) == told + 1
    project.set_section("training", replace(specs.training, loss="mae"))
    assert project.dataset is None and project.reader.running
    assert len(sessions.changes(SpecsChanged)) == told + 2


def test_what_the_user_sets_is_chosen(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    project.set_files(loaded(tmp_path))
    assert project.contents.chosen == frozenset()
    project.set_section("training", replace(project.specs.training, epochs=3))
    assert project.contents.chosen == {"training.epochs"}
    changes = len(sessions.changes(SpecsChanged))
    project.set_section("training", project.specs.training, frozenset({"loss"}))
    assert project.contents.chosen == {"training.loss"}  # its value is the same
    assert len(sessions.changes(SpecsChanged)) == changes + 1 and project.changed
    project.split_validation(SplitWay(by="image", fraction=0.5))
    assert project.contents.chosen == {"training.loss"}


def test_an_opened_project_follows_its_targets_when_it_is_changed(
    sessions: Sessions, tmp_path: Path
) -> None:
    """What the targets are is known when they have been read."""
    write_pairs(tmp_path, NAMES)
    project, file = sessions.session.project, tmp_path / "project.json"
    save_project(Project(Specs(data=loaded(tmp_path))), file)
    project.open(file)
    assert project.section_start("training").reasons == {}
    sessions.until(lambda: project.section_start("training").reasons)
    project.set_section("data", replace(project.specs.data, target_kind="values"))
    assert project.specs.training.loss == "mae"
    assert project.section_start("model").resets["recommended"].spec.normalization == "none"


def test_an_opened_project_stays_as_it_is_until_then(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project, file = sessions.session.project, tmp_path / "project.json"
    data = replace(loaded(tmp_path), train_targets=loaded(tmp_path).train_inputs)
    save_project(Project(Specs(data=data)), file)
    project.open(file)
    sessions.until(lambda: project.reader.complete)
    assert not project.changed and project.specs.training.loss == Specs().training.loss
    project.set_files(replace(data, train_targets=data.train_targets[:-1]))
    sessions.until(lambda: project.specs.training.loss == "mae")


def test_a_project_of_an_older_version_stays_as_it_is(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project, file = sessions.session.project, tmp_path / "project.json"
    data = replace(loaded(tmp_path), train_targets=loaded(tmp_path).train_inputs)
    specs = Specs(data=data)
    save_project(Project(specs, chosen=EVERY_FIELD), file)
    project.open(file)
    sessions.until(lambda: project.seen is not NOTHING_SEEN)
    assert (project.specs, project.changed) == (specs, False)
    assert project.section_start("training").resets["recommended"].spec.loss == "mae"


def test_sections_as_in_2021_make_that_preset(sessions: Sessions) -> None:
    project = sessions.session.project
    for section in ("model", "training", "augmentation"):
        assert project.contents.preset == "recommended"
        after = project.section_start(section).resets["2021"]
        project.set_section(section, after.spec, after.chosen)
    assert project.contents == new_project("2021", {})


def test_a_new_model_for_crops_has_their_size(sessions: Sessions, tmp_path: Path) -> None:
    write_image(tmp_path / "in" / "p0.png", np.zeros((300, 400, 1), np.uint8))
    write_image(tmp_path / "out" / "p0.png", np.zeros((300, 400, 3), np.uint8))
    project = sessions.session.project
    project.set_files(replace(loaded(tmp_path), large_images="crop"))
    sized = project.sized(project.specs.model)
    side = default_side([(300, 400)], sized.depth)
    assert side <= 300
    assert {sized.input_height, sized.input_width, sized.target_height} == {side}
    assert (sized.input_channels, sized.target_channels) == (1, 3)


def test_what_is_wrong_with_the_pairs_is_an_obstacle(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[:2], "other.png"])
    project = sessions.session.project
    assert project.obstacles == ()
    project.set_files(loaded(tmp_path))
    assert "p2.png" in str(project.obstacles[0])
    write_pairs(tmp_path / "good", NAMES)
    project.set_files(loaded(tmp_path / "good"))
    assert project.obstacles == ()
    (tmp_path / "good" / "in" / "p1.png").write_bytes(b"no image")
    project.read_files()
    sessions.until(lambda: project.reader.complete)
    assert "p1.png" in str(project.obstacles[0])


def test_a_model_gets_the_sizes_of_the_images(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    assert project.pair_shape() is None
    assert project.sized(project.specs.model).input_height == 256
    to_label = str(tmp_path / "in" / NAMES[0])
    project.set_section("data", DataSpec(unlabelled_inputs=(to_label,)))
    assert project.pair_shape() == ((24, 24, 1), (24, 24, 3))
    project.set_files(loaded(tmp_path))
    assert project.pair_shape() == ((24, 24, 1), (24, 24, 1))
    assert project.sized(project.specs.model).input_height == 24
    sessions.until(lambda: project.dataset is not None)
    assert project.dataset is not None
    assert project.sized(project.specs.model) == project.dataset.model


def test_whole_groups_are_kept_for_validation(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, [f"person{p}_{s}.png" for p in range(4) for s in range(2)])
    project = sessions.session.project
    project.set_files(loaded(tmp_path))
    way = SplitWay(pattern="person[0-9]", fraction=0.25)
    assert project.split_validation(way) == ""
    assert (len(project.matched.train), len(project.matched.val)) == (6, 2)
    assert len({pair.input.name[:7] for pair in project.matched.val}) == 1


def test_a_split_is_refused_without_pairs(sessions: Sessions) -> None:
    with pytest.raises(UserError):
        sessions.session.project.split_validation(SplitWay())


# ---- reading -------------------------------------------------------------------------------


def test_reading_tells_how_far_it_is_and_stops(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ended = data_reader.examine, []

    def examine(
        specs: object, report: object, control: object, folder: object, *rest: object
    ) -> object:
        for done in range(1, 4):
            report(FilesRead(done, 4))  # type: ignore[operator]
        control.cancel.wait(20)  # type: ignore[attr-defined]
        ended.append(True)
        control.raise_if_cancelled()  # type: ignore[attr-defined]
        return real(specs, report, control, folder)  # type: ignore[arg-type]

    monkeypatch.setattr(data_reader, "examine", examine)
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    project.set_files(loaded(tmp_path))
    sessions.until(lambda: project.reader.done == 3)
    assert project.reader.running
    sessions.until(lambda: len(sessions.changes(ReadingProgressed)) > 1)
    project.stop_reading()
    assert not project.reader.running
    assert not project.reader.complete
    sessions.until(lambda: ended)
    sessions.session.tick()
    assert project.dataset is None
    assert sessions.problems() == []
    monkeypatch.setattr(data_reader, "examine", real)
    project.read_files()
    sessions.until(lambda: project.reader.complete)
    assert project.dataset is not None


def test_an_unexpected_error_in_the_reading_is_told(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def examine(*_arguments: object) -> object:
        raise RuntimeError("planted")

    monkeypatch.setattr(data_reader, "examine", examine)
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    project.set_files(loaded(tmp_path))
    sessions.until(sessions.problems)
    assert sessions.problems() == ["RuntimeError: planted"]
    assert not project.reader.running and not project.reader.complete
    assert sessions.changes(ReadingEnded) == []


def test_what_the_reading_finds_is_kept_for_a_training(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    project, jobs = sessions.session.project, sessions.session.jobs
    project.set_files(loaded(tmp_path))
    sessions.until(lambda: project.reader.complete)
    pairs = project.matched.train
    assert project.reader.record is not None
    assert project.reader.record.is_relative_to(tmp_path / "home")
    assert recall(project.reader.record, pairs, ())[0] is not None
    project.save(tmp_path / "study.json")
    project.open(tmp_path / "study.json")
    sessions.until(lambda: project.reader.complete)
    jobs.train(tmp_path / "run")
    (request,) = sessions.requests(StartTraining)
    assert request.record == tmp_path / "study.facts"
    assert recall(request.record, pairs, ())[0] is not None
