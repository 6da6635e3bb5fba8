"""Damaged files of every kind: only our own sentences come out, in time, and nothing is written.

Hypothesis draws the damage; four children (see fuzz_child.py) read the files, one kind each, at the
same time. What a run finds is gathered and told at its end, with the recipe of each file. Longer
runs: FUZZ_EXAMPLES=5000 FUZZ_SEED=1 pytest tests/fuzz; FUZZ_KEEP=FOLDER keeps the files.
"""

from __future__ import annotations

import math
import os
import random
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

if not Path("/proc/self/statm").is_file():  # macOS and Windows
    pytest.skip("a child's memory cannot be limited on this system", allow_module_level=True)

import fuzz_bombs_anywhere as anywhere
from fuzz_bombs_cards import BOMBS as CARDS
from fuzz_bombs_pictures import BOMBS as PICTURES
from fuzz_bombs_projects import BOMBS as PROJECTS
from fuzz_bombs_settings import BOMBS as SETTINGS
from fuzz_bombs_tiff import BOMBS as TIFF
from fuzz_bombs_volumes import BOMBS as VOLUMES
from fuzz_bombs_weights import BOMBS as WEIGHTS
from fuzz_cases import Case, damaged, rewritten
from fuzz_children import Child, shown
from fuzz_seeds import Seed, pictures, projects, real_files, volumes, write_good
from fuzz_weights import made, weights_files
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

DATA = Path(__file__).parents[1] / "data" / "weights_2021"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
RANDOM = os.environ.get("FUZZ_SEED")
KEEP = os.environ.get("FUZZ_KEEP")
TOLD = 30
BOMBS = (PICTURES, TIFF, VOLUMES, PROJECTS, SETTINGS, WEIGHTS)
KINDS = ("pictures", "volumes", "projects", "weights")
TRIED = 0.3  # of what is made to harm, which takes minutes; all of it with -m faults
CARDS_TRIED = 10  # of over 150, a second each; the same


@dataclass(frozen=True)
class File:
    """A file to read: by which reader, how its name ends, what makes it, its recipe in words."""

    reader: str
    ending: str
    make: Callable[[Path], Any]
    recipe: Any


def written(reader: str, ending: str, content: Callable[[], bytes], recipe: Any) -> File:
    return File(reader, ending, lambda path: path.write_bytes(content()), recipe)


class Run:
    """The four children and the good files."""

    def __init__(self, folder: Path) -> None:
        self.children = {kind: Child(kind, folder / kind) for kind in KINDS}
        self.threads = ThreadPoolExecutor(len(KINDS))
        room = folder / "room"
        room.mkdir()
        plain = DATA / "plain-weights.hdf5"
        self.seeds: dict[str, dict[str, Seed]] = {
            "pictures": pictures(),
            "volumes": volumes(room),
            "projects": projects(room),
            "weights": {plain.stem: Seed(plain.read_bytes(), ".hdf5")},
        }
        for name, one in real_files().items():
            self.seeds["volumes" if one.ending == ".dcm" else "pictures"][name] = one
        every = {**self.seeds["pictures"], **self.seeds["volumes"]}
        for kind, child in self.children.items():
            write_good(child.good, self.seeds[kind])
            child.start()
        for name in ("pages-tif", "jpeg2000-signed-dcm", "packed-scaled-nii"):
            write_good(self.children["projects"].good, {name: every[name]})
        for child in self.children.values():
            child.wait_until_ready()
        ours = self.children["weights"].good / "ours.weights.h5"
        self.seeds["weights"]["ours"] = Seed(ours.read_bytes(), ".weights.h5")

    def read(self, files: Mapping[str, Iterable[File]]) -> list[str]:
        """Let each kind's child read its files, all children at the same time; what was wrong."""
        found = self.threads.map(lambda kind: [*self._read(kind, files[kind])], files)
        return [one for some in found for one in some]

    def _read(self, kind: str, files: Iterable[File]) -> Iterator[str]:
        child = self.children[kind]
        for file in files:
            path = child.cases / f"case-{child.count}{file.ending}"
            file.make(path)
            child.ask(file.reader, path)
            wrong = child.answer()
            if wrong:
                yield f"{kind}: {wrong} -- {file.recipe!r:.1500} {shown(path)}"
                if KEEP and path.is_file():
                    shutil.copyfile(path, Path(KEEP) / f"{kind}-{path.name}")
            child.clear()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    one = Run(tmp_path_factory.mktemp("fuzz"))
    yield one
    one.threads.shutdown()
    for child in one.children.values():
        child.stop()
        facts = f"{child.count} cases, {child.seconds:.1f} s, at most {child.longest:.2f} s"
        print(f"{child.kind}: {facts} a call, {child.started} started")


