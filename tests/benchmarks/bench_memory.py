"""The memory a training step really takes, beside ``network_plan.step_memory_bytes``.

Run it as ``python tests/benchmarks/bench_memory.py [--json] [--all] [SPEC ...]``; a SPEC reads
512x512,d5,f16,b1,float32[,deep][,group|,deepnorm][,bilinear][,c3][,t256x128]: size, depth,
channels of the first convolution, batch size, precision, deep supervision, normalization (of all
blocks, or of the deep ones), then channels and size of the target. Each one is built and trained
three steps in a process of its own. Measured is the growth of its greatest resident
set (VmHWM) from after the imports to the end: network, optimizer, gradients, activations and what
the engine takes at its first use. Linux only.
"""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.config.network_plan import step_memory_bytes
from deepimagetranslator.core.config.specs import ModelSpec

CASES = (
    "512x512,d5,f16,b1,float32",
    "512x512,d5,f16,b1,bfloat16",
    "256x256,d4,f32,b4,float32",
    "256x256,d3,f8,b2,float32,deep",
)
MORE_CASES = (
    "64x64,d3,f4,b1,float32",
    "512x512,d5,f16,b4,float32",
    "512x512,d5,f16,b4,bfloat16",
    "512x512,d5,f16,b2,float32,group",
    "512x512,d5,f16,b2,bfloat16,group",
    "512x512,d5,f16,b2,float32,deepnorm",
    "512x512,d5,f16,b2,bfloat16,deepnorm",
    "128x128,d5,f64,b2,float32",
    "256x256,d4,f32,b4,bfloat16",
    "64x64,d6,f32,b1,float32",
    "512x512,d1,f32,b2,float32",
    "256x256,d4,f16,b4,float32,t384x384",
)
TOLERANCE = 0.25
MIB = 2**20
STEPS = 3


def parsed(text: str) -> tuple[ModelSpec, int, str]:
    """A case as model spec, batch size and precision."""
    size, *words = text.split(",")
    width, height = (int(side) for side in size.split("x"))
    spec = ModelSpec(
        input_height=height,
        input_width=width,
        input_channels=1,
        target_height=height,
        target_width=width,
        target_channels=1,
        normalization="none",
        final_activation="sigmoid",
    )
    batch_size, precision = 1, "float32"
    for word in words:
        if number := re.fullmatch(r"([dfbc])(\d+)", word):
            value = int(number[2])
            if number[1] == "b":
                batch_size = value
            elif number[1] == "c":
                spec = replace(spec, input_channels=value, target_channels=value)
            else:
                spec = replace(
                    spec, **{"d": {"depth": value}, "f": {"base_filters": value}}[word[0]]
                )
        elif target := re.fullmatch(r"t(\d+)x(\d+)", word):
            spec = replace(spec, target_width=int(target[1]), target_height=int(target[2]))
        elif word == "deep":
            spec = replace(spec, deep_supervision=True)
        elif word == "group":
            spec = replace(spec, normalization="group")
        elif word == "deepnorm":
            spec = replace(spec, normalization="deep")
        elif word == "bilinear":
            spec = replace(spec, upsampling="bilinear")
        else:
            precision = word
    return spec, batch_size, precision


def resident(name: str) -> int:
    """``VmRSS`` or ``VmHWM`` of this process in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found
    return 1024 * int(found[1])


def measure(text: str) -> int:
    """Train three steps of a case in this process; the growth of its peak in bytes."""
    spec, batch_size, precision = parsed(text)
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

    load_engine()
    import keras  # noqa: PLC0415

    from deepimagetranslator.ml.network.losses import build_loss  # noqa: PLC0415
    from deepimagetranslator.ml.network.metrics import build_metrics  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import COARSE, FINAL, build_unet  # noqa: PLC0415

    rng = np.random.default_rng(1)
    shape = (batch_size, spec.input_height, spec.input_width, spec.input_channels)
    x = rng.random(shape, np.float32)
    shape = (batch_size, spec.target_height, spec.target_width, spec.target_channels)
    y = rng.random(shape, np.float32)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts from here
    before = resident("VmHWM")
    model = build_unet(spec, precision)
    loss = build_loss("dice_crossentropy", "sigmoid")
    metrics = build_metrics(
        ("mse",), spec.target_channels, ("",) * spec.target_channels, "sigmoid", sparse=False
    )
    heads = {"loss": loss, "metrics": metrics}
    if spec.deep_supervision:
        heads = {"loss": {FINAL: loss, COARSE: loss}, "metrics": {FINAL: metrics}}
        y = {FINAL: y, COARSE: y}
    model.compile(optimizer=keras.optimizers.Adam(), auto_scale_loss=False, **heads)
    for _ in range(STEPS):
        model.train_on_batch(x, y)
    return resident("VmHWM") - before


def main() -> int:
    """Print the table; 1 if an estimate of the four cases is more than 25 % off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--all", action="store_true", help="measure further cases too")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(measure(given.specs[0]))
        return 0
    rows = []
    for case in given.specs or (*CASES, *(MORE_CASES if given.all else ())):
        command = [sys.executable, __file__, "--child", case]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        measured = int(output.split()[-1])
        estimate = step_memory_bytes(*parsed(case))
        row = {"case": case, "estimate": estimate, "measured": measured}
        rows.append(row | {"ratio": round(estimate / measured, 3)})
        if not given.json:
            if len(rows) == 1:
                print(f"{'case':40} {'estimate':>10} {'measured':>10} {'ratio':>6}   (MiB)")
            print(
                f"{case:40} {estimate / MIB:10.0f} {measured / MIB:10.0f} "
                f"{estimate / measured:6.2f}",
                flush=True,
            )
    if given.json:
        print(json.dumps(rows, indent=2))
    return int(any(abs(row["ratio"] - 1) > TOLERANCE for row in rows))


if __name__ == "__main__":
    sys.exit(main())
