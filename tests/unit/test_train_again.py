"""The next training of the loop: its snapshot, its division, its length and its start."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.cli.engine_commands import _run_to_resume
from deepimagetranslator.core.config.project import Project, load_project, new_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling.loop import train_again
from deepimagetranslator.core.labelling.loop.classes import adopt_classes
from deepimagetranslator.core.labelling.loop.corrections import corrections
from deepimagetranslator.core.labelling.loop.drafts import to_draft
from deepimagetranslator.core.labelling.loop.newest import newest_weights, next_number, round_of
from deepimagetranslator.core.labelling.loop.schedule import CONTINUES, scheduled
from deepimagetranslator.core.labelling.loop.states import known_images, labelled_words
from deepimagetranslator.core.labelling.loop.train_again import NextTraining, next_training
from deepimagetranslator.core.labelling.loop.without_targets import (
    left_unlabelled,
    require_targets,
)
from deepimagetranslator.core.labelling.record import DRAFT, DraftRecord
from deepimagetranslator.core.labelling.store import LabelStore, labels_folder
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder

SIDE = 12
LABELS = ("0,0,0=air", "255,0,0=fat", "0,0,255=lean")
COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], np.uint8)


def numbers(seed: int, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, shape, np.uint8)


class Study:
    """A project file with images to label, of which some are done."""

    def __init__(self, folder: Path, persons: int = 1, each: int = 6, **data: object) -> None:
        self.folder, self.path = folder, folder / "study.json"
        self.images = [
            ImageRef(folder / "images" / f"P{person}" / f"CT-{person}-{number:02}.png")
            for person in range(1, persons + 1)
            for number in range(each)
        ]
        for seed, image in enumerate(self.images):
            grey = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 1), np.uint8)
            write_image(image.file, grey)
        given = {"unlabelled_inputs": tuple(map(str, self.images)), "labels": LABELS} | data
        save_project(new_project("recommended", given), self.path)
        self.store = LabelStore(labels_folder(self.path))
        self.store.open()
        adopt_classes(self.project.specs.data, self.store)

    @property
    def project(self) -> Project:
        return load_project(self.path)

    def finish(self, *positions: int) -> None:
        for position in positions:
            self.store.write(self.images[position], numbers(position))
            self.store.mark_done(self.images[position])

    def train(self, name: str, trained: bool = True, **options: object) -> NextTraining:
        found = next_training(
            self.project,
            self.path,
            self.store,
            self.folder / name,
            **options,  # type: ignore[arg-type]
        )
        if trained:
            (found.run_dir / "best.weights.h5").write_bytes(b"weights")
        return found

    def positions(self, images: tuple[ImageRef, ...]) -> list[int]:
        return [self.images.index(image) for image in images]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


# ---- the snapshot and the lists of files -------------------------------------------------------


def test_only_done_images_train_and_what_is_painted_later_changes_nothing(study: Study) -> None:
    study.finish(0, 3)
    study.store.write(study.images[1], numbers(1))
    found = study.train("run")
    data = found.project.specs.data
    assert data.train_inputs == tuple(map(str, (study.images[0], study.images[3])))
    assert data.val_inputs == data.val_targets == data.unlabelled_inputs == ()
    assert (data.pairing, data.target_kind, data.labels) == ("order", "labels", LABELS)
    assert {Path(one).parent for one in data.train_targets} == {found.run_dir / "snapshot"}
    study.store.unlock(study.images[0])
    study.store.write(study.images[0], numbers(9))
    for text, seed in zip(data.train_targets, (0, 3), strict=True):
        assert np.array_equal(read_image(Path(text)), COLOURS[numbers(seed)])
    assert found.number == 1 and found.start_weights is None and not CONTINUES
    assert found.sentences[0] == (
        "Round 1: 2 of 6 images are done, 2 of them are trained on; it begins from random weights."
    )
    assert study.project.specs.data.train_inputs == ()  # the project's own file is as it was


def test_a_project_without_a_done_image_or_without_classes_is_refused(tmp_path: Path) -> None:
    study = Study(tmp_path / "one")
    study.store.write(study.images[1], numbers(1))
    with pytest.raises(UserError, match="None of the 6 images is done yet; label one"):
        study.train("run")
    bare = Study.__new__(Study)
    bare.path = tmp_path / "bare.json"
    save_project(
        new_project("recommended", {"unlabelled_inputs": (str(study.images[0]),)}), bare.path
    )
    store = LabelStore(labels_folder(bare.path))
    with pytest.raises(UserError, match="no classes yet"):
        next_training(bare.project, bare.path, store, tmp_path / "run")
    assert not (tmp_path / "run").exists() and not (tmp_path / "one" / "run").exists()


def test_done_images_that_cannot_be_taken_are_named(study: Study) -> None:
    study.finish(0, 1, 2, 3)
    study.images[0].file.unlink()
    study.store.path(study.images[1]).unlink()
    write_image(study.images[2].file, np.zeros((3, 4, 1), np.uint8))
    found = study.train("run")
    assert study.positions(found.division.train) == [3]
    assert [one.subject for one in found.left_out] == [str(one) for one in study.images[:3]]
    gone, missing, size = (one.message for one in found.left_out)
    assert str(study.images[0]) in gone
    assert f"of {study.images[1]} is missing; restore it, or label the image anew" in missing
    assert "has 12 x 12 pixels, but its image" in size
    record = json.loads((found.run_dir / "round.json").read_text())
    assert [Path(one["image"]).name for one in record["left_out"]] == [
        one.file.name for one in study.images[:3]
    ]
    study.images[3].file.unlink()
    with pytest.raises(UserError, match=r"CT-1-00\.png"):
        study.train("other")
    assert not (study.folder / "other").exists()


def test_a_killed_or_cancelled_snapshot_leaves_nothing_and_can_be_begun_again(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.finish(0, 1)
    control = JobControl()
    with pytest.raises(Cancelled):
        study.train("run", report=lambda _: control.cancel.set(), control=control)
    assert not (study.folder / "run").exists() and study.store.record.rounds == ()

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train_again, "write_record", fail)
        with pytest.raises(KeyboardInterrupt):
            study.train("run")
    assert [one.name for one in (study.folder / "run").iterdir()] == ["snapshot"]
    found = study.train("run")
    assert {Path(p).parent.name for p in found.project.specs.data.train_targets} == {"snapshot2"}
    assert found.number == 1
    (found.run_dir / "best.weights.h5").unlink()  # killed before the first epoch was complete
    save_project(
        replace(found.project, run={"precision": "float32"}), found.run_dir / "project.json"
    )
    again = study.train("run", trained=False)
    assert {Path(p).parent.name for p in again.project.specs.data.train_targets} == {"snapshot3"}
    assert again.number == 1 and len(study.store.record.rounds) == 1


def test_a_folder_with_a_run_or_another_project_is_refused(study: Study) -> None:
    study.finish(0)
    found = study.train("run")
    with pytest.raises(UserError, match="holds a run already: resume it"):
        study.train("run")
    shutil.copy(study.path, study.folder / "run" / "project.json")
    (found.run_dir / "best.weights.h5").unlink()
    with pytest.raises(UserError, match="is no record of a run and would be overwritten"):
        study.train("run")


# ---- targets of the project --------------------------------------------------------------------


def with_pairs(folder: Path, **data: object) -> Study:
    inputs, targets = [], []
    for number in range(4):
        inputs.append(str(folder / "pairs" / "images" / f"CT-9-{number}.png"))
        targets.append(str(folder / "pairs" / "targets" / f"CT-9-{number}.png"))
        write_image(Path(inputs[-1]), np.zeros((SIDE, SIDE, 1), np.uint8))
        write_image(Path(targets[-1]), COLOURS[numbers(100 + number)])
    lists = {"train_inputs": tuple(inputs[:3]), "train_targets": tuple(targets[:3])}
    if data.pop("own", False):
        lists |= {"val_inputs": (inputs[3],), "val_targets": (targets[3],)}
    return Study(folder, **lists, **data)  # type: ignore[arg-type]


def test_targets_of_the_project_train_along_where_they_lie(tmp_path: Path) -> None:
    study = with_pairs(tmp_path)
    data = study.project.specs.data
    study.finish(0)
    second = ImageRef(Path(data.train_inputs[1]))
    study.store.write(second, numbers(7))  # it is being painted over
    painted = ImageRef(Path(data.train_inputs[2]))
    study.store.write(painted, numbers(8))
    study.store.mark_done(painted)
    found = study.train("run")
    new = found.project.specs.data
    assert dict(zip(new.train_inputs, new.train_targets, strict=True)).keys() == {
        data.train_inputs[0],
        data.train_inputs[2],
        str(study.images[0]),
    }
    assert new.train_targets[0] == data.train_targets[0]
    assert Path(new.train_targets[1]).parent == found.run_dir / "snapshot"
    assert np.array_equal(read_image(Path(new.train_targets[1])), COLOURS[numbers(8)])
    assert "1 image with a target is a draft now and left out until done." in found.sentences


def test_own_validation_images_validate_and_are_never_trained_on(tmp_path: Path) -> None:
    study = with_pairs(tmp_path, own=True)
    study.finish(*range(6))
    mine = study.project.specs.data.val_inputs
    found = study.train("run")
    new = found.project.specs.data
    assert new.val_inputs == mine and len(new.train_inputs) == 9
    assert found.division.kind == "own"
    assert found.sentences[1] == "1 validation image of the project validates."


def test_targets_that_are_values_are_refused(tmp_path: Path) -> None:
    study = with_pairs(tmp_path)
    study.finish(0)
    project = study.project
    data = replace(project.specs.data, target_kind="values")
    project = replace(project, specs=replace(project.specs, data=data))
    with pytest.raises(UserError, match="images of values, which are not trained on together"):
        next_training(project, study.path, study.store, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_ordinary_training_says_how_many_are_labelled(tmp_path: Path) -> None:
    study = Study(tmp_path / "alone")
    data = study.project.specs.data
    with pytest.raises(UserError, match="6 images have no target, and none of them is labelled"):
        require_targets(data, study.store)
    study.finish(0, 1)
    with pytest.raises(UserError, match="6 images have no target; 2 of the 6 images are") as told:
        require_targets(data, study.store)
    assert told.value.problems[0].remedy is not None
    assert told.value.problems[0].remedy.action == "train_on_labels"
    inputs = replace(data, train_inputs=data.unlabelled_inputs, unlabelled_inputs=())
    with pytest.raises(UserError, match="2 of the 6 images are labelled"):
        require_targets(inputs, study.store)
    both = with_pairs(tmp_path / "both")
    data = both.project.specs.data
    require_targets(data, both.store)
    assert left_unlabelled(data, both.store) == ""
    both.finish(0)
    require_targets(data, both.store)
    assert left_unlabelled(data, both.store).startswith("1 of 6 images to label is done; this")
    other = replace(data, train_inputs=(*data.train_inputs, str(both.images[1])))
    with pytest.raises(UserError, match="6 images have no target; 4 of the 9 images are labelled"):
        require_targets(other, both.store)


# ---- rounds ------------------------------------------------------------------------------------


def test_what_validated_stays_so_in_later_rounds_and_is_never_trained_on(study: Study) -> None:
    study.finish(0, 1, 2, 3, 4)
    first = study.train("first").division
    assert len(first.val) == 1 and len(first.train) == 4
    assert first.sentence.endswith(
        "Same person in training and validation: the figures are optimistic."
    )
    study.finish(5)
    second = study.train("second").division
    assert second.val == first.val
    for one in study.store.record.rounds:
        assert not set(one.val) & {text for r in study.store.record.rounds for text in r.train}


def test_five_persons_are_validated_whole_and_the_new_images_of_the_person_too(
    tmp_path: Path,
) -> None:
    study = Study(tmp_path, persons=5, each=3)
    study.finish(0, 1, 3, 4, 6, 9)  # four persons: images validate
    first = study.train("first").division
    assert first.kind == "images" and "from 5 persons on whole persons validate" in first.sentence
    study.finish(12)
    second = study.train("second").division
    assert second.kind == "persons" and study.positions(second.val) == [12]
    assert second.sentence == "1 person of 5 (1 image) validates and is not trained on."
    study.finish(13, 14, 5)
    third = study.train("third").division
    assert study.positions(third.val) == [12, 13, 14]


def test_a_warm_start_never_validates_on_what_the_weights_have_seen(tmp_path: Path) -> None:
    study = Study(tmp_path, persons=5, each=2)
    with pytest.raises(UserError, match="no weights to continue yet"):
        study.finish(0)
        study.train("none", continued=True)
    study.finish(2, 4, 6)
    first = study.train("first")
    study.finish(1)
    second = study.train("second", continued=True)
    assert second.start_weights == RunFolder(first.run_dir).best
    assert study.positions(second.division.val) == [1]
    study.finish(3, 5, 7, 8)
    third = study.train("third", continued=True)  # person 5 is new: nothing of it was seen
    assert third.division.kind == "persons" and study.positions(third.division.val) == [8]
    assert third.start_weights == RunFolder(second.run_dir).best
    others = Study(tmp_path / "others", persons=5, each=1)
    others.finish(0, 1, 2, 3)
    others.train("first")
    others.finish(4)  # of the fifth person, but an earlier round was trained on it
    one = others.store.record.rounds[0]
    every = tuple(others.store.text_of(image.path) for image in others.images)
    others.store.add_round(replace(one, train=every))
    last = others.train("last", continued=True)
    assert last.start_weights is None
    assert "It begins from scratch, as 1 of the images that validate now" in " ".join(last.notes)


def test_a_round_that_ended_before_it_had_weights_is_counted_once(study: Study) -> None:
    study.finish(0)
    assert study.train("first", trained=False).number == 1
    assert study.train("second").number == 1
    assert next_number(study.store) == 2
    study.finish(1)
    third = study.train("third", trained=False)
    assert third.number == 2 and len(study.store.record.rounds) == 2
    newest = newest_weights(study.path, study.project, study.store)
    assert newest is not None and newest.round_number == 1
    assert newest.weights == study.folder / "second" / "best.weights.h5"
    assert round_of(newest.weights, study.path, study.project, study.store) == 1
    assert round_of(study.folder / "x.weights.h5", study.path, study.project, study.store) == 0


def test_newest_weights_are_found_after_the_study_was_moved(tmp_path: Path) -> None:
    study = Study(tmp_path / "here")
    study.finish(0)
    study.train("run")
    study.store.close()
    (tmp_path / "here").rename(tmp_path / "there")
    path = tmp_path / "there" / "study.json"
    store = LabelStore(labels_folder(path))
    store.look()
    newest = newest_weights(path, load_project(path), store)
    assert newest is not None and newest.round_number == 1
    assert newest.weights == tmp_path / "there" / "run" / "best.weights.h5"


@pytest.mark.parametrize(
    ("images", "batch", "steps"), [(1, 1, 20), (10, 1, 20), (17, 1, 34), (17, 4, 20), (500, 1, 200)]
)
def test_the_length_follows_from_the_number_of_images(images: int, batch: int, steps: int) -> None:
    project = new_project("recommended", {})
    training = replace(project.specs.training, batch_size=batch)
    project = replace(project, specs=replace(project.specs, training=training))
    scratch = scheduled(project, images, continued=False).specs.training
    warm = scheduled(project, images, continued=True).specs.training
    assert (scratch.epochs, scratch.steps_per_epoch) == (25, steps)
    assert (warm.epochs, warm.steps_per_epoch) == (10, steps)
    assert scratch.learning_rate == training.learning_rate
    assert warm.learning_rate == pytest.approx(0.3 * training.learning_rate)
    own = replace(project, chosen=project.chosen | {"training.epochs"})
    assert scheduled(own, images, continued=False).specs.training == training
    assert scheduled(own, images, continued=True, epochs=3).specs.training.epochs == 3


# ---- drafts and corrections --------------------------------------------------------------------


def test_corrected_pixels_are_counted_when_an_image_becomes_done(study: Study) -> None:
    draft = numbers(50)
    for position, number in ((0, 1), (1, 1), (2, 2)):
        study.store.take_draft(study.images[position], draft, DraftRecord(number, draft.size, 0.9))
    assert corrections(study.store) == []
    changed = draft.copy()
    changed[0, :5] = (changed[0, :5] + 1) % 3
    study.store.write(study.images[0], changed)
    for position in range(3):
        study.store.mark_done(study.images[position])
    study.finish(3)  # painted by hand: nothing was corrected
    first, second = corrections(study.store)
    assert (first.round, first.images, first.pixels, first.mean) == (1, 2, 5, 2.5)
    assert first.share == pytest.approx(5 / (2 * SIDE * SIDE))
    assert (second.round, second.images, second.pixels) == (2, 1, 0)
    study.store.unlock(study.images[0])
    changed[1, :2] = (changed[1, :2] + 1) % 3
    study.store.write(study.images[0], changed)
    assert corrections(study.store)[0].images == 1  # it is no longer done
    study.store.mark_done(study.images[0])
    assert corrections(study.store)[0].pixels == 7
    study.store.close()
    again = LabelStore(study.store.folder)
    again.look()
    assert corrections(again)[0].pixels == 7


def test_deleting_a_class_is_no_correction_of_the_draft(study: Study) -> None:
    draft = numbers(50)
    study.store.take_draft(study.images[0], draft, DraftRecord(1, draft.size))
    study.store.set_table(study.store.table.delete(2))
    study.store.settle()
    study.store.mark_done(study.images[0])
    assert corrections(study.store)[0].pixels == 0


def test_drafts_that_nobody_touched_are_drafted_anew_by_later_rounds(study: Study) -> None:
    draft = numbers(50)
    for position in range(3):
        study.store.take_draft(study.images[position], draft, DraftRecord(1, draft.size))
    study.store.write(study.images[1], numbers(51))
    study.store.write(study.images[3], numbers(52))  # begun by hand
    study.store.mark_done(study.images[2])

    def wanted(number: int) -> list[int]:
        known = known_images(study.project.specs.data, study.store)
        return study.positions(tuple(to_draft(known, study.store, number)))

    assert wanted(0) == wanted(1) == [4, 5]
    assert wanted(2) == [0, 4, 5]
    study.store.path(study.images[0]).unlink()  # killed while it was being written
    assert wanted(2) == [0, 4, 5] and study.store.status(study.images[0]).state == DRAFT


def test_done_images_are_not_drafted_over(study: Study) -> None:
    study.finish(0)
    with pytest.raises(UserError, match="done and locked"):
        study.store.take_draft(study.images[0], numbers(1), DraftRecord(1, SIDE * SIDE))
    assert study.store.status(study.images[0]).draft is None


def test_rounds_and_drafts_go_with_the_label_maps_to_another_project(study: Study) -> None:
    draft = numbers(50)
    study.finish(0)
    study.train("run")
    study.store.take_draft(study.images[1], draft, DraftRecord(1, draft.size, 0.5))
    other = study.store.copy_to(study.folder / "elsewhere" / "labels" / "copy")
    (one,) = other.record.rounds
    assert (other.home / one.run).resolve() == (study.folder / "run").resolve()
    assert other.untouched(study.images[1])
    changed = draft.copy()
    changed[0, 0] = (changed[0, 0] + 1) % 3
    other.write(study.images[1], changed)
    other.mark_done(study.images[1])
    assert corrections(other)[0].pixels == 1
    other.delete()
    assert not other.folder.exists()


def test_the_status_is_a_sentence(study: Study) -> None:
    def sentence() -> str:
        known = known_images(study.project.specs.data, study.store)
        return labelled_words(known)

    assert sentence() == "0 of 6 labelled"
    study.finish(0, 1)
    study.store.write(study.images[2], numbers(2))
    assert sentence() == "2 of 6 labelled, 1 draft"


def test_old_records_are_read_and_their_bytes_stay(study: Study) -> None:
    study.finish(0)
    text = (study.store.folder / "labels.json").read_text()
    assert "rounds" not in text and '"draft"' not in text.replace('"state": "draft"', "")


def test_an_ordinary_resume_does_not_take_a_training_on_label_maps(tmp_path: Path) -> None:
    study = with_pairs(tmp_path)
    study.finish(0)
    found = study.train("study-runs/2026-11-01_10-00-00", trained=False)
    begun = replace(found.project, run={"precision": "float32"})
    save_project(begun, found.run_dir / "project.json")
    with pytest.raises(UserError, match="is a training on label maps, which is resumed as such"):
        _run_to_resume(Namespace(project=study.path), study.project)
