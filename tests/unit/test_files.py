"""Listing files, and files that appear only when complete."""

from pathlib import Path

import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.system.atomic_write import atomic_write, write_bytes
from deepimagetranslator.core.system.system_path import long_path


def test_folders_are_listed_in_natural_order(tmp_path: Path) -> None:
    names = ["b/slice10.png", "b/slice2.PNG", "a/x.tiff", ".hidden.png", "Thumbs.db", ".d/x.txt"]
    names += ["__MACOSX/x.png", "@eaDir/x.png"]  # copies that archives and servers make
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = list_images(tmp_path)
    listed = [image.file.relative_to(tmp_path).as_posix() for image in found]
    assert listed == ["a/x.tiff", "b/slice2.PNG", "b/slice10.png"]
    assert list_images([found[2], tmp_path, found[2]]) == [found[2], found[0], found[1]]
    with pytest.raises(UserError, match=r"\.png, .*\.nii\.gz, \.dcm"):
        list_images(tmp_path / ".d")
    with pytest.raises(UserError, match="does not exist"):
        list_images([tmp_path / "none"])


def test_complete_file_leaves_the_old_one_at_failure(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 60 + ".weights.h5")
    with atomic_write(path) as beside:
        assert beside.name.endswith(".weights.h5")
        beside.write_text("first")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as beside:
        beside.write_text("half")
        1 / 0  # noqa: B018
    assert [file.read_text() for file in tmp_path.iterdir()] == ["first"]
    with pytest.raises(UserError, match="cannot be written"), atomic_write(path / "x"):
        pass


def test_a_file_held_by_another_program_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = Path.replace, []

    def held(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) < 3:
            raise PermissionError("held")
        return replace(self, target)

    monkeypatch.setattr("deepimagetranslator.core.system.atomic_write._RETRIES", (0, 0, 0))
    monkeypatch.setattr(Path, "replace", held)
    write_bytes(tmp_path / "x", b"1")
    assert (tmp_path / "x").read_bytes() == b"1"
    assert len(calls) == 3


def test_long_windows_paths() -> None:
    assert long_path("C:\\a\\b.png") == "\\\\?\\C:\\a\\b.png"
    assert long_path("\\\\server\\share\\b.png") == "\\\\?\\UNC\\server\\share\\b.png"
    assert long_path("\\\\?\\C:\\a") == "\\\\?\\C:\\a"
