"""Sets pairs aside whose files state different places in the patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress

from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.places import displaced
from deepimagetranslator.core.errors import Problem, Remedy, UserError
from deepimagetranslator.core.imaging.images import read_place
from deepimagetranslator.core.imaging.place import Place, difference


def at_one_place(
    pairs: Sequence[ImagePair], between: Callable[[], None]
) -> tuple[list[ImagePair], list[Problem]]:
    """The pairs without those whose files state different places, and a problem for each volume
    or series of these.

    Args:
        pairs: the pairs; unreadable files are left for the evaluation to report.
        between: called before each pair; may raise to cancel.
    """
    kept, apart = [], defaultdict(list)
    for pair in pairs:
        between()
        places = _places(pair)
        if places is None or not displaced(pair, *places):
            kept.append(pair)
        else:
            apart[pair.input.home, pair.target.home].append((pair, *places))
    return kept, [_problem(found) for found in apart.values()]


def _places(pair: ImagePair) -> tuple[Place, Place] | None:
    """The places of both images; None if one is not stated."""
    with suppress(UserError):
        theirs = read_place(pair.target)
        ours = None if theirs is None else read_place(pair.input)
        return None if ours is None or theirs is None else (ours, theirs)
    return None


def _problem(found: Sequence[tuple[ImagePair, Place, Place]]) -> Problem:
    pair, ours, theirs = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = (
        f"states another place in the patient than its target {pair.target.shown_name}, which "
        f"differs in {difference(ours, theirs)}; choose its own target."
    )
    return Problem(f"{pair.input}{more}", message, remedy=Remedy(action="change_targets"))
