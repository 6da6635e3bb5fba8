"""The loop without a window and without an engine: next image, drafts, training again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions, write_pairs

from deepimagetranslator.app.jobs import DRAFTS
from deepimagetranslator.app.labelling import autosave
from deepimagetranslator.app.labelling.changes import DraftsMade, LabellingNoticed, RoundBegan
from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.core.config.project import save_project
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling.loop.foreground import foreground_in
from deepimagetranslator.core.labelling.loop.next_image import next_image
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL
from deepimagetranslator.core.messages.events import (
    ImageSkipped,
    ImageTranslated,
    JobCancelled,
    JobFinished,
    PreviewReady,
    WeightsDescribed,
)
from deepimagetranslator.core.messages.requests import StartTraining, TranslateImages
from deepimagetranslator.core.runs.run_folder import RunFolder

NAMES = [f"person{k // 3}_slice{k}.png" for k in range(6)]
PALETTE = Palette(((0, 0, 0), (255, 0, 0)), "uint8")
SIDE = 24


@pytest.fixture(autouse=True)
def written_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosave, "SECONDS", 0.02)


@pytest.fixture
def mode(sessions: Sessions, tmp_path: Path) -> Labelling:
    """Six images to label, of two persons, without targets; the mode is on."""
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    sessions.session.loader.load_to_label(tmp_path / "in")
    sessions.until(lambda: len(project.specs.data.unlabelled_inputs) == len(NAMES))
    project.save(tmp_path / "study.json")
    quiet(sessions)
    found = sessions.session.labelling
    found.enter()
    sessions.until(lambda: found.sheet.painter is not None and found.states.images.words)
    return found


def quiet(sessions: Sessions) -> None:
    sessions.until(lambda: not sessions.session.background.busy)


def numbers(mode: Labelling) -> np.ndarray:
    assert mode.sheet.painter is not None
    return mode.sheet.painter.label_map.numbers


def go(sessions: Sessions, mode: Labelling, index: int) -> None:
    viewer = sessions.session.viewer
    viewer.go(index)
    sessions.until(lambda: mode.sheet.image == viewer.images()[index] and mode.sheet.painter)


def paint(mode: Labelling, row: float = 12.5) -> None:
    mode.editing.press((row, 12.5))
    mode.editing.release()


def finish(sessions: Sessions, mode: Labelling, index: int) -> None:
    go(sessions, mode, index)
    paint(mode)
    mode.editing.mark_done()
    sessions.until(lambda: mode.states.status.state == DONE and not mode.states.marking)


def notice(sessions: Sessions) -> str:
    return sessions.changes(LabellingNoticed)[-1].text


def trained(sessions: Sessions, mode: Labelling) -> StartTraining:
    """Train again; the engine says that it ended, and its weights lie in the run's folder."""
    mode.rounds.train()
    sessions.until(lambda: sessions.session.jobs.kind == "training")
    request = sessions.requests(StartTraining)[-1]
    best = RunFolder(request.run_dir).best
    best.write_bytes(b"weights")
    sessions.answer(JobFinished({}))
    return request


