"""The command label: next, draft and accept, on drawn images of two persons."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import write_knowing, write_network
from told import Told

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import load_project, new_project, save_project
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling.loop.drafts import Drafts
from deepimagetranslator.core.labelling.store import LabelStore, labels_folder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.ml import weights as weights_files
from deepimagetranslator.ml.devices import load_engine
from deepimagetranslator.ml.self_disagreement import self_disagreement
from deepimagetranslator.ml.translator import Translator

SIDE = 32
TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
LABELS = ("0,0,0=air", "0,0,255=lean", "0,255,0=inner fat", "255,0,0=outer fat")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def call(*arguments: str | Path) -> Told:
        capsys.readouterr()
        status = cli.main(["label", *map(str, arguments), "--json"])
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return Told(status, told.out, told.err)

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of 2 x 3 images and one blank one, none of them with a target."""
    drawn = write_sample(tmp_path / "drawn", size=SIDE, people=[1, 2], slices=3).pairs
    for person, pairs in drawn.items():
        for number, (image, target) in enumerate(pairs, 1):
            for side, file in (("images", image), ("truth", target)):
                place = tmp_path / side / person / f"{person}_{number}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                file.rename(place)
    write_image(
        tmp_path / "images" / "person02" / "person02_0.png", np.zeros((SIDE, SIDE), np.uint8)
    )
    inputs = tuple(map(str, list_images(tmp_path / "images")))
    path = tmp_path / "study.json"
    save_project(new_project("recommended", {"train_inputs": inputs, "labels": LABELS}), path)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    load_engine()
    sizes = {
        f"{side}_{length}": SIDE for side in ("input", "target") for length in ("height", "width")
    }
    return write_network(tmp_path, "net", palette=TISSUES, target_channels=3, **sizes)


def the_store(project: Path) -> LabelStore:
    found = LabelStore(labels_folder(project))
    found.look()
    return found


# ---- next --------------------------------------------------------------------------------------


def test_next_proposes_the_same_image_until_the_state_changes(call, project) -> None:
    told = call("next", project)
    assert told.status == 0 and told.counts == [7, 0, 0]
    found = told.json
    assert found["person"] in ("person01", "person02") and Path(found["image"]).is_file()
    assert f"Label {found['image']} next (chosen at random among images with fore" in told.err
    assert f"of {found['person']} are done); 0 of 7 images are done." in told.err
    assert call("next", project).json == found
    assert not (project.parent / "labels").exists()


def test_accepting_what_is_proposed_leads_through_all_persons_to_the_end(call, project) -> None:
    order = []
    while (found := call("next", project).json)["image"] is not None:
        order.append(found)
        painted = project.parent / "truth" / found["person"] / Path(found["image"]).name
        if not painted.exists():
            write_image(painted, np.zeros((SIDE, SIDE, 3), np.uint8))
        assert call("accept", project, painted).counts[2] == len(order)
    assert len(order) == 7 and len({one["image"] for one in order}) == 7
    assert {one["person"] for one in order[:2]} == {"person01", "person02"}
    assert order[-1]["image"].endswith("person02_0.png") and "no image with" in order[-1]["reason"]
    told = call("next", project)
    assert "nothing left to label: 7 of 7 images are done" in told.err
    assert told.json["person"] is told.json["reason"] is None


def test_next_by_thumbnails_leads_from_the_done_images_to_the_farthest(call, project) -> None:
    told = call("next", project, "--by", "thumbnails")
    assert told.json["image"] == call("next", project).json["image"] and told.json["value"] is None
    truth = project.parent / "truth" / "person01" / "person01_2.png"
    assert call("accept", project, truth).status == 0
    pictures = {path: read_image(path) for path in list_images(project.parent / "images")}
    own = next(image for path, image in pictures.items() if path.file.name == truth.name)
    apart = {
        str(path): float(np.linalg.norm(image.astype(float) - own.astype(float)))
        for path, image in pictures.items()
        if path.file.name != "person02_0.png"  # it is blank
    }
    told = call("next", project, "--by", "thumbnails")
    assert told.status == 0 and told.json["image"] == max(apart, key=lambda path: apart[path])
    assert told.json["value"] == pytest.approx(max(apart.values()))
    assert "next (the least like the images that are done)" in told.err


