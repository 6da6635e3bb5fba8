"""What the simulation found, as numbers and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plan import ALL, SCRATCH, STRATEGIES, SimulatedSet
from rows import Row

SHARE = 0.98  # of the mean Dice of all images labelled


@dataclass(frozen=True)
class Round:
    """One round of one strategy, over all seeds that have it.

    Attributes:
        labelled: the number of labelled images.
        dice: by seed.
        pixels: to correct, by seed, the mean over the images that are new in this round; in the
            first round the pixels that are painted.
    """

    labelled: int
    dice: tuple[float, ...]
    pixels: tuple[float, ...]


@dataclass(frozen=True)
class Reached:
    """When a seed reaches the goal.

    Attributes:
        images: labelled until then; None if it never does.
        pixels: corrected until then, without those painted in the first round.
    """

    images: int | None
    pixels: int


def words(values: Sequence[float], form: str) -> str:
    """Mean and SD."""
    if not values:
        return "-"
    deviation = (
        f" (SD {format(statistics.stdev(values), form.lstrip('+'))})" if len(values) > 1 else ""
    )
    return format(statistics.mean(values), form) + deviation


def continued(rows: Iterable[Row], strategy: str) -> dict[str, list[Row]]:
    """The rounds of a strategy in their order, by seed."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if (row["strategy"], row["start"]) == (strategy, "continued"):
            found.setdefault(row["seed"], []).append(row)
    for own in found.values():
        own.sort(key=lambda row: int(row["round"]))
    return found


def rounds_of(about: SimulatedSet, rows: Iterable[Row], strategy: str) -> list[Round]:
    """The rounds of a strategy."""
    seeds = continued(rows, strategy).values()
    found = []
    for number in range(1, len(about.counts) + 1):
        own = [row for each in seeds for row in each if int(row["round"]) == number]
        if own:
            before = about.counts[number - 2] if number > 1 else 0
            new = int(own[0]["labelled"]) - before
            found.append(
                Round(
                    int(own[0]["labelled"]),
                    tuple(float(row["dice"]) for row in own),
                    tuple(int(row["pixels_to_correct"]) / new for row in own),
                )
            )
    return found


def dice_at_once(rows: Iterable[Row], strategy: str, start: str) -> dict[str, float]:
    """The Dice by seed of trainings that have one round: from scratch, or on all images."""
    return {
        row["seed"]: float(row["dice"])
        for row in rows
        if (row["strategy"], row["start"]) == (strategy, start)
    }


def goal(rows: Iterable[Row]) -> float | None:
    """The Dice to reach; None as long as no training on all images is done."""
    found = list(dice_at_once(rows, "", ALL).values())
    return SHARE * statistics.mean(found) if found else None


def reached(about: SimulatedSet, rows: Sequence[Row], strategy: str) -> list[Reached]:
    """When each seed whose rounds are done first reaches the goal."""
    wanted, found = goal(rows), []
    for own in continued(rows, strategy).values():
        if wanted is None or len(own) < len(about.counts):
            continue
        pixels = 0
        for row in own:
            pixels += int(row["pixels_to_correct"]) if int(row["round"]) > 1 else 0
            if float(row["dice"]) >= wanted:
                found.append(Reached(int(row["labelled"]), pixels))
                break
        else:
            found.append(Reached(None, pixels))
    return found


def table(about: SimulatedSet, rows: Sequence[Row]) -> str:
    """The results of a set as Markdown: mean and SD over seeds."""
    everything, wanted = list(dice_at_once(rows, "", ALL).values()), goal(rows)
    lines = [f"\n{about.name}: all images labelled {words(everything, '.4f')}"]
    if wanted is not None:
        lines[0] += f", {SHARE:.0%} of it {wanted:.4f}"
    shown = [strategy for strategy in STRATEGIES if continued(rows, strategy)]
    head = "| labelled | " + " | ".join(f"{s}: Dice | pixels an image" for s in shown) + " |"
    lines += ["", head, "|" + " --- |" * (1 + 2 * len(shown))]
    each = {s: {one.labelled: one for one in rounds_of(about, rows, s)} for s in shown}
    for count in sorted({count for own in each.values() for count in own}):
        cells = []
        for own in each.values():
            one = own.get(count)
            cells += (
                ["", ""] if one is None else [words(one.dice, ".4f"), words(one.pixels, ",.0f")]
            )
        lines.append(f"| {count} | " + " | ".join(cells) + " |")
    lines.append("")
    for strategy in shown:
        found = reached(about, rows, strategy)
        those = [one for one in found if one.images is not None]
        if found:
            sentence = f"{strategy}: {len(those)} of {len(found)} seeds reach {SHARE:.0%}"
            if those:
                images = words([float(one.images or 0) for one in those], ".1f")
                pixels = words([float(one.pixels) for one in those], ",.0f")
                sentence += f", with {images} images and {pixels} corrected pixels"
            lines.append(sentence)
        lines += _against_scratch(about, rows, strategy)
    return "\n".join(lines)


def _against_scratch(about: SimulatedSet, rows: Sequence[Row], strategy: str) -> list[str]:
    """The last round continued beside from scratch with as many steps in all."""
    scratch = dice_at_once(rows, strategy, SCRATCH)
    last = {
        seed: float(own[-1]["dice"])
        for seed, own in continued(rows, strategy).items()
        if len(own) == len(about.counts)
    }
    both = sorted(scratch.keys() & last.keys())
    if not both:
        return []
    ours, theirs = [last[seed] for seed in both], [scratch[seed] for seed in both]
    apart = [a - b for a, b in zip(ours, theirs, strict=True)]
    return [
        f"{strategy}, {about.counts[-1]} labelled: continued {words(ours, '.4f')}, from scratch "
        f"{words(theirs, '.4f')}, difference {words(apart, '+.4f')}"
    ]
