"""Findings about training against validation images, and about the number of images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from deepimagetranslator.core.checks.context import CheckContext, finding, phrase
from deepimagetranslator.core.checks.repairs import moved
from deepimagetranslator.core.config.classes import Colour, colour_of, colour_text
from deepimagetranslator.core.data.facts import FileFacts, PairFacts
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import persons_of, split_by_names
from deepimagetranslator.core.errors import Problem, Repair, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef

_SOLID = 0.1  # minimum fraction of a class's pixels in flat 2 x 2 squares
_TRIES = 40  # number of seeds tried for a split with every class on both sides
_FEWEST = 8
_USUAL_FRACTION = 0.2
_FEWEST_A_CLASS = 4

Suits = Callable[[set[Colour], set[Colour]], bool]


def no_validation(context: CheckContext) -> Iterator[Problem]:
    """No validation pairs; the repair splits them off by person."""
    if context.pairings[1].pairs or not context.pairings[0].pairs:
        return
    message = (
        "There are no validation pairs, so the best weights are chosen by the training loss, "
        "which cannot detect overfitting."
    )
    repair = _new_split(context)
    if repair is not None:
        # It chooses the persons and the share of images, which the user may want otherwise.
        repair = replace(repair, guess=True)
    yield finding("no_validation", message, subject="validation", repair=repair)


def in_both(context: CheckContext) -> Iterator[Problem]:
    """The same image, by its content, in training and validation."""
    files = [facts.pair.input for facts in _in_both(context)]
    if not files:
        return
    message = (
        f"{phrase(files, 'validation image', 'is', 'are')} in training too, so validation "
        "cannot detect overfitting; keep each image in one of the two."
    )
    repair: Repair | None = Repair("Leave out of validation", tuple(map(str, files)), "val")
    if len(files) == len(context.val.facts):
        repair = _new_split(context) or repair
    yield finding("in_both", message, files, repair=repair)


def person_in_both(context: CheckContext) -> Iterator[Problem]:
    """Images of one person, by DICOM patient, folder or name, in training and validation."""
    same = {facts.pair for facts in _in_both(context)}
    train = context.train.readable
    val = [facts for facts in context.val.readable if facts.pair not in same]
    persons = _persons(context, [*train, *val])
    both = set(persons[: len(train)]) & set(persons[len(train) :]) - {""}
    if not both:
        return
    files = [f.pair.input for f, who in zip(val, persons[len(train) :], strict=True) if who in both]
    shown = sorted(both)[:3]
    who = ", ".join(shown) + (f" and {len(both) - 3} more" if len(both) > 3 else "")
    patients = {facts.input.patient for facts in (*train, *val)}
    message = (
        f"Images of {who} are in training and in validation, so validation does not show "
        "how well images of other people will be translated; split by person."
    )
    persons = [name for name in shown if name in patients]
    yield finding("person_in_both", message, files, repair=_new_split(context), persons=persons)


def class_missing(context: CheckContext) -> Iterator[Problem]:
    """Classes that occur in training targets but not in validation targets."""
    if context.palette is None or not context.val.readable:
        return
    train, val = (_classes(part.readable, context.palette) for part in (context.train, context.val))
    if train is None or val is None:
        return
    missing = sorted(set(train) - set(val))
    files = [path for number in missing for path in train[number]]
    if missing:
        what = ", ".join(_class_name(context.palette, number) for number in missing[:3])
        message = (
            f"No validation target has {what}, though training targets have, so validation "
            "cannot measure this class; move images so that both sides have every class."
        )
        repair = _new_split(context, set.__eq__)
        yield finding("class_missing", message, files, repair=repair, subject="validation targets")


def missing_from_training(context: CheckContext, unknown: Problem) -> Problem:
    """A problem of unknown colours in validation targets, reworded if they may be a class.

    Then a new split can add the class to training. Otherwise the problem is returned unchanged.
    """
    counts = context.val.colours
    known = context.train.colours.pixels.keys()
    colours = [colour for colour in counts.pixels if colour not in known]
    if context.train.colours.many or counts.many or not colours:
        return unknown
    if any(counts.flat.get(colour, 0) < _SOLID * counts.pixels[colour] for colour in colours):
        return unknown  # stray colours of smoothed edges
    repair = _new_split(context, set.__eq__) or _new_split(context, set.__ge__)
    if repair is None:
        return unknown
    files = [
        f.pair.target for f in context.val.readable if f.target.colours.pixels.keys() & colours
    ]
    message = (
        f"No training target has the label colour {', '.join(map(str, colours[:3]))}, though "
        "validation targets have; move images so that training has every class."
    )
    return finding(
        "class_missing", message, files, fatal=True, repair=repair, subject="validation targets"
    )


def few_images(context: CheckContext) -> Iterator[Problem]:
    """Few training images, in total or for the number of classes."""
    pairs = context.train.readable
    if not pairs or context.specs.data.large_images == "crop":
        return
    classes = len(context.palette.colours) if context.palette else 0
    least = max(_FEWEST, _FEWEST_A_CLASS * classes)
    if len(pairs) < least:
        why = f"for {classes} classes" if least > _FEWEST else "to learn from"
        message = (
            f"There are few training images {why}: {len(pairs)}, where {least} or more are better; "
            "strong augmentation helps."
        )
        yield finding("few_images", message, subject="training")


def _in_both(context: CheckContext) -> list[PairFacts]:
    known = {facts.input.digest for facts in context.train.readable}
    return [f for f in context.val.readable if f.input.digest in known and not f.input.constant]


def _persons(context: CheckContext, pairs: Sequence[PairFacts]) -> list[str]:
    """Each pair's person; empty if unknown."""
    files, patients = ([f.pair.input for f in pairs], [f.input.patient for f in pairs])
    return persons_of(files, patients, context.specs.data.persons)


