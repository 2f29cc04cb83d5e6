"""Tell a package index where the project is, and make the links and pictures of the README lead there.

A hook of hatchling. The address of the repository stands here only; a release elsewhere is refused (`.ci/release.py`).
See https://hatch.pypa.io/latest/plugins/metadata-hook/custom/.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

REPOSITORY = "https://github.com/lamplighter-jobs/lamplighter"
MANUAL = "https://lamplighter-jobs.github.io/lamplighter/"
_PICTURE = re.compile(r"(!\[[^\]]*\]\()(?![a-z]+:|#)")
_LINK = re.compile(r"((?<!!)\[[^\]!]*\]\()(?![a-z]+:|#)")


class MetadataHook(MetadataHookInterface):  # type: ignore[misc]
    """Sets the URLs of the project and the README, whose links lead to the files of this version."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add both to the metadata; the version is known already."""
        tag = f"v{metadata['version']}"
        text = (Path(self.root) / "README.md").read_text()
        text = _PICTURE.sub(rf"\1{REPOSITORY}/raw/{tag}/", text)
        text = _LINK.sub(rf"\1{REPOSITORY}/blob/{tag}/", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = {
            "Homepage": REPOSITORY,
            "Documentation": MANUAL,
            "Source": REPOSITORY,
            "Issues": f"{REPOSITORY}/issues",
            "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
        }
