"""Label images of other programs as label maps, and drafts for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from deepimagetranslator.core.config.classes import parse_classes
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.loop.accept import Accepted, accept
from deepimagetranslator.core.labelling.loop.classes import adopt_classes, numbers_of_network
from deepimagetranslator.core.labelling.loop.draft_folder import into_folder
from deepimagetranslator.core.labelling.loop.drafts import Drafts
from deepimagetranslator.core.labelling.loop.painted import numbers_of_painted
from deepimagetranslator.core.labelling.loop.states import known_images
from deepimagetranslator.core.labelling.record import DONE, DRAFT
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl

SHAPE = (6, 9)
CLASSES = ["0,0,0=air", "255,0,0 + 200,0,0=fat", "0,255,0>0,0,255=lean"]
TABLE = ClassTable().with_project(parse_classes(CLASSES))
WANTED = np.zeros(SHAPE, np.uint8)
WANTED[1:3, 2:5], WANTED[4:, :2] = 1, 2
COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0)], np.uint8)


def an_image(folder: Path, name: str = "a.png", shape: tuple[int, int] = SHAPE) -> ImageRef:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape))
    return ImageRef(path)


def as_palette_png(path: Path) -> None:
    image = Image.fromarray(WANTED)
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(path)


def as_rgba(path: Path) -> None:
    opaque = np.full((*SHAPE, 1), 255, np.uint8)
    Image.fromarray(np.concatenate([COLOURS[WANTED], opaque], axis=2)).save(path)


def as_nifti(path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(WANTED.T[::-1, ::-1, None].astype(np.int16), np.eye(4)), path)


WAYS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "colours": ("a.png", lambda path: Image.fromarray(COLOURS[WANTED]).save(path)),
    "indexed colours": ("a.png", as_palette_png),
    "with transparency": ("a.png", as_rgba),
    "second colour of a class": (
        "a.tif",
        lambda path: tifffile.imwrite(
            path, np.where(WANTED[..., None] == 1, np.uint8([200, 0, 0]), COLOURS[WANTED])
        ),
    ),
    "class numbers": ("a.png", lambda path: Image.fromarray(WANTED).save(path)),
    "class numbers of 16 bits": ("a.tif", lambda p: tifffile.imwrite(p, WANTED.astype(np.uint16))),
    "class numbers as grey colours": (
        "a.png",
        lambda path: Image.fromarray(np.repeat(WANTED[..., None], 3, axis=2)).save(path),
    ),
    "class numbers as fractions": (
        "a.tif",
        lambda path: tifffile.imwrite(path, WANTED.astype(np.float32)),
    ),
    "NIfTI": ("a.nii.gz", as_nifti),
}


@pytest.mark.parametrize("way", WAYS)
def test_label_images_of_all_kinds_become_class_numbers(way: str, tmp_path: Path) -> None:
    name, save = WAYS[way]
    (tmp_path / "painted").mkdir()
    save(tmp_path / "painted" / name)
    (label,) = list_images(tmp_path / "painted")
    found = numbers_of_painted(label, an_image(tmp_path), TABLE)
    assert np.array_equal(found, WANTED)


def test_the_colours_in_which_drafts_are_written_are_understood(tmp_path: Path) -> None:
    colours = COLOURS.copy()
    colours[2] = 0, 0, 255
    write_image(tmp_path / "label.png", colours[WANTED])
    found = numbers_of_painted(ImageRef(tmp_path / "label.png"), an_image(tmp_path), TABLE)
    assert np.array_equal(found, WANTED)


def test_numbers_are_those_of_the_order_of_the_classes_and_colours_come_first(
    tmp_path: Path,
) -> None:
    image, label = an_image(tmp_path), ImageRef(tmp_path / "label.png")
    write_image(label.file, (WANTED == 2).astype(np.uint8))
    table = TABLE.delete(1)
    assert np.array_equal(numbers_of_painted(label, image, table), np.where(WANTED == 2, 2, 0))
    grey = ClassTable().with_project(parse_classes(["0=air", "2=fat", "1=lean"]))
    assert np.array_equal(numbers_of_painted(label, image, grey), np.where(WANTED == 2, 2, 0))


@pytest.mark.parametrize(
    "classes",
    [
        CLASSES,
        ["0,0,0=air", "255,0,0>0,255,0=fat", "0,255,0>255,0,0=lean"],  # exchanged
        ["0,0,0=air", "255,0,0>9,9,9=fat", "0,255,0>9,9,9=lean"],  # one colour for both
        ["0=air", "1>128=fat", "rest>255=lean"],
        ["0=air", "2>1=fat", "1>2=lean"],
        ["5=air", "1=fat", "2=lean"],
    ],
)
def test_drafts_are_written_in_colours_that_come_back_as_the_same_classes(
    classes: list[str], tmp_path: Path
) -> None:
    table = ClassTable(tuple(enumerate(parse_classes(classes))))
    image = an_image(tmp_path / "images")
    into_folder(tmp_path / "drafts", table, [image])(image, WANTED, None)
    (label,) = list_images(tmp_path / "drafts")
    assert np.array_equal(numbers_of_painted(label, image, table), WANTED)


def test_a_label_image_that_does_not_fit_is_refused_with_the_reason(tmp_path: Path) -> None:
    image, label = an_image(tmp_path), tmp_path / "label.png"
    soft = COLOURS[WANTED]
    soft[0, :3], soft[0, 4] = (127, 0, 0), (1, 2, 3)
    write_image(label, soft)
    with pytest.raises(
        UserError, match=r"label\.png has the colour \(127, 0, 0\), which no class "
    ):
        numbers_of_painted(ImageRef(label), image, TABLE)
    with pytest.raises(UserError, match="on 3 pixels and 1 more such colour on 1; paint with hard"):
        numbers_of_painted(ImageRef(label), image, TABLE)
    write_image(label, np.full((*SHAPE, 1), 3, np.uint8))
    with pytest.raises(UserError, match=r"the colour \(3\), which no class has, on 54 pixels; "):
        numbers_of_painted(ImageRef(label), image, TABLE)
    write_image(label, np.zeros((9, 6, 1), np.uint8))
    with pytest.raises(UserError, match="has 6 x 9 pixels and its input 9 x 6; paint on an image"):
        numbers_of_painted(ImageRef(label), image, TABLE)
    tifffile.imwrite(tmp_path / "label.tif", np.full(SHAPE, 0.5, np.float32))
    with pytest.raises(UserError, match="holds fractions"):
        numbers_of_painted(ImageRef(tmp_path / "label.tif"), image, TABLE)


def test_a_volume_of_another_place_in_the_patient_is_refused(tmp_path: Path) -> None:
    there, elsewhere = np.diag([-2.0, -2, 3, 1]), np.diag([-2.0, -2, 3, 1])
    elsewhere[:3, 3] = 40, 0, 0
    for name, affine in (("scan", there), ("same", there), ("other", elsewhere)):
        volume = nibabel.Nifti1Image(np.repeat(WANTED.T[..., None], 2, axis=2), affine)
        nibabel.save(volume, tmp_path / f"{name}.nii.gz")
    image, same, other = (ImageRef(tmp_path / f"{n}.nii.gz", 1) for n in ("scan", "same", "other"))
    assert np.array_equal(numbers_of_painted(same, image, TABLE), WANTED)
    with pytest.raises(UserError, match="states another place in the patient than"):
        numbers_of_painted(other, image, TABLE)


# ---- accept ------------------------------------------------------------------------------------


class Place:
    """A project with images of two persons, and a folder of label images."""

    def __init__(self, folder: Path) -> None:
        names = [f"{person}/s{number}.png" for person in ("P1", "P2") for number in (1, 2)]
        self.images = [an_image(folder / "images", name) for name in names]
        self.data = DataSpec(train_inputs=tuple(map(str, self.images)), labels=tuple(CLASSES))
        self.store = LabelStore(folder / "labels" / "study")
        self.store.open()
        adopt_classes(self.data, self.store)
        self.painted = folder / "painted"

    def paint(self, name: str, numbers: np.ndarray = WANTED) -> None:
        write_image(self.painted / name, COLOURS[numbers])

    def accept(self, **options: bool) -> Accepted:
        images = known_images(self.data, self.store)
        return accept(self.store, images, list_images(self.painted), **options)

    def kept(self, image: ImageRef) -> np.ndarray:
        found = self.store.read(image, SHAPE)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_good_label_images_are_taken_over_as_done_and_the_others_skipped(place: Place) -> None:
    place.paint("P1/s1.png")
    place.paint("P2/s2.png")
    place.paint("P2/s7.png")
    write_image(place.painted / "P1" / "s2.png", np.zeros((3, 3, 1), np.uint8))
    found = place.accept()
    assert list(found.images) == [place.images[0], place.images[3]]
    assert np.array_equal(place.kept(place.images[0]), WANTED)
    assert [place.store.status(one).state == DONE for one in place.images] == [1, 0, 0, 1]
    assert place.store.status(place.images[0]).locked
    reasons = {Path(one.subject).name: one.message for one in found.skipped}
    assert reasons.keys() == {"s2.png", "s7.png"}
    assert "has 3 x 3 pixels" in reasons["s2.png"] and "no single image" in reasons["s7.png"]


def test_done_images_are_kept_unless_they_are_to_be_replaced(place: Place) -> None:
    place.paint("P1/s1.png")
    place.accept()
    place.paint("P1/s1.png", WANTED // 2)
    found = place.accept()
    assert found.images == () and "done already" in found.skipped[0].message
    assert np.array_equal(place.kept(place.images[0]), WANTED)
    found = place.accept(replace=True)
    assert found.images == (place.images[0],) and found.skipped == ()
    assert np.array_equal(place.kept(place.images[0]), WANTED // 2)
    assert place.store.status(place.images[0]).locked
    file = place.store.path(place.images[0])
    assert np.array_equal(read_image(file.with_name(f"{file.name}.bak"))[..., 0], WANTED)


def test_a_draft_gives_way_and_is_kept_as_a_copy(place: Place) -> None:
    place.store.write(place.images[0], WANTED // 2)
    assert place.store.status(place.images[0]).state == DRAFT
    place.paint("P1/s1.png")
    place.accept()
    assert np.array_equal(place.kept(place.images[0]), WANTED)
    assert len(list(place.store.folder.glob("*.bak"))) == 1


def test_a_doubtful_pair_is_skipped(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels" / "study")
    store.open()
    images = [an_image(tmp_path / "images", f"anna_{number}.png") for number in (1, 2)]
    data = DataSpec(train_inputs=tuple(map(str, images)), labels=tuple(CLASSES))
    adopt_classes(data, store)
    for number in (1, 2):
        write_image(tmp_path / "painted" / f"bob_{number}.png", COLOURS[WANTED])
    found = accept(store, known_images(data, store), list_images(tmp_path / "painted"))
    assert found.images == () and store.begun() == []
    assert all("give it the name of its image" in one.message for one in found.skipped)
    assert len(found.skipped) == 2


def test_cancelling_keeps_what_was_taken_over(place: Place) -> None:
    place.paint("P1/s1.png")
    place.paint("P1/s2.png")
    control = JobControl()
    with pytest.raises(Cancelled):
        accept(
            place.store,
            known_images(place.data, place.store),
            list_images(place.painted),
            report=lambda _: control.cancel.set(),
            control=control,
        )
    assert place.store.done() == [place.images[0]]


# ---- classes and drafts ------------------------------------------------------------------------


def test_classes_are_the_chosen_ones_else_those_of_the_targets_else_the_networks(
    tmp_path: Path,
) -> None:
    def adopted(data: DataSpec, network: Palette | None = None) -> tuple[int, ...]:
        store = LabelStore(tmp_path / "labels" / "study")
        adopt_classes(data, store, network)
        return tuple(sum(one.learnt) for _, one in store.table.classes)

    image = str(an_image(tmp_path))
    write_image(tmp_path / "targets" / "a.png", COLOURS[WANTED // 2])
    with_target = DataSpec(
        train_inputs=(image,), train_targets=(str(tmp_path / "targets" / "a.png"),)
    )
    network = Palette(((0,), (7,), (9,)), "uint8")
    chosen = DataSpec(train_inputs=(image,), labels=("0=air", "5=fat"))
    assert adopted(chosen, network) == (0, 5)
    assert adopted(with_target, network) == (0, 255)
    assert adopted(DataSpec(train_inputs=(image,)), network) == (0, 7, 9)
    with pytest.raises(UserError, match="no classes yet"):
        adopted(DataSpec(train_inputs=(image,)))


def test_a_network_of_other_classes_is_refused() -> None:
    palette = Palette(((0, 0, 0), (0, 255, 0), (255, 0, 0)), "uint8")
    assert numbers_of_network(palette, TABLE).tolist() == [0, 2, 1]
    with pytest.raises(UserError, match="predicts the class bone, which is none of the classes"):
        numbers_of_network(Palette(((0,), (9,)), "uint8", ("air", "bone")), TABLE)


def test_drafts_in_a_folder_keep_places_and_come_back_as_done(place: Place, tmp_path: Path) -> None:
    drafts_in = tmp_path / "drafts"
    put = into_folder(drafts_in, TABLE, place.images)
    drafts = Drafts(Palette(((0, 0, 0), (0, 255, 0), (255, 0, 0)), "uint8"), TABLE, put)
    for number, image in enumerate(place.images):
        shape = SHAPE if number else (3, 3)
        path = tmp_path / "translated" / f"{number}.png"
        write_image(path, np.resize(np.array([0, 2, 1], np.uint8)[WANTED], shape))
        drafts.take(image, ImageRef(path))
    assert drafts.images == place.images[1:]
    assert [image for image, _ in drafts.skipped] == place.images[:1]
    assert "has 9 x 6 pixels, but its translation 3 x 3" in drafts.skipped[0][1]
    shown = read_image(drafts_in / "P1" / "s2.png")
    assert shown[4, 0].tolist() == [0, 0, 255] and shown[1, 2].tolist() == [255, 0, 0]
    place.painted = drafts_in
    found = place.accept()
    assert list(found.images) == place.images[1:] and found.skipped == ()
    assert all(np.array_equal(place.kept(image), WANTED) for image in place.images[1:])
    with pytest.raises(UserError, match="holds files already"):
        into_folder(drafts_in, TABLE, place.images)


def test_slices_are_drafted_into_a_folder_of_their_file_and_find_it_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        volume = np.stack([np.full(SHAPE, value, np.uint8) for value in (1, 2)])
        (tmp_path / "scans").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "scans" / f"{name}.tif", volume, photometric="minisblack")
    images = list_images(tmp_path / "scans")
    put = into_folder(tmp_path / "drafts", TABLE, images)
    for image in images[1:]:
        put(image, WANTED, None)
    names = sorted(p.relative_to(tmp_path / "drafts") for p in tmp_path.glob("drafts/[!.]*/*"))
    assert [name.as_posix() for name in names] == ["one/0002.png", "two/0001.png", "two/0002.png"]
    store = LabelStore(tmp_path / "labels" / "study")
    store.open()
    data = DataSpec(train_inputs=tuple(map(str, images)), labels=tuple(CLASSES))
    adopt_classes(data, store)
    accepted = accept(store, known_images(data, store), list_images(tmp_path / "drafts"))
    assert list(accepted.images) == images[1:] and accepted.skipped == ()


def test_images_whose_drafts_would_have_one_name_are_refused(tmp_path: Path) -> None:
    images = [an_image(tmp_path / "images", name) for name in ("a.png", "a.tif")]
    with pytest.raises(UserError, match="differ only in the ending of their names"):
        into_folder(tmp_path / "drafts", TABLE, images)
