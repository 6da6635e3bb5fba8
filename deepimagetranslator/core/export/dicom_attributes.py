"""Attributes that a derived DICOM image takes from its source, and its position in the patient."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.groups import from_groups
from deepimagetranslator.core.imaging.dicom.image import pydicom

# Attributes in none of these lists (windows, overlays, private elements, smallest and largest
# pixel values) are true of the source only and are not copied.
# fmt: off
_EMPTY_IF_UNKNOWN = [
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber", "ReferringPhysicianName", "InstanceNumber",
    "PositionReferenceIndicator", "PatientOrientation",
]
_KEPT = [
    "IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "PatientIdentityRemoved",
    "DeidentificationMethod", "DeidentificationMethodCodeSequence", "StudyInstanceUID",
    "StudyDescription", "ClinicalTrialSponsorName", "ClinicalTrialProtocolID",
    "ClinicalTrialSubjectID", "FrameOfReferenceUID", "PatientPosition", "BodyPartExamined",
    "Laterality", "ImageLaterality", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SliceThickness", "SliceLocation", "SpacingBetweenSlices",
    "TemporalPositionIdentifier", "TimezoneOffsetFromUTC", "AcquisitionDate", "AcquisitionTime",
    "AcquisitionDateTime", "AcquisitionNumber", "LossyImageCompression",
    "LossyImageCompressionRatio", "LossyImageCompressionMethod",
]
_ACQUIRED = [
    "KVP", "GantryDetectorTilt", "ReconstructionDiameter", "ContrastBolusAgent", "ScanningSequence",
    "SequenceVariant", "ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime",
    "EchoNumbers", "EchoTrainLength", "InversionTime", "FlipAngle", "MagneticFieldStrength",
    "ImagedNucleus", "ImagingFrequency",
]
_EMPTY_IF_ACQUIRED = {
    "CT": ["KVP", "AcquisitionNumber", "SliceThickness"],
    "MR": ["ScanOptions", "MRAcquisitionType", "EchoTime", "EchoTrainLength", "RepetitionTime",
           "SliceThickness"],
}
_FRAMES = [
    "FrameIncrementPointer", "FrameTime", "FrameTimeVector", "GridFrameOffsetVector",
    "SliceLocationVector", "PageNumberVector",
]
_CONTENT = ["StackID", "InStackPositionNumber", "TemporalPositionIndex", "FrameAcquisitionNumber"]
_MEASURES = ["PixelSpacing", "SliceThickness", "SpacingBetweenSlices"]
# fmt: on
_GROUPS = {
    "PlanePositionSequence": ["ImagePositionPatient"],
    "PlaneOrientationSequence": ["ImageOrientationPatient"],
    "PixelMeasuresSequence": _MEASURES,
    "FrameContentSequence": _CONTENT,
}
_PER_FRAME_TAG, _PAGES_TAG = 0x52009230, 0x00182001


def copy(origin: Any, result: Any, acquired: bool) -> None:
    """Copy the attributes that are true of both images.

    Args:
        origin: the data set of the source.
        result: the data set of the derived image.
        acquired: copy attributes of the acquisition, such as KVP or EchoTime, too.
    """
    modality = str(origin.get("Modality") or "OT")
    copied, needed = [*_EMPTY_IF_UNKNOWN, *_KEPT], [*_EMPTY_IF_UNKNOWN]
    if acquired:
        copied += _ACQUIRED
        needed += _EMPTY_IF_ACQUIRED.get(modality, [])
    for keyword in copied:
        if keyword in origin:
            result.add(origin[keyword])
    for keyword in needed:
        if keyword not in result:
            setattr(result, keyword, None)
    result.Modality = modality


def number_frames(result: Any, origin: Any, frames: int) -> None:
    """Set the multi-frame attributes; if the source is "enhanced", also each frame's position."""
    result.NumberOfFrames = frames
    if "PerFrameFunctionalGroupsSequence" in origin:
        result.FrameIncrementPointer = _PER_FRAME_TAG
        result.SharedFunctionalGroupsSequence = [pydicom().Dataset()]
        groups = [_group(origin, frame) for frame in range(frames)]
        result.PerFrameFunctionalGroupsSequence = groups
        return
    for keyword in _FRAMES:
        if keyword in origin:
            result.add(origin[keyword])
    if "FrameIncrementPointer" not in result:
        result.FrameIncrementPointer = _PAGES_TAG
        result.PageNumberVector = list(range(1, frames + 1))


def _group(origin: Any, frame: int) -> Any:
    """The functional groups of one frame, taken from the source's per-frame or shared groups."""
    group = pydicom().Dataset()
    for sequence, keywords in _GROUPS.items():
        item = pydicom().Dataset()
        for keyword in keywords:
            value = from_groups(origin, frame, sequence, keyword)
            if value is not None:
                setattr(item, keyword, value)
        if len(item):
            setattr(group, sequence, [item])
    return group


def rescale_places(result: Any, scale: tuple[float, float]) -> None:
    """Adapt pixel spacing and position to another number of pixels over the same area.

    The position is the centre of the first pixel, so it moves by half the change in pixel size.

    Args:
        result: the data set, changed in place.
        scale: factors of the pixel size along rows and columns (new size / old size).
    """
    if scale == (1.0, 1.0):
        return
    for group in result.get("PerFrameFunctionalGroupsSequence") or [result]:
        where, plane, measures, _ = (_item(group, sequence) for sequence in _GROUPS)
        old = measures.get("PixelSpacing")
        if not old:
            continue
        new = [float(size) * factor for size, factor in zip(old, scale, strict=True)]
        measures.PixelSpacing = [decimal(size) for size in new]
        corner, axes = where.get("ImagePositionPatient"), plane.get("ImageOrientationPatient")
        if corner and axes:
            down, right = (np.array(new) - np.array(old, float)) / 2
            along_row, along_column = np.array(axes, float).reshape(2, 3)
            moved = np.array(corner, float) + right * along_row + down * along_column
            where.ImagePositionPatient = [decimal(value) for value in moved]


def _item(group: Any, sequence: str) -> Any:
    """The first item of a sequence; the data set itself if it has no functional groups."""
    items = group.get(sequence)
    return items[0] if items else group


def decimal(value: float) -> str:
    """A number as a DICOM decimal string (VR DS) of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds  # noqa: PLC0415

    return str(format_number_as_ds(float(value)))
