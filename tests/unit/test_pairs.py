"""Matching by name, looking at every file, and splitting by groups."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.groups import split_by_group
from deepimagetranslator.core.images import write_image
from deepimagetranslator.core.labels import Palette
from deepimagetranslator.core.pairs import ImagePair, match_pairs
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.survey import survey

DATA = Path(__file__).parents[3] / "shared" / "data"


def matched(inputs: str, targets: str) -> tuple[list[tuple[str, str]], list[str]]:
    found = match_pairs([*map(Path, inputs.split())], [*map(Path, targets.split())])
    pairs = [(pair.input.as_posix(), pair.target.as_posix()) for pair in found.pairs]
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


def test_a_file_that_is_its_own_target_is_remarked_upon() -> None:
    """Denoising learns from clean images alone: augmentation adds the noise to the input."""
    pairing = match_pairs([Path("i/a.png")], [Path("i/a.png")])
    assert len(pairing.pairs) == 1
    (remark,) = pairing.problems
    assert not remark.fatal
    assert "a.png" in remark.message


def test_by_order() -> None:
    files = [Path("b"), Path("a")], [Path("c"), Path("d")]
    found = match_pairs(*files, pairing="order")
    assert found.pairs == (ImagePair(Path("b"), Path("c")), ImagePair(Path("a"), Path("d")))
    assert not found.problems
    found = match_pairs(files[0], files[1][:1], pairing="order")
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
    inputs = [Path(f"i/{ours.format(number)}.png") for number in numbers]
    targets = [Path(f"t/{theirs.format(number)}.tif") for number in numbers]
    shuffled = rng.sample(targets, len(targets))
    found = match_pairs(inputs, shuffled)
    assert not found.problems
    assert [pair.target for pair in found.pairs] == targets
    fewer = match_pairs(inputs, [target for target in shuffled if target != targets[0]])
    assert all(pair.target == targets[inputs.index(pair.input)] for pair in fewer.pairs)


def test_real_folders_pair() -> None:
    if not DATA.is_dir():
        pytest.skip("../shared/data is not here")
    for one, other in (("images", "targets"), ("images16", "targets")):
        inputs = sorted(DATA.glob(f"ct_abdomen/*/{one}/*.png"))
        found = match_pairs(inputs, sorted(DATA.glob(f"ct_abdomen/*/{other}/*.png")))
        assert not found.problems
        assert len(found.pairs) == len(inputs) > 50
        for pair in found.pairs:
            assert pair.input.name == pair.target.name
            assert pair.input.parts[-3] == pair.target.parts[-3]
        groups = split_by_group(found.pairs, 0.2).groups
        assert set(groups) == {"crlm_1006", "lungdx_a0001", "lungdx_a0002"}
    result = survey(found.pairs)
    assert not result.problems
    assert result.palette is not None
    assert len(result.palette.colours) == 4
    assert result.input_range.dtype == "uint16"


def image(path: Path, height: int, width: int, value: int = 0, channels: int = 1) -> Path:
    array = np.full((height, width, channels), value, np.uint8)
    array[: height // 2] = 255 - value
    write_image(path, array)
    return path


def test_survey_names_what_is_wrong(tmp_path: Path) -> None:
    pairs = [
        ImagePair(image(tmp_path / f"i{n}.png", 10, 20), image(tmp_path / f"t{n}.png", 20, 40))
        for n in range(5)
    ]
    calls: list[tuple[int, int]] = []
    result = survey(pairs, report=lambda done, total: calls.append((done, total)))
    assert (result.problems, result.ratio, result.complete) == ([], (2.0, 2.0), True)
    assert calls == [(n, 5) for n in range(1, 6)]
    assert result.palette == Palette(((0,), (255,)), "uint8")
    assert (result.input_range.low, result.input_range.high) == (0, 255)
    assert result.input_shapes == {(10, 20, 1): 5}

    image(pairs[1].target, 10, 20)
    pairs[2].input.write_bytes(pairs[2].input.read_bytes()[:60])
    image(pairs[3].input, 11, 21, channels=3)
    image(pairs[3].target, 22, 42)
    found = {problem.subject: problem for problem in survey(pairs).problems}
    assert "40 x 20" in found[str(pairs[1].target)].message
    assert "damaged" in found[str(pairs[2].input)].message
    assert str(pairs[3].target) not in found
    assert not found["inputs"].fatal
    assert {
        problem.message.split(";")[0] for problem in survey(pairs).problems if not problem.fatal
    } == {
        "The inputs have 2 sizes",
        "The inputs mix grey and colour images",
        "The targets have 3 sizes",
    }


def test_survey_can_be_cancelled(tmp_path: Path) -> None:
    pair = ImagePair(image(tmp_path / "i.png", 4, 4), image(tmp_path / "t.png", 4, 4))
    result = survey([pair] * 50, cancelled=lambda: True)
    assert not result.complete
    assert result.input_shapes.total() == 1


def test_odd_sizes_halved_are_no_problem(tmp_path: Path) -> None:
    pairs = [
        ImagePair(
            image(tmp_path / f"i{n}.png", 2 * n + 1, 30), image(tmp_path / f"t{n}.png", n, 15)
        )
        for n in range(10, 15)
    ]
    assert [problem for problem in survey(pairs).problems if problem.fatal] == []


def pairs_of(names: str) -> list[ImagePair]:
    return [ImagePair(Path("i") / name, Path("t") / name) for name in names.split()]


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
    assert "--group" in split.warning
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
    for pattern, message in {"(": "no regular", "^x": r"y/b2-01\.png", "png": "Only one"}.items():
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
    assert not {p.input.parent for p in split.train} & {p.input.parent for p in split.val}
    reachable = {0}
    for size in sizes:
        reachable |= {total + size for total in reachable}
    nearest = min(abs(t - fraction * len(pairs)) for t in reachable - {0, len(pairs)})
    assert abs(len(split.val) - fraction * len(pairs)) == pytest.approx(nearest)


def test_another_seed_chooses_other_groups() -> None:
    pairs = pairs_of(" ".join(f"{n}.png" for n in range(40)))
    chosen = {split_by_group(pairs, 0.1, seed=seed).val for seed in range(5)}
    assert len(chosen) == 5
