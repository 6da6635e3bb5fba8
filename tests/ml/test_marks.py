"""Weights say which images they suit, and translations mark others."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import MODEL, files, write_knowing, write_network
from tiny import picture, project_of, write_set

from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import Specs, TranslationSpec
from deepimagetranslator.core.data.domain.domain import Domain
from deepimagetranslator.core.data.domain.sample import Seen
from deepimagetranslator.core.data.domain.words import UNKNOWN as WORDS
from deepimagetranslator.core.imaging.images import write_image, write_stack
from deepimagetranslator.core.messages.events import (
    ChangesTried,
    EpochEnded,
    Event,
    ImageTranslated,
    LogLine,
)
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import calibration, training_job, weights
from deepimagetranslator.ml.marking import TABLE
from deepimagetranslator.ml.network.embedding import EMBEDDING, outputs_of, with_embedding
from deepimagetranslator.ml.network.unet import build_unet
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator
from deepimagetranslator.ml.weights_card import WeightsCard

LEAST = {"depth": 2, "base_filters": 2}
TRAINING = {"recognize_unlike": True, "epochs": 4}


def noisy(number: int, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    rng = np.random.default_rng(number)
    image = picture(number, *size) + rng.normal(0, 60, (*size, 1))
    return image.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that know eight pictures."""
    folder = tmp_path_factory.mktemp("knowing")
    return write_knowing(folder, [picture(number, 16, 24) for number in range(8)])


# --- the embedding ----------------------------------------------------------------------------


@pytest.mark.parametrize("choices", [{}, {"deep_supervision": True}, {"dropout": 0.5}])
def test_the_embedding_is_the_mean_of_the_deepest_block(choices: dict[str, object]) -> None:
    model = build_unet(replace(MODEL, depth=3, **choices))
    x = np.random.default_rng(1).random((2, 16, 24, 1), np.float32)
    y, embedding = outputs_of(with_embedding(model), x)
    assert embedding.shape == (2, 4 * MODEL.base_filters) and y.shape == (2, 16, 24, 1)
    assert (outputs_of(model, x)[0] == y).all()
    assert outputs_of(model, x)[1].shape == (2, 0)
    assert EMBEDDING not in [layer.name for layer in model.layers]
    single = build_unet(replace(MODEL, depth=1))
    assert with_embedding(single) is single


# --- translation ------------------------------------------------------------------------------


def test_images_that_pass_a_limit_are_translated_and_marked(knowing: Path, tmp_path: Path) -> None:
    for number in (21, 22):
        write_image(tmp_path / "in" / f"{number}.png", picture(number, 16, 24))
        write_image(tmp_path / "in" / f"noisy{number}.png", noisy(number, (16, 24)))
    events: list[Event] = []
    result = translate(knowing, [tmp_path / "in"], tmp_path / "out", report=events.append)
    assert len(result.translated) == 4 and not result.skipped and not result.domain_unknown
    assert {one.source.file.name for one in result.marked} == {"noisy21.png", "noisy22.png"}
    scores = [one.mark.score for one in result.marked]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= 1
    assert all("noisier" in one.mark.reason for one in result.marked)
    told = {e.source.file.name: e.mark for e in events if isinstance(e, ImageTranslated)}
    assert {name for name, mark in told.items() if mark} == {"noisy21.png", "noisy22.png"}
    assert result.marks_file == tmp_path / "out" / TABLE
    rows = list(csv.DictReader(result.marks_file.open(encoding="utf-8")))
    assert [Path(row["image"]).name for row in rows] == [
        one.source.file.name for one in result.marked
    ]
    assert [float(row["score"]) for row in rows] == pytest.approx(scores, rel=0.01)
    again = translate(
        knowing, [tmp_path / "in"], tmp_path / "out", TranslationSpec(overwrite=True, batch_size=4)
    )
    assert [one.mark for one in again.marked] == [one.mark for one in result.marked]


