"""One task of the simulation, in a process of its own: one line of JSON for each training.

The rounds of a strategy are one process, which saves the start of TensorFlow. The weights of the
last round are kept, so that a process that was ended goes on after it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from one_training import measured_by, project_for
from plan import ALL, QUICK_SIZE, ROUNDS, SEEDS, SETS, SIZE, Task
from rows import last_chosen, rows_of_task
from sets import ImageSet, Pair

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.labelling.loop.foreground import has_object
from deepimagetranslator.core.labelling.loop.next_image import (
    DISAGREEMENT,
    RANDOM,
    Proposal,
    next_by_value,
    next_image,
)
from deepimagetranslator.core.labelling.loop.schedule import RATE_CONTINUED
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.loop.thumbnails import distances
from deepimagetranslator.core.labelling.record import DONE, TO_LABEL
from deepimagetranslator.core.runs.run_folder import RunFolder

EPOCHS = 2  # of a training; only the last weights are looked at


class Simulation:
    """A pool of images of which some are labelled.

    Args:
        task: what is done.

    Attributes:
        done: the labelled pairs, in the order in which they were chosen.
        weights, translator: of the last round; None before the first.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.about = task, SETS[task.set]
        self.images: ImageSet = self.about.images(QUICK_SIZE if task.quick else SIZE)
        self.pool = {name_of(pair): pair for pair in self.images.train}
        self.done: list[Pair] = []
        self.weights: Path | None = None
        self.translator: Any = None
        self._disagreements: dict[ImageRef, float] = {}

    def take(self, weights: Path) -> None:
        """Predict with these weights from now on."""
        from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

        self.weights, self.translator = weights, Translator(weights)
        self._disagreements = {}

    def choose(self, count: int) -> list[Pair]:
        """Choose images until ``count`` are labelled; the new ones are labelled now."""
        new = []
        while len(self.done) < count:
            proposal = self._proposal()
            assert proposal is not None
            pair = next(p for p in self.images.train if Path(p[0]) == proposal.image.file)
            self.done.append(pair)
            new.append(pair)
        return new

    def _proposal(self) -> Proposal | None:
        """What the program proposes next, by its own functions."""
        labelled = set(self.done)
        images = [
            KnownImage(ImageRef(Path(p[0])), person_of(p), DONE if p in labelled else TO_LABEL)
            for p in self.images.train
        ]
        way, seed = self.task.strategy, self.task.seed

        def has_foreground(image: ImageRef) -> bool:
            return has_object(read_image(image))

        if way == RANDOM or self.weights is None:
            return next_image(images, seed, has_foreground)
        if way == DISAGREEMENT:
            return next_by_value(images, seed, has_foreground, self._by_disagreement(images), way)
        return next_by_value(images, seed, has_foreground, distances(images), way)

    def _by_disagreement(self, images: Sequence[KnownImage]) -> dict[ImageRef, float]:
        """By the weights of the last round, computed once for all images chosen in a round."""
        from deepimagetranslator.ml.self_disagreement import self_disagreements  # noqa: PLC0415

        if not self._disagreements:
            left = [one.image for one in images if one.state != DONE]
            self._disagreements, _ = self_disagreements(self.translator, left)
        return self._disagreements

    def to_correct(self, pairs: Sequence[Pair]) -> int:
        """Pixels of images in which the prediction of the last round's weights is not the truth."""
        if self.translator is None:
            return self.not_background(pairs)
        palette = self.translator.network.palette
        wrong = 0
        for image, target in pairs:
            predicted = self.translator.translate(read_image(Path(image)), image)
            classes = [palette.encode(x, target) for x in (predicted, read_image(Path(target)))]
            wrong += int(np.count_nonzero(classes[0] != classes[1]))
        return wrong

    def not_background(self, pairs: Sequence[Pair]) -> int:
        """Pixels of the truth that are not background, which is what is painted without a draft."""
        return sum(int(read_image(Path(t)).any(axis=2).sum()) for _, t in pairs)

    def project(self, pairs: Sequence[Pair], steps: int) -> Project:
        """A user's project on the labelled images: the recommended preset with what is suggested.

        What is not measured is switched off: which images the network suits. A round that continues
        has a lower peak rate and other augmentation than the rounds before.
        """
        settings = (
            "training.recognize_unlike=false",
            f"data.labels={';'.join(self.about.labels)}",
        )
        images = replace(self.images, train=tuple(pairs))
        seed = self.task.seed + (len(SEEDS) * len(pairs) if self.weights else 0)
        project = project_for(images, "recommended", settings, seed, steps)
        training = project.specs.training
        rate = training.learning_rate * (RATE_CONTINUED if self.weights else 1)
        training = replace(
            training, epochs=EPOCHS, steps_per_epoch=steps // EPOCHS, learning_rate=rate
        )
        return replace(project, specs=replace(project.specs, training=training))

    def train(self, pairs: Sequence[Pair], steps: int, keep: Path) -> dict[str, Any]:
        """Train, from the last round's weights if there are any, and measure on the test images.

        Args:
            pairs: labelled images.
            steps: of the training, an even number.
            keep: where the last weights go; they are those of the last round then.
        """
        from deepimagetranslator.ml.training import train  # noqa: PLC0415

        start = time.monotonic()
        project = self.project(pairs, steps)
        keep.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            run = RunFolder(Path(folder) / "run")
            train(project, run.path, start_weights=self.weights)
            shutil.copyfile(run.last, keep.with_suffix(".part"))
        keep.with_suffix(".part").replace(keep)
        seconds = time.monotonic() - start
        self.take(keep)
        found = measured_by(self.translator, self.images, shifts=False)["unshifted"]
        return {"dice": found[self.about.score], "seconds": round(seconds, 1)}


