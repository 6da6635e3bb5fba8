"""Several networks translate together: their mean, maps of disagreement, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from networks import COLOURS, files, write_network
from real_images import small
from tiny import picture

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.disagreement import DICE, SD, TABLE, Apart
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.ml import ensemble, weights
from deepimagetranslator.ml.ensemble import Ensemble
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator

VALUES = (0.2, 0.4, 0.9)
SOFTMAX = {"target_channels": 3, "final_activation": "softmax", "palette": COLOURS}


@pytest.fixture(scope="module")
def constants(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Networks that give one value everywhere."""
    folder = tmp_path_factory.mktemp("constants")
    return [write_network(folder, f"v{value}", value) for value in VALUES]


def class_networks(folder: Path, **choices: object) -> list[Path]:
    """Three networks of three classes that differ."""
    found = []
    for seed in range(3):
        path = write_network(folder, f"c{seed}", **(SOFTMAX | choices))
        network, card = weights.load(path)
        rng = np.random.default_rng(seed)
        network.set_weights([w + rng.normal(0, 0.3, w.shape) for w in network.get_weights()])
        weights.save(network, path, card)
        found.append(path)
    return found


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return class_networks(tmp_path_factory.mktemp("classes"))


def write_pictures(folder: Path, count: int = 3, size: tuple[int, int] = (16, 24)) -> None:
    for number in range(count):
        write_image(folder / f"{number}.png", picture(number, *size))


def test_values_are_the_mean_and_the_map_is_their_deviation(
    constants: list[Path], tmp_path: Path
) -> None:
    write_pictures(tmp_path / "in")
    result = translate(constants, [tmp_path / "in"], tmp_path / "out")
    names = [f"{n}{end}" for n in range(3) for end in (".png", "_disagreement.tif")]
    assert files(tmp_path / "out") == sorted([*names, TABLE])
    assert np.unique(read_image(tmp_path / "out" / "1.png")) == [round(0.5 * 255)]
    found = read_image(tmp_path / "out" / "1_disagreement.tif")
    assert found.dtype == np.float32 and found.shape == (16, 24, 1)
    expected = np.std(VALUES, ddof=1) * 255
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert {one.measure for one in result.second_look} == {SD}
    np.testing.assert_allclose([one.disagreement for one in result.second_look], expected, 1e-4)
    assert result.confidence == () or all("_disagreement" in p.name for p in result.confidence)
    assert [i.name for i in list_images(tmp_path / "out")] == ["0.png", "1.png", "2.png"]


def test_label_maps_are_those_of_the_mean_and_the_worst_is_first(
    classes: list[Path], tmp_path: Path
) -> None:
    write_pictures(tmp_path / "in")
    result = translate(classes, [tmp_path / "in"], tmp_path / "out")
    each = [Translator(path) for path in classes]
    values = {}
    for source, output in result.translated:
        image = read_image(source)
        own = [one.predict([image], ["a"])[0] for one in each]
        mean = np.mean(own, axis=0).argmax(-1)
        assert (COLOURS.encode(read_image(output), "a") == mean).all()
        votes = [one.argmax(-1) for one in own]
        other = np.mean([one != mean for one in votes], axis=0)
        found = read_image(output.file.with_name(f"{source.file.stem}_disagreement.png"))
        np.testing.assert_array_equal(found[..., 0], np.rint(other.astype(np.float32) * 255))
        values[source] = Apart.of_classes(votes, 3, background=True).disagreement
    looks = result.second_look
    assert {one.measure for one in looks} == {DICE}
    assert {one.source: pytest.approx(one.disagreement) for one in looks} == values
    order = [one.disagreement for one in looks]
    assert order == sorted(order, reverse=True) and order[0] > order[-1]
    assert result.second_look_file == tmp_path / "out" / TABLE


def test_one_network_after_another_gives_the_same(
    classes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path / "in", 2)
    translate(classes, [tmp_path / "in"], tmp_path / "all")
    monkeypatch.setattr(ensemble, "free_memory_bytes", lambda: 1)
    one = Ensemble(classes, TranslationSpec())
    assert not one.all_at_once
    translate(classes, [tmp_path / "in"], tmp_path / "one")
    for name in files(tmp_path / "all"):
        assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_volumes_tiles_and_dicom_as_with_one_network(tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (24, 16, 3), np.uint8)
    (tmp_path / "vol").mkdir()
    image = nibabel.Nifti1Image(voxels, np.diag([-0.7, -0.8, 5.0, 1.0]))
    nibabel.save(image, tmp_path / "vol" / "scan.nii.gz")
    networks = class_networks(tmp_path)
    result = translate(networks, [tmp_path / "vol"], tmp_path / "out")
    found = nibabel.load(tmp_path / "out" / "scan_disagreement.nii.gz")
    assert found.shape == (24, 16, 3) and len(result.second_look) == 3
    write_image(tmp_path / "large.png", picture(7, 50, 70))
    tiles = TranslationSpec(large_images="tiles", mirrors=True)
    result = translate(networks, [tmp_path / "large.png"], tmp_path / "tiles", tiles)
    assert read_image(tmp_path / "tiles" / "large_disagreement.png").shape == (50, 70, 1)
    assert 0 < result.second_look[0].disagreement < 1
    scaling = IntensityNormalization("window", -160.0, 240.0, "float32")
    ct = class_networks(tmp_path, input_scaling=scaling)
    folder = small("ct_dicom/crlm_1006")
    result = translate(ct, [folder], tmp_path / "ct")
    sources = list_images(folder)
    assert [one.name for one in list_images(tmp_path / "ct")] == [one.name for one in sources]
    assert len(list((tmp_path / "ct").glob("*_disagreement.tif"))) == len(sources)


