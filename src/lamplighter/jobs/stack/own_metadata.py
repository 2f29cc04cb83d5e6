"""Read and write what this program keeps in the metadata of a template or of a resource. Pure.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/metadata-section-structure.html.
"""

from lamplighter.base.json_text import Json

OWN = "Lamplighter"


def read_own(holder: Json, key: str) -> Json:
    """Return a value in the metadata of a template or resource; None if it is not there."""
    return holder.get("Metadata", {}).get(OWN, {}).get(key)


def with_own(holder: Json, key: str, value: Json) -> Json:
    """Return a template or resource with a value in its metadata, or without it if the value is None."""
    metadata = holder.get("Metadata", {})
    own = {name: each for name, each in {**metadata.get(OWN, {}), key: value}.items() if each is not None}
    return {**holder, "Metadata": {**metadata, OWN: own}}
