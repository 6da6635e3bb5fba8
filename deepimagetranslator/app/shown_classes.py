"""The classes of label maps as the window names and colours them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.config.classes import Colour, colour_of, colour_text, parse_classes
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.config.validation import with_final_activation
from deepimagetranslator.core.data.dataset import Dataset, channel_names
from deepimagetranslator.core.data.labels.class_words import COLOUR_WORDS
from deepimagetranslator.core.data.labels.palette import TOPS, Palette

_NUMBERS_BELOW = 32  # grey values below are class numbers, drawn from black to white


@dataclass(frozen=True)
class ShownClass:
    """One class.

    Attributes:
        name: the user's name of it, or its colour.
        colour: "#rrggbb", as a pane draws it.
        values: its values in the files, one or three each.
        named: whether the user has named it.
    """

    name: str
    colour: str
    values: tuple[Colour, ...]
    named: bool = False


@dataclass(frozen=True)
class ShownClasses:
    """All classes of label maps.

    Attributes:
        classes: in the palette's order; the first is mostly the background.
        high: the value drawn white, for grey label maps; None for coloured ones.
    """

    classes: tuple[ShownClass, ...] = ()
    high: float | None = None

    def name_of(self, values: Colour) -> str:
        """The user's name for a pixel's values; empty if it has none."""
        wide = colour_of(values, 3)
        return next(
            (
                one.name
                for one in self.classes
                if one.named and wide in [colour_of(colour, 3) for colour in one.values]
            ),
            "",
        )


def shown_classes(palette: Palette | None) -> ShownClasses:
    """The classes of a palette; none without a palette."""
    if palette is None:
        return ShownClasses()
    listed = [*palette.colours, *palette.written]
    largest = max(max(colour) for colour in listed)
    high = float(largest if largest < _NUMBERS_BELOW else TOPS[palette.dtype])
    classes = []
    for number, learnt in enumerate(palette.colours):
        written = palette.written[number] if palette.written else learnt
        further = [colour for colour, owner in palette.also if owner == number]
        own = palette.names[number] if palette.names else ""
        shown = _rgb(learnt, high)
        name = own or (COLOUR_WORDS.get(shown) if len(learnt) == 3 else None) or colour_text(learnt)
        values = tuple(dict.fromkeys((learnt, written, *further)))
        classes.append(ShownClass(name, "#{:02x}{:02x}{:02x}".format(*shown), values, bool(own)))
    return ShownClasses(tuple(classes), high if palette.channels == 1 else None)


def classes_of_channels(dataset: Dataset) -> dict[str, ShownClass]:
    """The class behind each output channel of the network, by the channel's name in metrics.

    The background is left out, as is a channel that stands for no single class.
    """
    found = shown_classes(dataset.palette).classes
    if dataset.classes:
        return _by_class(dataset.channel_names, found)
    return _by_colour(dataset.channel_names, found)


def classes_of_project(specs: Specs) -> dict[str, ShownClass]:
    """The same for a project with label classes whose coloured label maps nobody has read yet."""
    if not specs.data.labels:
        return {}
    palette = Palette.of(parse_classes(specs.data.labels), "uint8")
    found = shown_classes(palette).classes
    if with_final_activation(specs.model, specs.training.loss).final_activation == "softmax":
        return _by_class(palette.class_names, found)
    return _by_colour(channel_names(3), found)


def _by_class(names: Sequence[str], found: Sequence[ShownClass]) -> dict[str, ShownClass]:
    named = zip(names, found, strict=False)
    return {name: one for name, one in named if any(map(any, one.values))}


def _by_colour(names: Sequence[str], found: Sequence[ShownClass]) -> dict[str, ShownClass]:
    channels = {}
    for index, name in enumerate(names):
        owners = [one for one in found if colour_of(one.values[0], 3)[index]]
        if len(owners) == 1:
            channels[name] = owners[0]
    return channels


def _rgb(colour: Colour, high: float) -> Colour:
    values = colour_of(colour, 3)
    return tuple(min(255, round(value * 255 / max(high, 1))) for value in values)