def test_each_network_normalizes_the_input_as_it_has_learnt(tmp_path: Path) -> None:
    """Ranges of the training sets of folds differ."""
    paths = [
        write_network(
            tmp_path, f"n{k}", input_scaling=IntensityNormalization("data", 0, k, "uint8")
        )
        for k in (100.0, 200.0)
    ]
    image = picture(3, 16, 24)
    own = [Translator(path).predict([image], ["a"])[0] for path in paths]
    (found,) = Ensemble(paths, TranslationSpec()).predict([image], ["a"])
    np.testing.assert_allclose(found[..., :1], np.mean(own, axis=0), atol=1e-6)


@pytest.mark.parametrize("large_images", ["resize", "tiles"])
def test_the_mean_of_16_bit_values_with_ranges_of_their_own_is_that_of_the_values(
    tmp_path: Path, large_images: str
) -> None:
    """As of folds: the ranges of inputs and targets are those of the training set of each."""
    ranges = {0.25: (100.0, 1100.0), 0.5: (0.0, 4000.0), 0.75: (200.0, 1000.0)}
    paths = [
        write_network(
            tmp_path,
            f"n{constant}",
            constant,
            input_scaling=IntensityNormalization("data", low / 2, high, "uint16"),
            target_scaling=IntensityNormalization("data", low, high, "uint16"),
        )
        for constant, (low, high) in ranges.items()
    ]
    values = [350.0, 2000.0, 800.0]
    rng = np.random.default_rng(1)
    write_image(tmp_path / "a.png", rng.integers(0, 4000, (40, 24, 1)).astype(np.uint16))
    spec = TranslationSpec(large_images=large_images)
    result = translate(paths, [tmp_path / "a.png"], tmp_path / "out", spec)
    found = read_image(tmp_path / "out" / "a.tif")
    assert found.dtype == np.uint16 and np.unique(found) == [round(np.mean(values))]
    apart = read_image(tmp_path / "out" / "a_disagreement.tif")
    np.testing.assert_allclose(apart, np.std(values, ddof=1), rtol=1e-4)
    assert result.second_look[0].disagreement == pytest.approx(np.std(values, ddof=1), rel=1e-4)


def test_an_image_must_suit_each_of_the_networks(tmp_path: Path) -> None:
    of_type = IntensityNormalization("type", 0, 65535, "uint16")
    own = IntensityNormalization("data", 0, 900, "uint16")
    paths = [
        write_network(tmp_path, f"{one.kind}", 0.5, input_scaling=one) for one in (of_type, own)
    ]
    with pytest.raises(UserError, match="a holds 8-bit values"):
        Ensemble(paths, TranslationSpec()).predict([picture(1, 16, 24)], ["a"])
    deep = picture(1, 16, 24).astype(np.uint16)
    (found,) = Ensemble(paths, TranslationSpec()).predict([deep], ["a"])
    np.testing.assert_allclose(found[..., 0], 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"input_height": 32, "target_height": 32}, "size of their images"),
        ({"target_channels": 3}, "their channels"),
        ({"palette": Palette(((0,), (255,)), "uint8")}, "their classes"),
        (
            {"target_scaling": IntensityNormalization("data", 0, 7, "uint16")},
            "type of the target values",
        ),
        (
            {"target_scaling": IntensityNormalization("image", 0, 7, "uint8")},
            "type of the target values",
        ),
        (
            {"input_scaling": IntensityNormalization("window", 0, 7, "uint16")},
            "input values are normalized",
        ),
    ],
)
def test_networks_that_do_not_fit_together_are_refused(
    constants: list[Path], tmp_path: Path, choices: dict[str, object], sentence: str
) -> None:
    other = write_network(tmp_path, "other", **choices)
    write_pictures(tmp_path / "in", 1)
    with pytest.raises(UserError, match=sentence):
        translate([constants[0], other], [tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_an_ensemble_cannot_do_is_a_sentence(constants: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2 networks or more"):
        Ensemble(constants[:1], TranslationSpec())
    with pytest.raises(UserError, match="instead of a confidence"):
        Ensemble(constants, TranslationSpec(confidence=True))
    write_pictures(tmp_path / "in", 1)
    translate(constants, [tmp_path / "in"], tmp_path / "out")
    with pytest.raises(UserError, match="exist"):
        translate(constants, [tmp_path / "in"], tmp_path / "out")
    again = replace(TranslationSpec(), overwrite=True)
    assert len(translate(constants, [tmp_path / "in"], tmp_path / "out", again).translated) == 1
