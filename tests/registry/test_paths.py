"""The paths of a registry name repositories, uploads, blobs and manifests."""

import pytest

from lamplighter.registry.paths import RegistryPath, is_for_registry, parse_path

DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v2/", RegistryPath("root")),
        ("/v2/app/blobs/uploads/", RegistryPath("upload", "app", "")),
        ("/v2/team/app/blobs/uploads/0f-1", RegistryPath("upload", "team/app", "0f-1")),
        (f"/v2/app/blobs/{DIGEST}", RegistryPath("blob", "app", DIGEST)),
        ("/v2/a-b_c.d/e/manifests/1.0", RegistryPath("manifest", "a-b_c.d/e", "1.0")),
        (f"/v2/app/manifests/{DIGEST}", RegistryPath("manifest", "app", DIGEST)),
        ("/v2/manifests/manifests/x", RegistryPath("manifest", "manifests", "x")),
    ],
)
def test_a_path_names_its_repository_and_what_is_in_it(path: str, named: RegistryPath) -> None:
    assert is_for_registry(path.encode())
    assert parse_path(path.encode()) == named


@pytest.mark.parametrize(
    "path",
    [
        *("/v2", "/v2/app", "/v2/_catalog", "/v2/App/blobs/uploads/", "/v2/app/blobs/sha256:12", "/v2//blobs/uploads/"),
        *(
            "/v2/app/manifests/",
            f"/v2/app/manifests/{'a' * 129}",
            "/v2/app/blobs/uploads/../../x",
            "/v2/\xe9/manifests/1",
        ),
    ],
)
def test_other_paths_name_nothing(path: str) -> None:
    assert parse_path(path.encode("latin-1")) is None


def test_digests_are_told_from_tags() -> None:
    assert RegistryPath("manifest", "app", DIGEST).is_digest
    assert not RegistryPath("manifest", "app", "latest").is_digest
