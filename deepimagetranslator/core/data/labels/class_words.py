"""Words for the classes of label maps: the user's name, the name of the colour, or the colour."""

from __future__ import annotations

from collections.abc import Mapping

from deepimagetranslator.core.config.classes import Colour, colour_of, colour_text, parse_colour
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError

COLOUR_WORDS: Mapping[Colour, str] = {
    (0, 0, 0): "black",
    (255, 0, 0): "red",
    (0, 255, 0): "green",
    (0, 0, 255): "blue",
    (255, 255, 0): "yellow",
    (0, 255, 255): "cyan",
    (255, 0, 255): "magenta",
    (255, 255, 255): "white",
}


def class_words(palette: Palette) -> tuple[str, ...]:
    """For each class a word that ``class_of_word`` understands."""
    return tuple(_word(number, palette) for number in range(len(palette.colours)))


def class_of_word(word: str, palette: Palette) -> int | None:
    """The class that a word means; None if there is none.

    Args:
        word: a class's name, in any case; the name of its colour; or a colour as in
            ``parse_colour``, which it has in the files or in translated images.
        palette: the label colours.
    """
    said = word.strip().lower()
    for names in (palette.names, palette.class_names):
        lower = [name.lower() for name in names]
        if said and said in lower:
            return lower.index(said)
    colour = next((colour for colour, name in COLOUR_WORDS.items() if name == said), None)
    if colour is None:
        try:
            colour = colour_of(parse_colour(word), 3)
        except UserError:
            return None
    own = [*enumerate(palette.colours), *enumerate(palette.written)]
    own += [(number, further) for further, number in palette.also]
    return next((number for number, one in own if colour_of(one, 3) == colour), None)


def _word(number: int, palette: Palette) -> str:
    colour = palette.colours[number]
    name = palette.names[number] if palette.names else ""
    known = COLOUR_WORDS.get(colour, "") if len(colour) == 3 else ""
    text = colour_text(colour)
    return next((word for word in (name, known) if class_of_word(word, palette) == number), text)
