"""The texts that name images, parsed and written again."""

import os
import pickle
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.imaging import image_ref
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.system.system_path import is_file


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file ``scan.nii.gz``, a file ``0007``, and a folder ``folder.nii.gz``."""
    folder = tmp_path_factory.mktemp("volumes")
    (folder / "scan.nii.gz").touch()
    (folder / "0007").touch()
    (folder / "folder.nii.gz" / "0003").mkdir(parents=True)
    (folder / "folder.nii.gz" / "0002").touch()
    return folder


@pytest.mark.parametrize(
    ("text", "file", "number"),
    [
        ("scan.nii.gz", "scan.nii.gz", None),
        ("scan.nii.gz/0007", "scan.nii.gz", 7),
        ("scan.nii.gz/12345", "scan.nii.gz", 12345),
        ("scan.nii.gz/7", "scan.nii.gz", 7),
        ("scan.nii.gz/0007/", "scan.nii.gz", 7),
        ("0007", "0007", None),  # a file of that name, as some scanners give
        ("0007/0001", "0007", 1),  # and a slice of it
        ("folder.nii.gz/0002", "folder.nii.gz/0002", None),
        ("folder.nii.gz/0003", "folder.nii.gz/0003", None),
        ("missing.nii.gz/0001", "missing.nii.gz/0001", None),
        ("scan.nii.gz/slice7", "scan.nii.gz/slice7", None),
        ("scan.nii.gz/²", "scan.nii.gz/²", None),
        ("scan.nii.gz/٣", "scan.nii.gz/٣", None),  # digits, but not ASCII ones
        ("scan.nii.gz/-1", "scan.nii.gz/-1", None),
        ("scan.nii.gz/0007.png", "scan.nii.gz/0007.png", None),
        (f"scan.nii.gz/{'1' * 5000}", f"scan.nii.gz/{'1' * 5000}", None),
    ],
)
def test_a_slice_is_a_number_below_a_file(
    volumes: Path, text: str, file: str, number: int | None
) -> None:
    given = f"{volumes}{os.sep}{text}"
    assert ImageRef.parse(given) == ImageRef(volumes / file, number)
    assert ImageRef.parse(Path(given)) == ImageRef(volumes / file, number)


@given(number=st.none() | st.integers(0, 10**9 - 1), name=st.sampled_from(["scan.nii.gz", "0007"]))
def test_a_text_says_the_same_when_parsed_again(
    volumes: Path, number: int | None, name: str
) -> None:
    image = ImageRef(volumes / name, number)
    assert ImageRef.parse(str(image)) == image
    assert str(ImageRef.parse(str(image))) == str(image)
    assert image.path == Path(str(image))
    assert image.path.name == image.name


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_text_stays_as_it_is_where_there_is_no_file(text: str) -> None:
    assert str(ImageRef.parse(f"/nowhere/{text}")) == str(Path(f"/nowhere/{text}"))


def test_names(volumes: Path) -> None:
    image, scan = ImageRef(Path("in/a.png")), ImageRef(Path("in/scan.nii.gz"), 7)
    assert (str(image), image.name, image.shown_name) == (str(Path("in/a.png")), "a.png", "a.png")
    assert str(scan) == str(Path("in/scan.nii.gz/0007"))
    assert (scan.name, scan.shown_name) == ("0007", "scan.nii.gz/0007")
    assert scan.absolute() == ImageRef(Path.cwd() / "in" / "scan.nii.gz", 7)


def test_on_windows_the_slice_follows_a_backslash() -> None:
    file = PureWindowsPath(r"C:\data\scan.nii.gz")
    assert str(ImageRef(file, 7).path) == r"C:\data\scan.nii.gz\0007"  # type: ignore[arg-type]
    assert ImageRef(file, 7) == ImageRef(PureWindowsPath("c:/DATA/Scan.nii.gz"), 7)  # type: ignore[arg-type]


def test_the_same_text_is_the_same_object_and_crosses_to_the_engine(volumes: Path) -> None:
    texts = [str(volumes / "a.png"), str(volumes / "scan.nii.gz" / "0002")]
    first, again = parse_images(texts), parse_images(texts)
    for one, other in zip(first, again, strict=True):
        assert one is other
        assert pickle.loads(pickle.dumps(one)) == one
        assert not hasattr(one, "__dict__")


def test_a_file_is_looked_for_once_and_pictures_never(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(path: str) -> bool:
        asked.append(path)
        return is_file(path)

    monkeypatch.setattr(image_ref, "is_file", counted)
    pictures = [f"{volumes}/slice{number}.png" for number in range(1000)]
    slices = [f"{volumes}/scan.nii.gz/{number:04}" for number in range(1, 100)]
    assert len(set(parse_images([*pictures, *slices, *pictures]))) == 1099
    assert asked == [f"{volumes}/scan.nii.gz"]


def test_a_file_that_has_come_since_is_found(tmp_path: Path) -> None:
    text = tmp_path / "late.nii.gz" / "0001"
    assert ImageRef.parse(text).slice is None
    (tmp_path / "late.nii.gz").touch()
    assert ImageRef.parse(text) == ImageRef(tmp_path / "late.nii.gz", 1)
