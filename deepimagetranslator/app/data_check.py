"""The state of the data check: the table of pairs, the findings, repairs and their undo."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.views import TRAINING, VALIDATION
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.chosen import changed_fields, value_of, with_values
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.pairs import ImagePair, Pairing
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef

CERTAIN, LIKELY, DOUBTFUL, ALONE = "certain", "likely", "doubtful", "no partner"
MANUAL = "paired manually"
_ORDER = {ALONE: 0, DOUBTFUL: 1, LIKELY: 2, CERTAIN: 3, MANUAL: 3}
_SEEN = "seen remarks"
_MOST_SEEN = 200


@dataclass(frozen=True)
class Row:
    """A row of the table: a pair, or a file without a partner.

    Attributes:
        part: ``TRAINING`` or ``VALIDATION``.
        input, target: the files; one of them may be missing.
        confidence: ``CERTAIN`` (the same name), ``LIKELY`` (a similar name), ``DOUBTFUL``,
            ``MANUAL`` (chosen by the user) or ``ALONE`` (no partner).
        rule: the rule that paired them, in words; empty for ``MANUAL`` and ``ALONE``.
        index: the pair's position in its part, from 0; -1 without a partner.
        changes: the changes with which the target is read.
    """

    part: str
    input: ImageRef | None
    target: ImageRef | None
    confidence: str
    rule: str
    index: int = field(default=-1, compare=False)
    changes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def files(self) -> tuple[ImageRef, ...]:
        """Its one or two files."""
        return tuple(path for path in (self.input, self.target) if path is not None)

    @property
    def pair(self) -> ImagePair | None:
        """The pair; None without a partner."""
        if self.input is None or self.target is None:
            return None
        return ImagePair(self.input, self.target, self.changes)


@dataclass(frozen=True)
class _Step:
    """One change that can be undone.

    Attributes:
        label: its name.
        before, after: the specs before and after it.
        chosen: the fields that count as chosen by the user since the change.
        spare: the unused targets before the change, by part.
    """

    label: str
    before: Specs
    after: Specs
    chosen: frozenset[str]
    spare: dict[str, tuple[ImageRef, ...]]

    @property
    def fields(self) -> frozenset[str]:
        """The settings that it changed, each named SECTION.FIELD."""
        return changed_fields(self.before, self.after)


class DataCheck:
    """Pairs and findings of a project, and changes that repair them.

    Attributes:
        rows: files without a partner first, then doubtful pairs, then the others in their order.
    """

    def __init__(self, project: ProjectState) -> None:
        self.project = project
        self.rows: tuple[Row, ...] = ()
        # With pairing by order, a project file cannot hold inputs without a target and targets
        # without an input at once: they would become pairs. Such targets are kept here.
        self._spare: dict[str, tuple[ImageRef, ...]] = {}
        self._steps: list[_Step] = []
        self._known: dict[ImagePair, tuple[str, str]] = {}
        self._data = DataSpec()
        self._files_digest = ""
        self.refresh()

    # ---- state -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Update the rows from the project."""
        data = self.project.specs.data
        if _files(data) != _files(self._data):
            self._spare, self._known = {}, {}
        self._data = data
        self._files_digest = ""
        matched = self.project.matched
        rows = [
            *self._rows_of(TRAINING, matched.train_pairing),
            *self._rows_of(VALIDATION, matched.val_pairing),
        ]
        self.rows = tuple(sorted(rows, key=lambda row: _ORDER[row.confidence]))

    @property
    def findings(self) -> tuple[Problem, ...]:
        """All findings: errors first, then warnings and notes."""
        problems = self.project.problems
        return tuple(sorted(problems, key=lambda problem: not problem.fatal))

    @property
    def heading(self) -> str:
        """The number of pairs, the rules that paired them, and how many were paired manually."""
        pairs = {
            part: sum(row.part == part and row.confidence != ALONE for row in self.rows)
            for part in (TRAINING, VALIDATION)
        }
        words = f"{_count(pairs[TRAINING], 'training pair')}"
        if pairs[VALIDATION]:
            words += f" and {_count(pairs[VALIDATION], 'validation pair')}"
        rules = {row.rule: None for row in self.rows if row.rule and row.confidence != ALONE}
        if rules:
            words += f", paired by {' and '.join(rules)}"
        manual = sum(row.confidence == MANUAL for row in self.rows)
        return f"{words}; {manual} paired manually" if manual else words

    @property
    def alone(self) -> int:
        """The number of files without a partner."""
        return sum(row.confidence == ALONE for row in self.rows)

    @property
    def blocked(self) -> bool:
        """Whether an error prevents training."""
        return any(problem.fatal for problem in self.project.problems)

    @property
    def unused_targets(self) -> tuple[ImageRef, ...]:
        """Targets without an input."""
        return tuple(row.target for row in self.rows if row.target and not row.input)

    def row_of(self, file: str) -> int | None:
        """The first row that holds the image which a finding's text names."""
        image = ImageRef.parse(file)
        for number, row in enumerate(self.rows):
            if image in row.files:
                return number
        return None

    def place_of(self, row: Row) -> tuple[str, int] | None:
        """The part and index at which the main window shows a pair; None without a partner."""
        return (row.part, row.index) if row.index >= 0 else None

    # ---- seen findings ---------------------------------------------------------------------

    def unseen(self) -> list[Problem]:
        """Findings that have not been shown to the user for these files."""
        seen = self.project.settings.get(_SEEN).split()
        return [problem for problem in self.project.problems if self._digest(problem) not in seen]

    def mark_seen(self) -> None:
        """Remember that all findings have been shown to the user."""
        seen = self.project.settings.get(_SEEN).split()
        new = [self._digest(problem) for problem in self.unseen()]
        if new:
            self.project.settings.set(_SEEN, " ".join((seen + new)[-_MOST_SEEN:]))

    def _digest(self, problem: Problem) -> str:
        if not self._files_digest:
            self._files_digest = _digest(*self._data.train_inputs, *self._data.train_targets)
        return _digest(problem.kind, str(problem), *problem.files, self._files_digest)

    # ---- repairs ---------------------------------------------------------------------------

    def repair(self, repair: Repair) -> None:
        """Apply a repair of a finding."""
        self._apply(repair.label, repaired(self.project.specs, repair), self._spare)

    def set_target(self, row: Row, target: ImageRef) -> None:
        """Give a row another target; if another row has it, the two rows exchange targets."""
        if target == row.target:
            return
        giver = next((other for other in self.rows if other.target == target), None)
        changed = {row: replace(row, target=target)}
        if giver is not None:
            changed[giver] = replace(giver, target=row.target)
        rows = [changed.get(other, other) for other in self.rows]
        if giver is None and row.target is not None:
            rows.append(Row(row.part, None, row.target, ALONE, ""))
        if row.input is not None:
            self._known[ImagePair(row.input, target)] = (MANUAL, "")
        if giver is not None and giver.input is not None and row.target is not None:
            self._known[ImagePair(giver.input, row.target)] = (MANUAL, "")
        self._write(f"Change the target of {_name(row)}", rows)

    def leave_out(self, rows: Iterable[Row]) -> None:
        """Remove pairs, or files without a partner, from the project."""
        gone = set(rows)
        if not gone:
            return
        what = _name(next(iter(gone))) if len(gone) == 1 else _count(len(gone), "row")
        self._write(f"Leave out {what}", [row for row in self.rows if row not in gone])

    @property
    def undo_label(self) -> str:
        """The name of the change that ``undo`` would revert; empty if there is none."""
        while self._steps and not _is_current(self._steps[-1], self.project.specs):
            self._steps.clear()
        return self._steps[-1].label if self._steps else ""

    def undo(self) -> None:
        """Revert the last change that was made here."""
        if not self.undo_label:
            return
        step = self._steps.pop()
        values = [(name, value_of(step.before, name)) for name in step.fields]
        specs = with_values(self.project.specs, values)
        if step.before.data != step.after.data:
            specs = replace(specs, data=step.before.data)
        self._set(specs, step.spare, self.project.contents.chosen - step.chosen)

    def _write(self, label: str, rows: Sequence[Row]) -> None:
        """Store rows as pairs by order, followed by the inputs, or else targets, without one."""
        data, spare = self.project.specs.data, {}
        if data.pairing != "order":
            # From now on they are paired by order; keep the rule and confidence found by name.
            found = {row.pair: (row.confidence, row.rule) for row in self.rows if row.pair}
            self._known = found | self._known
        for part, prefix in ((TRAINING, "train"), (VALIDATION, "val")):
            # In the order of the project's list of inputs, not in the table's.
            place = {file: i for i, file in enumerate(getattr(data, f"{prefix}_inputs"))}
            own = [row for row in rows if row.part == part]
            own.sort(key=lambda row: place.get(str(row.input), len(place)))
            pairs = [row for row in own if row.input and row.target]
            inputs = [row.input for row in own if row.input and not row.target]
            targets = [row.target for row in own if row.target and not row.input]
            spare[part] = tuple(path for path in targets if path) if inputs else ()
            data = replace(
                data,
                pairing="order",
                **{  # type: ignore[arg-type]
                    f"{prefix}_inputs": tuple(map(str, [*(r.input for r in pairs), *inputs])),
                    f"{prefix}_targets": tuple(
                        map(str, [*(r.target for r in pairs), *([] if inputs else targets)])
                    ),
                },
            )
        self._apply(label, replace(self.project.specs, data=data), spare)

    def _apply(self, label: str, specs: Specs, spare: dict[str, tuple[ImageRef, ...]]) -> None:
        before = self.project.specs
        chosen = changed_fields(before, specs) - self.project.contents.chosen
        self._steps.append(_Step(label, before, specs, chosen, self._spare))
        self._set(specs, spare)

    def _set(
        self,
        specs: Specs,
        spare: dict[str, tuple[ImageRef, ...]],
        chosen: frozenset[str] | None = None,
    ) -> None:
        self._data, self._spare = specs.data, spare
        if specs == self.project.specs:
            self.refresh()  # only the unused targets have changed
        else:
            self.project.set_specs(specs, chosen)

    def _rows_of(self, part: str, pairing: Pairing) -> list[Row]:
        by_order = self._data.pairing == "order"
        rows = []
        both = zip(pairing.pairs, pairing.confidences, strict=True)
        for index, (pair, confidence) in enumerate(both):
            found = (confidence, pairing.rule)
            if by_order and self._known:
                found = self._known.get(pair, found)
            rows.append(Row(part, pair.input, pair.target, *found, index, pair.changes))
        rows += [Row(part, path, None, ALONE, "") for path in pairing.unmatched_inputs]
        targets = (*pairing.unmatched_targets, *self._spare.get(part, ()))
        rows += [Row(part, None, path, ALONE, "") for path in targets]
        return rows


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _files(data: DataSpec) -> tuple[tuple[str, ...], ...]:
    return data.train_inputs, data.train_targets, data.val_inputs, data.val_targets


def _is_current(step: _Step, specs: Specs) -> bool:
    """Whether what a step changed has not been changed since; of the data, none of it."""
    data = step.after.data in (step.before.data, specs.data)
    return data and all(value_of(specs, n) == value_of(step.after, n) for n in step.fields)


def _name(row: Row) -> str:
    return row.files[0].name


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
