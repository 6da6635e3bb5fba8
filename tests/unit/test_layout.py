"""Outputs lie as their inputs do, whether a folder is given or the images listed in it."""

from __future__ import annotations

from pathlib import Path, PurePath

import numpy as np
import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.layout import places, require_folder
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import write_image

NAMES = ("b/2.png", "b/10.png", "a.png", "c/d/a.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        write_image(tmp_path / "in" / name, np.zeros((4, 4, 1), np.uint8))
    return tmp_path / "in"


def test_the_images_of_a_folder_keep_their_subfolders(folder: Path, tmp_path: Path) -> None:
    found = places([folder], tmp_path / "out")
    assert {place.as_posix() for place in found.values()} == set(NAMES)
    assert [image.file for image in found] == [image.file for image in list_images(folder)]
    assert all(image.file == folder / place for image, place in found.items())


def test_images_that_were_listed_in_a_folder_lie_as_those_of_the_folder(
    folder: Path, tmp_path: Path
) -> None:
    listed = list_images(folder)
    output = tmp_path / "out"
    assert places(listed, output, folder=folder) == places([folder], output)
    alone = places(listed[1:2], output, folder=folder)
    assert list(alone.values()) == [PurePath("b/2.png")]


@pytest.mark.parametrize("output", ["b", "c/d", "../linked/b"])
def test_an_output_folder_inside_is_left_out_either_way(
    folder: Path, tmp_path: Path, output: str
) -> None:
    (tmp_path / "linked").symlink_to(folder)
    listed = list_images(folder)
    given = places([folder], folder / output)
    assert places(listed, folder / output, folder=folder) == given
    assert 0 < len(given) < len(NAMES)


def test_the_folder_itself_may_be_the_output_folder(folder: Path) -> None:
    given = places([folder], folder)
    assert len(given) == len(NAMES)
    assert places(list_images(folder), folder, folder=folder) == given


def test_files_given_one_by_one_lie_side_by_side_unless_names_clash(
    folder: Path, tmp_path: Path
) -> None:
    files = [folder / name for name in ("b/2.png", "a.png")]
    assert [str(place) for place in places(files, tmp_path / "out").values()] == ["2.png", "a.png"]
    files = [folder / name for name in ("a.png", "c/d/a.png")]
    found = places(files, tmp_path / "out").values()
    assert [place.as_posix() for place in found] == ["a.png", "c/d/a.png"]


@pytest.mark.parametrize("output", ["in/a.png", "in/a.png/below", "in/b/2.png/x/y"])
def test_an_output_folder_below_a_file_is_refused(folder: Path, output: str) -> None:
    with pytest.raises(UserError, match=r"(a|2)\.png is a file, not a folder"):
        require_folder(folder.parent / output)


@pytest.mark.parametrize("output", [".", "in", "in/new", "not/there/yet"])
def test_folders_and_new_ones_are_not(folder: Path, output: str) -> None:
    require_folder(folder.parent / output)
