"""Are images on which a network fails marked, and others not? The table of wrong domains.

``domain.py run`` trains a network for each person left out (every fifth slice of the others is the
validation set), as a user gets it, at 256x256; its limits are found by the product's own training.
Then each slice of the left-out person is translated as it is and after each shift, as well as
images of another kind, and a row for each goes into ``results/domain.csv``. It resumes: conditions
that are in the table are not repeated, an interrupted training goes on.

``domain.py table`` prints for each kind of shift how well the score tells the images whose Dice
falls by more than 0.05 from the rest, unshifted ones included, as the area under the ROC curve; and
how many unshifted slices are marked, a false alarm each.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from one_training import project_for
from results import RESULTS
from scores import TISSUES
from sets import ABDOMEN, CACHE, EVERY, TISSUE, ImageSet, all_sets
from shifts import MOST, SHIFTS, UNSHIFTED, Tested, foreign, shifted

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.evaluation.measures import measure
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.typing import Array

TABLE = RESULTS / "domain.csv"
COLUMNS = ("person", "condition", "image", "dice", "drop", "score", "kind")
STEPS = 600
FALLS = 0.05
FEWEST = 10  # images on either side of a curve
KINDS: Mapping[str, Sequence[str]] = {
    "brightness": ("+20 HU", "-20 HU", "+60 HU"),
    "gain": ("gain 1.05",),
    "noise": ("noise 15 HU", "noise 30 HU", "noise 60 HU"),
    "blur": ("blur 1 px", "blur 3 px"),
    "scale": ("scale 0.7", "scale 0.85", "scale 1.2", "scale 1.4"),
    "other aspect": ("cut to 333x500", "resized to 333x500"),
    "cut body": ("cut to 400x300",),
    "turned": ("turned 90", "turned 180", "flipped"),
}


def project_of(one: ImageSet) -> Project:
    """The protocol's project with a validation set, and with the search for limits."""
    people = [[pair for pair in one.train if person in pair[0]] for person in ABDOMEN]
    val = tuple(pair for pairs in people for pair in pairs[2::EVERY])
    train = tuple(pair for pair in one.train if pair not in val)
    project = project_for(replace(one, train=train), "recommended", (), 1, STEPS)
    lists = {"val_inputs": [i for i, _ in val], "val_targets": [t for _, t in val]}
    specs, sides = project.specs, ("input_height", "input_width", "target_height", "target_width")
    return replace(
        project,
        specs=replace(
            specs,
            data=replace(specs.data, **{name: tuple(paths) for name, paths in lists.items()}),
            model=replace(specs.model, **dict.fromkeys(sides, one.size)),
            training=replace(
                specs.training, recognize_unlike=True, epochs=math.ceil(STEPS / len(train))
            ),
        ),
    )


def trained(one: ImageSet) -> Path:
    """The best weights of a fold; trains as far as that has not been done."""
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    run = RunFolder(CACHE / "domain" / one.person)
    train(project_of(one), run.path, resume=run.project.exists())
    return run.best


