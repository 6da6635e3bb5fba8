"""Matching by name, looking at every file, and splitting by groups."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_images import small

from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.data.splits import EACH_IMAGE, people, split_by_group
from deepimagetranslator.core.data.statistics import fits, gather_statistics
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image


def refs(files: str) -> list[ImageRef]:
    return [ImageRef(Path(file)) for file in files.split()]


def matched(inputs: str, targets: str) -> tuple[list[tuple[str, str]], list[str]]:
    found = match_pairs(refs(inputs), refs(targets))
    pairs = [(str(pair.input), str(pair.target)) for pair in found.pairs]
    return pairs, [problem.subject for problem in found.problems]


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        ("i/a.png i/b.png", "t/a.png t/b.png"),
        ("i/a.png i/b.png", "t/A.TIF t/B.tif"),
        ("i/a.png i/b.png", "t/a_mask.png t/b_mask.png"),
        ("i/img_a.png i/img_b.png", "t/a-seg.labels.png t/b-seg.labels.png"),
        ("x/case-1_img.png x/case-2_img.png", "x/case_1_gt.png x/case_2_gt.png"),
        ("i/a_ct.png i/b_ct.png", "t/expert_a.png t/expert_b.png"),
        ("i/img1.png i/img2.png i/img10.png", "t/mask001.png t/mask002.png t/mask010.png"),
        ("i/a1/001.png i/b2/001.png", "t/a1/001.png t/b2/001.png"),
        ("r/a/images/1.png r/b/images/1.png", "r/a/targets/1.png r/b/targets/1.png"),
        ("r/a/images/1.png r/b/images16/1.png", "t/a/1.png t/b/1.png"),
        ("i/a/a1.png i/b/b1.png", "t/a1_mask.png t/b1_mask.png"),
        ("i/a/1.png", "t/a/masks/1.png"),
        ("i/é.png", "t/e\u0301.png"),
    ],
)
def test_names_that_belong_together(inputs: str, targets: str) -> None:
    expected = list(zip(inputs.split(), targets.split(), strict=True))
    turned = " ".join(reversed(targets.split()))
    assert matched(inputs, turned) == (expected, [])
    swapped = [(target, given) for given, target in expected]
    assert matched(targets, " ".join(reversed(inputs.split()))) == (swapped, [])


def test_what_has_no_partner_is_named() -> None:
    pairs, problems = matched("i/a.png i/b.png i/c.png", "t/b_mask.png t/c_mask.png t/d_mask.png")
    assert pairs == [("i/b.png", "t/b_mask.png"), ("i/c.png", "t/c_mask.png")]
    assert problems == ["i/a.png", "t/d_mask.png"]


def test_persons_are_never_mixed() -> None:
    pairs, problems = matched("i/a/1.png i/b/1.png i/b/2.png", "t/a/1.png t/a/2.png t/b/1.png")
    assert pairs == [("i/a/1.png", "t/a/1.png"), ("i/b/1.png", "t/b/1.png")]
    assert problems == ["i/b/2.png", "t/a/2.png"]
    pairs, _ = matched("i/p1_s1.png i/p1_s2.png", "t/p2_s1.png t/p2_s2.png")
    assert pairs == []
    assert matched("r/a/1.png r/b/1.png", "t/1.png")[0] == []
    pairs, problems = matched("i/a/1.png i/b/1.png", "t/a/1.png")
    assert (pairs, problems) == ([("i/a/1.png", "t/a/1.png")], ["i/b/1.png"])


def test_uncertain_names_are_not_guessed() -> None:
    pairs, problems = matched("i/a.png i/b.png", "t/a_mask.png t/a_seg.png t/b_mask.png")
    assert pairs == [("i/b.png", "t/b_mask.png")]
    assert set(problems) == {"i/a.png", "t/a_mask.png", "t/a_seg.png"}
    assert matched("i/img1.png i/img01.png", "t/mask001.png t/mask0001.png")[0] == []
    assert matched("i/cat.png", "t/dog.png")[0] == []


@pytest.mark.parametrize(
    ("inputs", "targets", "confidence"),
    [
        ("i/a.png i/b.png", "t/a.png t/b.png", "certain"),
        ("i/a.png i/b.png", "t/A.TIF t/B.tif", "certain"),
        ("i/a.png", "i/a.png", "certain"),
        ("i/img_a.png i/img_b.png", "t/a_mask.png t/b_mask.png", "likely"),
        ("i/img1.png i/img2.png", "t/mask001.png t/mask002.png", "likely"),
        ("i/ct_1.png i/ct_2.png", "t/mr_1.png t/mr_2.png", "likely"),
        ("i/anna_1.png i/anna_2.png", "t/1_mask.png t/2_mask.png", "likely"),
        ("i/a_x.png i/b_x.png", "t/y_a.png t/y_b.png", "likely"),
        ("i/anna_3.png i/anna_4.png", "t/bob_3.png t/bob_4.png", "doubtful"),
        ("i/anna_3.png", "t/bob_003.png", "doubtful"),
        ("r/a/1.png r/b/2.png", "t/1.png t/2.png", "doubtful"),
    ],
)
def test_how_sure_a_pair_is(inputs: str, targets: str, confidence: str) -> None:
    found = match_pairs(refs(inputs), refs(targets))
    assert found.confidences == (confidence,) * len(inputs.split())
    assert not found.problems
    assert found.unmatched_inputs == found.unmatched_targets == ()


def test_two_persons_are_never_paired_by_their_slices() -> None:
    found = match_pairs(refs("i/p1_s1.png"), refs("t/p2_s1.png"))
    assert found.pairs == found.confidences == ()
    assert found.unmatched_inputs == tuple(refs("i/p1_s1.png"))
    assert found.unmatched_targets == tuple(refs("t/p2_s1.png"))


def test_many_files_without_a_partner_are_counted() -> None:
    inputs = [ImageRef(Path(f"i/{number}.png")) for number in range(10)]
    found = match_pairs(inputs, inputs[:1])
    assert [len(problem.files) for problem in found.problems] == [1] * 5 + [4]
    assert "4 more files" in found.problems[-1].message
    left_out = [file for p in found.problems if p.repair for file in p.repair.leave_out]
    assert left_out == list(map(str, inputs[1:]))


def test_by_order() -> None:
    files = refs("b a"), refs("c d")
    found = match_pairs(*files, pairing="order")
    assert found.pairs == tuple(map(ImagePair, *files))
    assert not found.problems
    assert found.confidences == ("doubtful", "doubtful")
    found = match_pairs(files[0], files[1][:1], pairing="order")
    assert found.unmatched_inputs == tuple(refs("a"))
    assert [problem.subject for problem in found.problems] == ["a"]
    assert "2 inputs and 1 targets" in found.problems[0].message


@given(
    st.lists(st.integers(0, 300), min_size=2, max_size=30, unique=True),
    st.sampled_from(["{}", "img_{}", "{}-raw", "CT {}", "scan{}x"]),
    st.sampled_from(["{}", "{}_mask", "seg.{}", "{:04}", "label{:03}_gt", "{:03} by hand"]),
    st.randoms(),
)
def test_numbered_sets_pair_fully(
    numbers: list[int], ours: str, theirs: str, rng: random.Random
) -> None:
    inputs = [ImageRef(Path(f"i/{ours.format(number)}.png")) for number in numbers]
    targets = [ImageRef(Path(f"t/{theirs.format(number)}.tif")) for number in numbers]
    shuffled = rng.sample(targets, len(targets))
    found = match_pairs(inputs, shuffled)
    assert not found.problems
    assert [pair.target for pair in found.pairs] == targets
    fewer = match_pairs(inputs, [target for target in shuffled if target != targets[0]])
    assert all(pair.target == targets[inputs.index(pair.input)] for pair in fewer.pairs)


def test_real_folders_pair(real: Callable[[str], Path]) -> None:
    abdomens = real("ct_abdomen")
    for one, other in (("images", "targets"), ("images16", "targets")):
        inputs, targets = (
            list(map(ImageRef, sorted(abdomens.glob(f"*/{side}/*.png")))) for side in (one, other)
        )
        found = match_pairs(inputs, targets)
        assert not found.problems
        assert len(found.pairs) == len(inputs) >= 20
        for pair in found.pairs:
            assert pair.input.name == pair.target.name
            assert pair.input.file.parts[-3] == pair.target.file.parts[-3]
        groups = split_by_group(found.pairs, 0.2).groups
        assert set(groups) == {"crlm_1006", "lungdx_a0001", "lungdx_a0002"}
    result = gather_statistics(found.pairs)
    assert not result.unreadable
    assert result.palette is not None
    assert len(result.palette.colours) == 4
    assert result.input_range.dtype == "uint16"


def image(path: Path, height: int, width: int, value: int = 0, channels: int = 1) -> ImageRef:
    array = np.full((height, width, channels), value, np.uint8)
    array[: height // 2] = 255 - value
    write_image(path, array)
    return ImageRef(path)


def test_survey_names_what_is_wrong(tmp_path: Path) -> None:
    pairs = [
        ImagePair(image(tmp_path / f"i{n}.png", 10, 20), image(tmp_path / f"t{n}.png", 20, 40))
        for n in range(5)
    ]
    calls: list[tuple[int, int]] = []
    result = gather_statistics(pairs, report=lambda done, total: calls.append((done, total)))
    assert (result.unreadable, result.ratio, result.complete) == ({}, (2.0, 2.0), True)
    assert [facts.pair for facts in result.facts] == pairs
    assert calls == [(n, 5) for n in range(1, 6)]
    assert result.palette == Palette(((0,), (255,)), "uint8")
    assert (result.input_range.low, result.input_range.high) == (0, 255)
    assert result.input_shapes == {(10, 20, 1): 5}

    damaged = pairs[2].input.file
    damaged.write_bytes(damaged.read_bytes()[:60])
    result = gather_statistics(pairs)
    assert list(result.unreadable) == [pairs[2].input]
    assert "damaged" in result.unreadable[pairs[2].input]
    assert [facts.pair for facts in result.readable] == [*pairs[:2], *pairs[3:]]


def test_what_a_file_says_is_read_again_only_when_it_changes(tmp_path: Path) -> None:
    pair = ImagePair(image(tmp_path / "i.png", 10, 20), image(tmp_path / "t.png", 10, 20))
    before = gather_statistics([pair]).facts[0]
    again = gather_statistics([pair]).facts[0]
    assert again.input is before.input
    assert again.target is before.target
    image(pair.target.file, 10, 20, value=9)
    changed = gather_statistics([pair]).facts[0]
    assert changed.input is before.input
    assert changed.target.digest != before.target.digest
    assert (before.input.shape, before.input.dtype, before.input.constant) == (
        (10, 20, 1),
        "uint8",
        False,
    )


def test_survey_can_be_cancelled(tmp_path: Path) -> None:
    pair = ImagePair(image(tmp_path / "i.png", 4, 4), image(tmp_path / "t.png", 4, 4))
    result = gather_statistics([pair] * 50, cancelled=lambda: True)
    assert not result.complete
    assert result.input_shapes.total() == 1


def test_odd_sizes_halved_are_no_problem(tmp_path: Path) -> None:
    pairs = [
        ImagePair(
            image(tmp_path / f"i{n}.png", 2 * n + 1, 30), image(tmp_path / f"t{n}.png", n, 15)
        )
        for n in range(10, 15)
    ]
    result = gather_statistics(pairs)
    assert all(
        fits(facts.input.shape[:2], facts.target.shape[:2], result.ratio) for facts in result.facts
    )


def pairs_of(names: str) -> list[ImagePair]:
    return [
        ImagePair(ImageRef(Path("i") / name), ImageRef(Path("t") / name)) for name in names.split()
    ]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ("a/1.png a/2.png b/1.png", {"a", "b"}),
        ("a/images/1.png a/images/2.png b/images/1.png", {"a", "b"}),
        ("a/x/1.png a/y/1.png b/x/1.png", {"a", "b"}),
        (
            "person01_slice003.png person01_slice004.png person02_slice1.png",
            {"person01", "person02"},
        ),
        ("CT-12-004.png CT-12-005.png CT-13-001.png", {"ct_12", "ct_13"}),
        ("p1_z03_t04_mask.png p1_z03_t05_mask.png p2_z01_t01_mask.png", {"p1", "p2"}),
        ("anna_slice_1.png anna_slice_2.png bob_slice_1.png", {"anna", "bob"}),
    ],
)
def test_persons_are_found(names: str, groups: set[str]) -> None:
    split = split_by_group(pairs_of(names), 0.5)
    assert set(split.groups) == groups
    assert split.warning == ""


@pytest.mark.parametrize("names", ["1.png 2.png 3.png", "s1.png s2.png", "scan_1.png scan_2.png"])
def test_images_without_persons_are_split_with_a_warning(names: str) -> None:
    split = split_by_group(pairs_of(names), 0.4)
    assert split.warning == EACH_IMAGE
    assert len(split.groups) == len(names.split())
    assert len(split.val) == 1


def test_group_pattern() -> None:
    pairs = pairs_of("x/a1-07.png x/a1-08.png y/b2-01.png")
    for pattern, groups in {
        "^([a-z][0-9])-": {"a1", "b2"},
        "[a-z][0-9]": {"a1", "b2"},
        "(x|y)/": {"x", "y"},
        "0[17]|08": {"07", "08", "01"},
    }.items():
        assert set(split_by_group(pairs, 0.5, pattern).groups) == groups
    for pattern, message in {
        "(": "no regular",
        "^x": r"not found in y/b2-01\.png",
        "png": "Only one",
    }.items():
        with pytest.raises(UserError, match=message):
            split_by_group(pairs, 0.5, pattern)
    for fraction in (0, 1, float("nan")):
        with pytest.raises(UserError, match="fraction"):
            split_by_group(pairs, fraction)
    with pytest.raises(UserError, match="no images"):
        split_by_group([], 0.5)


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=8),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
)
def test_groups_stay_whole_and_the_fraction_is_neared(
    sizes: list[int], fraction: float, seed: int
) -> None:
    names = " ".join(f"p{group}/{n}.png" for group, size in enumerate(sizes) for n in range(size))
    pairs = pairs_of(names)
    split = split_by_group(pairs, fraction, "^p[0-9]|p[0-9](?=/)", seed)
    assert split == split_by_group(pairs, fraction, "^p[0-9]|p[0-9](?=/)", seed)
    assert sorted([*split.train, *split.val], key=str) == sorted(pairs, key=str)
    assert split.train
    assert split.val
    assert not {p.input.file.parent for p in split.train} & {p.input.file.parent for p in split.val}
    reachable = {0}
    for size in sizes:
        reachable |= {total + size for total in reachable}
    nearest = min(abs(t - fraction * len(pairs)) for t in reachable - {0, len(pairs)})
    assert abs(len(split.val) - fraction * len(pairs)) == pytest.approx(nearest)


def test_another_seed_chooses_other_groups() -> None:
    pairs = pairs_of(" ".join(f"{n}.png" for n in range(40)))
    chosen = {split_by_group(pairs, 0.1, seed=seed).val for seed in range(5)}
    assert len(chosen) == 5


def test_slices_of_a_file_are_one_group(tmp_path: Path) -> None:
    pairs = []
    for name in ("p1.nii", "p2.nii", "p3.nii"):
        slices = [ImageRef(tmp_path / name, number) for number in range(1, 5)]
        pairs += [ImagePair(path, path) for path in slices]
    for pattern in (None, r"p\d"):
        split = split_by_group(pairs, 0.3, pattern)
        assert len(split.groups) == 3
        assert len({pair.input.file for pair in split.val}) == 1
        assert len(split.val) == 4
        assert split.warning == ""


def test_splits_by_patient_and_by_image() -> None:
    pairs = pairs_of("1.png 2.png 3.png 4.png")
    with pytest.raises(UserError, match=r"1\.png does not say whose"):
        split_by_group(pairs, 0.5, by="patient")
    split = split_by_group(pairs, 0.5, by="image")
    assert len(split.groups) == 4
    assert split.warning


def test_patients_of_dicom_files_are_groups(tmp_path: Path) -> None:
    scans = sorted(small("ct_dicom/crlm_1006").iterdir())[:6]
    pairs = []
    for number, scan in enumerate(scans):
        header = pydicom.dcmread(scan)
        header.PatientID = f"patient {number % 3}"
        header.save_as(tmp_path / scan.name)
        pairs.append(ImagePair(ImageRef(tmp_path / scan.name), ImageRef(tmp_path / scan.name)))
    split = split_by_group(pairs, 0.4, by="patient")
    assert set(split.groups) == {"patient 0", "patient 1", "patient 2"}
    assert (len(split.train), len(split.val), split.warning) == (4, 2, "")


@pytest.mark.parametrize(
    ("names", "persons"),
    [
        ("train/p1/1.png train/p1/2.png val/p2/1.png", ["p1", "p1", "p2"]),
        ("train/ann/images/1.png val/ann/images/2.png val/bob/x/1.png", ["ann", "ann", "bob"]),
        ("person01_slice1.png person02_slice1.png", ["person01", "person02"]),
        ("cat_01.png dog_02.png", ["", ""]),
        ("001.png 002.png", ["", ""]),
        ("train/images/1.png val/images/1.png", ["", ""]),
        ("ann/a.png bob/b.png", ["", ""]),  # a folder for each file may be anything
    ],
)
def test_persons_are_told_only_where_names_tell(names: str, persons: list[str]) -> None:
    assert people([ImageRef(Path("i") / name) for name in names.split()]) == persons
