"""The newest weights of the loop, and what the networks of earlier rounds have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import parse_images
from deepimagetranslator.core.labelling.record import Round
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.runs.run_folder import RunFolder, runs_of
from deepimagetranslator.core.system.system_path import is_file, is_folder


@dataclass(frozen=True)
class Newest:
    """Weights to draft with, or to go on from.

    Attributes:
        weights: the best weights of a run.
        round_number: of the loop's training that made them; 0 for another training.
    """

    weights: Path
    round_number: int


def newest_weights(path: Path | None, project: Project, store: LabelStore) -> Newest | None:
    """The best weights of the loop's last round that has some, else of the project's last run.

    Args:
        path: the project file; None for a project that was never saved.
        project: its content.
        store: has the rounds.
    """
    runs = runs_of(path, project.runs)
    for one in reversed(store.record.rounds):
        best = RunFolder(run_of(one, store, runs)).best
        if is_file(best):
            return Newest(best, one.number)
    found = (RunFolder(run).best for run in reversed(runs))
    weights = next((best for best in found if is_file(best)), None)
    return None if weights is None else Newest(weights, 0)


def run_of(one: Round, store: LabelStore, runs: Sequence[Path] = ()) -> Path:
    """The run's folder of a round; one of the project's runs of its name if it was moved."""
    place = store.home / one.run
    if not is_folder(place):
        return next((run for run in runs if run.name == place.name), place)
    return place


def round_of(weights: Path, path: Path | None, project: Project, store: LabelStore) -> int:
    """The number of the round in whose folder a weights file lies; 0 if it is in none."""
    runs, folder = runs_of(path, project.runs), store.text_of(weights.parent)
    rounds = reversed(store.record.rounds)
    found = (one.number for one in rounds if store.text_of(run_of(one, store, runs)) == folder)
    return next(found, 0)


def next_number(store: LabelStore) -> int:
    """The number of the next round: that of the last one if it ended before it had weights."""
    rounds = store.record.rounds
    if not rounds:
        return 1
    last = rounds[-1].number
    drafts = (one.draft for one in store.record.images.values())
    drafted = any(draft is not None and draft.round == last for draft in drafts)
    begun = drafted or is_file(RunFolder(run_of(rounds[-1], store)).best)
    return last + 1 if begun else last


def trained_on(store: LabelStore) -> set[str]:
    """The images that any round was trained on, as the store names them."""
    return {text for one in store.record.rounds for text in one.train}


def validated_last(store: LabelStore) -> set[str]:
    """The images that validated the last round that had some, as the store names them."""
    return next((set(one.val) for one in reversed(store.record.rounds) if one.val), set())


def seen_by(weights: Path, store: LabelStore) -> set[str]:
    """The images, as the store names them, that a network and those before it were trained on.

    Of a run outside the loop the project file in its folder tells them, if it is there.
    """
    seen: set[str] = set()
    followed: set[str] = set()
    run = store.text_of(weights.parent)
    while run and run not in followed:
        followed.add(run)
        rounds = reversed(store.record.rounds)
        one = next((one for one in rounds if one.run == run), None)
        if one is None:
            images, run = _recorded(store.home / run, store)
        else:
            images, run = set(one.train), one.start
        seen |= images
    return seen


def _recorded(run: Path, store: LabelStore) -> tuple[set[str], str]:
    """The images of a run outside the loop, and the folder of the weights it began from."""
    try:
        project = load_project(RunFolder(run).project)
    except UserError:
        return set(), ""
    images = {store.text_of(one.path) for one in parse_images(project.specs.data.train_inputs)}
    start = project.run.get("start_weights")
    return images, store.text_of(Path(start).parent) if isinstance(start, str) else ""