def test_next_by_disagreement_asks_the_network(call, project, weights) -> None:
    said = call("next", project, "--by", "disagreement")
    assert said.status == 2 and "has no trained network yet" in said.err
    told = call("next", project, "--by", "disagreement", "--weights", weights)
    assert told.status == 0 and told.counts == [7, 0, 0] and told.json["skipped"] == []
    translator = Translator(weights)
    values = {
        str(path): self_disagreement(translator, read_image(path))
        for path in list_images(project.parent / "images")
        if path.file.name != "person02_0.png"
    }
    assert told.json["value"] == pytest.approx(max(values.values()))
    assert told.json["image"] == max(values, key=lambda path: values[path])
    assert "predictions differ most when it is mirrored" in told.err
    broken = project.parent / "images" / "person01" / "person01_1.png"
    broken.write_bytes(b"no image")
    told = call("next", project, "--by", "disagreement", "--weights", weights)
    assert told.status == 3 and [one["file"] for one in told.json["skipped"]] == [str(broken)]
    assert told.json["image"] != str(broken)


def test_only_disagreement_takes_weights_and_only_those_of_label_maps(
    call, project, weights, tmp_path
) -> None:
    said = call("next", project, "--weights", weights)
    assert said.status == 2 and "leave --weights out" in said.err
    values = write_network(tmp_path, "values", input_height=SIDE, input_width=SIDE)
    said = call("next", project, "--by", "disagreement", "--weights", values)
    assert said.status == 2 and "predicts values" in said.err and len(said.err.splitlines()) < 4


# ---- draft -------------------------------------------------------------------------------------


def test_drafts_of_all_that_is_to_be_labelled_lie_in_the_project(call, project, weights) -> None:
    truth = project.parent / "truth" / "person01" / "person01_1.png"
    assert call("accept", project, truth).status == 0
    told = call("draft", project, "--weights", weights)
    assert told.status == 0 and told.counts == [0, 6, 1]
    assert told.json["drafted"] == 6 and told.json["output"] == str(labels_folder(project))
    assert "6 images have drafts now." in told.err
    store = the_store(project)
    translated = project.parent / "translated"
    translate = ("translate", "--weights", weights, "--output", translated)
    assert cli.main([*map(str, translate), str(project.parent / "images")]) == 0
    for image in store.begun():
        numbers = store.read(image, (SIDE, SIDE))
        shown = read_image(translated / image.file.parent.name / image.file.name)
        of_painter = image.file.name == truth.name
        expected = read_image(truth) if of_painter else shown
        assert np.array_equal(store.table.palette().decode(numbers), expected)
    again = call("draft", project, "--weights", weights)
    assert again.status == 0 and again.json["drafted"] == 0 and again.counts == [0, 6, 1]
    assert "No image is to be labelled" in again.err


def test_the_best_weights_of_the_last_run_make_the_drafts(call, project, weights) -> None:
    told = call("draft", project)
    assert told.status == 2 and "has no trained network yet" in told.err
    for name in ("2026-11-01_10-00-00", "2026-11-02_10-00-00", "2026-11-03_10-00-00"):
        (project.parent / "study-runs" / name).mkdir(parents=True)
    best = project.parent / "study-runs" / "2026-11-02_10-00-00" / "best.weights.h5"
    best.write_bytes(weights.read_bytes())
    told = call("draft", project)
    assert told.status == 0 and told.json["weights"] == str(best) and told.json["drafted"] == 7


def test_drafts_in_a_folder_are_painted_on_and_accepted(call, project, weights) -> None:
    folder = project.parent / "to paint"
    told = call("draft", project, "--weights", weights, "--output", folder)
    assert told.status == 0 and told.counts == [7, 0, 0] and told.json["output"] == str(folder)
    assert f"7 images have drafts now in {folder}." in told.err
    assert not (project.parent / "labels").exists()
    drafts = [image.file for image in list_images(folder)]
    assert len(drafts) == 7 and folder / "person01" / "person01_1.png" in drafts
    changed = 0
    for file in drafts:
        image = read_image(file).copy()
        changed += int((image[:4, :4] != (0, 255, 0)).any(axis=-1).sum())
        image[:4, :4] = 0, 255, 0
        write_image(file, image)
    told = call("draft", project, "--weights", weights, "--output", folder)
    assert told.status == 2 and "holds files already" in told.err
    told = call("accept", project, folder)
    assert told.status == 0 and told.counts == [0, 0, 7] and len(told.json["accepted"]) == 7
    store = the_store(project)
    corner = [store.read(image, (SIDE, SIDE))[:4, :4] for image in store.done()]
    assert len(corner) == 7 and (np.array(corner) == 2).all()
    corrected = call("status", project).json["corrected_of_other_networks"]
    assert corrected["images"] == 7 and corrected["pixels"] == changed


