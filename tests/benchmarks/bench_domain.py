"""What it costs to recognize images that are unlike the training images, beside a prediction.

Run it as ``python tests/benchmarks/bench_domain.py [--json] [--rounds N] [--size N]``. The network
is the recommended U-Net, depth 5, 16 filters, untrained, one image at a time, in automatic
precision. By turns: a prediction without the embedding, one with it, and the numbers of an image
with its mark. Of each the least processor time (all threads) is taken; the clock is shown too.

Ends with 1 if the embedding and the mark together take 2 % of a prediction or more.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from deepimagetranslator.ml import devices

MOST = 0.02
DEPTH, FILTERS, CALLS, WARM = 5, 16, 4, 3


def works(size: int) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    devices.load_engine()
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.config.specs import ModelSpec  # noqa: PLC0415
    from deepimagetranslator.core.data.domain.domain import Known  # noqa: PLC0415
    from deepimagetranslator.core.data.domain.reference import KINDS, reference_of  # noqa: PLC0415
    from deepimagetranslator.core.data.domain.sample import Seen, sample_of  # noqa: PLC0415
    from deepimagetranslator.core.data.intensity.normalization import BYTES  # noqa: PLC0415
    from deepimagetranslator.core.sample import draw_slice  # noqa: PLC0415
    from deepimagetranslator.ml.network.embedding import outputs_of, with_embedding  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415

    devices.choose_precision("automatic")
    sides = {f"{kind}_{side}": size for kind in ("input", "target") for side in ("height", "width")}
    spec = ModelSpec(
        depth=DEPTH,
        base_filters=FILTERS,
        normalization="deep",
        fused_normalization=True,
        input_channels=3,
        target_channels=3,
        final_activation="sigmoid",
        **sides,
    )
    plain = build_unet(spec)
    marked = with_embedding(plain)
    drawn = [np.asarray(draw_slice(1, number, size)[0]) for number in range(3)]
    inputs = [np.repeat(image[..., :1], 3, axis=2).astype(np.float32) / 255 for image in drawn]

    def seen(x: Any) -> Seen:
        y, embedding = outputs_of(marked, x[None])
        return Seen(x, y[0], embedding[0])

    looks = [seen(x) for x in inputs]
    samples = [sample_of(look, by_class=True) for look in looks]
    known = Known(reference_of(samples), dict.fromkeys(KINDS, (-1.0, 1.0)), len(samples))

    def mark() -> None:
        known.mark(sample_of(looks[0], by_class=True), BYTES)

    x = inputs[0][None]
    return {
        "prediction": lambda: outputs_of(plain, x),
        "with embedding": lambda: outputs_of(marked, x),
        "numbers and mark": mark,
    }


def measured(rounds: int, size: int) -> dict[str, float]:
    """Least milliseconds by work, of the processors and of the clock, and the share."""
    calls = works(size)
    used: dict[str, list[float]] = {name: [] for name in calls}
    clock: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(WARM):
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            start, began = time.process_time(), time.perf_counter()
            for _ in range(CALLS):
                call()
            used[name].append((time.process_time() - start) / CALLS * 1000)
            clock[name].append((time.perf_counter() - began) / CALLS * 1000)
    least = {name: min(times) for name, times in used.items()}
    found = {f"{name}, ms": least[name] for name in calls}
    found |= {f"{name}, ms by the clock": min(clock[name]) for name in calls}
    found["share of the embedding"] = least["with embedding"] / least["prediction"] - 1
    found["share of numbers and mark"] = least["numbers and mark"] / least["prediction"]
    found["share"] = found["share of the embedding"] + found["share of numbers and mark"]
    return found


def main() -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--size", type=int, default=512, help="height and width in pixels")
    given = parser.parse_args()
    found = measured(given.rounds, given.size)
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:32} {value:9.4f}" for name, value in found.items()))
    return int(found["share"] >= MOST)


if __name__ == "__main__":
    sys.exit(main())
