"""The text form of label-map classes: colours in the files, colour to write, name.

Examples: ``0,0,0=background``, ``255,0,0>200,0,0=fat``, ``#00ff00``, ``7=liver``. Several colours
of one class are joined with "+": ``1 + 2=lung``. ``rest`` stands for every colour that no other
class has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.errors import UserError

Colour = tuple[int, ...]

MAX_COLOURS = 32
REST = "rest"
_HIGHEST = 65535
_WHITE = 255


@dataclass(frozen=True)
class LabelClass:
    """One class of a label map.

    Attributes:
        colours: its colours in the files, of 1 or 3 values each; the network learns the first.
            Empty for the class "rest".
        written: its colour in translated images; None for the learnt one.
        name: its name; may be empty.
    """

    colours: tuple[Colour, ...]
    written: Colour | None = None
    name: str = ""

    @property
    def rest(self) -> bool:
        """Whether this is the class "rest": every colour that no other class has."""
        return not self.colours

    @property
    def learnt(self) -> Colour:
        """The colour that stands for it in training."""
        if self.colours:
            return self.colours[0]
        colour = self.written or (_WHITE,)
        return colour[:1] if len(set(colour)) == 1 else colour


def parse_classes(texts: Sequence[str]) -> tuple[LabelClass, ...]:
    """Parse the classes of a ``DataSpec.labels``; no texts give no classes.

    Raises:
        UserError: a text is not a class, a colour occurs twice, or there are 1 or over 32 classes.
    """
    classes = tuple(parse_class(text) for text in texts)
    if classes and not 2 <= len(classes) <= MAX_COLOURS:
        raise UserError(f"Label maps have 2 to {MAX_COLOURS} classes, not {len(classes)}.")
    if sum(one.rest for one in classes) > 1:
        raise UserError(f"Only one class can be the '{REST}'; merge the two.")
    seen: set[Colour] = set()
    for one in classes:
        for colour in one.colours or (one.learnt,):
            if colour_of(colour, 3) in seen:
                shown = colour_text(colour)
                remedy = (
                    f"give the rest a colour of its own, such as {REST}>128"
                    if one.rest
                    else "each colour belongs to one class"
                )
                raise UserError(f"The colour {shown} occurs twice among the classes; {remedy}.")
            seen.add(colour_of(colour, 3))
    return classes


def parse_class(text: str) -> LabelClass:
    """Parse one class.

    Raises:
        UserError: the text is not a class.
    """
    rest, _, name = text.partition("=")
    found, arrow, new = rest.partition(">")
    colours: tuple[Colour, ...] = ()
    if found.strip().lower() != REST:
        colours = tuple(parse_colour(part) for part in found.split("+"))
    written = parse_colour(new) if arrow else None
    if ";" in name or "\n" in name:
        raise UserError(f"The name in '{text[:60]}' must not hold a semicolon or a line break.")
    return LabelClass(colours, written, name.strip())


def to_texts(classes: Sequence[LabelClass]) -> tuple[str, ...]:
    """The classes as texts; the inverse of ``parse_classes``."""
    texts = []
    for one in classes:
        text = " + ".join(map(colour_text, one.colours)) or REST
        text += "" if one.written is None else f">{colour_text(one.written)}"
        texts.append(text + (f"={one.name}" if one.name else ""))
    return tuple(texts)


def colour_text(colour: Colour) -> str:
    """A colour as text, such as "7" or "255,0,0"; the inverse of ``parse_colour``."""
    return ",".join(map(str, colour))


def colour_of(colour: Colour, channels: int) -> Colour:
    """The colour with ``channels`` values; a grey value is repeated."""
    return colour * channels if len(colour) == 1 else colour


def parse_colour(text: str) -> Colour:
    """Parse a colour: "7", "255,0,0" or "#ff0000"; each number from 0 to 65535.

    Raises:
        UserError: the text is not a colour.
    """
    text = text.strip()
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return tuple(bytes.fromhex(text[1:]))
    numbers = [number.strip() for number in text.split(",")]
    if len(numbers) in (1, 3) and all(re.fullmatch(r"[0-9]{1,5}", number) for number in numbers):
        colour = tuple(int(number) for number in numbers)
        if max(colour) <= _HIGHEST:
            return colour
    raise UserError(
        f"'{text[:40]}' is not a label colour; write one number or three, such as 7 or 255,0,0 or "
        "#ff0000."
    )
