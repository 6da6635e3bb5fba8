"""Trees of persons: what is found in them, how it is paired, and that the split knows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_samples import dataset, write

from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.pair_lists import with_more
from deepimagetranslator.core.data.persons import (
    find_persons,
    list_persons,
    with_persons,
    without_files,
)
from deepimagetranslator.core.data.splits import group_names, known_persons, people, split_by_choice
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.imaging.series import SeveralSeriesError


def tree(root: Path, *names: str) -> Path:
    """Small images of these names."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".dcm"):
            write(path, scan(PatientID="someone"))
        else:
            write_image(path, np.zeros((4, 4, 1), np.uint8))
    return root


def scan(**header: object) -> object:
    return dataset(np.zeros((4, 4), np.uint16), **header)  # type: ignore[arg-type]


def loaded(root: Path) -> DataSpec:
    found = find_persons(root)
    return with_persons(DataSpec(), found, list_persons(found))


def persons(data: DataSpec) -> dict[str, set[str]]:
    """The persons of training and of validation, as the split names them."""
    pairs = {"train": match(data).train, "val": match(data).val}
    return {
        part: set(group_names([p.input for p in ours], None, "name", data.persons)[0])
        for part, ours in pairs.items()
    }


def folders(person: str) -> list[str]:
    return [f"{person}/{side}/{k}.png" for side in ("images", "targets") for k in range(2)]


def sides(person: str) -> list[str]:
    return [f"{person}/{side}/{k}.tif" for side in ("noisy", "clean") for k in range(2)]


def in_one_folder(person: str) -> list[str]:
    return [f"{person}/{k}{kind}.png" for k in range(2) for kind in ("", "_mask")]


def beside_the_masks(person: str) -> list[str]:
    return [f"{person}/{k}.dcm" for k in range(2)] + [f"{person}/Masks/{k}.png" for k in range(2)]


def of_another_name(person: str) -> list[str]:
    return [f"{person}/CT/{k}.png" for k in range(2)] + [f"{person}/GT/{k}.png" for k in range(2)]


@pytest.mark.parametrize(
    "layout", [folders, sides, in_one_folder, beside_the_masks, of_another_name]
)
def test_each_layout_is_paired_and_its_persons_are_known(
    tmp_path: Path, layout: Callable[[str], list[str]]
) -> None:
    tree(tmp_path, *layout("anna"), *layout("bert"), *layout("carl"))
    tree(tmp_path, "notes.png")  # a figure beside the persons is nobody's image
    data = loaded(tmp_path)
    matched = match(data)
    assert matched.problems == () and len(matched.train) == 6
    for pair in matched.train:
        parents = {image.file.relative_to(tmp_path).parts[0] for image in (pair.input, pair.target)}
        assert len(parents) == 1
        assert pair.input.path.stem[0] == pair.target.path.stem[0]
    assert persons(data)["train"] == {"anna", "bert", "carl"}
    assert data.persons == tuple(str(tmp_path / name) for name in ("anna", "bert", "carl"))


def test_a_folder_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, *folders("anna"), *folders("bert"))
    for place in (tmp_path / "missing", tmp_path / "anna" / "images" / "0.png"):
        with pytest.raises(UserError, match=re.escape(str(place))):
            find_persons(place)
    closed, opened = tmp_path / "bert", Path.iterdir

    def iterdir(self: Path) -> Iterator[Path]:
        if self == closed:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(UserError, match="bert cannot be opened"):
        find_persons(tmp_path)  # not a tree without bert


def test_one_image_a_person_is_no_image_without_a_person(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *(f"{p}/{s}/x.png" for p in "abc" for s in ("img", "gt"))))
    names, warning = group_names(parse_images(data.train_inputs), None, "name", data.persons)
    assert (names, warning) == (["a", "b", "c"], "")


def test_volumes_of_persons_are_paired_in_each(tmp_path: Path) -> None:
    nib = pytest.importorskip("nibabel")
    for person in ("p1", "p2"):
        for name in ("ct", "ct_seg"):
            (tmp_path / person).mkdir(exist_ok=True)
            volume = nib.Nifti1Image(np.ones((4, 4, 3), np.uint8), np.eye(4))
            nib.save(volume, tmp_path / person / f"{name}.nii.gz")
    data = loaded(tmp_path)
    matched = match(data)
    assert matched.problems == () and len(matched.train) == 6
    assert all(p.input.slice == p.target.slice for p in matched.train)
    assert all(p.input.file.parent == p.target.file.parent for p in matched.train)
    assert persons(data)["train"] == {"p1", "p2"}


def test_parts_in_the_tree_are_kept_and_test_images_are_left_out(tmp_path: Path) -> None:
    tree(tmp_path, *folders("train/a"), *folders("train/b"), *folders("Val/c"), *folders("test/d"))
    found = find_persons(tmp_path)
    assert found.left_out == (tmp_path / "test",)
    data = with_persons(DataSpec(), found, list_persons(found))
    assert persons(data) == {"train": {"a", "b"}, "val": {"c"}}
    alone = loaded(tree(tmp_path / "more", *folders("train"), *folders("validation")))
    assert (len(match(alone).train), len(match(alone).val), alone.persons) == (2, 2, ())


def test_a_person_in_both_parts_has_one_name(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *folders("train/a"), *folders("val/a"), *folders("train/b")))
    found = people(parse_images((*data.train_inputs, *data.val_inputs)), data.persons)
    assert found == ["a", "a", "b", "b", "a", "a"]


def test_examinations_of_a_person_belong_together(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *folders("a/may"), *folders("a/june"), *folders("b/may")))
    assert persons(data)["train"] == {"a", "b"}


