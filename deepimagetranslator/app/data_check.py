"""The data doctor's truth: the table of pairs, the findings, what was mended and how to undo it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.views import TRAINING, VALIDATION
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.chosen import changed_fields
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.pairs import ImagePair, Pairing
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef

CERTAIN, LIKELY, DOUBTFUL, ALONE = "certain", "likely", "doubtful", "no partner"
_ORDER = {ALONE: 0, DOUBTFUL: 1, LIKELY: 2, CERTAIN: 3}
BY_HAND = "chosen by you"
_SEEN = "seen remarks"
_MOST_SEEN = 200


@dataclass(frozen=True)
class Row:
    """A line of the table: a pair, or a file without a partner.

    Attributes:
        part: training or validation.
        input, target: the files; one of them may be missing.
        confidence: ``CERTAIN``, ``LIKELY``, ``DOUBTFUL`` or ``ALONE``.
        rule: by what they were paired, in words.
        index: of the pair in its part; -1 without a partner.
    """

    part: str
    input: ImageRef | None
    target: ImageRef | None
    confidence: str
    rule: str
    index: int = field(default=-1, compare=False)

    @property
    def files(self) -> tuple[ImageRef, ...]:
        """Its one or two files."""
        return tuple(path for path in (self.input, self.target) if path is not None)


@dataclass(frozen=True)
class _Step:
    """One change: its name, the choices before and after it, the fields that it made chosen, and
    the targets that were unused before it."""

    label: str
    before: Specs
    after: Specs
    chosen: frozenset[str]
    spare: dict[str, tuple[ImageRef, ...]]


class DataCheck:
    """Pairs and findings of a project, and their mending.

    Attributes:
        rows: files without a partner first, then doubtful pairs, then the others in their order.
    """

    def __init__(self, project: ProjectState) -> None:
        self.project = project
        self.rows: tuple[Row, ...] = ()
        # The project file has no place for targets that are without an input while inputs are
        # without a target too (by order they would become pairs): they wait here.
        self._spare: dict[str, tuple[ImageRef, ...]] = {}
        self._steps: list[_Step] = []
        self._known: dict[ImagePair, tuple[str, str]] = {}
        self._data = DataSpec()
        self._files_digest = ""
        self.refresh()

    # ---- what there is ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Take over what the project holds now."""
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
        """What must be mended, then the remarks."""
        problems = self.project.problems
        return tuple(sorted(problems, key=lambda problem: not problem.fatal))

    @property
    def heading(self) -> str:
        """How many pairs there are, and by which rule they belong together."""
        pairs = {
            part: sum(row.part == part and row.confidence != ALONE for row in self.rows)
            for part in (TRAINING, VALIDATION)
        }
        words = f"{_count(pairs[TRAINING], 'training pair')}"
        if pairs[VALIDATION]:
            words += f" and {_count(pairs[VALIDATION], 'validation pair')}"
        rules = {row.rule: None for row in self.rows if row.rule and row.confidence != ALONE}
        return f"{words}, paired by {' and '.join(rules)}" if rules else words

    @property
    def alone(self) -> int:
        """The number of files without a partner."""
        return sum(row.confidence == ALONE for row in self.rows)

    @property
    def blocked(self) -> bool:
        """Whether something must be mended before training."""
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
        """The part and position at which the main window shows a pair."""
        return (row.part, row.index) if row.index >= 0 else None

    # ---- what was seen ---------------------------------------------------------------------

    def unseen(self) -> list[Problem]:
        """Remarks that the user has not been shown for these files."""
        seen = self.project.settings.get(_SEEN).split()
        return [problem for problem in self.project.problems if self._digest(problem) not in seen]

    def mark_seen(self) -> None:
        """The user has had all findings before the eyes."""
        seen = self.project.settings.get(_SEEN).split()
        new = [self._digest(problem) for problem in self.unseen()]
        if new:
            self.project.settings.set(_SEEN, " ".join((seen + new)[-_MOST_SEEN:]))

    def _digest(self, problem: Problem) -> str:
        if not self._files_digest:
            self._files_digest = _digest(*self._data.train_inputs, *self._data.train_targets)
        return _digest(problem.kind, str(problem), *problem.files, self._files_digest)

    # ---- mending ---------------------------------------------------------------------------

    def repair(self, problem: Problem) -> None:
        """Apply a finding's repair."""
        assert problem.repair is not None
        specs = repaired(self.project.specs, problem.repair)
        self._apply(problem.repair.label, specs, self._spare)

    def set_target(self, row: Row, target: ImageRef) -> None:
        """Give a row another target; if a row has it already, the two rows exchange theirs."""
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
            self._known[ImagePair(row.input, target)] = (CERTAIN, BY_HAND)
        if giver is not None and giver.input is not None and row.target is not None:
            self._known[ImagePair(giver.input, row.target)] = (CERTAIN, BY_HAND)
        self._write(f"Change the target of {_name(row)}", rows)

    def leave_out(self, rows: Iterable[Row]) -> None:
        """Take pairs, or files without a partner, out of the project."""
        gone = set(rows)
        if not gone:
            return
        what = _name(next(iter(gone))) if len(gone) == 1 else _count(len(gone), "row")
        self._write(f"Leave out {what}", [row for row in self.rows if row not in gone])

    @property
    def undo_label(self) -> str:
        """What ``undo`` would take back, in words; empty if there is nothing."""
        while self._steps and not _still_stands(self._steps[-1], self.project.specs):
            self._steps.clear()
        return self._steps[-1].label if self._steps else ""

    def undo(self) -> None:
        """Take back the last change that was made here."""
        if not self.undo_label:
            return
        step = self._steps.pop()
        changed = {name: getattr(step.before, name) for name in _changed_sections(step)}
        chosen = self.project.contents.chosen - step.chosen
        self._set(replace(self.project.specs, **changed), step.spare, chosen)

    def _write(self, label: str, rows: Sequence[Row]) -> None:
        """Store rows as pairs by order; lone inputs, or else lone targets, stay at the end."""
        data, spare = self.project.specs.data, {}
        if data.pairing != "order":
            # Afterwards the order pairs them, but what spoke for a pair still does.
            pairs = [row for row in self.rows if row.confidence != ALONE]
            found = {ImagePair(*r.files): (r.confidence, r.rule) for r in pairs}
            self._known = found | self._known
        for part, prefix in ((TRAINING, "train"), (VALIDATION, "val")):
            # In the order in which they stood, not in the table's.
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
            self.refresh()  # only which targets are unused has changed
        else:
            self.project.set_specs(specs, chosen)

    def _rows_of(self, part: str, pairing: Pairing) -> list[Row]:
        by_hand = self._data.pairing == "order"
        rows = []
        both = zip(pairing.pairs, pairing.confidences, strict=True)
        for index, (pair, confidence) in enumerate(both):
            found = (confidence, pairing.rule)
            if by_hand and self._known:
                found = self._known.get(pair, found)
            rows.append(Row(part, pair.input, pair.target, *found, index))
        rows += [Row(part, path, None, ALONE, "") for path in pairing.unmatched_inputs]
        targets = (*pairing.unmatched_targets, *self._spare.get(part, ()))
        rows += [Row(part, None, path, ALONE, "") for path in targets]
        return rows


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _files(data: DataSpec) -> tuple[tuple[str, ...], ...]:
    return data.train_inputs, data.train_targets, data.val_inputs, data.val_targets


def _changed_sections(step: _Step) -> list[str]:
    names = ("data", "model", "training", "augmentation", "translation")
    return [name for name in names if getattr(step.before, name) != getattr(step.after, name)]


def _still_stands(step: _Step, specs: Specs) -> bool:
    """Whether nothing that a step changed was changed since by somebody else."""
    return all(
        getattr(specs, name) == getattr(step.after, name) for name in _changed_sections(step)
    )


def _name(row: Row) -> str:
    return row.files[0].name


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
