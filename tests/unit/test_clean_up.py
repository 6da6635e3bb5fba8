"""Clean-up of label maps: against a search over single pixels, and on drawn examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from deepimagetranslator.core.config.clean_up import (
    BORDER,
    GAP,
    HOLES,
    ISLANDS,
    KINDS,
    LARGEST,
    OUTSIDE,
    SHARE,
    CleanUpRule,
    parse_rule,
    parse_rules,
)
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.class_words import class_of_word, class_words
from deepimagetranslator.core.data.labels.clean_up import CleanUp, CleanUpStep
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.encodings import Network, OutputEncoding

TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
BLACK, BLUE, GREEN, RED = range(4)
EDGES = ((-1, 0), (0, -1), (0, 1), (1, 0))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))

Pixel = tuple[int, int]
Region = set[Pixel]
Map = NDArray[np.uint8]


# ---- the slow way: sets of pixels, one after the other -----------------------------------------


def pixels_of(image: Map) -> Iterator[Pixel]:
    yield from np.ndindex(*image.shape)  # type: ignore[misc]


def neighbours(pixel: Pixel, image: Map, steps: tuple[Pixel, ...]) -> Iterator[Pixel]:
    for down, right in steps:
        row, column = pixel[0] + down, pixel[1] + right
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            yield row, column


def regions(image: Map, wanted: set[int], steps: tuple[Pixel, ...]) -> list[Region]:
    found: list[Region] = []
    seen: Region = set()
    for start in pixels_of(image):
        if start in seen or image[start] not in wanted:
            continue
        region, todo = {start}, [start]
        while todo:
            for near in neighbours(todo.pop(), image, steps):
                if near not in region and image[near] in wanted:
                    region.add(near)
                    todo.append(near)
        seen |= region
        found.append(region)
    return found


def touches_edge(region: Region, image: Map) -> bool:
    last = image.shape[0] - 1, image.shape[1] - 1
    return any(row in (0, last[0]) or column in (0, last[1]) for row, column in region)


def slowly(image: Map, step: CleanUpStep, background: int) -> Map:
    """What a step makes of a map."""
    result = image.copy()
    ways = {HOLES: with_holes, OUTSIDE: with_inner, BORDER: with_beside}
    new = ways.get(step.kind, with_removed)
    for pixel, number in new(image, step, background):
        result[pixel] = number
    return result


def with_holes(image: Map, step: CleanUpStep, _: int) -> Iterator[tuple[Pixel, int]]:
    for hole in regions(image, set(range(10)) - {step.of}, EDGES):
        if not touches_edge(hole, image) and (not step.amount or len(hole) < step.amount):
            yield from ((pixel, step.of) for pixel in hole)


def with_inner(image: Map, step: CleanUpStep, background: int) -> Iterator[tuple[Pixel, int]]:
    outside = {(row, column) for row in (-1, image.shape[0]) for column in range(-1, 99)}
    outside |= {(row, column) for column in (-1, image.shape[1]) for row in range(-1, 99)}
    for region in regions(image, {background}, EDGES):
        outside |= region if touches_edge(region, image) else set()
    for region in regions(image, {step.of}, EDGES + CORNERS):
        if not any(
            max(abs(row - r), abs(column - c)) <= step.amount
            for row, column in region
            for r, c in outside
        ):
            yield from ((pixel, step.other) for pixel in region)


def with_beside(image: Map, step: CleanUpStep, _: int) -> Iterator[tuple[Pixel, int]]:
    for region in regions(image, {step.of}, EDGES + CORNERS):
        around = {near for p in region for near in neighbours(p, image, EDGES + CORNERS)} - region
        beside = sum(int(image[pixel]) == step.other for pixel in around)
        if around and beside / len(around) > step.amount / 100:
            yield from ((pixel, step.other) for pixel in region)


def with_removed(image: Map, step: CleanUpStep, _: int) -> Iterator[tuple[Pixel, int]]:
    own = regions(image, {step.of}, EDGES + CORNERS)
    largest = max(own, key=len, default=set())
    for region in own:
        small = region is not largest if step.kind == LARGEST else len(region) < step.amount
        around = {near for p in region for near in neighbours(p, image, EDGES + CORNERS)}
        counts = Counter(int(image[pixel]) for pixel in around - region)
        if small and counts:
            most = max(counts.values())
            number = min(number for number in counts if counts[number] == most)
            yield from ((pixel, number) for pixel in region)


def a_map(seed: int) -> Map:
    """A map of three classes, of blobs in some sizes, with each size of image."""
    generator = np.random.default_rng(seed)
    height, width = generator.integers(1, 15, 2)
    coarse = generator.integers(0, 3, (height // 2 + 1, width // 2 + 1))
    image = np.kron(coarse, np.ones((2, 2), int))[:height, :width]
    speckled = generator.random((height, width)) < generator.choice([0.1, 0.4])
    image[speckled] = generator.integers(0, 3, speckled.sum())
    return image.astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_random_maps_become_what_a_search_by_pixels_gives(kind: str) -> None:
    changed = 0
    for seed in range(60):
        image = a_map(seed)
        amounts = {OUTSIDE: seed % 4, BORDER: (0, 33, 60)[seed % 3], LARGEST: 0}
        amounts |= {ISLANDS: 1 + seed % 6, HOLES: seed % 5}
        step = CleanUpStep(kind, seed % 3, amounts[kind], other=(seed + 1) % 3)
        given = image.copy()
        expected = slowly(image, step, background=0)
        np.testing.assert_array_equal(CleanUp((step,))(image), expected, f"{seed} {step}")
        np.testing.assert_array_equal(image, given)
        changed += int((expected != image).any())
    assert changed >= 5


# ---- drawn examples ----------------------------------------------------------------------------


def body() -> Map:
    """A body in air: skin of 2 pixels, subcutaneous fat, muscle, visceral fat, gas."""
    image = np.full((60, 80), BLACK, np.uint8)
    image[5:55, 5:75] = BLUE
    image[7:53, 7:73] = RED
    image[15:45, 15:65] = BLUE
    image[20:40, 20:60] = GREEN
    return image


def cleaned(image: Map, *texts: str, palette: Palette = TISSUES) -> Map:
    clean_up = CleanUp.of(texts, palette, "w.weights.h5")
    assert clean_up is not None
    return clean_up(image)


def test_inner_islands_of_subcutaneous_fat_become_visceral() -> None:
    right = body()
    image = right.copy()
    image[25:30, 30:40] = RED
    assert (cleaned(image, "red: connected to outside, else green") == right).all()


def test_skin_up_to_the_gap_separates_nothing_and_a_thicker_line_does() -> None:
    image = body()
    assert (cleaned(image, "red: connected to outside within 3, else green") == image).all()
    inner = cleaned(image, "red: connected to outside within 2, else green")
    assert (inner[image == RED] == GREEN).all()
    assert (inner[image != RED] == image[image != RED]).all()


def test_a_body_that_the_edges_cut_is_connected_there() -> None:
    image = body()[20:40, :40].copy()  # the ring is a strip at the left, cut above and below
    image[:, :15] = RED  # no skin, no air
    image[8:11, 25:28] = RED
    right = image.copy()
    right[8:11, 25:28] = GREEN
    assert (cleaned(image, "red: connected to outside, else green") == right).all()


def test_gas_inside_is_not_the_outside() -> None:
    image = body()
    image[24:32, 24:34] = BLACK
    image[26:28, 34:37] = RED  # beside gas
    assert (cleaned(image, "red: connected to outside, else green")[26:28, 34:37] == GREEN).all()


def test_an_island_becomes_what_most_of_its_surroundings_are() -> None:
    image = body()
    image[30, 30] = RED  # in green
    image[18:21, 40] = GREEN  # in muscle, connected to the green region
    image[46, 40] = GREEN  # in red
    right = body()
    right[18:21, 40] = GREEN
    assert (cleaned(image, "red: islands under 4", "green: islands under 4") == right).all()


def test_visceral_fat_on_the_wrong_side_of_the_wall_becomes_subcutaneous() -> None:
    image = body()
    image[9:13, 20:60] = GREEN  # in front of the muscle, beside red only
    image[15:20, 40] = GREEN  # a gap in the muscle: the inner region touches red there
    right = image.copy()
    right[9:13, 20:60] = RED
    assert (cleaned(image, "green: bordered by red") == right).all()


def test_holes_are_filled_up_to_their_size() -> None:
    image = body()
    image[22:24, 22:24] = BLACK
    image[30:34, 30:34] = BLUE
    small = image.copy()
    small[22:24, 22:24] = GREEN
    assert (cleaned(image, "green: holes under 5") == small).all()
    assert (cleaned(image, "green: all holes") == body()).all()


def test_only_the_largest_region_stays() -> None:
    image = body()
    image[0:3, 0:3] = GREEN  # a mark beside the body
    assert (cleaned(image, "green: largest only") == body()).all()


def test_the_order_of_the_texts_does_not_matter() -> None:
    image = a_map(3)
    texts = ("blue: holes under 9", "green: islands under 3", "blue: largest only")
    assert (cleaned(image, *texts) == cleaned(image, *reversed(texts))).all()


def test_the_background_is_black_wherever_it_stands() -> None:
    turned = Palette(TISSUES.colours[::-1], "uint8")
    image = body()
    image[25:30, 30:40] = RED
    backwards = (3 - image).astype(np.uint8)
    rule = "red: connected to outside, else green"
    assert (3 - cleaned(backwards, rule, palette=turned) == cleaned(image, rule)).all()


# ---- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("red: islands under 20", CleanUpRule("red", ISLANDS, 20)),
        ("255,0,0:HOLES  under 7", CleanUpRule("255,0,0", HOLES, 7)),
        ("7: all holes", CleanUpRule("7", HOLES)),
        (" my liver : largest only ", CleanUpRule("my liver", LARGEST)),
        ("fat: inner: largest only", CleanUpRule("fat: inner", LARGEST)),
        ("red: connected to outside, else green", CleanUpRule("red", OUTSIDE, GAP, "green")),
        ("red: connected to outside else 0,255,0", CleanUpRule("red", OUTSIDE, GAP, "0,255,0")),
        ("a: connected to outside within 0, else b", CleanUpRule("a", OUTSIDE, 0, "b")),
        ("green: bordered by red", CleanUpRule("green", BORDER, SHARE, "red")),
        ("green: Bordered by my liver over 40%", CleanUpRule("green", BORDER, 40, "my liver")),
    ],
)
def test_a_rule_is_read_and_written(text: str, rule: CleanUpRule) -> None:
    assert parse_rule(text) == rule
    assert parse_rule(rule.text) == rule


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (["red islands under 20"], "'red islands under 20' is not a rule of the clean-up; write"),
        (["red: islands under -3"], "is not a rule"),
        (["red: islands under 0"], "would remove nothing"),
        (["red: holes under 0"], "would remove nothing"),
        (["red: connected to outside"], "is not a rule"),
        (["red: bordered by green over 100 %"], "would change nothing"),
        (["red: islands under 3", "Red: islands under 4"], "two rules"),
    ],
)
def test_a_wrong_rule_is_refused_in_a_sentence(texts: list[str], part: str) -> None:
    with pytest.raises(UserError, match=part):
        parse_rules(texts)
    (problem,) = problems(TranslationSpec(clean_up=tuple(texts)))
    assert problem.subject == "clean_up" and part in problem.message


def test_classes_go_by_name_colour_and_the_name_of_the_colour() -> None:
    palette = Palette(
        ((0, 0, 0), (255, 0, 0), (0, 255, 0), (9, 9, 9)),
        "uint8",
        names=("", "", "Lung", "red"),
        written=((0, 0, 0), (255, 0, 0), (0, 200, 0), (9, 9, 9)),
        also=(((1, 2, 3), 2),),
    )
    assert class_words(palette) == ("black", "255,0,0", "Lung", "red")
    for number, word in enumerate(class_words(palette)):
        assert class_of_word(word, palette) == number
    for word in ("lung", "green", "0,200,0", "#00ff00", "1,2,3"):
        assert class_of_word(word, palette) == 2, word
    assert class_of_word("class1", palette) == 1
    for word in ("", "blue", "0,200,1", "class9", "what"):
        assert class_of_word(word, palette) is None, word
    mask = Palette(((0,), (255,)), "uint8")
    assert [class_of_word(word, mask) for word in ("black", "white", "255", "0")] == [0, 1, 1, 0]


def test_an_unknown_class_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'rad', which is no class of w; its classes are black, b"):
        CleanUp.of(["red: connected to outside, else rad"], TISSUES, "w")
    with pytest.raises(UserError, match="two rules of a kind for red"):
        CleanUp.of(["red: all holes", "255,0,0: holes under 3"], TISSUES, "w")
    assert CleanUp.of([], TISSUES, "w") is None


# ---- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["labels", "classes"])
def test_label_maps_are_cleaned_as_a_whole_and_values_never(kind: str) -> None:
    network = Network("w", 3, False, BYTES, TISSUES)
    image = body()
    image[30, 30] = RED
    predicted = TISSUES.decode(image).astype(np.float32) / 255
    rules = ["red: islands under 4"]
    encoding = OutputEncoding(network, kind).with_clean_up(rules)
    plain = OutputEncoding(network, kind)
    right = TISSUES.decode(body()) if kind == "labels" else body()[..., None]
    assert (encoding.image(predicted) == right).all()
    banded = np.concatenate([encoding.rows(predicted[:29]), encoding.rows(predicted[29:])])
    assert (encoding.whole(banded) == right).all()
    assert (plain.image(predicted) != right).any()
    values = OutputEncoding(network, "values")
    assert values.with_clean_up(rules) is values
    (no_labels,) = (OutputEncoding(Network("w", 3, False, BYTES, None), "values"),)
    assert no_labels.with_clean_up(rules) is no_labels
