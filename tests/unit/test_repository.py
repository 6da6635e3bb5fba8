"""What the repository says about itself in several places is the same in all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepimagetranslator.cli.arguments import build_parser
from deepimagetranslator.core.version import __version__

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"(?:python -m deepimagetranslator|DeepImageTranslator) ((?:[a-z-]+ ?)+)`")
PAGES = sorted((ROOT / ".github").rglob("*.*"))


def lines(name: str, pattern: str) -> list[str]:
    """The first group of every line of a file that fits the whole pattern."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^{pattern}$", text, re.MULTILINE)


def test_hooks_and_workflow_check_what_the_gate_checks() -> None:
    tools = r"((?:ruff|mypy|lint-imports)\b.*)"
    gate = lines(".ci/run", rf"\.venv/bin/{tools}")
    assert len(gate) == 5
    assert lines(".pre-commit-config.yaml", rf" +entry: {tools}") == gate
    assert lines(".github/workflows/tests.yml", rf" +- run: {tools}") == gate


def test_the_citation_names_this_version() -> None:
    assert lines("CITATION.cff", r"version: (\S+)") == [__version__]


def test_the_changelog_begins_with_what_comes_next_then_this_version() -> None:
    headings = lines(".github/CHANGELOG.md", r"## \[(\S+)\](?: - \d{4}-\d\d-\d\d)?")
    assert headings[:2] == ["Unreleased", __version__]


def test_every_command_that_a_form_asks_for_is_understood() -> None:
    found = [words for page in PAGES for words in COMMAND.findall(page.read_text("utf-8"))]
    assert {"self-test", "benchmark --json"} <= set(found)
    for words in set(found) - {"--help"}:
        assert "command" in build_parser().parse_args(words.split())


@pytest.mark.parametrize("name", ["py.typed", "core/version.py"])
def test_what_packaging_counts_on_is_there(name: str) -> None:
    assert (ROOT / "deepimagetranslator" / name).is_file()
