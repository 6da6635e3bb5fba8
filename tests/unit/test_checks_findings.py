"""Each fault in a folder is found by its name and mended; a clean folder yields nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import tifffile
from real_images import small, whole

from deepimagetranslator.cli.check_commands import as_json
from deepimagetranslator.core.checks import machine
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.kinds import TITLES
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data import facts
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import DataProblems, Problem
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.sample import write_sample

PEOPLE = ("person01", "person02", "person03")
SLICES = 9
SIDES = (("inputs", "images"), ("targets", "targets"))


@dataclass
class Folder:
    """A copy of the clean set, to be spoilt."""

    path: Path

    def image(self, person: int, index: int, kind: str = "images") -> Path:
        return self.path / PEOPLE[person - 1] / kind / f"{PEOPLE[person - 1]}_slice{index:03d}.png"

    def target(self, person: int, index: int) -> Path:
        return self.image(person, index, "targets")

    def specs(self, **data: Any) -> Specs:
        """Training on the first two people, validating with the third."""
        train, val = self.path_of(1, 2), self.path_of(3)
        lists = {
            "train_inputs": self.files("images", *train),
            "train_targets": self.files("targets", *train),
            "val_inputs": self.files("images", *val),
            "val_targets": self.files("targets", *val),
        }
        specs = Specs()
        return replace(
            specs,
            data=DataSpec(**(lists | data)),
            model=replace(specs.model, depth=2, base_filters=4),
        )

    def path_of(self, *people: int) -> list[Path]:
        return [self.path / PEOPLE[number - 1] for number in people]

    @staticmethod
    def files(kind: str, *folders: Path) -> tuple[str, ...]:
        return tuple(map(str, list_images([folder / kind for folder in folders])))


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_sample(folder, size=64, people=[1, 2, 3], slices=SLICES)
    return folder


@pytest.fixture
def folder(clean, tmp_path) -> Folder:
    shutil.copytree(clean, tmp_path / "set")
    return Folder(tmp_path / "set")


def found(specs: Specs, place: Path | None = None) -> list[Problem]:
    return examine(specs, folder=place)[2]


def kinds(specs: Specs) -> list[str]:
    return [problem.kind for problem in found(specs)]


def change(path: Path, how: Callable[[np.ndarray], np.ndarray]) -> None:
    write_image(path, np.ascontiguousarray(how(read_image(path))))


# --- the faults: each spoils the folder and gives the specs ---------------------------------------


def unreadable(folder: Folder) -> Specs:
    folder.image(1, 3).write_bytes(b"no image")
    return folder.specs()


def unmatched(folder: Folder) -> Specs:
    folder.target(1, 3).unlink()
    return folder.specs()


def sizes(folder: Folder) -> Specs:
    change(folder.target(1, 3), lambda image: image[:40])
    return folder.specs()


def several_sizes(folder: Folder) -> Specs:
    for path in (folder.image(1, 3), folder.target(1, 3)):
        change(path, lambda image: image[8:-8])
    return folder.specs()


def swapped(folder: Folder) -> Specs:
    one, other = folder.image(1, 3), folder.target(1, 3)
    one.rename(folder.path / "kept.png")
    other.rename(one)
    (folder.path / "kept.png").rename(other)
    return folder.specs()


def target_is_input(folder: Folder) -> Specs:
    shutil.copy(folder.image(2, 4), folder.target(2, 4))
    return folder.specs()


def own_target(folder: Folder) -> Specs:
    specs = folder.specs()
    data = replace(
        specs.data, train_targets=specs.data.train_inputs, val_targets=specs.data.val_inputs
    )
    return replace(specs, data=data, training=replace(specs.training, loss="mae"))


def mispaired(folder: Folder) -> Specs:
    one, other = folder.target(1, 1), folder.target(1, 8)
    one.rename(folder.path / "kept.png")
    other.rename(one)
    (folder.path / "kept.png").rename(other)
    return folder.specs()


def shifted_pair(folder: Folder) -> Specs:
    change(folder.target(2, 5), lambda image: np.roll(image, 5, axis=1))
    return folder.specs()


def in_both(folder: Folder) -> Specs:
    for kind in ("images", "targets"):
        shutil.copy(folder.image(1, 5, kind), folder.image(3, 50, kind))
    return folder.specs()


def person_in_both(folder: Folder) -> Specs:
    specs = folder.specs()
    data = specs.data
    return replace(
        specs,
        data=replace(
            data,
            train_inputs=data.train_inputs[1:],
            train_targets=data.train_targets[1:],
            val_inputs=(*data.val_inputs, data.train_inputs[0]),
            val_targets=(*data.val_targets, data.train_targets[0]),
        ),
    )


def duplicates(folder: Folder) -> Specs:
    for kind in ("images", "targets"):
        shutil.copy(folder.image(1, 5, kind), folder.image(1, 50, kind))
    return folder.specs()


def class_missing(folder: Folder) -> Specs:
    def without_green(image: np.ndarray) -> np.ndarray:
        return np.where((image == (0, 255, 0)).all(axis=2, keepdims=True), np.uint8(0), image)

    for index in range(1, SLICES + 1):
        change(folder.target(3, index), without_green)
    return folder.specs()


def empty_target(folder: Folder) -> Specs:
    change(folder.target(1, 3), np.zeros_like)
    change(folder.target(1, 4), np.zeros_like)
    return folder.specs()


def constant_image(folder: Folder) -> Specs:
    for index in (3, 4):  # constant images are no copies of each other
        change(folder.image(1, index), lambda image: np.full_like(image, 7))
        change(folder.target(1, index), np.zeros_like)
    return folder.specs()


def bit_depths(folder: Folder) -> Specs:
    change(folder.image(1, 3), lambda image: image.astype(np.uint16) * 257)
    return folder.specs()


def colour_and_grey(folder: Folder) -> Specs:
    change(folder.image(1, 3), lambda image: np.repeat(image, 3, axis=2))
    return folder.specs()


def outside_window(folder: Folder) -> Specs:
    def deep(image: np.ndarray) -> np.ndarray:
        return image.astype(np.uint16) * 8 + 100

    for person in (1, 2, 3):
        for index in range(1, SLICES + 1):
            change(folder.image(person, index), deep)
    change(folder.image(3, 4), lambda image: image + np.uint16(2048))
    return folder.specs()


def few_images(folder: Folder) -> Specs:
    specs = folder.specs()
    data = specs.data
    data = replace(data, train_inputs=data.train_inputs[:7], train_targets=data.train_targets[:7])
    return replace(specs, data=data)


def no_validation(folder: Folder) -> Specs:
    people = folder.path_of(1, 2, 3)
    train = {f"train_{s}": folder.files(k, *people) for s, k in SIDES}
    return folder.specs(**train, val_inputs=(), val_targets=())


FAULTS: dict[str, Callable[[Folder], Specs]] = {
    fault.__name__: fault
    for fault in (
        unreadable,
        unmatched,
        sizes,
        several_sizes,
        swapped,
        target_is_input,
        own_target,
        mispaired,
        shifted_pair,
        in_both,
        person_in_both,
        duplicates,
        class_missing,
        empty_target,
        constant_image,
        bit_depths,
        colour_and_grey,
        outside_window,
        few_images,
        no_validation,
    )
}
WITHOUT_REPAIR = {"few_images", "several_sizes"}
FATAL = {
    "unreadable",
    "unmatched",
    "sizes",
    "swapped",
    "target_is_input",
}


def test_the_clean_folder_yields_nothing(folder):
    assert found(folder.specs()) == []


@pytest.mark.parametrize("kind", FAULTS)
def test_exactly_this_fault_is_found_and_mended(folder, kind):
    specs = FAULTS[kind](folder)
    before = {path: path.read_bytes() for path in folder.path.rglob("*.png")}
    problems = found(specs)
    assert {problem.kind for problem in problems} == {kind}, list(map(str, problems))
    assert {problem.fatal for problem in problems} == {kind in FATAL}
    assert kind in TITLES
    for problem in problems:
        assert problem.message.endswith(".") and "\n" not in problem.message
        assert (problem.repair is None) == (kind in WITHOUT_REPAIR)
        if problem.repair:
            specs = repaired(specs, problem.repair)
    if kind not in WITHOUT_REPAIR:
        assert found(specs) == []
    assert {path: path.read_bytes() for path in folder.path.rglob("*.png")} == before


@pytest.mark.parametrize("kind", FAULTS)
def test_training_is_refused_for_what_is_fatal_alone(folder, kind):
    specs = FAULTS[kind](folder)
    if kind in FATAL:
        with pytest.raises(DataProblems) as refused:
            prepare(specs)
        assert {problem.kind for problem in refused.value.problems} == {kind}
    else:
        assert prepare(specs).train


def test_a_training_keeps_no_facts_in_memory(folder):
    facts._remembered.clear()
    prepare(folder.specs())
    assert not facts._remembered
    examine(folder.specs())
    assert facts._remembered


# --- which files, and how it is mended ------------------------------------------------------------


def only(specs: Specs, kind: str) -> Problem:
    (problem,) = [problem for problem in found(specs) if problem.kind == kind]
    return problem


def test_exchanged_targets_go_back_to_their_inputs(folder):
    clean_pairs = {pair.input.file: pair.target.file for pair in examine(folder.specs())[1].train}
    one, other = folder.target(1, 1), folder.target(1, 8)
    specs = mispaired(folder)
    problem = only(specs, "mispaired")
    assert set(problem.files) == {str(folder.image(1, 1)), str(folder.image(1, 8))}
    assert problem.repair
    mended = repaired(specs, problem.repair)
    assert mended.data.pairing == "order"  # the names say otherwise
    pairs = {pair.input.file: pair.target.file for pair in examine(mended)[1].train}
    expected = clean_pairs | {folder.image(1, 1): other, folder.image(1, 8): one}
    assert pairs == expected


def test_the_shifted_target_and_its_way_are_named(folder):
    problem = only(shifted_pair(folder), "shifted_pair")
    assert problem.files == (str(folder.target(2, 5)),)
    assert "5 pixels to the right" in problem.message


def test_the_person_and_the_class_are_named(folder):
    problem = only(person_in_both(folder), "person_in_both")
    assert "person01" in problem.message
    assert problem.repair and problem.repair.label == "Split anew by person"
    assert "(0, 255, 0)" in only(class_missing(folder), "class_missing").message.replace(
        "0,255,0", "(0, 255, 0)"
    )


def test_a_class_that_only_validation_has_comes_to_training(folder):
    def with_white(image: np.ndarray) -> np.ndarray:
        image = image.copy()
        image[:8, :8] = 255
        return image

    for index in (2, 7):
        change(folder.target(3, index), with_white)
    problem = only(folder.specs(), "class_missing")
    assert problem.fatal and problem.repair and "(255, 255, 255)" in problem.message
    assert set(problem.files) == {str(folder.target(3, index)) for index in (2, 7)}
    mended = repaired(folder.specs(), problem.repair)
    assert str(folder.target(3, 2)) in mended.data.train_targets
    dataset, _, problems = examine(mended)
    assert dataset and not any(problem.fatal for problem in problems)


def test_validation_that_is_all_training_is_split_anew(folder):
    specs = folder.specs()
    data = replace(
        specs.data, val_inputs=specs.data.train_inputs, val_targets=specs.data.train_targets
    )
    specs = replace(specs, data=data)
    problem = only(specs, "in_both")
    assert len(problem.files) == 2 * SLICES
    assert problem.repair and "person" in problem.repair.label
    dataset, matched, problems = examine(repaired(specs, problem.repair))
    assert {problem.kind for problem in problems} <= {"few_images"}
    assert len(matched.train) == len(matched.val) == SLICES and dataset


def test_an_empty_target_is_not_mispaired(folder):
    change(folder.target(1, 3), np.zeros_like)
    assert "mispaired" not in kinds(folder.specs())


def test_a_window_that_misses_most_images_is_not_mended_by_leaving_them_out(folder):
    specs = folder.specs(input_scaling="window", input_low=250.0, input_high=255.0)
    problem = only(specs, "outside_window")
    mended = repaired(specs, problem.repair)
    assert mended.data.train_inputs == specs.data.train_inputs
    assert mended.data.input_scaling == "data"
    assert "outside_window" not in kinds(mended)


def test_slices_are_named_with_their_file(tmp_path):
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.full((3, 8, 8), 7, np.uint8), photometric="minisblack")
    files = tuple(map(str, list_images(stack)))
    problem = only(replace(Specs(), data=DataSpec(files, files)), "constant_image")
    assert "stack.tif/0001, stack.tif/0002 and 1 more" in problem.message


def test_many_unreadable_files_are_counted(folder):
    for index in range(1, 9):
        folder.image(1, index).write_bytes(b"no image")
    specs = folder.specs()
    problems = [problem for problem in found(specs) if problem.kind == "unreadable"]
    assert [len(problem.files) for problem in problems] == [1, 1, 1, 1, 1, 3]
    for problem in problems:
        assert problem.repair
        specs = repaired(specs, problem.repair)
    assert len(specs.data.train_inputs) == len(specs.data.train_targets) == 2 * SLICES - 8


def test_memory_and_disk_that_are_short(folder, tmp_path, monkeypatch):
    specs = folder.specs()
    specs = replace(specs, training=replace(specs.training, batch_size=64, keep_best=0))
    assert found(specs, tmp_path) == []
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 150 * 2**20)
    problem = only(specs, "memory")
    assert problem.repair and not problem.fatal
    smaller = repaired(specs, problem.repair)
    assert 1 <= smaller.training.batch_size < 64
    assert found(smaller) == []
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 2**20)
    assert only(specs, "memory").repair is None
    saving = machine.saving_memory_bytes
    monkeypatch.setattr(machine, "saving_memory_bytes", lambda *_: 2**40 + 1)
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 2**40)
    assert only(specs, "memory").repair is None  # no smaller batch makes the file smaller
    monkeypatch.setattr(machine, "saving_memory_bytes", saving)

    dataset = examine(specs)[0]
    assert dataset
    five = machine.run_bytes(dataset.model, replace(specs.training, keep_best=5))
    usage = type("Usage", (), {"free": five})
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: usage)
    assert found(specs) == []  # nobody said where
    (problem,) = found(specs, tmp_path / "not yet" / "there")
    assert problem.kind == "disk_space" and problem.repair
    mended = repaired(specs, problem.repair)
    assert mended.training.keep_best == 5
    assert found(mended, tmp_path) == []


# --- what must not alarm --------------------------------------------------------------------------


def test_denoising_and_larger_targets_are_no_faults(folder):
    specs = own_target(folder)
    noisy = replace(specs.augmentation, noise_input=True, noise_validation=True)
    assert found(replace(specs, augmentation=noisy)) == []
    for path in folder.path.rglob("targets/*.png"):
        change(path, lambda image: image.repeat(2, axis=0).repeat(2, axis=1))
    assert found(folder.specs()) == []


def by_numbers(folder: Folder, reverse: bool) -> Specs:
    """Inputs and targets whose names have only numbers in common."""
    lists: dict[str, tuple[str, ...]] = {}
    for part, number in {"train": 1, "val": 2}.items():
        for side, name, kind in (("inputs", "anna", "images"), ("targets", "bob", "targets")):
            made = [folder.path / part / side / f"{name}_{n}.png" for n in range(1, SLICES + 1)]
            for index, path in enumerate(made, 1):
                path.parent.mkdir(parents=True, exist_ok=True)
                source = SLICES + 1 - index if reverse and side == "targets" else index
                shutil.copy(folder.image(number, source, kind), path)
            lists[f"{part}_{side}"] = tuple(map(str, made))
    return folder.specs(**lists)


def test_numbers_alone_are_enough_where_the_pictures_fit(folder):
    specs = by_numbers(folder, reverse=False)
    assert set(examine(specs)[1].train_pairing.confidences) == {"doubtful"}
    assert {problem.kind for problem in found(specs)} <= {"few_images"}


def test_numbers_alone_are_remarked_upon_where_the_pictures_do_not_fit(folder):
    problems = [p for p in found(by_numbers(folder, reverse=True)) if p.kind == "doubtful_pairs"]
    assert [len(problem.files) for problem in problems] == [SLICES, SLICES]
    assert not any(problem.fatal for problem in problems)
    assert "numbers" in problems[0].message or "common" in problems[0].message


def test_neighbouring_slices_are_no_duplicates(tmp_path):
    write_sample(tmp_path, size=48, people=[1], slices=60)
    folder = Folder(tmp_path)
    paths = folder.path_of(1)
    images, targets = folder.files("images", *paths), folder.files("targets", *paths)
    data = DataSpec(images[:40], targets[:40], images[40:], targets[40:])
    specs = replace(Specs(), data=data)
    assert not {"duplicates", "in_both", "mispaired", "shifted_pair"} & set(kinds(specs))


_ABDOMENS = [f"ct_abdomen/{person}" for person in ("crlm_1006", "lungdx_a0001", "lungdx_a0002")]


def parted(folders: list[Path]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files to train and to validate with: the last folder's, or the last quarter of the only."""
    files = [tuple(map(str, list_images(folder))) for folder in folders]
    if len(files) > 1:
        return sum(files[:-1], ()), files[-1]
    cut = len(files[0]) * 3 // 4
    return files[0][:cut], files[0][cut:]


