"""A prediction and a training step: with and without fused normalization, and in PyTorch.

Run it as ``python tests/benchmarks/bench_prediction.py [--json] [--rounds N] [--torch PYTHON]
[--only prediction|step]``. The network is the recommended U-Net, 512x512x3, depth 5, 16 filters,
untrained, one image at a time, in automatic precision. A step has the recommended loss and
optimizer. PyTorch has the same layers in bfloat16 and channels_last, for a step under autocast with
AdamW; it is measured where ``--torch`` names a Python that has it (default: this one).

Each is a process of its own. They take turns, two calls each, so that all see the same machine.
Shown are the least and the median milliseconds of the clock and of the processors (all threads),
and ratios of the medians. Of a busy machine only the processors' time means something.

Ends with 1 if fused normalization takes more than 0.85 of the plain processor time of a prediction
or of a step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

MOST = 0.85
SIDE, DEPTH, FILTERS = 512, 5, 16
KINDS = ("plain", "fused", "torch")
WORK = ("prediction", "step")
_CALLS, _WARM = 2, 3


def keras_call(work: str, fused: bool) -> Callable[[], Any]:
    """A prediction or a training step of our network on an image in memory."""
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec  # noqa: PLC0415
    from deepimagetranslator.ml.network.losses import build_loss  # noqa: PLC0415
    from deepimagetranslator.ml.network.optimizers import build_optimizer  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415

    sizes = {f"{kind}_{side}": SIDE for kind in ("input", "target") for side in ("height", "width")}
    spec = ModelSpec(
        depth=DEPTH,
        base_filters=FILTERS,
        input_channels=3,
        target_channels=3,
        final_activation="sigmoid",
        fused_normalization=fused,
        **sizes,
    )
    model = build_unet(spec, devices.choose_precision("automatic"))
    x, y = (np.random.default_rng(n).random((1, SIDE, SIDE, 3), np.float32) for n in (1, 2))
    if work == "prediction":
        return lambda: model.predict_on_batch(x)
    optimizer = build_optimizer(TrainingSpec(), steps=1000)
    model.compile(optimizer, build_loss("dice_crossentropy", "sigmoid"))
    return lambda: model.train_on_batch(x, y)


def torch_call(work: str) -> Callable[[], Any]:
    """The same of PyTorch."""
    import torch  # noqa: PLC0415
    import torch.nn.functional as F  # noqa: N812, PLC0415
    from torch import nn  # noqa: PLC0415

    torch.set_num_threads(os.cpu_count() or 1)

    def block(before: int, after: int) -> nn.Module:
        def one(inputs: int) -> list[nn.Module]:
            deep = [nn.GroupNorm(8, after, eps=1e-3)] if after > FILTERS else []
            return [nn.Conv2d(inputs, after, 3, padding=1), *deep, nn.ReLU(inplace=True)]

        return nn.Sequential(*one(before), *one(after))

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            filters = [FILTERS * 2**level for level in range(DEPTH)]
            pairs = list(pairwise(filters))
            self.down = nn.ModuleList([block(3, FILTERS), *(block(a, b) for a, b in pairs)])
            self.up = nn.ModuleList([block(a + b, a) for a, b in reversed(pairs)])
            self.last = nn.Conv2d(FILTERS, 3, 1)

        def forward(self, x: Any) -> Any:
            skips: list[Any] = []
            for level, layers in enumerate(self.down):
                skips.append(layers(F.max_pool2d(skips[-1], 2) if level else x))
            x = skips.pop()
            for layers in self.up:
                x = layers(torch.cat([F.interpolate(x, scale_factor=2), skips.pop()], 1))
            return self.last(x)

    model = UNet().to(memory_format=torch.channels_last)
    images = torch.rand(1, SIDE, SIDE, 3)  # as our arrays lie in memory
    if work == "prediction":
        model = model.eval().to(torch.bfloat16)

        def predict() -> Any:
            with torch.inference_mode():
                y = model(images.permute(0, 3, 1, 2).to(torch.bfloat16))
                return torch.sigmoid(y.float()).permute(0, 2, 3, 1).contiguous().numpy()

        return predict
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    targets = torch.rand(1, 3, SIDE, SIDE)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            y = model(images.permute(0, 3, 1, 2))
        F.binary_cross_entropy_with_logits(y.float(), targets).backward()
        optimizer.step()

    return step


def serve(kind: str, work: str) -> None:
    """Call again and again as standard input asks; tell the seconds of each call."""
    call = torch_call(work) if kind == "torch" else keras_call(work, kind == "fused")
    for _ in range(_WARM):
        call()
    print("ready", flush=True)
    for _ in sys.stdin:
        times = []
        for _ in range(_CALLS):
            wall, processor = time.perf_counter(), time.process_time()
            call()
            times.append((time.perf_counter() - wall, time.process_time() - processor))
        print(json.dumps(times), flush=True)


def measure(work: str, rounds: int, torch_python: str) -> dict[str, float]:
    """Milliseconds and ratios by name."""
    running = {}
    for kind in KINDS:
        python = torch_python if kind == "torch" else sys.executable
        process = subprocess.Popen(
            [python, __file__, "--child", kind, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin and process.stdout
        if process.stdout.readline().strip() == "ready":
            running[kind] = process.stdin, process.stdout, process
        elif kind != "torch":
            sys.exit(f"{kind} could not be measured.")
    times: dict[str, list[list[float]]] = {kind: [] for kind in running}
    for _ in range(rounds):
        for kind, (request, answer, _process) in running.items():
            request.write("\n")
            request.flush()
            times[kind] += json.loads(answer.readline())
    for request, _answer, process in running.values():
        request.close()
        process.wait()
    found: dict[str, float] = {}
    for part, clock in enumerate(("clock", "processors")):
        each = {kind: [1000 * pair[part] for pair in pairs] for kind, pairs in times.items()}
        for kind, values in each.items():
            found[f"{work}, {kind}, {clock}, least ms"] = min(values)
            found[f"{work}, {kind}, {clock}, median ms"] = statistics.median(values)
        median = {kind: statistics.median(values) for kind, values in each.items()}
        for below in ("plain", "torch") if "torch" in median else ("plain",):
            found[f"{work}, fused / {below}, {clock}"] = median["fused"] / median[below]
    return found


def main() -> int:
    """Print the table; exit status 1 if fused normalization gains too little."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--only", choices=WORK)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        serve(*given.child)
        return 0
    found: dict[str, float] = {}
    for work in [given.only] if given.only else WORK:
        found |= measure(work, given.rounds, given.torch)
    found["load average"] = os.getloadavg()[0]
    if given.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            print(f"{name:44}{value:10.2f}")
    return int(any(x > MOST for name, x in found.items() if name.endswith("plain, processors")))


if __name__ == "__main__":
    sys.exit(main())