def test_a_person_without_targets_is_reported_and_not_dropped(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *folders("a"), "b/images/0.png", "c/0.png"))
    problems = match(data).problems
    assert [Path(p.subject).relative_to(tmp_path).parts[0] for p in problems] == ["b", "c"]
    assert all(problem.kind == "unmatched" for problem in problems)


def test_of_several_image_folders_the_one_without_a_number_is_taken(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *folders("a"), *folders("b"), "a/images16/0.png"))
    assert match(data).problems == () and len(data.train_inputs) == 4


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("a/images/0.png", "a/raw/0.png", "a/masks/0.png"), "images and raw"),
        (("a/0.png", "b/0.png"), "both images and targets"),
        (("a.txt.png",), "both images and targets"),
    ],
)
def test_what_is_no_tree_is_a_sentence(tmp_path: Path, names: tuple[str, ...], word: str) -> None:
    with pytest.raises(UserError, match=word):
        loaded(tree(tmp_path, *names))


def test_the_series_is_chosen_for_the_persons_that_have_several(tmp_path: Path) -> None:
    for person, descriptions in (("p1", ("thin", "thick")), ("p2", ("other",))):
        for number, words in enumerate(descriptions):
            place = tmp_path / person / "dicom" / f"{words}.dcm"
            uid = f"1.2.{number}"
            write(place, scan(SeriesDescription=words, SeriesInstanceUID=uid, PatientID=person))
        tree(tmp_path, f"{person}/mask/{descriptions[0]}.png")
    found = find_persons(tmp_path)
    with pytest.raises(SeveralSeriesError) as several:
        list_persons(found)
    assert len(several.value.series) == 2
    data = with_persons(DataSpec(), found, list_persons(found, {"inputs": "thin"}))
    assert [Path(name).name for name in data.train_inputs] == ["thin.dcm", "other.dcm"]


def test_persons_are_stored_with_the_project_and_move_with_it(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path / "here", *folders("a"), *folders("b")))
    save_project(Project(Specs(data=data)), tmp_path / "here" / "p.json")
    assert load_project(tmp_path / "here" / "p.json").specs.data == data
    (tmp_path / "here").rename(tmp_path / "there")
    moved = load_project(tmp_path / "there" / "p.json").specs.data
    assert moved.persons == (str(tmp_path / "there" / "a"), str(tmp_path / "there" / "b"))
    assert known_persons(parse_images(moved.train_inputs), moved.persons) == ["a", "a", "b", "b"]


# ---- adding --------------------------------------------------------------------------------


def pair_of(root: Path, inputs: str, targets: str) -> tuple[list[ImageRef], list[ImageRef]]:
    return list_images(root / inputs), list_images(root / targets)


def test_a_second_folder_pair_keeps_the_first(tmp_path: Path) -> None:
    tree(tmp_path, *folders("a"), *folders("b"))
    data = with_more(DataSpec(), "train", [pair_of(tmp_path, "a/images", "a/targets")])
    both = with_more(data, "train", [pair_of(tmp_path, "b/images", "b/targets")])
    assert both.pairing == "name" and len(match(both).train) == 4
    assert with_more(both, "train", [pair_of(tmp_path, "b/images", "b/targets")]) == both


def test_folders_with_the_same_names_in_other_places_are_paired_each_by_itself(
    tmp_path: Path,
) -> None:
    places = ("x/imgA", "x/maskA", "y/imgB", "y/maskB")
    tree(tmp_path, *(f"{place}/{k}.png" for place in places for k in "12"))
    data = with_more(DataSpec(), "train", [pair_of(tmp_path, "x/imgA", "x/maskA")])
    val = with_more(data, "val", [pair_of(tmp_path, "x/imgA", "x/maskA")])
    both = with_more(val, "train", [pair_of(tmp_path, "y/imgB", "y/maskB")])
    assert match(both).problems == () and match(both).val == match(val).val
    for pair in match(both).train:
        assert pair.input.file.parents[1] == pair.target.file.parents[1]
        assert pair.input.name == pair.target.name
    (tmp_path / "z" / "imgC").mkdir(parents=True)
    tree(tmp_path, "z/imgC/1.png", "z/imgC/3.png", "z/maskC/1.png")
    with pytest.raises(UserError, match=r"3\.png has no partner"):
        with_more(both, "train", [pair_of(tmp_path, "z/imgC", "z/maskC")])


def test_a_tree_replaces_or_joins_what_is_there(tmp_path: Path) -> None:
    first = loaded(tree(tmp_path / "1", *folders("a"), *folders("b")))
    found = find_persons(tree(tmp_path / "2", *folders("a"), *folders("c")))
    joined = with_persons(first, found, list_persons(found))
    assert persons(joined)["train"] == {"1/a", "b", "2/a", "c"}
    alone = with_persons(without_files(first), found, list_persons(found))
    assert persons(alone)["train"] == {"a", "c"}


def test_chosen_persons_validate(tmp_path: Path) -> None:
    data = loaded(tree(tmp_path, *folders("a"), *folders("b"), *folders("c")))
    pairs = match(data).train
    names = group_names([p.input for p in pairs], None, "name", data.persons)[0]
    split = split_by_choice(pairs, names, {"b"})
    assert split.groups == {"a": "train", "b": "val", "c": "train"}
    assert {p.input.file.parts[-3] for p in split.val} == {"b"}
    for wrong, word in (({"z"}, "no group 'z'"), (set("abc"), "training"), (set(), "validation")):
        with pytest.raises(UserError, match=word):
            split_by_choice(pairs, names, wrong)
