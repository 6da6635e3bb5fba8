"""Derived DICOM: write translated images so that a viewer can overlay them on their sources."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.export import dicom_attributes as attributes
from deepimagetranslator.core.export.dicom_pixels import Stored, stored_pixels
from deepimagetranslator.core.imaging.dicom.frames import frame_order
from deepimagetranslator.core.imaging.dicom.image import header_of, pydicom
from deepimagetranslator.core.imaging.series import whole_number
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.typing import Array
from deepimagetranslator.core.version import __version__

PROGRAM = "DeepImageTranslator"
_CT, _MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_FRAMES_8_BIT, _FRAMES_16_BIT, _FRAMES_COLOUR = (f"{_CAPTURE}.{kind}" for kind in (2, 3, 4))
_NUMBER_APART = 1000  # added to a series' number for the series derived from it


class DerivedSeries:
    """Writes derived DICOM series: one for each source series of a translation.

    Each file keeps its source's patient, study, frame of reference, position, orientation and
    instance number. It gets a new SOP instance UID, and a new series UID that all files of the
    series share. Make one object per translation, then call ``write`` for each source file, in
    any order::

        derived = DerivedSeries("fat.weights.h5")
        derived.write(output / "1-26.dcm", Path("ct/1-26.dcm"), [classes], classes=4)
    """

    def __init__(
        self, weights: str, class_names: Sequence[str] = (), clean_up: Sequence[str] = ()
    ) -> None:
        """Args:
        weights: the weights file's name, for the series description.
        class_names: the classes' names in order, if class numbers are written.
        clean_up: the rules by which the classes were cleaned, as text.
        """
        self._weights = weights.replace("\\", "/")  # a backslash divides values
        self._class_names, self._clean_up = class_names, clean_up
        self._begun = datetime.datetime.now()
        self._uids: dict[str, str] = {}

    def write(
        self,
        path: str | Path,
        source: str | Path,
        images: Sequence[Array],
        classes: int = 0,
        limits: tuple[float, float] | None = None,
        *,
        replace: bool = True,
    ) -> None:
        """Write the derived file of one source file atomically.

        uint8 and uint16 values are stored unchanged, and so are float32 values that are all
        integers within 16 bits. Other float32 values are rescaled to 16 bits with a slope and an
        intercept (error at most half a step). Grey float32 values of a CT are Hounsfield units,
        and the file is a CT image. An MR image with 16 bits stays an MR image. Any other file is a
        secondary capture with the source's modality and position.

        Args:
            path: the file to write.
            source: the DICOM file that was translated, not one slice of it.
            images: one per slice of the source, in the order in which slices are read,
                (height, width[, 1 or 3]), all of one size and data type: uint8, uint16 or float32;
                colour uint8. If the size differs from the source's, the images cover the same
                area. They are written in the order of the source's frames.
            classes: the number of classes if the (uint8) values are class numbers; else 0.
            limits: lowest and highest possible value of the series, so that all its files share
                one slope and one display window; None: each file has its own.
            replace: overwrite an existing file.

        Raises:
            UserError: the file cannot be written.
            ValueError: the images do not fit the source or the file format.
            Exception: whatever pydicom raises for a damaged source.
        """
        origin = header_of(system_path(Path(source)))
        frames = int(origin.get("NumberOfFrames") or 1)
        if len(images) != frames:
            raise ValueError(f"{source} has {frames} frames; {len(images)} images were given")
        slices = np.argsort(frame_order(origin))  # of each frame
        pixels = np.stack([images[k].reshape(*images[k].shape[:2], -1) for k in slices])
        stored = stored_pixels(pixels, classes, limits)
        hounsfield = pixels.dtype == np.float32 and origin.get("Modality") == "CT"
        kind = _kind(origin, stored, hounsfield)
        result = pydicom().Dataset()
        attributes.copy(origin, result, kind in (_CT, _MR))
        if pixels.dtype == np.float32 and origin.get("Units") is not None:
            result.add(origin["Units"])
        self._name(result, origin, kind, Path(source).parent)
        _refer(result, origin)
        _describe_pixels(result, stored, "HU" if hounsfield else "US")
        if kind in (_FRAMES_8_BIT, _FRAMES_16_BIT, _FRAMES_COLOUR):
            attributes.number_frames(result, origin, frames)
        scale = origin.Rows / pixels.shape[1], origin.Columns / pixels.shape[2]
        attributes.rescale_places(result, scale)
        with atomic_write(path, replace=replace) as beside:
            pydicom().dcmwrite(beside, result, enforce_file_format=True)

    def _name(self, result: Any, origin: Any, kind: str, folder: Path) -> None:
        """Set the identity of the new file, and how it was made."""
        result.SpecificCharacterSet = "ISO_IR 192"
        result.SOPClassUID, result.SOPInstanceUID = kind, _new_uid()
        result.SeriesInstanceUID = self._uid(str(origin.get("SeriesInstanceUID") or folder))
        if not result.get("StudyInstanceUID"):
            result.StudyInstanceUID = self._uid(f"study of {folder}")
        result.SeriesNumber = _NUMBER_APART + (whole_number(origin.get("SeriesNumber")) or 0)
        result.SeriesDescription = f"{PROGRAM}: {self._weights}"[:64]
        result.ImageType = ["DERIVED", "SECONDARY", *_plane(origin)]
        text = f"Translated by {PROGRAM} {__version__} with {self._weights}"
        classes = ", ".join(f"{number} {name}" for number, name in enumerate(self._class_names))
        text += f"; classes: {classes}" if classes else ""
        rules = ", ".join(self._clean_up).replace("\\", "/")
        text += f"; clean-up: {rules}" if rules else ""
        result.DerivationDescription = text[:1024]
        now = datetime.datetime.now()
        for name, when in (("InstanceCreation", now), ("Content", now), ("Series", self._begun)):
            setattr(result, f"{name}Date", when.strftime("%Y%m%d"))
            setattr(result, f"{name}Time", when.strftime("%H%M%S.%f"))
        result.Manufacturer = result.ManufacturerModelName = PROGRAM
        result.SoftwareVersions = __version__
        result.BurnedInAnnotation = str(origin.get("BurnedInAnnotation") or "NO")
        if kind not in (_CT, _MR):
            result.ConversionType = "WSD"  # made on a workstation
        result.file_meta = pydicom().dataset.FileMetaDataset()
        result.file_meta.TransferSyntaxUID = pydicom().uid.ExplicitVRLittleEndian
        result.file_meta.MediaStorageSOPClassUID = kind
        result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID

    def _uid(self, of: str) -> str:
        return self._uids.setdefault(of, _new_uid())


def _new_uid() -> str:
    return str(pydicom().uid.generate_uid(prefix=None))


def _kind(origin: Any, stored: Stored, hounsfield: bool) -> str:
    """The SOP class of the file to write."""
    if len(stored.array) > 1 or "PerFrameFunctionalGroupsSequence" in origin:
        if stored.array.shape[-1] == 3:
            return _FRAMES_COLOUR
        return _FRAMES_8_BIT if stored.bits == 8 else _FRAMES_16_BIT
    again = {_CT: hounsfield, _MR: True}.get(origin.get("SOPClassUID"), False)
    return str(origin.SOPClassUID) if again and stored.bits == 16 else _CAPTURE


def _plane(origin: Any) -> list[str]:
    """The third value of the source's ImageType, such as AXIAL, if it has one."""
    given = origin.get("ImageType") or ()
    words = [given] if isinstance(given, str) else list(given)
    return [word for word in words[2:3] if word]


