"""The command label: the next image to label, drafts of the others, and painted label images."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.data_commands import Outcome
from deepimagetranslator.cli.engine_commands import unlike_sentence
from deepimagetranslator.cli.label_proposal import proposed
from deepimagetranslator.cli.label_shared import (
    counted,
    images_of,
    label_store,
    opened,
    say_skipped,
)
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.errors import FEW, Problem, UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.accept import accept as accepted
from deepimagetranslator.core.labelling.loop.classes import adopt_classes
from deepimagetranslator.core.labelling.loop.draft_folder import into_folder
from deepimagetranslator.core.labelling.loop.drafts import (
    Drafts,
    as_drafts,
    drafted_words,
    into_store,
    to_draft,
)
from deepimagetranslator.core.labelling.loop.newest import Newest, newest_weights, round_of
from deepimagetranslator.core.labelling.loop.states import counts, known_images
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.messages.events import Event, ImageTranslated
from deepimagetranslator.core.system.temporary import temporary_folder
from deepimagetranslator.ml import devices


def next_(arguments: argparse.Namespace) -> Outcome:
    """Propose the image to label next."""
    path, project = arguments.project, load_project(arguments.project)
    store = label_store(path, project)
    store.look()
    images = images_of(path, project, store)
    found, skipped = proposed(
        arguments, project, store, images, lambda: _newest(path, project, store).weights
    )
    done = f"{counts(images)[DONE]} of {len(images)} images are done"
    if found is None:
        terminal.say(f"There is nothing left to label: {done}.")
    else:
        terminal.say(f"Label {found.image} next ({found.reason}); {done}.")
    say_skipped(skipped)
    return 3 if skipped else 0, {
        "image": found and str(found.image),
        "person": found and (found.person or None),
        "reason": found and found.reason,
        "value": found and found.value,
        "skipped": [{"file": one.subject, "reason": one.message} for one in skipped],
    } | counted(images)


def draft(arguments: argparse.Namespace) -> Outcome:
    """Draft the images that are to be labelled, with the newest weights or given ones."""
    start = time.monotonic()
    path, project = arguments.project, load_project(arguments.project)
    store = label_store(path, project)
    with opened(store, writes=arguments.output is None):
        images = images_of(path, project, store)
        newest = _weights(arguments, project, store)
        wanted = to_draft(images, store, newest.round_number)
        result: dict[str, Any] = {"drafted": 0, "skipped": [], "worst_first": []}
        result |= {"marked": [], "domain_unknown": ""}
        if wanted:
            result = _drafted(arguments, project, newest, store, wanted)
        else:
            terminal.say("No image is to be labelled: all are drafts or done.")
        images = known_images(project.specs.data, store)
    return 3 if result["skipped"] or result["marked"] else 0, {
        "weights": str(newest.weights),
        "round": newest.round_number,
        **result,
        "output": str(arguments.output or store.folder),
        **counted(images),
        "seconds": round(time.monotonic() - start, 3),
    }


def accept(arguments: argparse.Namespace) -> Outcome:
    """Take label images that were painted in another program over as done."""
    project = load_project(arguments.project)
    labels = list_images(arguments.labels)
    store = label_store(arguments.project, project)
    with opened(store), terminal.progress() as (report, control):
        images = images_of(arguments.project, project, store)
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
    say_skipped(result.skipped)
    return 3 if result.skipped else 0, {
        "accepted": [str(image) for image in result.images],
        "labels": str(store.folder),
        "skipped": [{"file": one.subject, "reason": one.message} for one in result.skipped],
    } | counted(images)


def _drafted(
    arguments: argparse.Namespace,
    project: Project,
    newest: Newest,
    store: LabelStore,
    wanted: list[ImageRef],
) -> dict[str, Any]:
    devices.load_engine()
    from deepimagetranslator.ml import translation  # noqa: PLC0415
    from deepimagetranslator.ml.weights import read_card  # noqa: PLC0415

    weights = newest.weights
    palette = read_card(weights).palette
    if palette is None:
        raise UserError(
            f"{weights} predicts values and no classes, so it makes no drafts of label maps; train "
            "on label maps first, or give other weights."
        )
    adopt_classes(project.specs.data, store, palette)
    output: Path | None = arguments.output
    put = into_store(store, newest.round_number)
    if output is not None:
        put = into_folder(output, store.table, wanted, newest.round_number)
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
    terminal.say(f"{drafted_words(count)}{where}.")
    if count > 1 and drafts.worst_first:
        few = drafts.worst_first[:FEW]
        listed = ", ".join(f"{image.shown_name} ({mean:.3f})" for image, mean in few)
        terminal.say(
            f"Worst first, by the mean probability of the drafted classes over the pixels: {listed}"
            f"{' ...' if count > FEW else '.'}"
        )
    say_skipped([Problem(str(source), reason) for source, reason in skipped])
    for sentence in (found.domain_unknown, unlike_sentence(found) if found.marked else ""):
        if sentence:
            terminal.say(sentence)
    return {
        "drafted": count,
        "worst_first": [
            {"file": str(image), "confidence": round(confidence, 4)}
            for image, confidence in drafts.worst_first
        ],
        "skipped": [{"file": str(source), "reason": reason} for source, reason in skipped],
        "marked": [{"file": str(one.source), **asdict(one.mark)} for one in found.marked],
        "domain_unknown": found.domain_unknown,
    }


def _weights(arguments: argparse.Namespace, project: Project, store: LabelStore) -> Newest:
    """The given weights, else the newest ones."""
    path = arguments.project
    if arguments.weights is not None:
        number = round_of(arguments.weights, path, project, store)
        return Newest(arguments.weights, number)
    return _newest(path, project, store)


def _newest(path: Path, project: Project, store: LabelStore) -> Newest:
    newest = newest_weights(path, project, store)
    if newest is None:
        raise UserError(
            f"{path} has no trained network yet; train it first, or name a weights file with "
            "--weights."
        )
    return newest