def test_a_forgotten_offset_is_noticed(real):
    """Hounsfield units + 1024 in a window in Hounsfield units: only air would be seen."""
    (inputs, val_inputs), (targets, val_targets) = (
        parted([real(f"{person}/{kind}") for person in _ABDOMENS])
        for kind in ("images16", "targets")
    )
    lists = DataSpec(inputs, targets, val_inputs, val_targets)
    window = replace(lists, input_scaling="window", input_low=-250.0, input_high=250.0)
    problem = only(replace(Specs(), data=window), "outside_window")
    assert "offset" in problem.message and problem.repair
    assert found(repaired(replace(Specs(), data=window), problem.repair)) == []
    assert found(replace(Specs(), data=replace(window, input_offset=-1024.0))) == []


CT_SETS = {
    "noisy and clean": (
        ["ct_thorax_pairs/lungdx_a0001/noisy"],
        ["ct_thorax_pairs/lungdx_a0001/clean"],
    ),
    "abdomens": (
        [f"{person}/images" for person in _ABDOMENS],
        [f"{person}/targets" for person in _ABDOMENS],
    ),
    "denoising": (
        ["ct_thorax/lungdx_a0001", "ct_thorax/lungdx_a0002"],
        ["ct_thorax/lungdx_a0001", "ct_thorax/lungdx_a0002"],
    ),
}
OTHER_SETS = {
    "nuclei": (["nuclei_stardist/images"], ["nuclei_stardist/targets"]),
    "nuclei of 16 bits": (["nuclei_stardist/raw16"], ["nuclei_stardist/targets"]),
    "membranes": (["isbi_em/images"], ["isbi_em/targets"]),
}


