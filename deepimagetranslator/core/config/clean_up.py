"""The text form of the clean-up of label maps: one rule for one class in each text.

Examples: ``red: connected to outside, else green``, ``red: connected to outside within 8, else
green``, ``green: bordered by red``, ``green: bordered by red over 40 %``,
``green: islands under 20``, ``blue: holes under 10``, ``blue: all holes``,
``liver: largest only``. What the rules do is in ``core.data.labels.clean_up``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deepimagetranslator.core.errors import UserError

OUTSIDE, BORDER, LARGEST = "outside", "border", "largest"
ISLANDS, HOLES = "islands", "holes"
KINDS = (OUTSIDE, BORDER, LARGEST, ISLANDS, HOLES)
"""The kinds of rules, in the order in which they are applied."""

GAP = 5
"""Pixels between a class and the outside across which it still counts as connected, by default:
skin is two to three pixels of a CT slice of 512 x 512 pixels."""

SHARE = 30
"""Per cent of the pixels around a region that make it bordered by a class, by default. Visceral fat
is hardly ever beside subcutaneous fat, as muscle separates the two."""

MOST_PIXELS = 1_000_000_000
FORMS = (
    "CLASS: islands under 20",
    "CLASS: holes under 20",
    "CLASS: all holes",
    "CLASS: largest only",
    "CLASS: connected to outside, else OTHER",
    "CLASS: bordered by OTHER",
)
_RULE = re.compile(
    r"(?P<of>.+?)\s*:\s*(?:"
    r"islands\s+under\s+(?P<islands>\d{1,10})"
    r"|holes\s+under\s+(?P<holes>\d{1,10})"
    r"|(?P<all>all\s+holes)"
    r"|(?P<largest>largest\s+only)"
    r"|bordered\s+by\s+(?P<beside>.+?)(?:\s+over\s+(?P<share>\d{1,10})\s*%)?"
    r"|connected\s+to\s+outside(?:\s+within\s+(?P<gap>\d{1,10}))?\s*,?\s+else\s+(?P<other>.+)"
    r")",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CleanUpRule:
    """One rule.

    Attributes:
        of: the class that it changes, by its name, the name of its colour, or its colour.
        kind: one of ``KINDS``.
        amount: islands and holes with fewer pixels are removed (0: holes of any size); with
            ``OUTSIDE`` the widest gap to the outside, in pixels; with ``BORDER`` the share of the
            pixels around a region, in per cent.
        other: with ``OUTSIDE`` the class that all other regions become, with ``BORDER`` the class
            that regions beside it become; else empty.
    """

    of: str
    kind: str
    amount: int = 0
    other: str = ""

    @property
    def text(self) -> str:
        """The rule as text; the inverse of ``parse_rule``."""
        gap = "" if self.amount == GAP else f" within {self.amount}"
        share = "" if self.amount == SHARE else f" over {self.amount} %"
        words = {
            OUTSIDE: f"connected to outside{gap}, else {self.other}",
            BORDER: f"bordered by {self.other}{share}",
            LARGEST: "largest only",
            ISLANDS: f"islands under {self.amount}",
            HOLES: f"holes under {self.amount}" if self.amount else "all holes",
        }
        return f"{self.of}: {words[self.kind]}"


def parse_rules(texts: Iterable[str]) -> tuple[CleanUpRule, ...]:
    """The rules of a ``TranslationSpec.clean_up``, in the order of the texts.

    Raises:
        UserError: a text is not a rule, or a class has two rules of a kind.
    """
    rules = tuple(map(parse_rule, texts))
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        key = rule.of.lower(), rule.kind
        if key in seen:
            raise UserError(
                f"The clean-up has two rules of the kind '{rule.text}' for {rule.of}; keep one."
            )
        seen.add(key)
    return rules


def parse_rule(text: str) -> CleanUpRule:
    """Parse one rule.

    Raises:
        UserError: the text is not a rule.
    """
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise UserError(
            f"'{text[:60]}' is not a rule of the clean-up; write one such as {'; '.join(FORMS)}."
        )
    of, other = found["of"].strip(), (found["other"] or "").strip()
    if found["largest"]:
        return CleanUpRule(of, LARGEST)
    if found["all"]:
        return CleanUpRule(of, HOLES)
    if other:
        gap = GAP if found["gap"] is None else _pixels(found["gap"])
        return CleanUpRule(of, OUTSIDE, gap, other)
    if found["beside"]:
        share = SHARE if found["share"] is None else int(found["share"])
        if share >= 100:
            raise UserError(f"'{text[:60]}' would change nothing; give a share below 100 %.")
        return CleanUpRule(of, BORDER, share, found["beside"].strip())
    kind = ISLANDS if found["islands"] else HOLES
    pixels = _pixels(found[kind])
    if not pixels:
        raise UserError(f"'{text[:60]}' would remove nothing; give a number of pixels above 0.")
    return CleanUpRule(of, kind, pixels)


def cleaned_by(texts: Iterable[str]) -> str:
    """A sentence on label maps that were cleaned by these rules."""
    return f"Clean-up of the label maps: {'; '.join(texts)}."


def _pixels(digits: str) -> int:
    return min(int(digits), MOST_PIXELS)