def _refer(result: Any, origin: Any) -> None:
    """Reference the source image and its series, as far as they have UIDs."""
    if not origin.get("SOPClassUID") or not origin.get("SOPInstanceUID"):
        return
    purpose, image, instance, series = (pydicom().Dataset() for _ in range(4))
    for item in (image, instance):
        item.ReferencedSOPClassUID = origin.SOPClassUID
        item.ReferencedSOPInstanceUID = origin.SOPInstanceUID
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source image for image processing operation"
    image.PurposeOfReferenceCodeSequence = [purpose]
    result.SourceImageSequence = [image]
    if origin.get("SeriesInstanceUID"):
        series.SeriesInstanceUID = origin.SeriesInstanceUID
        series.ReferencedInstanceSequence = [instance]
        result.ReferencedSeriesSequence = [series]


def _describe_pixels(result: Any, stored: Stored, units: str) -> None:
    """Set the pixel data and the attributes that describe it."""
    _, rows, columns, samples = stored.array.shape
    result.Rows, result.Columns, result.SamplesPerPixel = rows, columns, samples
    result.BitsAllocated = result.BitsStored = stored.bits
    result.HighBit = stored.bits - 1
    result.PixelRepresentation = int(stored.array.dtype.kind == "i")
    data = stored.array.astype(stored.array.dtype.newbyteorder("<")).tobytes()
    result.PixelData = data + b"\0" * (len(data) % 2)
    result["PixelData"].VR = "OB" if stored.bits == 8 else "OW"
    if samples == 3:
        result.PhotometricInterpretation, result.PlanarConfiguration = "RGB", 0
        return
    result.PhotometricInterpretation = "MONOCHROME2"
    result.PresentationLUTShape = "IDENTITY"
    result.RescaleSlope, result.RescaleIntercept = stored.slope, stored.intercept
    result.RescaleType = units
    if stored.window is not None:
        result.WindowCenter, result.WindowWidth = stored.window
        if stored.exact:
            result.VOILUTFunction = "LINEAR_EXACT"