def assert_clean(inputs: list[Path], targets: list[Path]) -> None:
    (train_inputs, val_inputs), (train_targets, val_targets) = parted(inputs), parted(targets)
    assert train_inputs and val_inputs
    specs = Specs(
        data=DataSpec(train_inputs, train_targets, val_inputs, val_targets),
        augmentation=replace(Specs().augmentation, noise_input=True, noise_validation=True),
    )
    chosen = frozenset({"augmentation.noise_input", "augmentation.noise_validation"})
    project = Project(specs, chosen=chosen)
    assert found(suggested(project, look_for(project)).specs) == []


@pytest.mark.parametrize("name", CT_SETS)
def test_real_sets_of_ct_are_clean(real, name):
    inputs, targets = CT_SETS[name]
    assert_clean([*map(real, inputs)], [*map(real, targets)])


@pytest.mark.parametrize("name", OTHER_SETS)
def test_other_real_sets_are_clean(name):
    inputs, targets = OTHER_SETS[name]
    assert_clean([*map(whole, inputs)], [*map(whole, targets)])


def test_the_patient_of_dicom_files_is_the_person(tmp_path):
    scans = sorted(small("ct_dicom/crlm_1006").iterdir())
    paths = []
    for number, scan in enumerate(scans):
        header = pydicom.dcmread(scan)
        header.PatientID = "Ann" if number < 6 else "Bob"
        paths.append(str(tmp_path / f"{number:03}.dcm"))
        header.save_as(paths[-1])
    train, val = tuple(paths[:5]), tuple(paths[5:])
    specs = replace(Specs(), data=DataSpec(train, train, val, val))
    problem = only(specs, "person_in_both")
    assert "Ann" in problem.message and "Bob" not in problem.message
    assert problem.without_persons.startswith("Images of person 1 are in training and in")
    assert "Ann" not in str(as_json(problem))
    assert problem.files == (paths[5],)
    assert problem.repair
    data = repaired(specs, problem.repair).data
    assert {data.train_inputs, data.val_inputs} == {tuple(paths[:6]), tuple(paths[6:])}
