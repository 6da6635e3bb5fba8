"""Run benchmarks, one after the other, and keep their figures: one table and one JSON file.

Run it as ``python tests/benchmarks/run.py [NAME ...] [--output FILE] [--list]``; a NAME is that of
a ``bench_NAME.py`` here, without one all are run, which takes hours. A benchmark measures ratios
within one run, says so in its docstring, and ends with 1 if a limit is broken. Leave the machine
alone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ALL = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
ENDS = {0: "within its limits", 1: "over a limit", 2: "cannot run here"}


def summary(name: str) -> str:
    """The first line of a benchmark's docstring."""
    return (HERE / f"bench_{name}.py").read_text(encoding="utf-8").splitlines()[0].strip('"')


def run(name: str) -> dict[str, Any]:
    """The figures of one benchmark, its seconds and how it ended."""
    start = time.monotonic()
    command = [sys.executable, str(HERE / f"bench_{name}.py"), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    seconds = round(time.monotonic() - start, 1)
    try:
        figures = json.loads(done.stdout)
    except ValueError:
        figures = {}
    end = ENDS.get(done.returncode, f"failed with {done.returncode}")
    if not figures and done.returncode < 2:
        end = "failed"
    return {"figures": figures, "seconds": seconds, "end": end}


def lines(figures: Any, before: str = "") -> list[str]:
    """Every number with its name, those of groups after the group's."""
    if isinstance(figures, dict | list):
        items = figures.items() if isinstance(figures, dict) else enumerate(figures)
        return [line for name, value in items for line in lines(value, f"{before}{name} ")]
    shown = f"{figures:.4g}" if isinstance(figures, float) else figures
    return [f"  {before:58} {shown}"]


def main() -> int:
    """Print each table as it comes; 1 if a limit is broken or a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the JSON goes")
    parser.add_argument("--list", action="store_true", help="say what there is")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(ALL))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; see --list")
    if given.list:
        for name in ALL:
            print(f"{name:18} {summary(name)}")
        return 0
    found = {}
    for name in given.names or ALL:
        found[name] = run(name)
        print(f"{name}: {found[name]['end']}, {found[name]['seconds']:.0f} s")
        print("\n".join(lines(found[name]["figures"])), flush=True)
        if given.output:
            given.output.write_text(json.dumps(found, indent=2), encoding="utf-8")
    return int(any(one["end"] not in (ENDS[0], ENDS[2]) for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
