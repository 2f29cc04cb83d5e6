"""Images of earlier builds are found by what is used, not by Docker's order: its images of one second have none."""

import pytest

from lamplighter.cli.images import old_images


@pytest.mark.parametrize(
    ("keep", "used", "old"),
    [
        (1, {"r:b"}, ["r:c", "r:a"]),
        (2, {"r:b"}, ["r:a"]),
        (1, {"r:a", "r:b"}, ["r:c"]),
        (3, {"r:b"}, []),
        (1, set(), ["r:b", "r:a"]),
    ],
)
async def test_a_used_image_stays_wherever_docker_lists_it(
    monkeypatch: pytest.MonkeyPatch, keep: int, used: set[str], old: list[str]
) -> None:
    async def list_images(*words: str) -> tuple[int, str]:
        assert words[:2] == ("image", "ls")
        return 0, "r:c\nr:b\nr:a\nr:<none>\n"

    monkeypatch.setattr(old_images, "run_docker", list_images)
    assert await old_images.find_old_images("r", keep, used) == old