def _new_split(context: CheckContext, suits: Suits | None = None) -> Repair | None:
    """The repair that splits all pairs by person with the same validation fraction, or None.

    Without validation images the fraction is a fifth.

    Args:
        context: its pairs are used, each image once.
        suits: takes the label colours of training and of validation targets; splits are tried
            until it returns True. Without it the first split is taken.
    """
    once: dict[bytes | ImagePair, PairFacts] = {}
    for facts in context.readable:
        once.setdefault(facts.pair if facts.input.constant else facts.input.digest, facts)
    pool = list(once.values())
    persons = _persons(context, pool)
    known = len(set(persons)) > 1 and "" not in persons
    names = persons if known else [str(facts.pair.input) for facts in pool]
    label = "Split anew by person" if known else "Split anew, image by image"
    classes = {facts.pair: _colours(facts.target) for facts in pool if suits}
    fraction = len(context.val.facts) / max(1, len(context.train.facts) + len(context.val.facts))
    fraction = fraction or _USUAL_FRACTION
    seed = context.specs.training.seed
    for attempt in range(seed, seed + (_TRIES if suits else 1)):
        try:
            split = split_by_names([facts.pair for facts in pool], names, fraction, attempt)
        except UserError:
            return None
        sides = [
            set().union(*(classes[pair] for pair in part)) if suits else set()
            for part in (split.train, split.val)
        ]
        if suits is None or suits(*sides):
            return moved(split.train, split.val, label)
    return None


def _classes(pairs: Iterable[PairFacts], palette: Palette) -> dict[int, list[ImageRef]] | None:
    """By class, the targets that hold it; None if their colours are not known."""
    numbers = {colour_of(colour, 3): number for number, colour in enumerate(palette.colours)}
    numbers |= {colour_of(colour, 3): number for colour, number in palette.also}
    found: dict[int, list[ImageRef]] = defaultdict(list)
    for facts in pairs:
        if facts.target.colours.many:
            return None
        for number in {numbers.get(colour, palette.rest) for colour in _colours(facts.target)}:
            found[number].append(facts.pair.target)
    found.pop(-1, None)
    return dict(found)


def _class_name(palette: Palette, number: int) -> str:
    name = palette.names[number] if palette.names else ""
    return name or f"the label colour {colour_text(palette.colours[number])}"


def _colours(facts: FileFacts) -> set[Colour]:
    return {colour_of(colour, 3) for colour in facts.colours.pixels}