def test_nothing_is_written_where_nothing_is_marked(knowing: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", picture(30, 16, 24))
    result = translate(knowing, [tmp_path / "a.png"], tmp_path / "out")
    assert files(tmp_path / "out") == ["a.png"] and result.marks_file is None


def test_an_earlier_table_is_kept(knowing: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", noisy(1, (16, 24)))
    write_image(tmp_path / "b.png", noisy(2, (16, 24)))
    translate(knowing, [tmp_path / "a.png"], tmp_path / "out")
    before = (tmp_path / "out" / TABLE).read_bytes()
    translate(knowing, [tmp_path / "b.png"], tmp_path / "out")
    assert (tmp_path / "out" / f"{TABLE}.bak").read_bytes() == before


def test_a_table_that_is_out_of_date_no_longer_stands(knowing: Path, tmp_path: Path) -> None:
    """What was marked is translated again from an image that is not; the table remains beside."""
    table, again = tmp_path / "out" / TABLE, TranslationSpec(overwrite=True)
    write_image(tmp_path / "a.png", noisy(1, (16, 24)))
    translate(knowing, [tmp_path / "a.png"], tmp_path / "out")
    before = table.read_bytes()
    write_image(tmp_path / "b.png", picture(30, 16, 24))
    translate(knowing, [tmp_path / "b.png"], tmp_path / "out")
    assert table.read_bytes() == before, "it does not tell of b.png"
    write_image(tmp_path / "a.png", picture(31, 16, 24))
    assert translate(knowing, [tmp_path / "a.png"], tmp_path / "out", again).marks_file is None
    assert files(tmp_path / "out") == ["a.png", "b.png", f"{TABLE}.bak"]
    assert (tmp_path / "out" / f"{TABLE}.bak").read_bytes() == before
    table.write_text("my notes,output\nnone,a.png\n")
    translate(knowing, [tmp_path / "a.png"], tmp_path / "out", again)
    assert table.read_text().startswith("my notes"), "a file of the user stays"


def test_slices_of_a_stack_are_marked_one_by_one(knowing: Path, tmp_path: Path) -> None:
    slices = [picture(1, 16, 24), noisy(2, (16, 24)), picture(3, 16, 24)]
    write_stack(tmp_path / "s.tif", slices, None, 0)
    result = translate(knowing, [tmp_path / "s.tif"], tmp_path / "out")
    assert [one.source.slice for one in result.marked] == [2]
    assert [one.output.slice for one in result.marked] == [2]


def test_mirrors_change_nothing_of_what_is_compared(knowing: Path) -> None:
    seen: list[Seen] = []
    for mirrors in (False, True):
        translator = Translator(knowing, mirrors=mirrors)
        translator.translate(picture(5, 16, 24), watch=lambda _, one: seen.append(one))
    assert np.array_equal(seen[0].y, seen[1].y)
    assert np.array_equal(seen[0].embedding, seen[1].embedding)


def test_an_image_in_tiles_is_compared_as_a_whole(knowing: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "in" / "right.png", np.tile(picture(41, 16, 24), (3, 3, 1)))
    write_image(tmp_path / "in" / "wrong.png", np.tile(noisy(41, (16, 24)), (3, 3, 1)))
    spec = TranslationSpec(large_images="tiles", mirrors=True)
    result = translate(knowing, [tmp_path / "in"], tmp_path / "out", spec)
    assert [one.source.file.name for one in result.marked] == ["wrong.png"]


@pytest.mark.parametrize("reason", ["old", "short"])
def test_weights_that_do_not_know_say_so(tmp_path: Path, reason: str) -> None:
    path = write_network(tmp_path, "old")
    if reason != "old":
        network, card = weights.load(path)
        weights.save(network, path, replace(card, domain=Domain(reason=reason)))
    write_image(tmp_path / "in" / "a.png", noisy(1))
    write_image(tmp_path / "in" / "b.png", noisy(2))
    result = translate(path, [tmp_path / "in"], tmp_path / "out")
    assert result.domain_unknown == WORDS[reason] and not result.marked
    assert WORDS[reason] in weights.read_card(path).lines()


def test_new_weights_of_a_running_training_keep_the_embedding(knowing: Path) -> None:
    translator = Translator(knowing)
    seen: list[Seen] = []
    image = picture(1, 16, 24)
    first = translator.translate(image, watch=lambda _, one: seen.append(one))
    assert translator.take_new_weights()
    assert (translator.translate(image, watch=lambda _, one: seen.append(one)) == first).all()
    assert (seen[0].embedding == seen[1].embedding).all() and seen[0].embedding.size


# --- training ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """A training of a few steps is enough to find limits, and no network is too poor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_PART", 5.0)
        patch.setattr(calibration.Judge, "suffices", lambda _, quality: math.isfinite(quality))
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("set")
    lists = [write_set(folder / part, range(*ends)) for part, ends in (("t", (6,)), ("v", (6, 9)))]
    return project_of(*lists, model=LEAST, training=TRAINING)


@pytest.fixture(scope="module")
def ended(
    quick: None, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunFolder, list[Event]]:
    """A training that has ended, and its events."""
    folder, events = tmp_path_factory.mktemp("ended") / "run", list[Event]()
    train(project, folder, report=events.append)
    return RunFolder(folder), events


def test_a_training_ends_with_limits_in_its_best_weights(
    ended: tuple[RunFolder, list[Event]],
) -> None:
    run, events = ended
    known = weights.read_card(run.best).domain.known
    assert known is not None and known.images == 3
    assert known.reference.channels == 4
    assert weights.read_card(run.last).domain == Domain(reason="training")
    best = run.best.read_bytes()
    assert [one.path.read_bytes() == best for one in run.improvements()].count(True) == 1
    tried = [event for event in events if isinstance(event, ChangesTried)]
    assert tried[-1].done == tried[-1].count == len(tried)
    last = max(i for i, event in enumerate(events) if isinstance(event, EpochEnded))
    assert events.index(tried[0]) > last
    (line,) = [line for line in weights.read_card(run.best).lines() if "unlike" in line]
    assert "limits found with 3 images" in line


@pytest.mark.usefixtures("quick")
def test_a_cancelled_search_for_limits_is_made_up_for_by_a_resume(
    project: Project, ended: tuple[RunFolder, list[Event]], tmp_path: Path
) -> None:
    control, best = JobControl(), RunFolder(tmp_path / "run").best

    def report(event: Event) -> None:
        if isinstance(event, ChangesTried):
            control.cancel.set()

    with pytest.raises(Cancelled):
        train(project, tmp_path / "run", report=report, control=control)
    assert weights.read_card(best).domain == Domain(reason="training")
    train(project, tmp_path / "run", resume=True)
    assert weights.read_card(best).domain == weights.read_card(ended[0].best).domain


@pytest.mark.usefixtures("quick")
def test_short_of_memory_for_the_limits_a_training_ends_whole(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Domain:
        raise RuntimeError("OOM when allocating tensor")

    specs = project.specs
    project = replace(project, specs=replace(specs, training=replace(specs.training, epochs=1)))
    monkeypatch.setattr(training_job, "add_domain", fail)
    events: list[Event] = []
    result = train(project, tmp_path / "run", report=events.append)
    assert result.epochs == 1 and weights.read_card(result.best_weights).domain.known is None
    (line,) = [one.text for one in events if isinstance(one, LogLine) and "suits" in one.text]
    assert line.startswith("It was not found out which images the network suits: There is not")
    assert "not found out" in RunFolder(tmp_path / "run").log.read_text()


@pytest.mark.usefixtures("quick")
def test_limits_of_values_without_validation_images(tmp_path: Path) -> None:
    lists = write_set(tmp_path / "t", range(6), "values")
    training = TRAINING | {"loss": "mae", "epochs": 1, "steps_per_epoch": 24}
    train(project_of(lists, model=LEAST, training=training), tmp_path / "run")
    known = weights.read_card(RunFolder(tmp_path / "run").best).domain.known
    assert known is not None and known.images == 2  # every fifth of six


def test_weights_of_a_training_without_the_choice_are_as_before() -> None:
    assert "domain" not in WeightsCard(MODEL).to_json()
    assert not Specs().training.recognize_unlike
    assert not PRESETS["2021"].training.recognize_unlike
