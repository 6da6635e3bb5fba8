"""DICOM files: a slice, or one frame of several, in any coding."""

from deepimagetranslator.core.imaging.dicom.image import inspect, is_dicom, read

__all__ = ["inspect", "is_dicom", "read"]
