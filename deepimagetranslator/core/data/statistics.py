"""Reads every file of a set of pairs once, and gathers its sizes, values and colours."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from deepimagetranslator.core.data.facts import FileContent, FileFacts, PairFacts, brief, pair_facts
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.image_ref import ImageRef

_THREADS = min(4, os.cpu_count() or 1)
_AT_ONCE = 8  # pairs a thread takes, as handing over one cached pair takes longer than finding it

Shape = tuple[int, int, int]


@dataclass
class DatasetStatistics:
    """Statistics of all files of a set.

    Attributes:
        facts: of each pair, in the pairs' order.
        input_range: values of the inputs, for ``choose_normalization``.
        target_range: values of the targets.
        colours: of the targets; ``palette()`` is used if the user calls them labels.
        palette: the targets' if they are label maps, else None.
        input_shapes: the number of inputs of each (height, width, channels), in order.
        target_shapes: the same for the targets.
        ratio: target size divided by input size (height, width) of most pairs.
        complete: False if the reading was cancelled.
    """

    facts: list[PairFacts] = field(default_factory=list)
    input_range: ValueRange = field(default_factory=ValueRange)
    target_range: ValueRange = field(default_factory=ValueRange)
    colours: ColourCount = field(default_factory=ColourCount)
    palette: Palette | None = None
    input_shapes: Counter[Shape] = field(default_factory=Counter)
    target_shapes: Counter[Shape] = field(default_factory=Counter)
    ratio: tuple[float, float] = (1.0, 1.0)
    complete: bool = True

    @classmethod
    def of(
        cls,
        facts: Sequence[PairFacts],
        input_range: ValueRange,
        target_range: ValueRange,
        colours: ColourCount,
    ) -> DatasetStatistics:
        """Statistics from stored facts of readable pairs, equal to those after reading them."""
        result = cls(list(facts), input_range, target_range, colours)
        result.input_shapes.update(both.input.shape for both in facts)
        result.target_shapes.update(both.target.shape for both in facts)
        result.settle()
        return result

    @property
    def readable(self) -> list[PairFacts]:
        """The pairs whose files can both be read."""
        return [facts for facts in self.facts if facts.readable]

    @property
    def unreadable(self) -> dict[ImageRef, str]:
        """The files that cannot be read, each with the reason."""
        return {
            image: facts.trouble
            for both in self.facts
            for image, facts in ((both.pair.input, both.input), (both.pair.target, both.target))
            if facts.trouble
        }

    @property
    def contents(self) -> dict[ImageRef, FileContent]:
        """The digests of each readable image."""
        return {
            path: facts.content
            for both in self.readable
            for path, facts in ((both.pair.input, both.input), (both.pair.target, both.target))
        }

    @property
    def not_finite(self) -> int:
        """The number of images that hold NaN or infinite values."""
        sides = chain.from_iterable((both.input, both.target) for both in self.readable)
        return sum(facts.odd.not_finite > 0 for facts in sides)

    def settle(self, complete: bool = True) -> None:
        """Derive the palette and the size ratio from all pairs."""
        self.complete = complete
        self.palette = self.colours.label_palette()
        self.ratio = _common_ratio(self.readable)

    def add(self, facts: PairFacts, in_brief: bool = False) -> None:
        """Add one pair; with ``in_brief`` the large fields of its facts are dropped."""
        self.facts.append(brief(facts) if in_brief else facts)
        self._add_input(facts.input)
        self._add_target(facts.target)

    def _add_input(self, facts: FileFacts) -> None:
        if not facts.trouble:
            self.input_range.merge(facts.values)
            self.input_shapes[facts.shape] += 1

    def _add_target(self, facts: FileFacts) -> None:
        if not facts.trouble:
            self.target_range.merge(facts.values)
            self.colours.merge(facts.colours)
            self.target_shapes[facts.shape] += 1


def gather_statistics(
    pairs: Sequence[ImagePair],
    cancelled: Callable[[], bool] | None = None,
    report: Callable[[int, int], None] | None = None,
    in_brief: bool = False,
) -> DatasetStatistics:
    """Read every file once, in a few threads and little memory.

    Args:
        pairs: to read.
        cancelled: called after each pair; if it returns True, the statistics so far are returned.
        report: called with the number of pairs read and the number of all pairs.
        in_brief: keep only ``brief`` facts of the pairs, and do not cache facts.
    """
    result = DatasetStatistics()

    def read(some: Sequence[ImagePair]) -> list[PairFacts]:
        found = []
        for pair in some:
            found.append(pair_facts(pair, remember=not in_brief))
            if cancelled and cancelled():
                break  # the other facts are not needed
        return found

    parts = [pairs[start : start + _AT_ONCE] for start in range(0, len(pairs), _AT_ONCE)]
    with HELD.keeping(), ThreadPoolExecutor(_THREADS) as pool:
        for done, facts in enumerate(chain.from_iterable(pool.map(read, parts)), 1):
            result.add(facts, in_brief)
            if report:
                report(done, len(pairs))
            if cancelled and cancelled():
                pool.shutdown(wait=False, cancel_futures=True)
                break
    result.settle(complete=len(result.facts) == len(pairs))
    return result


def fits(ours: Iterable[int], theirs: Iterable[int], ratio: tuple[float, float]) -> bool:
    """Whether a target's size is its input's times the ratio (height, width), within a pixel."""
    return all(
        abs(a * r - b) <= max(1.0, r) / 2 + 1e-9
        for a, b, r in zip(ours, theirs, ratio, strict=True)
    )


def _common_ratio(pairs: Sequence[PairFacts]) -> tuple[float, float]:
    """The ratio of target to input size (height, width) of most pairs."""
    kinds = Counter((facts.input.shape[:2], facts.target.shape[:2]) for facts in pairs)
    ratios = {(1.0, 1.0): 0}
    for (small, large), _ in kinds.most_common(20):
        ratios[large[0] / small[0], large[1] / small[1]] = 0
    for ratio in ratios:
        ratios[ratio] = sum(n for sides, n in kinds.items() if fits(*sides, ratio))
    return max(ratios, key=lambda ratio: ratios[ratio])
