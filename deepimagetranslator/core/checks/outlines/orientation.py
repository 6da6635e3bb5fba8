"""Finds targets that are turned or mirrored against their inputs, by comparing outlines.

Photographs with an EXIF orientation and programs that store columns first lead to such targets.
Each target is compared in the eight orientations of a rectangle. Targets of other pairs show how
well a turned target fits by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.checks.context import finding, leave_out, phrase, target_volumes
from deepimagetranslator.core.checks.outlines import likeness
from deepimagetranslator.core.data.facts import PairFacts
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import LABELS, ORIENTATIONS, turned_further
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.pixels import turned

_TURNS = tuple(sorted(ORIENTATIONS, key=ORIENTATIONS.__getitem__))
"""By EXIF orientation from 2, the change that puts a target right."""

_FEWEST = 5
_FAR = 0.15  # a turn must beat the target as it is by this
_CLEAR = 0.3  # minimum median of the best scores; below, outlines are not informative
_ABOVE_CHANCE = 0.05
_ABOVE_OTHER_TURNS = 0.1  # symmetric outlines fit after several turns
_WHOLE_SET = 0.9
_SAMPLE = 256
_ROWS = 512

Scores = NDArray[np.float32]
"""(n, 8): how well targets fit their inputs in each orientation, -1 to 1; the first is identity."""


@dataclass(frozen=True)
class Turns:
    """Targets that fit after a turn.

    Attributes:
        changes: by index of the pair, the change that puts the target right.
        whole: whether nearly all pairs need the same one; ``changes`` then holds all pairs.
    """

    changes: dict[int, str] = field(default_factory=dict)
    whole: bool = False


def turns_of(pairs: Sequence[PairFacts]) -> Turns:
    """Compare all inputs with their targets; fewer than five pairs give an empty result."""
    if len(pairs) < _FEWEST or all(f.pair.input == f.pair.target for f in pairs):
        return Turns()
    ours = likeness.outlines([facts.input.thumbnail for facts in pairs])
    theirs = likeness.outlines([facts.target.thumbnail for facts in pairs])
    some = np.linspace(0, len(pairs) - 1, min(len(pairs), _SAMPLE)).astype(np.intp)
    scores = _scores(ours, theirs)
    if float(np.median(scores[some].max(axis=1))) < _CLEAR:
        return Turns()
    strangers = _scores(ours[some], theirs[np.roll(some, len(some) // 2)])
    best = scores[:, 1:].argmax(axis=1) + 1
    gain = scores[:, 1:].max(axis=1) - scores[:, 0]
    common = int(np.bincount(best).argmax())
    if _is_whole(scores, strangers, (best == common) & (gain > _FAR), common):
        return Turns(dict.fromkeys(range(len(pairs)), _TURNS[common - 1]), whole=True)
    clear = np.flatnonzero(_clear(scores, strangers, gain))
    changes = {int(number): _TURNS[best[number] - 1] for number in clear}
    return Turns(_with_whole_volumes(pairs, scores, changes))


def turned_targets(pairs: Sequence[PairFacts], turns: Turns) -> Iterator[Problem]:
    """The finding about these pairs, if targets are turned."""
    if not turns.changes:
        return
    files = [pairs[number].pair.target for number in turns.changes]
    names = set(turns.changes.values())
    how = f"if {LABELS[names.pop()]}" if len(names) == 1 else "after a turn or a reflection"
    which = "Nearly all targets fit" if turns.whole else phrase(files, "target", "fits", "fit")
    message = (
        f"{which} the input far better {how}, as after a conversion that ignored the orientation; "
        "look at some and read them turned, if it is so."
    )
    wanted = {pairs[number].pair: name for number, name in turns.changes.items()}
    yield finding("turned_target", message, files, repair=_turning(wanted, turns.whole))


def sideways_targets(pairs: Sequence[PairFacts]) -> Iterator[Problem]:
    """The error about pairs whose target has height and width exchanged."""
    if not pairs:
        return
    files = [facts.pair.target for facts in pairs]
    (height, width), (rows, columns) = pairs[0].input.shape[:2], pairs[0].target.shape[:2]
    message = (
        f"{phrase(files, 'target', 'has', 'have')} height and width exchanged, such as "
        f"{columns} x {rows} pixels for an input of {width} x {height}; read them turned."
    )
    turns = {facts.pair: _quarter_turn(facts) for facts in pairs}
    others = [repair for repair in (leave_out(files),) if repair]
    yield finding("sizes", message, files, fatal=True, repair=_turning(turns), others=others)


def _turning(turns: Mapping[ImagePair, str], whole: bool = False) -> Repair:
    """The repair that turns the targets of these pairs, further if they are read turned already.

    Args:
        turns: the change of orientation that each target needs now.
        whole: every image of a file needs the same, so an entry for each file is enough.
    """
    changes: dict[tuple[str, str], None] = {}
    for pair, name in turns.items():
        target = str(ImageRef(pair.target.file) if whole else pair.target)
        before = next((known for known in pair.changes if known in _TURNS), "")
        after = turned_further(before, name) if before else name
        if not after:  # only all changes together can be taken back
            rest = (known for known in pair.changes if known != before)
            changes |= dict.fromkeys((target, known) for known in ("", *rest))
        else:
            changes[target, after] = None
    count = len({target for target, _ in changes})
    whose = f"these {count} targets" if count > 1 else "this target"
    return Repair(f"Read {whose} turned", changes=tuple(changes), name="turned", guess=True)


def _quarter_turn(facts: PairFacts) -> str:
    """The change among those that exchange rows and columns after which outlines fit best."""
    ours, theirs = (likeness.outlines([side.thumbnail]) for side in (facts.input, facts.target))
    scores = _scores(ours, theirs)[0]
    best = max((number for number in range(4, 8)), key=lambda number: scores[number])
    return _TURNS[best - 1]


def _scores(ours: likeness.Vectors, theirs: likeness.Vectors) -> Scores:
    """The scores of each input with its target in the eight orientations."""
    found = np.zeros((len(ours), 8), np.float32)
    for start in range(0, len(ours), _ROWS):
        part = slice(start, start + _ROWS)
        for orientation in range(1, 9):
            # ``turned`` takes rows and columns first.
            each = turned(theirs[part].transpose(1, 2, 0), orientation).transpose(2, 0, 1)
            found[part, orientation - 1] = likeness.own_scores(ours[part], each)
    return found


def _is_whole(scores: Scores, strangers: Scores, wanted: NDArray[np.bool_], turn: int) -> bool:
    """Whether nearly all pairs need the same turn, and their own targets are what fits then."""
    own, chance = float(np.median(scores[:, turn])), float(np.median(strangers[:, turn]))
    return bool(wanted.mean() >= _WHOLE_SET and own > max(_CLEAR, chance + _ABOVE_CHANCE))


def _with_whole_volumes(
    pairs: Sequence[PairFacts], scores: Scores, changes: Mapping[int, str]
) -> dict[int, str]:
    """The changes; where some slices of a volume need a turn, and nearly all fit better after it,
    all of them need it."""
    result = dict(changes)
    for numbers in target_volumes(pairs):
        turns = Counter(changes[number] for number in numbers if number in changes)
        for turn, _ in turns.most_common(1):
            better = scores[numbers, _TURNS.index(turn) + 1] > scores[numbers, 0]
            if better.mean() >= _WHOLE_SET:
                result |= dict.fromkeys(numbers, turn)
    return result


def _clear(scores: Scores, strangers: Scores, gain: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which single pairs need a turn beyond doubt."""
    first, second = (np.sort(scores[:, 1:], axis=1)[:, -place] for place in (1, 2))
    chance = float(strangers[:, 1:].max())
    clear: NDArray[np.bool_] = (
        (gain > _FAR) & (first > chance + _ABOVE_CHANCE) & (first - second > _ABOVE_OTHER_TURNS)
    )
    return clear