def answer_drafts(sessions: Sessions, level: int = 255) -> TranslateImages:
    """The engine translates all images to class 1 in their upper half, the first one least sure."""
    request = sessions.requests(TranslateImages)[-1]
    indices = np.zeros((SIDE, SIDE), np.uint8)
    indices[: SIDE // 2] = 1
    for number, image in enumerate(request.inputs, 1):
        output = request.output / image.name
        sure = np.full((SIDE, SIDE), level - 10 * (len(request.inputs) - number), np.uint8)
        write_image(output, indices)
        write_image(output.with_name(f"{output.stem}_confidence.png"), sure)
        event = ImageTranslated(image, ImageRef(output), number, len(request.inputs), PALETTE)
        sessions.answer(event)
    sessions.answer(JobFinished({}))
    sessions.until(lambda: sessions.changes(DraftsMade))
    return request


# ---- images alone ----------------------------------------------------------------------------


def test_images_alone_are_shown_and_counted(sessions: Sessions, mode: Labelling) -> None:
    viewer = sessions.session.viewer
    assert [image.name for image in viewer.images()] == NAMES
    assert mode.states.images.words == "0 of 6 labelled"
    paint(mode)
    sessions.until(lambda: mode.states.images.words == "0 of 6 labelled, 1 draft")


def test_images_to_label_are_shown_after_the_pairs(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", ["a.png", "b.png"])
    write_pairs(tmp_path / "more", ["c.png"])
    loader, project = sessions.session.loader, sessions.session.project
    sides = {"inputs": tmp_path / "pairs" / "in", "targets": tmp_path / "pairs" / "out"}
    loader.load("training", sides)
    sessions.until(lambda: project.matched.train)
    for folder in ("more", "more", "pairs"):  # what is known already is not listed twice
        loader.load_to_label(tmp_path / folder / "in")
        quiet(sessions)
    viewer = sessions.session.viewer
    assert [image.name for image in viewer.images()] == ["a.png", "b.png", "c.png"]
    mode = sessions.session.labelling
    mode.enter()
    sessions.until(lambda: mode.states.images.words == "2 of 3 labelled")


# ---- the next image --------------------------------------------------------------------------


def test_the_next_image_is_that_of_the_command_and_its_reason_is_said(
    sessions: Sessions, mode: Labelling
) -> None:
    finish(sessions, mode, 0)
    assert mode.opened is not None
    store, images = mode.opened.store, mode.states.images.all()
    wanted = next_image(images, sessions.session.project.specs.training.seed, foreground_in(store))
    assert wanted is not None
    mode.proposals.next()
    sessions.until(lambda: mode.sheet.image == wanted.image)
    assert mode.proposals.reason.lower() == f"{wanted.reason}.".lower()
    assert "0 of 3 images" in mode.proposals.reason
    go(sessions, mode, 0)
    assert mode.proposals.reason == ""


def test_an_image_that_was_left_is_proposed_after_the_others(
    sessions: Sessions, mode: Labelling
) -> None:
    seen = [mode.sheet.image]
    for _ in range(5):
        mode.proposals.next()
        sessions.until(lambda: mode.sheet.image not in seen)
        seen.append(mode.sheet.image)
    assert len(set(seen)) == 6
    mode.proposals.next()
    sessions.until(lambda: mode.sheet.image != seen[-1] and mode.sheet.painter)
    assert mode.sheet.image in seen


def test_when_all_are_labelled_it_says_so(sessions: Sessions, mode: Labelling) -> None:
    for index in range(6):
        finish(sessions, mode, index)
    mode.proposals.next()
    sessions.until(lambda: notice(sessions) == "All images are labelled.")


# ---- predictions taken over ------------------------------------------------------------------


def test_a_prediction_taken_over_is_a_draft_whose_corrections_are_counted(
    sessions: Sessions, mode: Labelling, tmp_path: Path
) -> None:
    sessions.answer(WeightsDescribed(str(tmp_path / "w.h5"), palette=PALETTE))
    predicted = np.zeros((SIDE, SIDE, 3), np.uint8)
    predicted[:8, :, 0] = 255
    sessions.answer(PreviewReady(sessions.session.viewer._wanted_number, predicted, 1))
    mode.editing.operate("copy prediction")
    quiet(sessions)
    sessions.until(lambda: mode.states.status.draft is not None)
    assert (numbers(mode)[:8] == 1).all() and mode.states.status.state == DRAFT
    mode.choice.size = 1
    for column in (3.5, 7.5):
        mode.editing.press((20.5, column))
        mode.editing.release()
    mode.editing.mark_done()
    sessions.until(lambda: mode.states.status.state == DONE)
    draft = mode.states.status.draft
    assert draft is not None and (draft.round, draft.corrected, draft.pixels) == (0, 2, SIDE**2)
    (found,) = mode.rounds.corrected
    assert (found.round, found.images, found.mean) == (0, 1, 2.0)


# ---- training again --------------------------------------------------------------------------


def test_training_again_takes_a_copy_then_drafts_the_others(
    sessions: Sessions, mode: Labelling
) -> None:
    for index in (0, 3):
        finish(sessions, mode, index)
    go(sessions, mode, 1)
    paint(mode)  # begun: no draft replaces it
    sessions.until(lambda: not mode.unsaved)
    painted = numbers(mode).copy()
    assert not mode.rounds.may_continue
    assert mode.rounds.validation == "No validation with fewer than 5 done images"
    request = trained(sessions, mode)
    (told,) = sessions.changes(RoundBegan)
    assert told.sentences[0].startswith("Round 1: 2 of 6 images are done, 2 of them are trained on")
    data = request.project.specs.data
    assert len(data.train_inputs) == len(data.train_targets) == 2 and not data.val_inputs
    assert all(Path(target).is_relative_to(request.run_dir) for target in data.train_targets)
    assert request.start_weights is None and request.run_dir in sessions.session.project.runs
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    drafted = answer_drafts(sessions)
    images = sessions.session.viewer.images()
    assert drafted.inputs == tuple(images[k] for k in (2, 4, 5))
    assert not sessions.session.viewer.translated and not drafted.output.exists()
    assert notice(sessions) == "3 images have drafts now."
    assert mode.states.images.words == "2 of 6 labelled, 4 drafts"
    assert np.array_equal(numbers(mode), painted)
    go(sessions, mode, 4)
    assert (numbers(mode)[:12] == 1).all() and not numbers(mode)[12:].any()
    draft = mode.states.status.draft
    assert (
        draft is not None
        and draft.round == 1
        and str(mode.states.sureness(images[4])) == (f"{245 / 255:.1%} sure")
    )
    assert mode.rounds.may_continue


def test_a_training_that_was_stopped_is_resumed_on_its_copy_of_the_label_maps(
    sessions: Sessions, mode: Labelling
) -> None:
    finish(sessions, mode, 0)
    mode.rounds.train()
    sessions.until(lambda: sessions.session.jobs.kind == "training")
    begun = sessions.requests(StartTraining)[-1]
    save_project(begun.project, RunFolder(begun.run_dir).project)  # as the engine does
    sessions.answer(JobCancelled())
    finish(sessions, mode, 1)  # which it does not train on
    sessions.session.jobs.train(begun.run_dir, resume=True)
    resumed = sessions.requests(StartTraining)[-1]
    assert resumed.resume and resumed.run_dir == begun.run_dir
    assert resumed.project.specs == begun.project.specs
    assert not resumed.project.run and resumed.record is None
    RunFolder(resumed.run_dir).best.write_bytes(b"weights")
    sessions.answer(JobFinished({}))
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)


def test_the_least_sure_draft_comes_first(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    mode.proposals.least_sure()
    assert notice(sessions).startswith("There is no draft to correct")
    trained(sessions, mode)
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    inputs = answer_drafts(sessions).inputs
    for expected in (*inputs, inputs[0]):
        mode.proposals.least_sure()
        sessions.until(lambda expected=expected: mode.sheet.image == expected)  # type: ignore[misc]
        assert "sure" in mode.proposals.reason
    go(sessions, mode, sessions.session.viewer.images().index(inputs[1]))  # chosen by the user
    mode.proposals.least_sure()
    sessions.until(lambda: mode.sheet.image == inputs[0])


def test_corrections_fall_from_round_to_round(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    trained(sessions, mode)
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    answer_drafts(sessions)
    go(sessions, mode, 1)
    mode.choice.size = 1
    paint(mode, 20.5)
    mode.editing.mark_done()
    sessions.until(lambda: mode.states.status.state == DONE)
    go(sessions, mode, 2)
    untouched = mode.sheet.image
    mode.rounds.continues = True
    request = trained(sessions, mode)
    assert request.start_weights is not None
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    second = sessions.requests(TranslateImages)[-1]
    assert untouched in second.inputs  # nobody has changed that draft
    assert [(one.round, one.mean) for one in mode.rounds.corrected] == [(1, 1.0)]


def test_an_image_that_was_begun_meanwhile_keeps_what_is_painted(
    sessions: Sessions, mode: Labelling
) -> None:
    finish(sessions, mode, 0)
    go(sessions, mode, 1)
    trained(sessions, mode)
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    paint(mode)
    painted = numbers(mode).copy()
    answer_drafts(sessions)
    sessions.until(lambda: not mode.unsaved)
    assert np.array_equal(numbers(mode), painted)
    assert mode.opened is not None and mode.sheet.image is not None
    assert np.array_equal(read_image(mode.opened.store.path(mode.sheet.image))[..., 0], painted)


def test_the_draft_of_the_image_in_view_is_shown(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    go(sessions, mode, 1)
    trained(sessions, mode)
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    answer_drafts(sessions)
    sessions.until(lambda: mode.sheet.painter is not None and numbers(mode).any())
    assert (numbers(mode)[:12] == 1).all() and mode.states.status.state == DRAFT


def test_skipped_images_are_counted(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    trained(sessions, mode)
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    image = sessions.session.viewer.images()[1]
    sessions.answer(ImageSkipped(image, "It is damaged.", 1, 1), JobFinished({}))
    sessions.until(lambda: sessions.changes(DraftsMade))
    assert notice(sessions) == "0 images have drafts now; 1 could not be drafted."
    assert mode.states.images.state(image) == TO_LABEL


def test_without_a_done_image_or_a_network_it_says_what_is_missing(
    sessions: Sessions, mode: Labelling
) -> None:
    with pytest.raises(UserError, match="no trained network yet"):
        mode.drafting.start()
    mode.rounds.train()
    sessions.until(sessions.problems)
    assert "None of the 6 images is done yet" in sessions.problems()[0]
    assert not sessions.requests(StartTraining) and not mode.rounds.preparing


def test_leaving_stops_the_drafts_but_no_training(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    mode.rounds.train()
    sessions.until(lambda: sessions.session.jobs.kind == "training")
    mode.leave()
    assert "cancel" not in sessions.engine.asked
    mode.enter()
    sessions.until(lambda: mode.sheet.painter is not None)
    request = sessions.requests(StartTraining)[-1]
    RunFolder(request.run_dir).best.write_bytes(b"weights")
    sessions.answer(JobFinished({}))
    sessions.until(lambda: sessions.session.jobs.kind == DRAFTS)
    mode.leave()
    assert sessions.engine.asked[-1] == "cancel"


def test_another_project_gets_no_drafts_of_this_training(
    sessions: Sessions, mode: Labelling, tmp_path: Path
) -> None:
    finish(sessions, mode, 0)
    mode.rounds.train()
    sessions.until(lambda: sessions.session.jobs.kind == "training")
    sessions.session.project.new()
    quiet(sessions)
    sessions.answer(JobFinished({}))
    sessions.session.tick()
    assert not sessions.session.jobs.kind and not sessions.requests(TranslateImages)


def test_a_second_job_is_refused(sessions: Sessions, mode: Labelling) -> None:
    finish(sessions, mode, 0)
    mode.rounds.train()
    sessions.until(lambda: sessions.session.jobs.kind == "training")
    with pytest.raises(UserError, match="A training is running"):
        mode.rounds.train()
    with pytest.raises(UserError, match="no trained network"):
        mode.drafting.start()


def test_the_projects_own_validation_images_validate(
    sessions: Sessions, mode: Labelling, tmp_path: Path
) -> None:
    write_pairs(tmp_path / "val", ["v.png"])
    project = sessions.session.project
    sides = {
        f"val_{sides}": (str(tmp_path / "val" / side / "v.png"),)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    project.set_files(replace(project.specs.data, **sides))  # type: ignore[arg-type]
    quiet(sessions)
    finish(sessions, mode, 0)
    assert mode.rounds.validation == "Validation: the project's own images"


def test_the_validation_is_told(sessions: Sessions, mode: Labelling) -> None:
    for index in range(5):
        finish(sessions, mode, index)
    assert mode.rounds.validation == "Validation: 1 of 5 done images; same persons, optimistic"