def name_of(pair: Pair) -> str:
    """A short name of a pair, which tells the person."""
    path = Path(pair[0])
    return f"{path.parent.parent.name}/{path.stem}"


def person_of(pair: Pair) -> str:
    """Whose the image is; empty for a specimen."""
    folder = Path(pair[0]).parent.parent.name
    return "" if folder == "isbi_em" else folder


def tell(row: dict[str, Any]) -> None:
    """Write a row for the parent."""
    print(json.dumps(row), flush=True)


def rounds(simulation: Simulation, until: float) -> None:
    """All rounds that have no row yet; after ``until`` none begins."""
    task = simulation.task
    steps = task.total_steps // len(task.counts)
    known = {int(row["round"]): row for row in rows_of_task(task)}
    kept = [number for number in sorted(known) if weights_of(task, number).exists()]
    begin = kept[-1] if kept else 0
    for number in range(1, begin + 1):
        simulation.done += [simulation.pool[n] for n in known[number]["new_images"].split()]
    if begin:
        simulation.take(weights_of(task, begin))
    for number, count in enumerate(task.counts, 1):
        if number <= begin:
            continue
        if time.time() > until:
            return
        new = simulation.choose(count)
        wrong, background = simulation.to_correct(new), simulation.not_background(new)
        found = simulation.train(simulation.done, steps, weights_of(task, number))
        tell(
            {
                "round": number,
                "labelled": count,
                "steps": steps * number,
                "pixels_to_correct": wrong,
                "not_background": background,
                "new_images": " ".join(map(name_of, new)),
                **found,
            }
        )
        weights_of(task, number - 1).unlink(missing_ok=True)


def at_once(simulation: Simulation) -> None:
    """One training from scratch, as long as all rounds together."""
    task = simulation.task
    names = list(simulation.pool) if task.kind == ALL else last_chosen(task)
    if names is None:
        return  # the rounds are not done, as time was over
    pairs = [simulation.pool[name] for name in names]
    weights = weights_of(task, len(task.counts))
    found = simulation.train(pairs, task.total_steps, weights)
    last = {"round": len(task.counts), "labelled": len(pairs), "steps": task.total_steps}
    tell({**last, **found})


def weights_of(task: Task, number: int) -> Path:
    """The weights of a round."""
    return task.folder() / f"round-{number}.weights.h5"


def main() -> None:
    """Do the task of the command line."""
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine(threads=1)
    given = json.loads(sys.argv[1])
    until = given.pop("until")
    simulation = Simulation(Task(**given))
    if simulation.task.kind == ROUNDS:
        rounds(simulation, until)
    else:
        at_once(simulation)


if __name__ == "__main__":
    main()
