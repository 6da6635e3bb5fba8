"""Fields of the specs: default, label, help, bounds and unit in one place.

Forms, command-line options, ``--help`` and validation are all generated from these fields. A spec
is a frozen dataclass whose fields are made by ``number``, ``choice``, ``flag``, ``names``,
``texts`` and ``paths``.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from deepimagetranslator.core.errors import Problem, UserError

Spec = TypeVar("Spec")
_KEY = "deepimagetranslator"


@dataclass(frozen=True)
class FieldInfo:
    """The description of a field.

    Attributes:
        name: the field's name in its dataclass.
        kind: "int", "float", "bool", "choice", "names" (several of ``choices``), "texts", "paths".
        default: its default value.
        label: its label in a form.
        help: one or two plain sentences.
        unit: for instance "pixels"; empty if it has none.
        low, high: inclusive bounds of a number.
        choices: allowed values of a choice.
    """

    name: str
    kind: str
    default: Any
    label: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def bounds(self) -> str:
        """The allowed values as text, for help texts and messages."""
        if self.kind in ("choice", "names"):
            joined = ", ".join(self.choices)
            return f"several of {joined}" if self.kind == "names" else f"one of {joined}"
        if self.kind == "bool":
            return "true or false"
        if self.kind == "paths":
            return "file names separated by commas"
        if self.kind == "texts":
            return "texts separated by semicolons"
        noun = "a whole number" if self.kind == "int" else "a number"
        return f"{noun} from {self.low:g} to {self.high:g}" + (
            f" ({self.unit})" if self.unit else ""
        )


def number(default: float, low: float, high: float, label: str, help: str, unit: str = "") -> Any:
    """A bounded number; an integer if the default is an int."""
    return _field(default, type(default).__name__, label, help, unit=unit, low=low, high=high)


def choice(default: str, choices: Sequence[str], label: str, help: str) -> Any:
    """One of ``choices``."""
    return _field(default, "choice", label, help, choices=tuple(choices))


def flag(default: bool, label: str, help: str) -> Any:
    """A boolean, shown as a check box."""
    return _field(default, "bool", label, help)


def names(default: Sequence[str], choices: Sequence[str], label: str, help: str) -> Any:
    """Any number of ``choices``."""
    return _field(tuple(default), "names", label, help, choices=tuple(choices))


def texts(label: str, help: str) -> Any:
    """A list of short texts, empty by default."""
    return _field((), "texts", label, help)


def paths(label: str, help: str) -> Any:
    """A list of files, empty by default."""
    return _field((), "paths", label, help)


def _field(default: Any, kind: str, label: str, help: str, **rest: Any) -> Any:
    metadata = {_KEY: dict(kind=kind, default=default, label=label, help=help, **rest)}
    return dataclasses.field(default=default, metadata=metadata)


def fields_of(spec: Any) -> Iterator[FieldInfo]:
    """The field descriptions of a spec or of its class, in order."""
    for field in dataclasses.fields(spec):
        yield FieldInfo(name=field.name, **field.metadata[_KEY])


def field_named(spec: Any, name: str) -> FieldInfo:
    """The field with that name.

    Raises:
        UserError: the spec has no such field; the message lists its fields.
    """
    for info in fields_of(spec):
        if info.name == name:
            return info
    known = ", ".join(info.name for info in fields_of(spec))
    raise UserError(f"There is no field {_shown(name)}; choose one of {known}.")


def value_problem(info: FieldInfo, value: Any) -> str | None:
    """Why ``value`` is not allowed in the field, as one sentence; None if it is allowed."""
    if info.kind == "bool":
        fits = isinstance(value, bool)
    elif info.kind == "choice":
        fits = value in info.choices
    elif info.kind == "names":
        fits = isinstance(value, tuple) and all(word in info.choices for word in value)
    elif info.kind in ("paths", "texts"):
        fits = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        right_type = whole or (info.kind == "float" and isinstance(value, float))
        fits = right_type and info.low <= value <= info.high  # always False for NaN
    return None if fits else f"{info.label} must be {info.bounds()}, not {_shown(value)}."


def field_problems(spec: Any) -> list[Problem]:
    """A problem for each field of the spec whose value is not allowed."""
    return [
        Problem(info.name, message)
        for info in fields_of(spec)
        if (message := value_problem(info, getattr(spec, info.name))) is not None
    ]


def parse(info: FieldInfo, text: str) -> Any:
    """Parse a value that a user typed.

    Choices are matched without regard to case, spaces, dashes and underscores:
    ``BinaryCrossentropy`` is ``binary_crossentropy``.

    Raises:
        UserError: the text is not an allowed value.
    """
    text = text.strip()
    value: Any = text
    if info.kind == "bool":
        words = {"true": True, "yes": True, "on": True, "1": True}
        words |= {"false": False, "no": False, "off": False, "0": False}
        value = words.get(text.lower(), text)
    elif info.kind == "choice":
        value = _known_word(text, info.choices)
    elif info.kind == "names":
        value = tuple(_known_word(word, info.choices) for word in _split(text))
    elif info.kind == "paths":
        value = tuple(_split(text))
    elif info.kind == "texts":
        value = tuple(part.strip() for part in text.split(";") if part.strip())
    else:
        with contextlib.suppress(ValueError):
            value = int(text) if info.kind == "int" else float(text)
    message = value_problem(info, value)
    if message is not None:
        raise UserError(message)
    return value


def as_text(info: FieldInfo, value: Any) -> str:
    """The field's value as text; the inverse of ``parse``."""
    if info.kind == "bool":
        return "true" if value else "false"
    if info.kind in ("names", "paths"):
        return ", ".join(value)
    if info.kind == "texts":
        return "; ".join(value)
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def to_json(spec: Any) -> dict[str, Any]:
    """The spec as plain JSON values."""
    return {
        info.name: list(value) if isinstance(value, tuple) else value
        for info in fields_of(spec)
        for value in [getattr(spec, info.name)]
    }


def from_json(spec_class: type[Spec], data: Any, where: str) -> Spec:
    """Make a spec from JSON values; missing fields keep their defaults.

    Args:
        spec_class: the dataclass to make.
        data: the output of ``to_json``.
        where: names the source in error messages.

    Raises:
        UserError: ``data`` is not a JSON object, a field is unknown, or a value is not allowed.
    """
    if not isinstance(data, Mapping):
        raise UserError(f"{where} must be a JSON object; restore the file or create a new one.")
    values: dict[str, Any] = {}
    for key, value in data.items():
        try:
            info = field_named(spec_class, key)
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        if isinstance(value, list):
            value = tuple(value)
        if info.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):  # then it is out of bounds anyway
                value = float(value)
        message = value_problem(info, value)
        if message is not None:
            raise UserError(f"{where}: {message}")
        values[key] = value
    return spec_class(**values)


def _known_word(text: str, choices: Sequence[str]) -> str:
    def folded(word: str) -> str:
        return "".join(character for character in word.lower() if character.isalnum())

    return next((known for known in choices if folded(known) == folded(text)), text)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"'{text[:60]}'"