def told(found: list[str]) -> None:
    """Fail with what was found, each kind of trouble once."""
    if found:
        different = {re.sub("[0-9]+", "", one.partition(" -- ")[0]): one for one in found}
        listed = "\n".join(list(different.values())[:TOLD])
        pytest.fail(f"{len(found)} cases, {len(different)} kinds:\n{listed}", pytrace=False)


def test_damage_of_every_kind(run: Run) -> None:
    """An example is three pictures, three volumes, two projects and a weights file."""
    seeds, found = run.seeds, list[str]()

    def file(kind: str, case: Any) -> File:
        ending = {"projects": ".json", "weights": ".weights.h5"}.get(kind)
        if isinstance(case, Case):
            ending = ending or seeds[kind][case.seed].ending
            return written(kind, ending, lambda: case.content(seeds[kind]), case)
        content = (lambda: case) if kind == "projects" else lambda: made(case, seeds[kind])
        return written(kind, str(ending), content, case)

    texts = st.one_of([rewritten(seeds["projects"])] * 3 + [damaged(seeds["projects"], 3000)])
    drawn = st.fixed_dictionaries(
        {
            "pictures": st.lists(damaged(seeds["pictures"]), min_size=3, max_size=3),
            "volumes": st.lists(damaged(seeds["volumes"], 1200), min_size=3, max_size=3),
            "projects": st.lists(texts, min_size=2, max_size=2),
            "weights": st.tuples(damaged(seeds["weights"], 6000) | weights_files(seeds["weights"])),
        }
    )

    @settings(
        max_examples=EXAMPLES,
        derandomize=RANDOM is None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn)
    def read(cases: dict[str, Any]) -> None:
        files = {kind: [file(kind, case) for case in some] for kind, some in cases.items()}
        found.extend(run.read(files))

    read = read if RANDOM is None else seed(int(RANDOM))(read)
    try:
        read()
    finally:
        told(found)


def test_truncated_at_every_kilobyte(run: Run) -> None:
    told(run.read({kind: list(_truncated(kind, run.seeds[kind])) for kind in KINDS}))


def _truncated(kind: str, seeds: Mapping[str, Seed]) -> Iterator[File]:
    for name, one in seeds.items():
        content = one.finished(one.content)
        for end in sorted({1, 300, *range(1024, len(content), 1024), len(content) - 1}):
            if end < len(content):
                cut = content[:end]
                yield written(kind, one.ending, lambda cut=cut: cut, f"{name}[:{end}]")


def _cards(names: Iterable[str]) -> list[File]:
    """Weights files that are whole but for one claim; each is used for a translation too."""

    def ending(name: str) -> str:
        return ".hdf5" if name.endswith(".hdf5") else ".weights.h5"

    return [File(CARDS.reader, ending(name), CARDS[name], name) for name in names]


@pytest.mark.faults
def test_weights_that_claim_what_they_are_not(run: Run) -> None:
    assert len(CARDS) >= 150
    told(run.read({"weights": _cards(CARDS)}))


def _made_to_harm(part: float) -> dict[str, list[File]]:
    """A part, 0 to 1, of the files of each kind, drawn at random; those of cards not included."""
    files: dict[str, list[File]] = {kind: [] for kind in KINDS}
    draw = random.Random(RANDOM or 20261128)
    for bombs in (*anywhere.ANYWHERE.values(), anywhere.BOMBS, *BOMBS):
        child = "projects" if bombs.reader in ("folders", "settings") else bombs.reader
        for name in sorted(draw.sample(sorted(bombs), math.ceil(part * len(bombs)))):
            ending = "".join(Path(name.replace(" ", "")).suffixes)
            files[child].append(File(bombs.reader, ending, bombs[name], name))
    return files


@pytest.mark.faults
def test_all_that_is_made_to_harm(run: Run) -> None:
    told(run.read(_made_to_harm(1)))


def test_what_is_made_to_harm(run: Run) -> None:
    files = _made_to_harm(TRIED)
    chosen = random.Random(RANDOM or 20261128).sample(sorted(CARDS), CARDS_TRIED)
    files["weights"] += _cards(chosen)
    told(run.read(files))