def conditions(
    one: ImageSet,
) -> Iterator[tuple[str, Sequence[tuple[int, tuple[Array, Array | None]]]]]:
    """Each condition of the left-out person with numbered inputs and targets.

    Of a shift at most ``MOST`` slices are looked at. Foreign images have no targets.
    """
    yield (
        UNSHIFTED,
        list(enumerate((read_image(Path(i)), read_image(Path(t))) for i, t in one.test)),
    )
    for shift in SHIFTS:
        tested = list(enumerate(shifted(one.person, shift, one.size)))
        yield shift.name, tested[:: -(-len(tested) // MOST)]
    for name, images in foreign(one.size).items():
        yield name, [(number, (image, None)) for number, image in enumerate(images)]


def add_rows(one: ImageSet, weights: Path, done: Collection[str]) -> None:
    """Measure the conditions of a fold that are not done, and append the rows of each."""
    from deepimagetranslator.ml.marking import Marker  # noqa: PLC0415
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    translator = Translator(weights)
    known, marker = translator.card.domain.known, Marker(translator.card)
    assert known is not None, translator.card.domain.unknown
    print(one.person, {k: tuple(round(x, 3) for x in v) for k, v in known.limits.items()})
    unshifted = {
        row["image"]: float(row["dice"])
        for row in read_table()
        if (row["person"], row["condition"]) == (one.person, UNSHIFTED)
    }
    for condition, tested in conditions(one):
        rows = []
        for number, (image, target) in tested if condition not in done else ():
            seen: list[Any] = []
            (y,) = translator.predict([image], [condition], lambda _, it: seen.append(it))  # noqa: B023
            sample = marker.sample(seen[0])
            assert sample is not None
            far = known.farthest(sample, translator.card.input_scaling)
            row = {"person": one.person, "condition": condition, "image": number}
            row |= {"score": f"{far.score:.4f}", "kind": far.kind}
            if target is not None:
                score = dice((translator.as_image(y), target))
                if condition == UNSHIFTED:
                    unshifted[str(number)] = score
                drop = unshifted[str(number)] - score
                row |= {"dice": f"{score:.4f}", "drop": f"{drop:.4f}"}
            rows.append(row)
        text = io.StringIO()
        csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n").writerows(rows)
        with TABLE.open("a", encoding="utf-8") as file:
            file.write(text.getvalue())


def dice(tested: Tested) -> float:
    """The mean Dice over the tissues that the target has."""
    written, target = tested
    found = measure(target / 255, written / 255, with_ssim=False).results(TISSUES)
    there = [
        name for name, own in zip(TISSUES, np.moveaxis(target, -1, 0), strict=True) if own.any()
    ]
    return statistics.mean(found[name]["dice"] for name in there)


def auroc(above: Sequence[float], below: Sequence[float]) -> float:
    """The chance that one of ``above`` has the higher score than one of ``below``."""
    over = np.array(above)[:, None] - np.array(below)
    return float((over > 0).mean() + 0.5 * (over == 0).mean())


def run(persons: Collection[str]) -> None:
    """Measure the folds of these persons, as far as they are not in the table."""
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    if not TABLE.exists():
        TABLE.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    for one in all_sets():
        if one.kind == TISSUE and one.person in persons:
            weights = trained(one)
            done = {row["condition"] for row in read_table() if row["person"] == one.person}
            add_rows(one, weights, done)


def read_table() -> list[dict[str, str]]:
    """The rows so far."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table() -> None:
    """Print the AUROC of each kind of shift, the marks, and the false alarms."""
    rows = read_table()
    by_condition = defaultdict(list)
    for row in rows:
        by_condition[row["condition"]].append(row)
    print(
        f"{'kind of shift':30}{'falls':>6}{'rest':>6}{'AUROC':>8}{'marked: falls':>15}{'rest':>7}"
    )
    for kind, names in KINDS.items():
        images = [row for name in (UNSHIFTED, *names) for row in by_condition[name]]
        print(f"{kind:30}{_line(images)}")
    every = [row for row in rows if row["drop"]]
    print(f"{'all':30}{_line(every)}")
    shown = {name for names in KINDS.values() for name in names} | {UNSHIFTED}
    for name in sorted(by_condition.keys() - shown):
        marked = _marked(by_condition[name])
        print(f"{name:30}{len(by_condition[name]):6}{'':14}{marked:15.2f}")
    for person in ABDOMEN:
        own = [row for row in by_condition[UNSHIFTED] if row["person"] == person]
        alarms = sum(float(row["score"]) >= 1 for row in own)
        print(f"false alarms, {person:16}{alarms} of {len(own)} unshifted slices")


def _line(images: Sequence[Mapping[str, str]]) -> str:
    falls = [row for row in images if float(row["drop"]) > FALLS]
    rest = [row for row in images if float(row["drop"]) <= FALLS]
    scores = [[float(row["score"]) for row in part] for part in (falls, rest)]
    enough = min(map(len, scores)) >= FEWEST
    area = f"{auroc(*scores):.3f}" if enough else "few"
    return f"{len(falls):6}{len(rest):6}{area:>8}{_marked(falls):15.2f}{_marked(rest):7.2f}"


def _marked(images: Sequence[Mapping[str, str]]) -> float:
    """The share of the images that are marked."""
    return sum(float(row["score"]) >= 1 for row in images) / max(1, len(images))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("run", "table"))
    parser.add_argument("--persons", nargs="+", choices=ABDOMEN, default=ABDOMEN)
    given = parser.parse_args()
    if given.action == "run":
        run(given.persons)
    table()


if __name__ == "__main__":
    main()
