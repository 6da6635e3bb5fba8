"""A file that a newer version wrote says so where reading it fails, and opens where it does not."""

import json
from pathlib import Path

import pytest

from deepimagetranslator.core import version
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.version import naming_newer_version, newer_version


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("DeepImageTranslator 2.3", "2.3"),
        ("DeepImageTranslator 2.10.0", "2.10.0"),
        ("DeepImageTranslator 2.4.1", ""),
        ("DeepImageTranslator 2.4.0", ""),
        ("DeepImageTranslator 1.99", ""),
        ("another program 9.0", ""),
        ("DeepImageTranslator " + "9" * 5000, ""),
        (None, ""),
        (17, ""),
    ],
)
def test_a_mark_names_a_newer_version(
    program: object, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "__version__", "2.2.0" if "2.3" in str(program) else "2.4.1")
    assert newer_version(program) == expected


def changed(path: Path, program: str) -> None:
    """A project file with a field that this version does not know."""
    save_project(Project(), path)
    data = json.loads(path.read_text())
    data["program"], data["model"]["attention"] = program, True
    path.write_text(json.dumps(data))


def test_a_newer_project_with_an_unknown_field_says_that_it_is_newer(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    changed(path, "DeepImageTranslator 99.3")
    with pytest.raises(UserError, match=r"made by a newer version, 99\.3; update") as caught:
        load_project(path)
    assert "attention" not in str(caught.value)
    changed(path, version.PROGRAM)
    with pytest.raises(UserError, match="attention"):
        load_project(path)


def test_a_newer_project_with_known_fields_opens(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    save_project(Project(), path)
    path.write_text(path.read_text().replace(version.PROGRAM, "DeepImageTranslator 99.3"))
    assert load_project(path) == Project()


def test_a_newer_format_is_not_read_at_all() -> None:
    read = []
    with (
        pytest.raises(UserError, match=r"^x\.json was made by a newer version, 99\.0; update"),
        naming_newer_version("x.json", "DeepImageTranslator 99.0", certain=True),
    ):
        read.append(1)
    assert not read
