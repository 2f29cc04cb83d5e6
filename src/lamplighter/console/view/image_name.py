"""Shorten the reference of a container image: the repository's last name and the tag, without registry and digest.

See https://github.com/distribution/reference.
"""

DIGEST_LENGTH = 12
"""The digits of a digest that are shown for an image without a tag."""


def short_image(reference: str) -> str:
    """Return `report:2` for `registry.example.com:5000/team/report:2@sha256:…`."""
    name, _, digest = reference.rpartition("/")[2].partition("@")
    if ":" in name or not digest:
        return name
    algorithm, _, digits = digest.partition(":")
    return f"{name}@{algorithm}:{digits[:DIGEST_LENGTH]}"
