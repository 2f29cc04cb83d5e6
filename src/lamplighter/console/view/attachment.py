"""Name a file that the browser saves.

See https://www.rfc-editor.org/rfc/rfc6266.
"""

import re
from urllib.parse import quote

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def attachment_header(file_name: str) -> str:
    """Return the header Content-Disposition for a file with this name, which may have any characters."""
    simple = _UNSAFE.sub("_", file_name)
    exact = "" if simple == file_name else f"; filename*=UTF-8''{quote(file_name, safe='')}"
    return f'attachment; filename="{simple}"{exact}'
