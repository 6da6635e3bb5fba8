"""Label maps on the disk: names, states, other programs, full disks, kills, classes, export."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from dicom_samples import dataset, write

from deepimagetranslator.core.config.classes import MAX_COLOURS, parse_classes
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import expand, list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling import export, record, store
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.loop.snapshot import take_snapshot
from deepimagetranslator.core.labelling.stamps import ChangedMeanwhileError
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.labelling.target_files import numbers_of_target, save_into_target
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.system.system_path import file_stamp

CLASSES = ClassTable().with_project(
    parse_classes(["0,0,0=background", "255,0,0=fat", "0,255,0=lean"])
)
FAT, LEAN = 1, 2
SHAPE = (6, 9)


def an_image(folder: Path, name: str = "a.png") -> ImageRef:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.arange(54, dtype=np.uint8).reshape(6, 9))
    return ImageRef(path)


def painted(number: int = FAT) -> np.ndarray:
    numbers = np.zeros(SHAPE, np.uint8)
    numbers[1:3, 2:5] = number
    return numbers


def opened(folder: Path) -> LabelStore:
    found = LabelStore(folder / "labels" / "study")
    found.open()
    if len(found.table.classes) < 2:
        found.set_table(CLASSES)
    return found


# ---- files and states ------------------------------------------------------------------------


def test_a_label_map_is_a_png_of_class_numbers(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path / "P1"), opened(tmp_path)
    assert labels.read(image, SHAPE) is None and labels.status(image).state == record.TO_LABEL
    labels.write(image, painted())
    assert np.array_equal(read_image(labels.path(image))[..., 0], painted())
    assert labels.status(image) == record.ImageRecord(labels.path(image).name, record.DRAFT)
    labels.mark_done(image)
    labels.close()
    again = opened(tmp_path)
    assert again.done() == [image] and again.status(image).locked
    found = again.read(image, SHAPE)
    assert found is not None and np.array_equal(found, painted())
    with pytest.raises(UserError, match="done and locked; unlock it"):
        again.write(image, painted(LEAN))
    again.unlock(image)
    assert again.status(image).state == record.DONE
    again.write(image, painted(LEAN))
    assert again.status(image).state == record.DRAFT and again.done() == []


def test_images_of_one_name_and_slices_have_files_of_their_own(tmp_path: Path) -> None:
    images = [an_image(tmp_path / person) for person in ("P1", "P2")]
    images += [ImageRef(tmp_path / "scan.nii.gz", number) for number in (1, 2)]
    labels = opened(tmp_path)
    names = {labels.path(image).name for image in images}
    assert len(names) == 4 and all(name.endswith(".png") for name in names)
    assert any(name.startswith("scan-0002-") for name in names)


def test_a_moved_project_folder_keeps_its_label_maps(tmp_path: Path) -> None:
    labels = opened(tmp_path / "here")
    labels.write(an_image(tmp_path / "here" / "P1"), painted())
    labels.close()
    (tmp_path / "here").rename(tmp_path / "there")
    moved = opened(tmp_path / "there")
    found = moved.read(ImageRef(tmp_path / "there" / "P1" / "a.png"), SHAPE)
    assert found is not None and np.array_equal(found, painted())


def test_label_maps_are_no_inputs_of_the_folder_that_they_lie_in(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    assert list_images([tmp_path]) == [image]
    assert len(list_images([labels.folder])) == 1


def test_label_maps_are_copied_to_another_place(tmp_path: Path) -> None:
    unsaved = LabelStore(tmp_path / "home" / "labels" / "1")
    unsaved.open()
    unsaved.set_table(CLASSES)
    image, other = an_image(tmp_path / "work" / "P1"), an_image(tmp_path / "work" / "P2")
    unsaved.write(image, painted())
    unsaved.write(other, painted(LEAN))
    unsaved.mark_done(other)
    saved = unsaved.copy_to(store.labels_folder(tmp_path / "work" / "study.json"))
    unsaved.delete()
    assert not (tmp_path / "home" / "labels").exists()
    assert saved.begun() == [image, other] and saved.done() == [other]
    assert saved.folder == tmp_path / "work" / "labels" / "study" and saved.table == CLASSES
    assert json.loads((saved.folder / "labels.json").read_text())["images"].keys() == {
        "P1/a.png",
        "P2/a.png",
    }


def test_a_label_map_that_a_kill_has_left_out_does_not_stop_the_copy(tmp_path: Path) -> None:
    first, second = (an_image(tmp_path / "P1", name) for name in ("a.png", "b.png"))
    labels = opened(tmp_path)
    for image in (first, second):
        labels.write(image, painted())
    labels.path(first).unlink()  # its entry is written before its file
    copy = labels.copy_to(tmp_path / "new" / "labels" / "study")
    assert copy.begun() == [second] and copy.read(first, SHAPE) is None
    assert np.array_equal(copy.read(second, SHAPE), painted())


def test_an_export_does_not_hide_what_another_program_has_changed(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    write_image(labels.path(image), painted(LEAN))
    export.export(labels, [image], tmp_path / "out")
    with pytest.raises(ChangedMeanwhileError, match="keep what you painted"):
        labels.write(image, painted())


def test_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    with pytest.raises(UserError, match=r"has 9 x 6 pixels, but its image .* has 9 x 7"):
        labels.read(image, (7, 9))
    labels.forget(image)
    assert labels.read(image, SHAPE) is None and labels.status(image).state == record.TO_LABEL
    assert len(list(labels.folder.glob("*.bak"))) == 1


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_label_map_is_named(tmp_path: Path, content: bytes) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    labels.path(image).write_bytes(content)
    with pytest.raises(UserError, match="is no label map of 8 bits, or it is damaged"):
        labels.read(image, SHAPE)


RECORD_WITH = '{"format": 1, "classes": {"0": "0"}, "replaced": {}, %s}'
IMAGE_WITH = '{"file": "a.png", "state": "draft", "locked": false, "draft": %s}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 1}',
        '{"format": 1, "classes": {"1": "0"}, "replaced": {}, "images": {}}',
        RECORD_WITH % '"images": {}, "rounds": [{"number": 1, "run": "a", "train": []}]',
        RECORD_WITH % '"images": {}, "rounds": 5',
        RECORD_WITH % ('"images": {"a.png": %s}' % (IMAGE_WITH % '"x"')),
        RECORD_WITH
        % (
            '"images": {"a.png": %s}'
            % (IMAGE_WITH % '{"round": Infinity, "pixels": 4, "confidence": 1, "corrected": 0}')
        ),
    ],
)
def test_a_damaged_record_is_named_and_stays(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "labels" / "study"
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text(text)
    with pytest.raises(UserError, match=r"labels.json is damaged; restore it"):
        opened(tmp_path)
    assert (folder / "labels.json").read_text() == text and not (folder / "labels.lock").exists()


def test_a_record_of_a_newer_version_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "labels" / "study"
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text('{"format": 2, "program": "DeepImageTranslator 9.1"}')
    with pytest.raises(UserError, match=r"newer version, 9\.1"):
        opened(tmp_path)


# ---- other programs, full disks, kills -------------------------------------------------------


def test_a_file_that_another_program_changed_is_not_replaced_unasked(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    foreign = np.full(SHAPE, LEAN, np.uint8)
    write_image(labels.path(image), foreign)
    with pytest.raises(ChangedMeanwhileError, match="Another program has changed"):
        labels.write(image, painted())
    labels.write(image, painted(), anyway=True)
    (copy,) = labels.folder.glob("*.bak")
    copy.rename(copy.with_suffix(".png"))
    assert np.array_equal(read_image(copy.with_suffix(".png"))[..., 0], foreign)
    assert np.array_equal(read_image(labels.path(image))[..., 0], painted())


def test_one_window_at_a_time(tmp_path: Path) -> None:
    labels = opened(tmp_path)
    child = (
        "import sys; from pathlib import Path;"
        "from deepimagetranslator.core.labelling.store import LabelStore;"
        "folder = Path(sys.argv[1]); LabelStore(folder / 'labels' / 'study').open()"
    )
    command = [sys.executable, "-c", child, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "are open in another window (process" in ended.stderr
    labels.close()
    assert subprocess.run(command, check=False).returncode == 0


def test_a_full_disk_keeps_the_former_label_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted())
    original = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        original(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        for action in (lambda: labels.write(image, painted(LEAN)), lambda: labels.mark_done(image)):
            with pytest.raises(NoSpaceError, match="free some space"):
                action()
    assert labels.status(image).state == record.DRAFT
    found = labels.read(image, SHAPE)
    assert found is not None and np.array_equal(found, painted())
    assert not list(labels.folder.glob(".tmp-*"))
    labels.write(image, painted(LEAN))


def test_a_killed_writer_leaves_whole_label_maps(tmp_path: Path) -> None:
    image = an_image(tmp_path)
    child = """
