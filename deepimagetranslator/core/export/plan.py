"""The plan of a translation: its output files and their content, before any image is translated.

With the format "automatic" the output follows the input: a derived DICOM file for DICOM, a NIfTI
volume for NIfTI, a TIFF stack for a stack. For any other image, or if only some slices of a file
are given, it is PNG for 8 bits and TIFF for more. A volume in another format becomes a folder of
images that are named by slice number.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.export.encodings import Network, OutputEncoding, choose_encoding
from deepimagetranslator.core.imaging import dicom, nifti, tiff
from deepimagetranslator.core.imaging.files import (
    CONFIDENCE_MAP,
    DISAGREEMENT_MAP,
    EXPECTED_ERROR_MAP,
    SUFFIXES,
    expand,
    stem,
)
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.system.system_path import exists, system_path

CONFIDENCE, DISAGREEMENT = "confidence", "disagreement"
"""The kinds of maps beside translated images: how sure a network is, how far several are apart."""

_ORIGINS: tuple[tuple[str, object], ...] = (("dicom", dicom), ("nifti", nifti), ("tiff", tiff))
_WORDS = {"dicom": "DICOM", "nifti": "NIfTI"}
_NIFTI_ENDINGS = (".nii", ".nii.gz")
_FORMS_BESIDE = {"png": "png", "tif": "tif", "stack": "stack", "nifti": "nifti", "dicom": "tif"}


@dataclass(frozen=True)
class OutputFile:
    """A file to write.

    Attributes:
        path: its path.
        form: "png", "tif", "stack" (a TIFF page per slice), "nifti" or "dicom".
        original: the input file.
        sources: the images it is made from: one, or all slices of the input file in order.
        encoding: the encoding of its images.
    """

    path: Path
    form: str
    original: Path
    sources: tuple[ImageRef, ...]
    encoding: OutputEncoding

    def part(self, source: ImageRef) -> ImageRef:
        """The output image of one source, in the form that ``read_image`` takes."""
        return ImageRef(self.path, source.slice if len(self.sources) > 1 else None)


def plan(
    images: Mapping[ImageRef, PurePath],
    output: Path,
    network: Network,
    spec: TranslationSpec,
    beside: str = "",
) -> list[OutputFile]:
    """Plan the files to write.

    Args:
        images: each with its file's place below the output folder.
        output: the output folder.
        network: the network that translates them.
        spec: output, format and value type.
        beside: the kind of map that is written beside each file; empty for none.

    Raises:
        UserError: the format cannot hold the output, two inputs would get the same name, or an
            output exists already or would overwrite an input.
    """
    given: dict[Path, dict[int, ImageRef]] = {}
    for image in images:
        given.setdefault(image.file, {})[image.slice or 0] = image
    encodings = _Encodings(network, spec)
    output_files: list[OutputFile] = []
    for file, slices in given.items():
        whole = 0 in slices or len(slices) == len(expand(file))
        place = output / images[next(iter(slices.values()))]
        form = _form(file, len(slices) if whole else 0, spec.file_format)
        if form:
            sources = tuple(slices[number] for number in sorted(slices))
            output_files.append(
                OutputFile(_named(place, form), form, file, sources, encodings.of(form))
            )
            continue
        form = encodings.single()
        for number, image in slices.items():
            path = _single(place, number, whole).with_suffix(f".{form}")
            output_files.append(OutputFile(path, form, file, (image,), encodings.of(form)))
    maps = [file_beside(output_file, beside) for output_file in output_files if beside]
    _refuse_loss([*output_files, *maps], spec.overwrite)
    return output_files


def file_beside(output_file: OutputFile, kind: str = CONFIDENCE) -> OutputFile:
    """The file of the map beside a translated file.

    PNG holds probabilities and shares as 0 to 255; all else is float, in NIfTI, a TIFF stack or
    TIFF.
    """
    values, form = output_file.encoding.kind == "values", _FORMS_BESIDE[output_file.form]
    word = EXPECTED_ERROR_MAP if values else CONFIDENCE_MAP
    if kind == DISAGREEMENT:
        word = DISAGREEMENT_MAP
    if values and form == "png":
        form = "tif"
    if output_file.form == "dicom" and len(output_file.sources) > 1:
        form = "stack"
    ending = {"png": ".png", "nifti": ".nii.gz"}.get(form, ".tif")
    path = output_file.path
    name = f"{stem(path.name)}{word}{ending}"
    return replace(output_file, path=path.with_name(name), form=form)


def _single(place: Path, number: int, whole: bool) -> Path:
    """The path of a single image, with a placeholder suffix.

    Args:
        place: the input file's path, moved to the output folder.
        number: the slice's number, or 0 for a file of one image.
        whole: all slices of the file are translated; they go into a folder.
    """
    stem = _stem(place)
    if not number:
        return place.with_name(f"{stem}.x")
    if whole:
        return place.with_name(stem) / f"{number:04}.x"
    return place.with_name(f"{stem}_{number:04}.x")


class _Encodings:
    """The encoding for each form, chosen and checked once."""

    def __init__(self, network: Network, spec: TranslationSpec) -> None:
        self._network, self._spec = network, spec
        self._known: dict[str, OutputEncoding] = {}

    def single(self) -> str:
        """The form of single images, "png" or "tif"."""
        if self._spec.file_format in ("png", "tif"):
            return self._spec.file_format
        return "png" if self._chosen("png").dtype == "uint8" else "tif"

    def of(self, form: str) -> OutputEncoding:
        """The encoding for a form.

        Raises:
            UserError: the form cannot hold the output.
        """
        if form not in self._known:
            found = self._chosen(form)
            _check(found, form, self._spec.value_type)
            self._known[form] = found
        return self._known[form]

    def _chosen(self, form: str) -> OutputEncoding:
        spec = self._spec
        found = choose_encoding(self._network, spec.output, spec.value_type, form in _WORDS)
        found = found.with_clean_up(spec.clean_up)
        if found.kind != "values" or spec.value_type != "automatic":
            return found
        # Other programs expect real units, such as Hounsfield units, in medical files.
        scaling = self._network.scaling
        real = scaling.dtype == "float32" or scaling.offset != 0
        if form in _WORDS and real and found.channels == 1:
            return OutputEncoding(self._network, "values", "float")
        return found


def _check(encoding: OutputEncoding, form: str, value_type: str) -> None:
    if form == "png" and encoding.dtype == "float32":
        raise UserError("PNG cannot hold floating-point values; choose the format tif.")
    if form == "dicom" and value_type == "float":
        raise UserError(
            "A DICOM image cannot hold floating-point values; leave the value type automatic (they "
            "are then rescaled to 16 bits), or choose the format tif."
        )
    if form in _WORDS and encoding.channels == 3 and encoding.dtype != "uint8":
        raise UserError(
            f"{_WORDS[form]} holds colours of 8 bits only; choose the value type 8-bit, output "
            "'classes', or the format tif."
        )


def _form(file: Path, slices: int, file_format: str) -> str:
    """The form of the output file for all slices of an input file; "" for single images.

    Args:
        file: the input file.
        slices: the number of its slices; 0 if only some of them are given.
        file_format: a ``TranslationSpec.file_format``.
    """
    if file_format in ("png", "tif"):
        return ""
    origin = origin_of(file)
    if file_format in _WORDS:
        words = _WORDS[file_format]
        if origin not in (file_format, ""):
            raise UserError(
                f"{file} is not a {words} file, so a {words} output would have no position; leave "
                "the format automatic, or choose png or tif."
            )
        if not slices:
            raise UserError(
                f"Only some slices of {file} were given, and a {words} output needs all; give the "
                "whole file, or choose the format png or tif."
            )
        return file_format if origin else ""
    if not slices:
        return ""
    if origin == "tiff":
        return "stack" if slices > 1 else ""
    return origin if origin in _WORDS else ""


def origin_of(file: Path) -> str:
    """The kind of an input file by its content: "dicom", "nifti", "tiff" or "picture".

    It is "" for a file that cannot be opened or is not an image; reading it will say why.
    """
    try:
        reader = reader_of(system_path(file))
    except Exception:
        return ""
    return next((name for name, known in _ORIGINS if reader is known), "picture")


def _named(place: Path, form: str) -> Path:
    """The path of an output file of a form; DICOM and NIfTI files keep their names if possible."""
    if form == "nifti" and not place.name.lower().endswith(_NIFTI_ENDINGS):
        return place.with_name(f"{_stem(place)}.nii.gz")
    return place.with_name(f"{_stem(place)}.tif") if form == "stack" else place


def _stem(path: PurePath) -> str:
    """The name without its image suffix; names such as 1.2.840.45 from scanners have none."""
    lower = path.name.lower()
    for ending in sorted(SUFFIXES, key=len, reverse=True):
        if lower.endswith(ending) and len(lower) > len(ending):
            return path.name[: -len(ending)]
    return path.name


def _refuse_loss(output_files: Sequence[OutputFile], overwrite: bool) -> None:
    """Refuse to overwrite inputs, existing files, or other outputs of the same translation."""
    taken: dict[str, OutputFile] = {}
    originals = {same_file_key(output_file.original) for output_file in output_files}
    for output_file in output_files:
        other = taken.setdefault(same_file_key(output_file.path), output_file)
        if other is not output_file:
            raise UserError(
                f"{other.sources[0]} and {output_file.sources[0]} would both be written as "
                f"{output_file.path}; rename one, or translate them into different folders."
            )
    for output_file in output_files:
        if same_file_key(output_file.path) in originals:
            raise UserError(
                f"{output_file.path} is one of the images to translate and would be overwritten; "
                "choose another output folder."
            )
    existing = [output_file.path for output_file in output_files if exists(output_file.path)]
    if existing and not overwrite:
        raise UserError(
            f"{len(existing)} of the translated images exist already, the first is {existing[0]}; "
            "overwrite them, or choose another folder.",
            remedy=Remedy((("translation.overwrite", True),)),
        )


def same_file_key(path: Path) -> str:
    """A key that is equal for all paths of the same file."""
    return os.path.normcase(os.path.realpath(path))
