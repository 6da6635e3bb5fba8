"""The command label: the next image to label, drafts of the others, and painted label images."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.data_commands import Outcome
from deepimagetranslator.cli.engine_commands import unlike_sentence
from deepimagetranslator.cli.label_proposal import proposed
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.errors import Problem, UserError, first_few
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.accept import accept as accepted
from deepimagetranslator.core.labelling.loop.classes import adopt_classes
from deepimagetranslator.core.labelling.loop.drafts import Drafts, as_drafts, into_folder
from deepimagetranslator.core.labelling.loop.states import KnownImage, counts, known_images
from deepimagetranslator.core.labelling.record import DONE, TO_LABEL
from deepimagetranslator.core.labelling.store import LabelStore, labels_folder
from deepimagetranslator.core.messages.events import Event, ImageTranslated
from deepimagetranslator.core.runs.run_folder import RunFolder, runs_of
from deepimagetranslator.core.system.system_path import is_file
from deepimagetranslator.core.system.temporary import temporary_folder
from deepimagetranslator.ml import devices


def next_(arguments: argparse.Namespace) -> Outcome:
    """Propose the image to label next."""
    project = load_project(arguments.project)
    store = _store(arguments.project, project)
    store.look()
    images = _images(arguments.project, project, store)
    found, skipped = proposed(
        arguments, project, store, images, lambda: _last_weights(arguments.project, project)
    )
    done = f"{counts(images)[DONE]} of {len(images)} images are done"
    if found is None:
        terminal.say(f"There is nothing left to label: {done}.")
    else:
        terminal.say(f"Label {found.image} next ({found.reason}); {done}.")
    _say_skipped(skipped)
    return 3 if skipped else 0, {
        "image": found and str(found.image),
        "person": found and (found.person or None),
        "reason": found and found.reason,
        "value": found and found.value,
        "skipped": [{"file": one.subject, "reason": one.message} for one in skipped],
    } | _counted(images)


def draft(arguments: argparse.Namespace) -> Outcome:
    """Translate all images that are to be labelled, and keep the results as drafts."""
    start = time.monotonic()
    project = load_project(arguments.project)
    weights = arguments.weights or _last_weights(arguments.project, project)
    store = _store(arguments.project, project)
    with _opened(store, writes=arguments.output is None):
        images = _images(arguments.project, project, store)
        wanted = [one.image for one in images if one.state == TO_LABEL]
        result: dict[str, Any] = {"weights": str(weights), "drafted": 0, "skipped": []}
        result |= {"marked": [], "domain_unknown": ""}
        if wanted:
            result = _drafted(arguments, project, weights, store, wanted)
        else:
            terminal.say("No image is to be labelled: all are drafts or done.")
        images = known_images(project.specs.data, store)
    return 3 if result["skipped"] or result["marked"] else 0, {
        **result,
        "output": str(arguments.output or store.folder),
        **_counted(images),
        "seconds": round(time.monotonic() - start, 3),
    }


def accept(arguments: argparse.Namespace) -> Outcome:
    """Take label images that were painted in another program over as done."""
    project = load_project(arguments.project)
    labels = list_images(arguments.labels)
    store = _store(arguments.project, project)
    with _opened(store), terminal.progress() as (report, control):
        images = _images(arguments.project, project, store)
        adopt_classes(project.specs.data, store)
        result = accepted(
            store, images, labels, replace=arguments.replace, report=report, control=control
        )
        images = known_images(project.specs.data, store)
    taken = len(result.images)
    done = counts(images)[DONE]
    terminal.say(
        f"{taken} label image{'s' * (taken != 1)} taken over; {done} of {len(images)} images are "
        "done. What is not painted on them is background."
    )
    _say_skipped(result.skipped)
    return 3 if result.skipped else 0, {
        "accepted": [str(image) for image in result.images],
        "labels": str(store.folder),
        "skipped": [{"file": one.subject, "reason": one.message} for one in result.skipped],
    } | _counted(images)


def _drafted(
    arguments: argparse.Namespace,
    project: Project,
    weights: Path,
    store: LabelStore,
    wanted: list[ImageRef],
) -> dict[str, Any]:
    devices.load_engine()
    from deepimagetranslator.ml import translation  # noqa: PLC0415
    from deepimagetranslator.ml.weights import read_card  # noqa: PLC0415

    palette = read_card(weights).palette
    if palette is None:
        raise UserError(
            f"{weights} predicts values and no classes, so it makes no drafts of label maps; train "
            "on label maps first, or give other weights."
        )
    adopt_classes(project.specs.data, store, palette)
    output: Path | None = arguments.output
    put = store.write if output is None else into_folder(output, store.table, wanted)
    drafts = Drafts(palette, store.table, put)
    spec = as_drafts(project.specs.translation)
    spec = replace(spec, accept_values=spec.accept_values or arguments.accept_values)
    with temporary_folder("drafts") as folder, terminal.progress() as (report, control):

        def take(event: Event) -> None:
            if isinstance(event, ImageTranslated):
                drafts.take(event.source, event.output)
            report(event)

        place = folder / "translated"
        found = translation.translate(weights, wanted, place, spec, report=take, control=control)
    found = replace(found, marks_file=None)  # it went with the temporary folder
    skipped = [*found.skipped, *drafts.skipped]
    count = len(drafts.images)
    where = f" in {output}" if output else ""
    terminal.say(f"{count} image{'s have drafts' if count != 1 else ' has a draft'} now{where}.")
    _say_skipped([Problem(str(source), reason) for source, reason in skipped])
    for sentence in (found.domain_unknown, unlike_sentence(found) if found.marked else ""):
        if sentence:
            terminal.say(sentence)
    return {
        "weights": str(weights),
        "drafted": count,
        "skipped": [{"file": str(source), "reason": reason} for source, reason in skipped],
        "marked": [{"file": str(one.source), **asdict(one.mark)} for one in found.marked],
        "domain_unknown": found.domain_unknown,
    }


def _store(path: Path, project: Project) -> LabelStore:
    return LabelStore(project.labels or labels_folder(path.absolute()))


@contextmanager
def _opened(store: LabelStore, writes: bool = True) -> Iterator[None]:
    """A store to write to, or only to look at."""
    if not writes:
        store.look()
        yield
        return
    store.open()
    try:
        yield
    finally:
        store.close()


def _images(path: Path, project: Project, store: LabelStore) -> list[KnownImage]:
    images = known_images(project.specs.data, store)
    if not images:
        raise UserError(f"{path} has no training images yet; add some first.")
    return images


def _last_weights(path: Path, project: Project) -> Path:
    """The best weights of the project's last run that has some."""
    for run in reversed(runs_of(path, project.runs)):
        best = RunFolder(run).best
        if is_file(best):
            return best
    raise UserError(
        f"{path} has no trained network yet; train it first, or name a weights file with --weights."
    )


def _counted(images: list[KnownImage]) -> dict[str, int]:
    """The number of images in each state, for ``--json``."""
    return {state.replace(" ", "_"): number for state, number in counts(images).items()}


def _say_skipped(problems: Iterable[Problem]) -> None:
    listed = list(problems)
    if listed:
        terminal.say(f"{len(listed)} skipped:")
        terminal.say_problems(first_few(listed, "more were skipped"))
