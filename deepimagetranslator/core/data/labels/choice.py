"""Chooses the palette from the targets' colours and the project's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepimagetranslator.core.config.classes import (
    MAX_COLOURS,
    Colour,
    LabelClass,
    colour_of,
    colour_text,
    parse_classes,
    to_texts,
)
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.encodings import apart
from deepimagetranslator.core.data.labels.outlines import BACKGROUND, OBJECT, OUTLINE
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem, Remedy, Repair

OBJECT_LABELS = to_texts(
    (LabelClass(((0,),), None, "background"), LabelClass((), (255,), "object"))
)
"""The classes of targets that number their objects, if all objects are one class."""

OUTLINE_LABELS = to_texts(
    [
        LabelClass((colour,), None, name)
        for colour, name in ((BACKGROUND, "background"), (OBJECT, "object"), (OUTLINE, "outline"))
    ]
)
"""The classes of such targets if they are read with ``objects_with_outlines``."""

_NAMED = 4
_SNAP = ("data.snap_labels", True)


def choose_palette(
    data: DataSpec, train: ColourCount, val: ColourCount, needed: bool = False
) -> tuple[Palette | None, list[Problem]]:
    """The palette of the targets (None if they are values), and problems found.

    Args:
        data: the data spec.
        train: colours of the training targets.
        val: colours of the validation targets, empty if there are none.
        needed: whether the loss or the network's output requires label maps.

    Raises:
        UserError: ``data.labels`` is invalid; ``validation.problems(data)`` reports that before.
    """
    if data.target_kind == "values":
        return None, []
    if data.labels:
        palette = Palette.of(parse_classes(data.labels), train.dtype, data.snap_labels)
        palette = replace(palette, exclusive=data.exclusive_classes)
        return palette, _unknown("training", train, palette) + _unknown("validation", val, palette)
    automatic = data.target_kind == "automatic"
    found = train.label_palette() if automatic else train.palette()
    found = _with_encodings_of(found, train, val)
    if found is None and data.snap_labels:
        found = train.blurred_palette()
        return found and replace(found, exclusive=data.exclusive_classes), []
    if found is None:
        return None, _no_palette(train, needed or not automatic, not automatic)
    palette = replace(found, snap=data.snap_labels, exclusive=data.exclusive_classes)
    return palette, [*_encodings(palette, train), *_unknown("validation", val, palette)]


def learnt_range(targets: ValueRange, palette: Palette | None) -> ValueRange:
    """The range of the learnt values: that of the label colours if the files hold others."""
    if palette is None or (palette.plain and targets.dtypes == {palette.dtype}):
        return targets
    return ValueRange.of([palette.array])


def classes_of(palette: Palette) -> tuple[LabelClass, ...]:
    """The palette's classes in the form that users edit."""
    return tuple(
        LabelClass(
            () if number == palette.rest else (colour, *_further(palette, number)),
            palette.written[number] if palette.written else _rest_colour(palette, number),
            palette.names[number] if palette.names else "",
        )
        for number, colour in enumerate(palette.colours)
    )


def _rest_colour(palette: Palette, number: int) -> Colour | None:
    """The written colour of the rest class, which has no other colours; None for others."""
    return palette.colours[number] if number == palette.rest else None


def _further(palette: Palette, number: int) -> tuple[Colour, ...]:
    return tuple(colour for colour, of in palette.also if of == number)


def _with_encodings_of(
    palette: Palette | None, train: ColourCount, val: ColourCount
) -> Palette | None:
    """The palette, extended by other encodings of its classes in the validation masks."""
    if palette is None or val.many or not val.pixels:
        return palette
    both = ColourCount()
    both.merge(train)
    both.merge(val)
    wider = both.palette()
    if wider is None or len(wider.colours) != len(palette.colours) or wider.also == palette.also:
        return palette
    return wider


def _encodings(palette: Palette, train: ColourCount) -> list[Problem]:
    if palette.also:
        written = [colour_text(c[:1]) for c in palette.colours]
        also = [colour_text(colour[:1]) for colour, _ in palette.also]
        message = (
            f"Some masks write their classes as {', '.join(written)}, others as 0, "
            f"{', '.join(also)}; they are taken for the same classes in this order."
        )
        return [Problem("targets", message, fatal=False, kind="mask_encodings")]
    greys, colours = apart(train.pixels, train.groups)
    if greys:
        example = f"{colour_text(colours[0])} + {colour_text(greys[0][:1])}"
        message = (
            f"Some targets hold the greys {_listed(greys)}, others the colours {_listed(colours)}, "
            "and no file holds both; if they are the same classes, say which belong together, such "
            f"as {example}."
        )
        remedy = Remedy(action="join_classes")
        return [Problem("targets", message, fatal=False, kind="mask_encodings", remedy=remedy)]
    return []


def _no_palette(train: ColourCount, fatal: bool, asked: bool) -> list[Problem]:
    """Problems of targets that are not exact label maps; none for ordinary images."""
    blurred = train.blurred_palette()
    if blurred is not None:
        count = len(blurred.colours)
        message = (
            f"The targets look like label maps of {count} colours ({_listed(blurred.colours)}) "
            "that smoothing or JPEG has blurred; take the nearest label colour for each pixel, or "
            "treat them as values."
        )
        label = f"Take the nearest of the {count} label colours"
        settings = (("data.labels", to_texts(classes_of(blurred))), _SNAP)
        repair = Repair(label, settings=settings)
        return [Problem("targets", message, fatal, "blurred_labels", repair=repair)]
    if train.instances:
        message = (
            f"The targets number their objects with more than {MAX_COLOURS} different values or "
            "values above 65535; learn object and background from them, or treat them as values."
        )
        repair = Repair("Learn object and background", settings=(("data.labels", OBJECT_LABELS),))
        return [Problem("targets", message, fatal, "instance_masks", repair=repair)]
    if asked:
        message = "The targets hold too many colours for label maps; treat them as values."
        remedy = Remedy((("data.target_kind", "values"),))
        return [Problem("data.target_kind", message, remedy=remedy)]
    return []


def _unknown(part: str, count: ColourCount, palette: Palette) -> list[Problem]:
    """The problem of colours without a class, unless a snap or a rest class covers them."""
    if palette.snap or palette.rest >= 0 or not (count.pixels or count.many):
        return []
    read = (*palette.colours, *(colour for colour, _ in palette.also))
    known = {colour_of(colour, 3) for colour in read}
    new = [colour for colour in sorted(count.pixels) if colour_of(colour, 3) not in known]
    if not (new or count.many):
        return []
    whose = "which no training target has" if part == "validation" else "which no class has"
    what = f"more than {MAX_COLOURS} colours" if count.many else _listed(new)
    share = sum(count.pixels[colour] for colour in new) / max(1, sum(count.pixels.values()))
    amount = "" if count.many else f" ({share:.2%} of the pixels)"
    message = (
        f"They hold {what}{amount}, {whose}; correct them, add the colours to the classes, or take "
        "the nearest label colour for each pixel."
    )
    repair = Repair("Take the nearest label colour", settings=(_SNAP,))
    return [Problem(f"{part} targets", message, kind="unknown_labels", repair=repair)]


def _listed(colours: Sequence[Colour]) -> str:
    shown = ", ".join(
        f"({colour_text(c).replace(',', ', ')})" if len(c) == 3 else str(c[0])
        for c in colours[:_NAMED]
    )
    more = len(colours) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