import sys
from pathlib import Path
import numpy as np
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.store import LabelStore
folder = Path(sys.argv[1])
labels = LabelStore(folder / "labels" / "study")
labels.open()
while True:
    for number in (0, 1, 2):
        labels.write(ImageRef(Path(sys.argv[2])), np.full((6, 9), number, np.uint8))
        print(number, flush=True)
"""
    opened(tmp_path).close()
    for turn in range(3):
        command = [sys.executable, "-c", child, str(tmp_path), str(image)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(3 + 2 * turn):
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
        labels = opened(tmp_path)  # the lock of a killed process is free
        found = labels.read(image, SHAPE)
        assert found is not None and len(np.unique(found)) == 1
        assert not list(labels.folder.glob(".tmp-*"))
        labels.close()


# ---- classes ---------------------------------------------------------------------------------


def test_classes_are_added_named_and_at_most_32() -> None:
    table, colours = ClassTable(), set()
    for number in range(1, MAX_COLOURS):
        table, found = table.add(f"organ {number}")
        assert found == number
        colours.add(table.shown_colour(number))
    assert len(colours) == MAX_COLOURS - 1
    with pytest.raises(UserError, match="at most 32 classes, the background among them"):
        table.add("one more")
    with pytest.raises(UserError, match="Another class is called 'Organ 2'"):
        table.rename(1, "Organ 2")
    with pytest.raises(UserError, match="background cannot be deleted"):
        table.delete(0)
    assert ClassTable.from_json(json.loads(json.dumps(table.to_json()))) == table


def test_a_label_map_of_32_classes_is_kept(tmp_path: Path) -> None:
    table = ClassTable()
    for _ in range(MAX_COLOURS - 1):
        table, _number = table.add()
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.set_table(table)
    numbers = (np.arange(54) % MAX_COLOURS).astype(np.uint8).reshape(SHAPE)
    labels.write(image, numbers)
    found = labels.read(image, SHAPE)
    assert found is not None and np.array_equal(found, numbers)


def test_merged_and_deleted_classes_are_read_as_what_replaced_them(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    numbers = painted()
    numbers[5] = LEAN
    labels.write(image, numbers)
    labels.set_table(labels.table.merge(LEAN, FAT))
    assert labels.table.numbers == (0, FAT)
    found = labels.read(image, SHAPE)
    assert found is not None and np.array_equal(found, np.where(numbers == LEAN, FAT, numbers))
    labels.set_table(labels.table.delete(FAT))
    found = labels.read(image, SHAPE)
    assert found is not None and not found.any()
    assert labels.table.add()[1] == 3, "numbers that are still in files are not used again"
    labels.settle()
    assert labels.table.replaced == () and labels.table.add()[1] == FAT
    assert not read_image(labels.path(image)).any()


def test_an_unknown_class_number_is_named(tmp_path: Path) -> None:
    image, labels = an_image(tmp_path), opened(tmp_path)
    labels.write(image, painted(9))
    with pytest.raises(UserError, match="class number 9, which no class has"):
        labels.read(image, SHAPE)


def test_the_projects_classes_are_recognized_by_their_colours() -> None:
    renamed = CLASSES.with_project(parse_classes(["0,0,0", "0,255,0=muscle", "0,0,255=bone"]))
    assert [renamed.name(n) for n in renamed.numbers] == ["black", "fat", "muscle", "bone"]
    grey = ClassTable().with_project(parse_classes(["1=liver", "0", "2=spleen"]))
    assert [grey.name(n) for n in grey.numbers] == ["0", "liver", "spleen"]
    assert len({grey.shown_colour(n) for n in (1, 2)}) == 2


# ---- targets and export ----------------------------------------------------------------------


def a_target(folder: Path, name: str, numbers: np.ndarray) -> ImageRef:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, CLASSES.palette().decode(numbers))
    return ImageRef(path)


def test_a_target_is_taken_up_and_saved_with_a_copy(tmp_path: Path) -> None:
    target = a_target(tmp_path, "t.png", painted())
    content, stamp = target.file.read_bytes(), file_stamp(target.file)
    assert np.array_equal(numbers_of_target(target, CLASSES, SHAPE), painted())
    copy = save_into_target(target, painted(LEAN), CLASSES, stamp)
    assert copy.read_bytes() == content and copy.name == "t.png.bak"
    assert np.array_equal(read_image(target), CLASSES.palette().decode(painted(LEAN)))
    with pytest.raises(ChangedMeanwhileError, match="Another program has changed"):
        save_into_target(target, painted(), CLASSES, stamp)


def test_a_target_that_cannot_be_painted_is_refused_with_the_reason(tmp_path: Path) -> None:
    target = a_target(tmp_path, "t.png", painted())
    with pytest.raises(UserError, match=r"has 9 x 6 pixels and its input 5 x 4"):
        numbers_of_target(target, CLASSES, (4, 5))
    pair = ImagePair(an_image(tmp_path), target, ("turn_90",))
    with pytest.raises(UserError, match=r"read with changes \(turn_90\)"):
        save_into_target(pair, painted(), CLASSES, file_stamp(target.file))
    grey = ImageRef(tmp_path / "grey.png")
    write_image(grey.file, np.zeros(SHAPE, np.uint8))
    with pytest.raises(UserError, match="grey and cannot hold the label colours"):
        save_into_target(grey, painted(), CLASSES, file_stamp(grey.file))
    with pytest.raises(UserError, match="no single PNG or TIFF image"):
        save_into_target(ImageRef(tmp_path / "t.nii", 3), painted(), CLASSES, None)


def test_pictures_are_exported_in_colours_or_numbers(tmp_path: Path) -> None:
    images, labels = [an_image(tmp_path / p) for p in ("P1", "P2")], opened(tmp_path)
    labels.write(images[1], painted())
    (path,) = export.export(labels, images, tmp_path / "out")
    assert np.array_equal(read_image(path), CLASSES.palette().decode(painted()))
    numbers = TranslationSpec(output="classes", file_format="tif")
    (path,) = export.export(labels, images, tmp_path / "numbers", numbers)
    assert path.suffix == ".tif" and np.array_equal(read_image(path)[..., 0], painted())
    with pytest.raises(UserError, match="exist already"):
        export.export(labels, images, tmp_path / "out")
    with pytest.raises(UserError, match="has a label map yet"):
        export.export(labels, images[:1], tmp_path / "out")


def test_a_volume_is_exported_with_its_affine(tmp_path: Path) -> None:
    affine = np.diag([0.7, 0.9, 5.0, 1.0])
    affine[:3, 3] = -30, 12, 7
    path = tmp_path / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros((9, 6, 3), np.int16), affine), path)
    slices, labels = expand(path), opened(tmp_path)
    shape = read_image(slices[1]).shape[:2]
    numbers = np.zeros(shape, np.uint8)
    numbers[1, 2:4] = LEAN
    labels.write(slices[1], numbers)
    (written,) = export.export(labels, slices, tmp_path / "out")
    volume = nibabel.load(written)
    assert np.allclose(volume.affine, affine)
    voxels = [read_image(one)[..., 0] for one in expand(written)]
    assert np.array_equal(voxels[1], numbers) and not voxels[0].any() and not voxels[2].any()


def test_a_dicom_slice_is_exported_as_a_derived_series(tmp_path: Path) -> None:
    position = ["-100.5", "-90.25", "-7"]
    source = write(
        tmp_path / "ct" / "1.dcm",
        dataset(
            np.zeros(SHAPE, np.int16),
            PatientID="p7",
            ImagePositionPatient=position,
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=["0.7", "0.9"],
        ),
    )
    image, labels = ImageRef(source), opened(tmp_path)
    labels.write(image, painted())
    (written,) = export.export(labels, [image], tmp_path / "out")
    found = pydicom.dcmread(written)
    assert np.array_equal(found.pixel_array, painted())
    assert [str(v) for v in found.ImagePositionPatient] == position
    assert found.SeriesInstanceUID != pydicom.dcmread(source).SeriesInstanceUID


def test_a_snapshot_holds_the_done_images_as_targets(tmp_path: Path) -> None:
    images, labels = [an_image(tmp_path / p) for p in ("P1", "P2")], opened(tmp_path)
    labels.set_table(CLASSES.recolour(FAT, (9, 9, 9)))
    for image in images:
        labels.write(image, painted())
    labels.mark_done(images[1])
    taken = take_snapshot(labels, images[1:], tmp_path / "run")
    ((image, target),) = ((pair.input, pair.target) for pair in taken.pairs)
    assert image == images[1] and taken.left_out == ()
    assert target.file.parent == tmp_path / "run" / "snapshot"
    assert np.array_equal(numbers_of_target(target, labels.table, SHAPE), painted())
    labels.unlock(image)
    labels.write(image, np.zeros(SHAPE, np.uint8))  # what is painted later changes nothing
    assert np.array_equal(numbers_of_target(target, labels.table, SHAPE), painted())
    (refused,) = take_snapshot(labels, images[1:], tmp_path / "run").left_out
    assert refused.message == f"{image} is being changed; mark it as done again."
    labels.mark_done(image)
    again = take_snapshot(labels, images[1:], tmp_path / "run")
    assert again.pairs[0].target.file.parent == tmp_path / "run" / "snapshot2"
    assert [one.name for one in (tmp_path / "run").iterdir() if one.name[0] == "."] == []
