"""Do the unlabelled images of another person help where few are labelled? A trial of pseudo-labels.

    python tests/benchmarks/accuracy/unlabelled.py run
    python tests/benchmarks/accuracy/unlabelled.py table

1, 3 or 5 slices of lungdx_a0001 are labelled, those of crlm_1006 are not, and lungdx_a0002 is
measured; 256 x 256, three seeds, the last weights. Each way takes 600 steps:

- labelled: 600 steps on the labelled slices.
- confident: 300 steps on the labelled slices (the teacher), then 300 from its weights on these and
  on its own translations (mean of four flips) of the half of the unlabelled slices of which it is
  surest; each labelled slice is repeated, so that half of the steps are on labelled ones.
- all: the same with all unlabelled slices.

Only the augmentation and the settings that a user gets are used, in all three ways. It resumes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from one_training import measured, project_for
from results import RESULTS
from sets import SIZE, TISSUE, ImageSet, Pair, all_sets

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.runs.run_folder import RunFolder

TABLE = RESULTS / "unlabelled.csv"
LABELLED, UNLABELLED, TESTED = "lungdx_a0001", "crlm_1006", "lungdx_a0002"
COUNTS, SEEDS = (1, 3, 5), (1, 2, 3)
WAYS = ("labelled", "confident", "all")
STEPS = 600


def project_of(pairs: Sequence[Pair], seed: int, steps: int) -> Project:
    """A user's project on these pairs, trained for as many steps in 10 epochs."""
    one = ImageSet("pairs", TISSUE, tuple(pairs), (), "")
    project = project_for(one, "recommended", (), seed, steps)
    training = replace(project.specs.training, epochs=10, steps_per_epoch=steps // 10)
    return replace(project, specs=replace(project.specs, training=training))


def trained(
    pairs: Sequence[Pair], seed: int, steps: int, run_dir: Path, start: Path | None = None
) -> Path:
    """The last weights of a training."""
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    train(project_of(pairs, seed, steps), run_dir, start_weights=start)
    return RunFolder(run_dir).last


def pseudo_labelled(teacher: Path, inputs: Sequence[str], folder: Path) -> list[Pair]:
    """The inputs with the teacher's translations of them, those of which it is surest first.

    How sure it is of an image: the mean over its body of the probability of what it decided,
    the least of the three channels.
    """
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    translator = Translator(teacher, mirrors=True)
    sure: dict[Pair, float] = {}
    for number, path in enumerate(inputs):
        image = read_image(Path(path))
        (output,) = translator.predict([image], [path])
        written = folder / "inputs" / f"u{number:03}.png", folder / "targets" / f"u{number:03}.png"
        for file, content in zip(written, (image, translator.as_image(output)), strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_image(file, content)
        decided = np.maximum(output, 1 - output).min(axis=-1)
        pair: Pair = (str(written[0]), str(written[1]))
        sure[pair] = float(decided[image[..., 0] > 0].mean())
    return sorted(sure, key=lambda pair: -sure[pair])


def repeated(pairs: Sequence[Pair], count: int, folder: Path) -> list[Pair]:
    """Copies of pairs, so that there are about as many as ``count``."""
    made = []
    for number in range(max(1, round(count / len(pairs))) * len(pairs)):
        files = []
        for side, path in zip(("inputs", "targets"), pairs[number % len(pairs)], strict=True):
            file = folder / side / f"l{number:03}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_image(file, read_image(Path(path)))
            files.append(str(file))
        made.append((files[0], files[1]))
    return made


def dice_of(count: int, seed: int) -> dict[str, float]:
    """Mean Dice of the tested person by each way."""
    persons = {one.person: one for one in all_sets(SIZE) if one.kind == TISSUE}
    own = persons[LABELLED].test
    labelled = [own[round(i)] for i in np.linspace(0, len(own) - 1, count + 2)[1:-1]]
    inputs = [image for image, _ in persons[UNLABELLED].test]
    found = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        teacher = trained(labelled, seed, STEPS // 2, home / "teacher")
        pseudo = pseudo_labelled(teacher, inputs, home / "pseudo")
        for way, used in zip(WAYS, (0, len(pseudo) // 2, len(pseudo)), strict=True):
            if used:
                pairs = [*pseudo[:used], *repeated(labelled, used, home / f"labelled {way}")]
                weights = trained(pairs, seed, STEPS // 2, home / way, teacher)
            else:
                weights = trained(labelled, seed, STEPS, home / way)
            tested = replace(persons[TESTED], kind=TISSUE)
            found[way] = measured(tested, weights, exclusive=True, shifts=False)["unshifted"][
                "dice"
            ]
    return found


def rows() -> list[list[str]]:
    """What is measured: count, seed and the Dice of each way."""
    if not TABLE.exists():
        return []
    return [line.split(",") for line in TABLE.read_text("utf-8").splitlines()[1:]]


def run() -> None:
    """Measure what is missing, each count and seed in a process of its own."""
    done = {tuple(row[:2]) for row in rows()}
    for seed in SEEDS:
        for count in COUNTS:
            if (str(count), str(seed)) in done:
                continue
            child = [sys.executable, __file__, "one", str(count), str(seed)]
            found = json.loads(subprocess.check_output(child, text=True).splitlines()[-1])
            line = ",".join([str(count), str(seed), *(f"{found[way]:.5g}" for way in WAYS)])
            head = "" if TABLE.exists() else f"labelled slices,seed,{','.join(WAYS)}\n"
            with TABLE.open("a", encoding="utf-8") as file:
                file.write(f"{head}{line}\n")
            print(line, flush=True)


def table() -> None:
    """Print mean and SD over seeds."""
    for count in COUNTS:
        for place, way in enumerate(WAYS, start=2):
            values = [float(row[place]) for row in rows() if row[0] == str(count)]
            if len(values) > 1:
                mean, deviation = statistics.mean(values), statistics.stdev(values)
                print(f"{count} labelled, {way}: {mean:.4f} (SD {deviation:.4f}, n {len(values)})")


def main() -> None:
    """Run, show, or measure one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("run", "table", "one"))
    parser.add_argument("numbers", nargs="*", type=int)
    given = parser.parse_args()
    if given.command == "one":
        from deepimagetranslator.ml import devices  # noqa: PLC0415

        devices.load_engine()
        count, seed = given.numbers
        print(json.dumps(dice_of(count, seed)))
    elif given.command == "run":
        run()
    else:
        table()


if __name__ == "__main__":
    main()
