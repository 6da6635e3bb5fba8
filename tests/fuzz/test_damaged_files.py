"""Damaged files of every kind: only our own sentences come out, in time, and nothing is written.

Hypothesis draws the damage; four children (see fuzz_child.py) read the files, one kind each, at the
same time. What a run finds is gathered and told at its end, with the recipe of each file. Longer
runs: FUZZ_EXAMPLES=5000 FUZZ_SEED=1 pytest tests/fuzz; FUZZ_KEEP=FOLDER keeps the files.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource", reason="a child's memory cannot be limited on this system")

from fuzz_bombs import BOMBS
from fuzz_cases import Case, damaged, json_values, rewritten
from fuzz_children import Child, shown
from fuzz_seeds import Seed, pictures, projects, small_real_files, volumes, write_good
from fuzz_weights import made, weights_files
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

DATA = Path(__file__).parents[1] / "data" / "weights_2021"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "awkward"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "350"))
RANDOM = os.environ.get("FUZZ_SEED")
KEEP = os.environ.get("FUZZ_KEEP")
TOLD = 30
KINDS = ("pictures", "volumes", "projects", "weights")
READER = {kind: kind for kind in KINDS}
Make = Callable[[Path], Any]


class Run:
    """The four children, the good files, and what was found."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        self.children = {kind: Child(kind, folder / kind) for kind in KINDS}
        (folder / "room").mkdir()
        image_seeds, volume_seeds = pictures(), volumes(folder / "room")
        real = small_real_files(REAL)
        for name, one in real.items():
            (volume_seeds if one.ending == ".dcm" else image_seeds)[name] = one
        plain = DATA / "plain-weights.hdf5"
        self.seeds: dict[str, dict[str, Seed]] = {
            "pictures": image_seeds,
            "volumes": volume_seeds,
            "projects": projects(folder / "room"),
            "weights": {plain.stem: Seed(plain.read_bytes(), ".hdf5")},
        }
        for kind, child in self.children.items():
            write_good(child.good, self.seeds[kind])
            child.start()
        for child in self.children.values():
            child.wait_until_ready()
        ours = self.children["weights"].good / "ours.weights.h5"
        self.seeds["weights"]["ours"] = Seed(ours.read_bytes(), ".weights.h5")

    def read(self, files: Mapping[str, tuple[str, str, Make, Any]]) -> list[str]:
        """Let every child read a file at the same time: (reader, ending, what makes it, recipe) by
        kind. What was wrong."""
        self.number += 1
        paths = {}
        for kind, (reader, ending, make, _) in files.items():
            paths[kind] = self.children[kind].cases / f"case-{self.number}{ending}"
            make(paths[kind])
            self.children[kind].ask(reader, paths[kind])
        found = []
        for kind, path in paths.items():
            said, wrong = self.children[kind].answer()
            if wrong:
                found.append(f"{kind}: {wrong} -- {files[kind][3]!r:.1500} {shown(path)}")
                if KEEP and path.is_file():
                    shutil.copyfile(path, Path(KEEP) / f"{kind}-{path.name}")
            clear(self.children[kind].cases)
        return found


def clear(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    one = Run(tmp_path_factory.mktemp("fuzz"))
    yield one
    for child in one.children.values():
        child.stop()
        print(
            f"{child.kind}: {child.count} cases, {child.seconds:.1f} s, at most {child.longest:.2f} s"
        )


def told(found: list[str]) -> None:
    """Fail with what was found, each kind of trouble once."""
    if found:
        different = {re.sub("[0-9]+", "", one.partition(" -- ")[0]): one for one in found}
        listed = "\n".join(list(different.values())[:TOLD])
        pytest.fail(f"{len(found)} cases, {len(different)} kinds:\n{listed}", pytrace=False)


def writer(content: Callable[[], bytes]) -> Make:
    return lambda path: path.write_bytes(content())


def test_damage_of_every_kind(run: Run) -> None:
    seeds, found = run.seeds, list[str]()
    texts = st.one_of(
        rewritten(seeds["projects"]), rewritten(seeds["projects"]), damaged(seeds["projects"], 3000)
    )

    @settings(
        max_examples=EXAMPLES,
        derandomize=RANDOM is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        damaged(seeds["pictures"]),
        damaged(seeds["volumes"], 1200),
        texts,
        st.one_of(damaged(seeds["weights"], 6000), weights_files(seeds["weights"])),
    )
    def read(picture: Case, volume: Case, text: Any, weights: Any) -> None:
        files = {
            kind: (
                kind,
                seeds[kind][case.seed].ending,
                writer(lambda case=case, kind=kind: case.content(seeds[kind])),
                case,
            )
            for kind, case in (("pictures", picture), ("volumes", volume))
        }
        content = text if isinstance(text, bytes) else text.content(seeds["projects"])
        files["projects"] = "projects", ".json", writer(lambda: content), text
        if isinstance(weights, Case):
            data = weights.content(seeds["weights"])
        else:
            data = made(weights, seeds["weights"])
        files["weights"] = "weights", ".weights.h5", writer(lambda: data), weights
        found.extend(run.read(files))

    if RANDOM is not None:
        read = seed(int(RANDOM))(read)
    try:
        read()
    finally:
        told(found)


def test_truncated_at_every_kilobyte(run: Run) -> None:
    queues = {kind: list(_truncated(run.seeds[kind])) for kind in KINDS}
    found = []
    while any(queues.values()):
        found += run.read({kind: (kind, *queue.pop()) for kind, queue in queues.items() if queue})
    told(found)


def _truncated(seeds: Mapping[str, Seed]) -> Iterator[tuple[str, Make, str]]:
    for name, one in seeds.items():
        content = one.finished(one.content)
        for end in (1, 300, *range(1024, len(content), 1024), len(content) - 1):
            if end < len(content):
                yield (
                    one.ending,
                    writer(lambda content=content, end=end: content[:end]),
                    f"{name}[:{end}]",
                )


def test_what_is_made_to_harm(run: Run) -> None:
    queues: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for number, (name, (reader, make)) in enumerate(BOMBS.items()):
        kinds = {"folders": ["projects"], "read_picture": ["pictures", "volumes"][number % 2 :][:1]}
        for kind in kinds.get(reader, [reader]):
            readers = {"read_picture": kind}
            ending = "".join(Path(name.replace(" ", "")).suffixes)
            queues[kind].append((readers.get(reader, reader), ending, make, name))
    found = []
    while any(queues.values()):
        found += run.read({kind: queue.pop() for kind, queue in queues.items() if queue})
    told(found)
