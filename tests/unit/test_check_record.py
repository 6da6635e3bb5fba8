"""What a check found is believed by the next training exactly as far as the files are the same."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import dicom_samples
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.checks import reading
from deepimagetranslator.core.checks.examination import DataProblems, examine, prepare
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data import check_record
from deepimagetranslator.core.data.check_record import recall, record_file
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.statistics import DatasetStatistics, gather_statistics
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.sample import write_sample

Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_sample(folder, size=64, people=[1, 2, 3], slices=4)
    return folder


@pytest.fixture
def folder(clean, tmp_path) -> Path:
    shutil.copytree(clean, tmp_path / "set")
    return tmp_path / "set"


def specs_of(folder: Path, **data: Any) -> Specs:
    """Two people to train on, one to validate with."""
    files = {
        (part, side): tuple(
            str(file)
            for person in people
            for file in list_images(folder / f"person{person:02}" / kind)
        )
        for part, people in (("train", (1, 2)), ("val", (3,)))
        for side, kind in (("inputs", "images"), ("targets", "targets"))
    }
    lists: dict[str, Any] = {f"{part}_{side}": found for (part, side), found in files.items()}
    specs = Specs()
    small = replace(specs.model, depth=2, base_filters=4)
    return replace(specs, data=DataSpec(**lists, **data), model=small)


def recalled(record: Path, specs: Specs) -> check_record.Parts[DatasetStatistics | None]:
    matched = match(specs.data)
    return recall(record, matched.train, matched.val)


def change_all(folder: Path, kind: str, change: Change) -> None:
    for path in folder.rglob(f"{kind}/*.png"):
        write_image(path, np.ascontiguousarray(change(read_image(path))))


def facts_that_training_needs(part: DatasetStatistics) -> list[Any]:
    return [
        (
            both.pair,
            both.alike,
            *(
                (f.shape, f.digest, f.checksum, f.stamp, f.label_map, f.constant, f.trouble)
                for f in (both.input, both.target)
            ),
        )
        for both in part.facts
    ]


def assert_same(found: DatasetStatistics, expected: DatasetStatistics) -> None:
    """Everything that is decided from statistics comes out the same."""
    assert facts_that_training_needs(found) == facts_that_training_needs(expected)
    for ours, theirs in (
        (found.input_range, expected.input_range),
        (found.target_range, expected.target_range),
    ):
        assert (ours.low, ours.high) == (theirs.low, theirs.high)
        assert (ours.dtypes, ours.channels) == (theirs.dtypes, theirs.channels)
        np.testing.assert_array_equal(ours.values, theirs.values)
        for offset in (0.0, -1024.0):
            one, other = ours.distribution(offset), theirs.distribution(offset)
            assert (one.low, one.high) == (other.low, other.high)
            np.testing.assert_array_equal(one.values, other.values)
            np.testing.assert_array_equal(one.counts, other.counts)
    one, other = found.colours, expected.colours
    assert (one.pixels, one.flat, one.dtypes) == (other.pixels, other.flat, other.dtypes)
    assert (one.many, set(one.groups), one.regions) == (
        other.many,
        set(other.groups),
        other.regions,
    )
    assert one.blurred_palette() == other.blurred_palette()
    assert one.instances == other.instances
    assert (found.palette, found.ratio) == (expected.palette, expected.ratio)
    assert found.input_shapes == expected.input_shapes
    assert found.target_shapes == expected.target_shapes
    assert list(found.input_shapes) == list(expected.input_shapes)
    assert found.complete


SETS: dict[str, tuple[Change, Change]] = {
    "label maps": (lambda image: image, lambda target: target),
    "16 bits": (lambda image: image.astype(np.uint16) * 200 + 3, lambda target: target),
    "grey masks": (lambda image: image, lambda target: target.max(2, keepdims=True) // 255),
    "values": (lambda image: image, lambda target: cv2.blur(target, (9, 9))),
    "blurred label maps": (
        lambda image: image,
        lambda target: cv2.GaussianBlur(target, (3, 3), 0.6),
    ),
    "numbered objects": (
        lambda image: image,
        lambda target: (np.indices(target.shape[:2]).sum(0)[..., None] // 2).astype(np.uint16),
    ),
}


@pytest.mark.parametrize("kind", SETS)
def test_a_record_says_what_the_files_say(folder, kind):
    inputs, targets = SETS[kind]
    change_all(folder, "images", inputs)
    change_all(folder, "targets", targets)
    specs = specs_of(folder)
    record = folder / "project.facts"
    examine(specs, record=record)
    matched = match(specs.data)
    for found, pairs in zip(recalled(record, specs), (matched.train, matched.val), strict=True):
        assert found is not None
        assert_same(found, gather_statistics(pairs, in_brief=True))
    assert_same(gather_statistics(matched.train), gather_statistics(matched.train, in_brief=True))


def test_floats_and_slices_of_volumes_are_recorded_too(tmp_path):
    rng = np.random.default_rng(1)
    stack = rng.normal(0, 300, (4, 16, 16)).astype(np.float32)
    tifffile.imwrite(tmp_path / "x.tif", stack, photometric="minisblack")
    tifffile.imwrite(tmp_path / "y.tif", stack > 0, photometric="minisblack")
    files = [tuple(map(str, list_images(tmp_path / name))) for name in ("x.tif", "y.tif")]
    specs = replace(Specs(), data=DataSpec(*files))
    record = tmp_path / "project.facts"
    examine(specs, record=record)
    train, val = recalled(record, specs)
    assert train is not None and val is not None and not val.facts
    assert_same(train, gather_statistics(match(specs.data).train))
    assert train.facts[2].input.checksum.endswith("/3")


def test_a_training_prepares_the_same_with_and_without_a_record(folder, monkeypatch):
    specs = specs_of(folder)
    record = folder / "project.facts"
    without = prepare(specs)
    assert not record.exists()
    examine(specs, record=record)
    told: list[Any] = []
    monkeypatch.setattr(reading, "gather_statistics", None)  # nothing is read
    found = prepare(specs, told.append, record=record)
    assert found == without
    assert found.contents == without.contents
    assert [(event.done, event.count) for event in told][-1] == (12, 12)


def test_a_training_keeps_a_record_for_the_next_one(folder, monkeypatch):
    specs, record = specs_of(folder), folder / "project.facts"
    first = prepare(specs, record=record)
    monkeypatch.setattr(reading, "gather_statistics", None)
    assert prepare(specs, record=record) == first


# --- what is believed -----------------------------------------------------------------------------


def in_time(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def in_size(path: Path) -> None:
    status = path.stat()
    path.write_bytes(path.read_bytes() + b"\0")
    os.utime(path, ns=(1, status.st_mtime_ns))


def in_inode(path: Path) -> None:
    shutil.copy2(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def in_being_there(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("differs", [in_time, in_size, in_inode, in_being_there])
@pytest.mark.parametrize(("person", "part"), [(2, 0), (3, 1)])
def test_a_part_is_believed_if_every_file_is_the_same(folder, differs, person, part):
    specs, record = specs_of(folder), folder / "project.facts"
    examine(specs, record=record)
    assert all(recalled(record, specs))
    differs(sorted((folder / f"person{person:02}" / "targets").iterdir())[2])
    believed = [found is not None for found in recalled(record, specs)]
    assert believed == [part != 0, part != 1]


def test_other_lists_of_files_are_not_believed(folder):
    specs, record = specs_of(folder), folder / "project.facts"
    examine(specs, record=record)
    data = specs.data
    for lists in (
        {"train_inputs": data.train_inputs[:-1], "train_targets": data.train_targets[:-1]},
        {"train_inputs": data.train_inputs[::-1], "train_targets": data.train_targets[::-1]},
        {"train_targets": data.train_targets[::-1], "pairing": "order"},
        {"train_inputs": data.val_inputs, "train_targets": data.val_targets},
    ):
        train, val = recalled(record, replace(specs, data=replace(data, **lists)))
        assert train is None and val is not None


def test_other_slices_of_the_same_files_are_not_believed(tmp_path):
    """Size, time and inode of the file are the same whichever of its slices is the target."""
    rng = np.random.default_rng(1)
    for name in ("x.tif", "y.tif"):
        stack = rng.integers(0, 255, (2, 16, 16), np.uint8)
        tifffile.imwrite(tmp_path / name, stack, photometric="minisblack")
    inputs, targets = (tuple(map(str, list_images(tmp_path / n))) for n in ("x.tif", "y.tif"))
    record = tmp_path / "project.facts"
    specs = replace(Specs(), data=DataSpec(inputs, targets, pairing="order"))
    examine(specs, record=record)
    assert recalled(record, specs)[0] is not None
    exchanged = replace(specs, data=DataSpec(inputs, targets[::-1], pairing="order"))
    assert recalled(record, exchanged)[0] is None


def test_only_the_part_that_changed_is_read_again(folder, monkeypatch):
    specs, record = specs_of(folder), folder / "project.facts"
    examine(specs, record=record)
    in_time(sorted((folder / "person03" / "images").iterdir())[0])
    real, read = gather_statistics, []

    def gather(pairs, *rest):
        read.append(len(pairs))
        return real(pairs, *rest)

    monkeypatch.setattr(reading, "gather_statistics", gather)
    prepare(specs, record=record)
    assert read == [4]
    prepare(specs, record=record)  # and what was read is kept
    assert read == [4]


def with_another_class(target: np.ndarray) -> np.ndarray:
    changed = target.copy()
    changed[4:12, 4:12] = (10, 200, 30)
    return changed


@pytest.mark.parametrize(("loss", "kind"), [("mae", "class_missing"), ("dice", "")])
def test_what_stands_in_the_way_is_told_from_the_images(folder, loss, kind):
    """The record has not what some sentences need, such as which files have a colour."""
    if kind:
        change_all(folder / "person03", "targets", with_another_class)
    specs, record = specs_of(folder), folder / "project.facts"
    model = replace(specs.model, final_activation="linear")
    specs = replace(specs, model=model, training=replace(specs.training, loss=loss))
    examine(specs, record=record)
    assert all(recalled(record, specs))
    told = []
    for place in (None, record):
        with pytest.raises(DataProblems) as refused:
            prepare(specs, record=place)
        told.append(refused.value.problems)
    assert told[0] == told[1]
    assert [problem.kind for problem in told[0]] == [kind]
    if kind:
        assert len(told[0][0].files) == 4 and told[0][0].repair is not None


def test_nothing_is_kept_of_a_part_with_a_file_that_cannot_be_read(folder):
    sorted((folder / "person03" / "images").iterdir())[0].write_bytes(b"no image")
    specs, record = specs_of(folder), folder / "project.facts"
    examine(specs, record=record)
    train, val = recalled(record, specs)
    assert train is not None and val is None


# --- the file ------------------------------------------------------------------------------------


def test_the_record_lies_beside_the_project():
    assert record_file(Path("a") / "study.json") == Path("a") / "study.facts"


def test_a_record_is_json_with_a_version_and_is_bounded_in_size(folder):
    """A real set has more images and no more statistics."""
    change_all(folder, "images", lambda image: image.astype(np.uint16) * 257)
    specs, record = specs_of(folder), folder / "project.facts"
    examine(specs, record=record)
    head, body = map(json.loads, record.read_bytes().split(b"\n"))
    assert head["record"] == check_record.FORMAT
    for part, pairs in zip(body, (8, 4), strict=True):
        assert len(part["pairs"]) / (2 * pairs) <= 300
        statistics = {name: value for name, value in part.items() if name != "pairs"}
        assert len(json.dumps(statistics)) < 2**20


def test_no_patient_and_no_file_is_named_in_a_record(tmp_path):
    rng = np.random.default_rng(1)
    for side in ("in", "out"):
        for number in range(3):
            pixels = rng.integers(0, 99, (16, 16)).astype(np.uint8)
            pixels = pixels if side == "in" else (pixels > 50) * np.uint8(255)
            file = dicom_samples.dataset(
                pixels, PatientID="ID-47110815", PatientName="Doeringer^Janette"
            )
            dicom_samples.write(tmp_path / side / f"doeringer_{number}.dcm", file)
    files = [tuple(map(str, list_images(tmp_path / side, "all"))) for side in ("in", "out")]
    record = tmp_path / "project.facts"
    dataset, _, _ = examine(replace(Specs(), data=DataSpec(*files)), record=record)
    assert dataset is not None
    text = record.read_bytes().decode().casefold()
    # Long names, as the digests in the record hold any three letters by chance.
    for name in ("47110815", "doeringer", "janette", str(tmp_path).casefold()):
        assert name not in text


@pytest.fixture(scope="module")
def whole(clean, tmp_path_factory) -> tuple[bytes, Specs, Path]:
    """A record, what it is about, and a place for damaged ones."""
    place = tmp_path_factory.mktemp("damaged") / "project.facts"
    specs = specs_of(clean)
    examine(specs, record=place)
    return place.read_bytes(), specs, place


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_record_is_ignored(whole, place, byte, cut):
    data, specs, record = whole
    at = int(place * len(data))
    changed = data[:at] if cut else data[:at] + bytes([data[at] ^ byte]) + data[at + 1 :]
    record.write_bytes(changed)
    assert recalled(record, specs) == (None, None)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b"null", b"[1, 2]", b"[[], []]", b'[{"names": 1}, null]', b"[" * 100_000],
)
def test_a_record_with_another_content_is_ignored(whole, body, caplog, capsys):
    data, specs, record = whole
    head = json.loads(data.partition(b"\n")[0]) | {"digest": check_record._digest(body)}
    record.write_bytes(json.dumps(head).encode() + b"\n" + body)
    with caplog.at_level(logging.DEBUG):
        assert recalled(record, specs) == (None, None)
    assert all(entry.levelno < logging.WARNING for entry in caplog.records)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("field", ["record", "program", "read by"])
def test_a_record_of_another_version_is_ignored(whole, field):
    data, specs, record = whole
    first, _, body = data.partition(b"\n")
    head = json.loads(first)
    record.write_bytes(data)
    assert all(recalled(record, specs))
    record.write_bytes(json.dumps(head | {field: "other"}).encode() + b"\n" + body)
    assert recalled(record, specs) == (None, None)


def test_a_record_that_is_too_large_or_no_file_is_ignored(whole, monkeypatch, tmp_path):
    data, specs, record = whole
    record.write_bytes(data)
    monkeypatch.setattr(check_record, "_MOST_BYTES", len(data) - 300 * 24 - 1)
    assert recalled(record, specs) == (None, None)
    assert recalled(tmp_path, specs) == (None, None)
    assert recalled(tmp_path / "none.facts", specs) == (None, None)


def test_where_nothing_can_be_written_the_check_does_without(folder, caplog):
    (folder / "file").write_bytes(b"")
    specs, record = specs_of(folder), folder / "file" / "project.facts"
    with caplog.at_level(logging.INFO):
        dataset, _, _ = examine(specs, record=record)
    assert dataset is not None
    assert prepare(specs, record=record) == dataset
    assert "not kept" in caplog.text
    check_record.forget(record)
