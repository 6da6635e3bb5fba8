"""TIFF files: a page of many, or a plane of an ImageJ or OME stack."""

from deepimagetranslator.core.imaging.tiff.image import inspect, is_tiff, read

__all__ = ["inspect", "is_tiff", "read"]