def test_a_cancelled_draft_keeps_the_drafts_that_are_written(
    call, project, weights, monkeypatch
) -> None:
    take = Drafts.take

    def take_and_cancel(self: Drafts, *images: ImageRef) -> None:
        take(self, *images)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Drafts, "take", take_and_cancel)
        told = call("draft", project, "--weights", weights)
    assert told.status == 130 and "Cancelling" in told.err
    begun = len(the_store(project).begun())
    assert 0 < begun < 7
    told = call("draft", project, "--weights", weights)
    assert told.status == 0 and told.json["drafted"] == 7 - begun and told.counts == [0, 7, 0]


def test_images_unlike_those_of_the_network_are_marked(call, project) -> None:
    load_engine()
    images = [image.file for image in list_images(project.parent / "images" / "person01")]
    knowing = write_knowing(project.parent, [read_image(image) for image in images])
    told = call("draft", project, "--weights", knowing)
    assert told.status == 2 and "predicts values and no classes" in told.err
    assert not (project.parent / "labels").exists()
    network, card = weights_files.load(knowing)
    card = replace(card, palette=Palette(((0,), (255,)), "uint8"))
    weights_files.save(network, knowing, card)
    noisy = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE), np.uint8)
    write_image(images[0], noisy)
    data = {"train_inputs": tuple(map(str, images)), "labels": ("0=air", "255=body")}
    save_project(new_project("recommended", data), project)
    told = call("draft", project, "--weights", knowing, "--accept-values")
    assert told.status == 3 and told.counts == [0, 3, 0]
    assert [Path(one["file"]) for one in told.json["marked"]] == [images[0]]
    assert "1 of 3 images is unlike the training images" in told.err and ".csv" not in told.err


def test_a_network_of_other_classes_makes_no_drafts(call, project, weights) -> None:
    stored = load_project(project)
    save_project(
        new_project(
            "recommended", {"train_inputs": stored.specs.data.train_inputs, "labels": LABELS[:3]}
        ),
        project,
    )
    told = call("draft", project, "--weights", weights)
    assert told.status == 2 and "none of the classes here" in told.err
    assert not (project.parent / "labels").exists()


# ---- accept and locks --------------------------------------------------------------------------


def test_good_label_images_are_accepted_and_the_others_named(call, project) -> None:
    truth = project.parent / "truth"
    soft = read_image(truth / "person02" / "person02_1.png").copy()
    soft[0, :7] = 9, 9, 9
    write_image(truth / "person02" / "person02_1.png", soft)
    write_image(truth / "person02" / "person02_2.png", np.zeros((8, 8, 3), np.uint8))
    told = call("accept", project, truth)
    assert told.status == 3 and told.counts == [3, 0, 4]
    reasons = {Path(one["file"]).name: one["reason"] for one in told.json["skipped"]}
    assert reasons.keys() == {"person02_1.png", "person02_2.png"}
    assert "the colour (9, 9, 9), which no class has, on 7 pixels" in reasons["person02_1.png"]
    assert "has 8 x 8 pixels and its input 32 x 32" in reasons["person02_2.png"]
    assert "4 label images taken over; 4 of 7 images are done." in told.err
    again = call("accept", project, truth)
    assert again.status == 3 and again.json["accepted"] == [] and len(again.json["skipped"]) == 6
    again = call("accept", project, truth, "--replace")
    assert len(again.json["accepted"]) == 4 and len(again.json["skipped"]) == 2


def test_label_maps_that_a_window_has_open_are_left_alone(call, project, weights) -> None:
    store = LabelStore(labels_folder(project))
    store.open()
    for told in (
        call("draft", project, "--weights", weights),
        call("accept", project, project.parent / "truth"),
    ):
        assert told.status == 2 and "are open in another window" in told.err
    assert call("next", project).status == 0
    folder = project.parent / "drafts"
    assert call("draft", project, "--weights", weights, "--output", folder).status == 0
    store.close()


def test_a_project_without_images_or_classes_is_told(call, tmp_path) -> None:
    path = tmp_path / "empty.json"
    save_project(new_project("recommended", {}), path)
    for command in (("next",), ("draft", "--weights", "none.h5")):
        told = call(command[0], path, *command[1:])
        assert told.status == 2 and "has no training images yet" in told.err
    write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    save_project(new_project("recommended", {"train_inputs": (str(tmp_path / "a.png"),)}), path)
    told = call("accept", path, tmp_path / "a.png")
    assert (
        told.status == 2 and "no classes yet" in told.err and "data.labels" in told.json["remedy"]
    )


def test_help_of_each_part_says_what_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    for part, option in (("next", "to_label"), ("draft", "--output"), ("accept", "--replace")):
        with pytest.raises(SystemExit):
            cli.main(["label", part, "--help"])
        told = capsys.readouterr().out
        assert option in told and "--json" in told and "130 cancelled" in told
