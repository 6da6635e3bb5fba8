"""The number of scans in a JPEG code stream."""

from __future__ import annotations

from deepimagetranslator.core.imaging.header import UnreadableError

MAX_SCANS = 100
"""The most scans of a JPEG; encoders write up to some tens. For each scan, however short, a decoder
passes over the whole image, so files with more are refused as decompression bombs."""
_SCAN = b"\xff\xda"  # within a scan an FF is always followed by 0 or a restart marker


def check_scans(code: bytes) -> None:
    """Refuse a JPEG code stream with too many scans.

    Raises:
        UnreadableError: it has more than ``MAX_SCANS``.
    """
    if code.count(_SCAN) > MAX_SCANS:
        raise UnreadableError("has too many scans for a JPEG", "save it anew as PNG or TIFF")
