"""NIfTI volumes slice by slice and back, against nibabel's own reading of them."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel
import numpy as np
import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.nifti import write_volume
from deepimagetranslator.core.imaging import nifti
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image, read_spacing
from deepimagetranslator.core.imaging.nifti import decompressed

RNG = np.random.default_rng(3)
LPS = np.diag([-0.5, -0.75, 2.0, 1.0])  # stored as a CT is: columns to the left, rows to the back


def saved(path: Path, voxels: np.ndarray, affine: np.ndarray | None = LPS, **kinds: object) -> Path:
    image = nibabel.Nifti1Image(voxels, affine)
    for name, value in kinds.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def slices_of(path: Path) -> np.ndarray:
    return np.stack([read_image(file)[..., 0] for file in list_images([path])])


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz", "wrong.png"])
def test_slices_are_axial_from_the_feet_up(tmp_path: Path, name: str) -> None:
    voxels = RNG.integers(0, 999, (4, 5, 3)).astype(np.uint16)
    path = saved(tmp_path / "x.nii", voxels)
    path = path.rename(tmp_path / name) if name != "x.nii.gz" else saved(tmp_path / name, voxels)
    assert image_size(path) == (5, 4, 1, "uint16")
    np.testing.assert_array_equal(read_image(path)[..., 0], voxels[:, :, 0].T)
    np.testing.assert_array_equal(read_image(ImageRef(path, 3))[..., 0], voxels[:, :, 2].T)
    assert read_spacing(ImageRef(path, 2)) == (0.75, 0.5)


ORIENTATIONS = ["RAS", "LPS", "PIR", "SAL", "ILA"]


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_any_stored_orientation_is_shown_alike_and_written_back(tmp_path: Path, codes: str) -> None:
    canonical = RNG.integers(-50, 50, (4, 5, 6)).astype(np.int16)  # to the right, front and head
    image = nibabel.Nifti1Image(canonical, np.diag([1, 1.2, 1.4, 1]))
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt("RAS"), nibabel.orientations.axcodes2ornt(codes)
    )
    path = tmp_path / "x.nii.gz"
    nibabel.save(image.as_reoriented(turn), path)
    stored = nibabel.load(path)
    assert "".join(nibabel.aff2axcodes(stored.affine)) == codes

    shown = slices_of(path)
    expected = canonical[::-1, ::-1].transpose(2, 1, 0).astype(np.float32)
    np.testing.assert_array_equal(shown, expected)
    assert read_spacing(path) == pytest.approx((1.2, 1))

    write_volume(tmp_path / "y.nii", [image[..., None] for image in shown], path)
    written = nibabel.load(tmp_path / "y.nii")
    np.testing.assert_array_equal(written.get_fdata(), stored.get_fdata())
    np.testing.assert_allclose(written.affine, stored.affine, atol=1e-6)
    assert written.get_data_dtype() == np.float32
    np.testing.assert_array_equal(slices_of(tmp_path / "y.nii"), shown)


def test_slices_lie_across_the_direction_of_thick_ones(tmp_path: Path) -> None:
    """A sagittal scan, 5 mm thick: head on top, front on the left, from right to left."""
    voxels = RNG.integers(0, 255, (3, 6, 8)).astype(np.uint8)  # to the right, front and head
    path = saved(tmp_path / "x.nii", voxels, np.diag([5, 0.9, 0.9, 1]))
    np.testing.assert_array_equal(slices_of(path), voxels[::-1, ::-1, ::-1].transpose(0, 2, 1))
    assert read_spacing(path) == pytest.approx((0.9, 0.9))


def test_a_file_that_does_not_say_how_it_lies_is_shown_as_stored(tmp_path: Path) -> None:
    voxels = RNG.integers(0, 255, (4, 5)).astype(np.uint8)
    image = nibabel.Nifti1Image(voxels, None)
    nibabel.save(image, tmp_path / "x.nii")
    np.testing.assert_array_equal(read_image(tmp_path / "x.nii")[..., 0], voxels.T)
    assert list_images(tmp_path) == [ImageRef(tmp_path / "x.nii")]


def test_time_points_follow_one_another(tmp_path: Path) -> None:
    voxels = RNG.normal(size=(4, 5, 2, 3))
    path = saved(tmp_path / "x.nii.gz", voxels)
    shown = slices_of(path)
    assert shown.dtype == np.float32
    np.testing.assert_array_equal(
        shown, voxels.transpose(3, 2, 1, 0).reshape(6, 5, 4).astype(np.float32)
    )
    write_volume(tmp_path / "y.nii.gz", shown[..., None], path)
    written = nibabel.load(tmp_path / "y.nii.gz")
    np.testing.assert_array_equal(written.get_fdata(), voxels.astype(np.float32))


@pytest.mark.parametrize(("slope", "intercept"), [(0.5, -1000), (1, -1024), (2, 0)])
def test_slope_and_intercept(tmp_path: Path, slope: float, intercept: float) -> None:
    image = nibabel.Nifti1Image(np.array([[[0.0]], [[1.0]]]), LPS)
    image.set_data_dtype(np.int16)
    image.header.set_slope_inter(slope, intercept)
    nibabel.save(image, tmp_path / "x.nii")
    stored = nibabel.load(tmp_path / "x.nii")
    expected = np.asarray(stored.dataobj).T[0]
    shown = read_image(tmp_path / "x.nii")[..., 0]
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, expected)
    # The file really has them.
    assert (stored.dataobj.slope, stored.dataobj.inter) == (slope, intercept)
    same = saved(tmp_path / "y.nii", np.zeros((2, 2, 1), np.uint8))
    assert read_image(same).dtype == np.uint8


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        ("uint8", "uint8"),
        ("int8", "float32"),
        ("uint16", "uint16"),
        ("int16", "float32"),
        ("int32", "float32"),
        ("uint32", "float32"),
        ("float32", "float32"),
        ("float64", "float32"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_types(tmp_path: Path, dtype: str, kept: str, order: str) -> None:
    voxels = RNG.integers(0, 100, (2, 3, 1)).astype(dtype)
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(dtype)
    nibabel.save(nibabel.Nifti1Image(voxels, LPS, header), tmp_path / "x.nii")
    shown = read_image(tmp_path / "x.nii")
    assert shown.dtype == kept
    np.testing.assert_array_equal(shown[..., 0], voxels[..., 0].T)


def test_colour_and_nifti_2_and_pairs(tmp_path: Path) -> None:
    colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    values = RNG.integers(0, 255, (4, 5, 2, 3)).astype(np.uint8)
    nibabel.save(nibabel.Nifti2Image(values.view(colour)[..., 0], LPS), tmp_path / "x.nii.gz")
    first, second = (read_image(file) for file in list_images(tmp_path / "x.nii.gz"))
    np.testing.assert_array_equal(first, values[:, :, 0].swapaxes(0, 1))
    write_volume(tmp_path / "y.nii.gz", [first, second], tmp_path / "x.nii.gz")
    written = nibabel.load(tmp_path / "y.nii.gz")
    assert isinstance(written, nibabel.Nifti2Image)
    np.testing.assert_array_equal(np.asarray(written.dataobj), values.view(colour)[..., 0])
    nibabel.save(nibabel.Nifti1Pair(values[..., 0], LPS), tmp_path / "pair.img")
    np.testing.assert_array_equal(read_image(tmp_path / "pair.hdr")[..., 0], values[:, :, 0, 0].T)


def test_slices_of_another_size_fill_the_same_space(tmp_path: Path) -> None:
    affine = np.array([[0, -0.8, 0, 30], [-0.5, 0, 0, 20], [0, 0, 3, -50], [0, 0, 0, 1.0]])
    path = saved(tmp_path / "x.nii", np.zeros((8, 6, 2), np.int16), affine)
    height, width, *_ = image_size(path)
    small = [np.full((height // 2, width // 2, 1), number, np.uint8) for number in (1, 2)]
    write_volume(tmp_path / "y.nii.gz", small, path)
    old, new = nibabel.load(path), nibabel.load(tmp_path / "y.nii.gz")
    assert new.shape == (4, 3, 2)
    assert new.get_data_dtype() == np.uint8
    assert new.header.get_zooms() == pytest.approx((1, 1.6, 3))
    for corner in ([-0.5, -0.5, 0, 1], [1, 1, 1, 1]):  # outer edge; between the first four voxels
        there = np.array(corner) * [0.5, 0.5, 1, 1] - [0.25, 0.25, 0, 0]
        np.testing.assert_allclose(new.affine @ there, old.affine @ np.array(corner), atol=1e-5)
    with pytest.raises(ValueError, match="longer"):
        write_volume(tmp_path / "z.nii", small[:1], path)
    assert not (tmp_path / "z.nii").exists()


def test_a_packed_volume_is_unpacked_once_whoever_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voxels = RNG.integers(0, 255, (8, 8, 20)).astype(np.uint8)
    path = saved(tmp_path / "x.nii.gz", voxels)
    calls, unpack = [], decompressed._decompress

    def counted(path: Path, size: int) -> np.ndarray:
        calls.append(path)
        return unpack(path, size)

    monkeypatch.setattr(decompressed, "_decompress", counted)
    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(read_image, list_images(path)))
    assert len(calls) == 1
    np.testing.assert_array_equal(np.stack(shown)[..., 0], voxels.transpose(2, 1, 0))
    saved(path, 255 - voxels)  # written anew
    np.testing.assert_array_equal(read_image(path)[..., 0], 255 - voxels[..., 0].T)
    assert len(calls) == 2


def test_what_is_kept_unpacked_is_bounded(tmp_path: Path) -> None:
    kept = decompressed.Decompressed(kept_bytes=2500)
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.gz")
        files[-1].write_bytes(gzip.compress(bytes([number]) * 1000))
    first = kept.content(files[0], 1000)
    for number, file in enumerate(files):
        assert (kept.content(file, 1000) == number).all()
    assert len(kept._kept) == 2
    assert (first == 0).all()  # who reads it still can


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_damage_and_bombs_are_named(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / name, RNG.integers(0, 255, (16, 16, 4)).astype(np.uint8))
    whole = path.read_bytes()
    for size in (1, 50, 200, len(whole) - 300, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(UserError, match=r"x\.nii"):
            read_image(ImageRef(path, 4))
    plain = bytearray(whole if name == "x.nii" else gzip.decompress(whole))

    def with_dimensions(*sizes: int) -> None:
        plain[40:56] = np.array([len(sizes), *sizes, *[1] * (7 - len(sizes))], "<i2").tobytes()
        path.write_bytes(plain if name == "x.nii" else gzip.compress(plain))

    for sizes, reason in {
        (30_000, 30_000, 1): "pixels, more than",
        (9, 9, 30_000): "slices, more than",
        (0, 9, 9): "no pixels",
        (9, -9, 9): "no pixels",
        (999, 999, 999): "damaged or incomplete",
    }.items():
        with_dimensions(*sizes)
        with pytest.raises(UserError, match=reason):
            read_image(path)
    with_dimensions(16, 16, 4)
    read_image(path)
    if name == "x.nii.gz":
        monkeypatch.setattr(decompressed, "MAX_DECOMPRESSED", 1000)
        with pytest.raises(UserError, match="decompress it"):
            read_image(path)


def test_other_packed_files_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(b"hello" * 1000))
    with pytest.raises(UserError, match="not an image"):
        read_image(tmp_path / "x.nii.gz")
    assert not nifti.is_nifti(b"\x1f\x8b")


@pytest.mark.parametrize(("q", "s"), [(0, 1), (1, 0), (0, 0), (1, 1)])
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_a_negative_voxel_size_is_its_length(
    tmp_path: Path, name: str, axis: int, q: int, s: int
) -> None:
    """As nibabel and ITK read it; old SPM files have such sizes."""
    voxels = RNG.integers(0, 255, (4, 5, 6), np.uint8)
    good = saved(tmp_path / "good.nii", voxels, qform_code=q, sform_code=s)
    content = bytearray(good.read_bytes())
    sizes = np.frombuffer(content, "<f4", 8, 76)
    sizes[axis] *= -1
    odd = tmp_path / name
    odd.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    np.testing.assert_array_equal(slices_of(odd), slices_of(good))
    assert read_spacing(odd) == read_spacing(good) == (0.75, 0.5)
    written = tmp_path / "out.nii.gz"
    write_volume(written, [read_image(image) for image in list_images([odd])], odd)
    image, expected = nibabel.load(written), nibabel.load(odd)
    np.testing.assert_array_equal(np.asarray(image.dataobj), voxels)
    np.testing.assert_allclose(image.affine, expected.affine)
    assert (image.header["pixdim"][1:4] > 0).all()
