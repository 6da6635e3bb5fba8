"""JSON text that keeps file names which are no UTF-8."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")


def json_text(data: Any) -> str:
    """Data as indented JSON that can be encoded in UTF-8 and is read back unchanged.

    Python holds a byte of a name that is no UTF-8 as a lone surrogate, which UTF-8 cannot encode;
    JSON can escape it.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False)
    return _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
