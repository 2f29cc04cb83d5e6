"""Short names of images."""

import pytest

from lamplighter.console.view.image_name import short_image

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("reference", "short"),
    [
        ("alpine", "alpine"),
        ("registry.example.com:5000/team/report:2", "report:2"),
        (f"team/report:2@{DIGEST}", "report:2"),
        (f"registry.example.com:5000/team/report@{DIGEST}", "report@sha256:0123456789ab"),
        ("", ""),
    ],
)
def test_registry_and_digest_are_left_out(reference: str, short: str) -> None:
    assert short_image(reference) == short
