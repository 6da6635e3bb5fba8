"""The note on targets that are read with a change which the user has chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from deepimagetranslator.core.checks.context import CheckContext, finding, phrase
from deepimagetranslator.core.data.targets import LABELS
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef


def changed_targets(context: CheckContext) -> Iterator[Problem]:
    """Targets by their changes; the repair takes the changes back."""
    by_changes: defaultdict[tuple[str, ...], list[ImageRef]] = defaultdict(list)
    for facts in context.readable:
        if facts.pair.changes:
            by_changes[facts.pair.changes].append(facts.pair.target)
    for changes, targets in by_changes.items():
        how = ", ".join(LABELS[name] for name in changes)
        message = (
            f"{phrase(targets, 'target', 'is', 'are')} read {how}, as you have chosen; the files "
            "are unchanged."
        )
        whole = dict.fromkeys(target.file for target in targets)
        back = tuple((str(file), "") for file in whole)
        repair = Repair("Read them unchanged", changes=back, name="unchanged", guess=True)
        yield finding("changed_targets", message, targets, repair=repair)
