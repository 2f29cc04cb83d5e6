"""Docker pushes images to repositories of the engine, with the password that ECR gives out."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lamplighter.base.json_text import Json
from tests.registry.registry_client import MANIFEST, RegistryClient, basic, password_of
from tests.served_engine import EngineAccount, ServedEngine


@pytest.fixture
def ecr(account: EngineAccount) -> Json:
    """Return a client of ECR."""
    return account.client("ecr")


@pytest.fixture
def registry(account: EngineAccount, ecr: Json) -> RegistryClient:
    """Return a client that is logged in."""
    return RegistryClient(account.port, basic(password_of(ecr)))


def test_the_version_is_told_only_after_a_login(account: EngineAccount, registry: RegistryClient) -> None:
    status, headers, code = RegistryClient(account.port, {}).send("GET", "/v2/")
    assert (status, headers["www-authenticate"], code) == (401, 'Basic realm="lamplighter"', "UNAUTHORIZED")
    status, headers, _ = registry.send("GET", "/v2/")
    assert (status, headers["docker-distribution-api-version"]) == (200, "registry/2.0")


def test_only_passwords_of_the_engine_are_accepted(account: EngineAccount, ecr: Json) -> None:
    session = account.client("sts").get_session_token()["Credentials"]["SessionToken"]
    good = password_of(ecr)
    for headers in (
        *(basic(each) for each in ("", "x", f"us-east-1/{session}", good[:-4], good.replace("/", ":"))),
        *(basic(good, user="root"), {"authorization": "Basic ?"}, {"authorization": f"Bearer {good}"}),
    ):
        assert RegistryClient(account.port, headers).send("GET", "/v2/")[0] == 401, headers


def test_a_web_page_cannot_push(registry: RegistryClient) -> None:
    assert registry.send("POST", "/v2/app/blobs/uploads/", Origin="https://example.com")[0] == 403


def test_a_layer_in_pieces_is_known_after_its_upload(ecr: Json, registry: RegistryClient) -> None:
    ecr.create_repository(repositoryName="team/app")
    data = b"layer" * 50_000
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert registry.send("HEAD", f"/v2/team/app/blobs/{digest}")[0] == 404
    status, headers, _ = registry.send("POST", "/v2/team/app/blobs/uploads/")
    assert (status, headers["range"]) == (202, "0-0")
    place = headers["location"]
    status, headers, _ = registry.send("PATCH", place, data[:200_000])
    assert (status, headers["range"]) == (202, "0-199999")
    status, headers, _ = registry.send("PUT", f"{place}?digest={digest}", data[200_000:])
    assert (status, headers["docker-content-digest"]) == (201, digest)
    status, headers, _ = registry.send("HEAD", f"/v2/team/app/blobs/{digest}")
    assert (status, headers["content-length"]) == (200, str(len(data)))
    assert registry.send("GET", f"/v2/team/app/blobs/{digest}")[2] == "BLOB_UNKNOWN"


def test_a_layer_that_was_damaged_on_its_way_is_refused(ecr: Json, registry: RegistryClient) -> None:
    ecr.create_repository(repositoryName="app")
    place = registry.send("POST", "/v2/app/blobs/uploads/")[1]["location"]
    digest = f"sha256:{hashlib.sha256(b'sent').hexdigest()}"
    assert registry.send("PUT", f"{place}?digest={digest}", b"received")[::2] == (400, "DIGEST_INVALID")
    assert registry.send("PATCH", place, b"more")[::2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_repository_must_exist(registry: RegistryClient) -> None:
    assert registry.send("POST", "/v2/nowhere/blobs/uploads/")[::2] == (404, "NAME_UNKNOWN")
    assert registry.send("PUT", "/v2/nowhere/manifests/1", MANIFEST)[::2] == (404, "NAME_UNKNOWN")


def test_an_upload_can_be_asked_for_and_cancelled(ecr: Json, registry: RegistryClient) -> None:
    ecr.create_repository(repositoryName="app")
    place = registry.send("POST", "/v2/app/blobs/uploads/")[1]["location"]
    assert registry.send("GET", place)[0] == 204
    assert registry.send("DELETE", place)[0] == 204
    assert registry.send("GET", place)[::2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_push_without_docker_is_refused_with_the_reason(ecr: Json, registry: RegistryClient) -> None:
    ecr.create_repository(repositoryName="app")
    assert registry.send("PUT", "/v2/app/manifests/1", MANIFEST)[::2] == (400, "UNSUPPORTED")
    assert ecr.list_images(repositoryName="app")["imageIds"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_manifest_must_be_one(ecr: Json, registry: RegistryClient, body: bytes) -> None:
    ecr.create_repository(repositoryName="app")
    assert registry.send("PUT", "/v2/app/manifests/1", body)[::2] == (400, "MANIFEST_INVALID")


def test_what_is_no_part_of_a_push_is_refused(registry: RegistryClient) -> None:
    for method, path in (("GET", "/v2/_catalog"), ("DELETE", "/v2/app/manifests/1"), ("POST", "/v2/")):
        assert registry.send(method, path)[::2] == (404, "UNSUPPORTED")


def docker(*words: str, text: str | None = None, config: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command of Docker with logins of its own."""
    command = ["docker", "--config", str(config), *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@pytest.fixture
def new_image(docker_image: str, tmp_path: Path) -> Iterator[str]:
    """Yield the ID of an image that no other test has."""
    (tmp_path / "Dockerfile").write_text(f"FROM {docker_image}\nLABEL run={uuid4()}\n")
    made = subprocess.run(["docker", "build", "-q", str(tmp_path)], check=True, capture_output=True, text=True)
    yield made.stdout.strip()
    subprocess.run(["docker", "rmi", "--force", made.stdout.strip()], check=False, capture_output=True)


@pytest.mark.docker
def test_docker_pushes_an_image_under_the_uri_of_its_repository(
    docker_engine: ServedEngine, new_image: str, tmp_path: Path
) -> None:
    ecr = docker_engine.client("ecr")
    repository = f"lamplighter-test/{uuid4()}"  # Docker keeps the images of other tests
    made = ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")["repository"]
    name, config = f"{made['repositoryUri']}:1", tmp_path / "config"
    address = made["repositoryUri"].partition("/")[0]
    docker("tag", new_image, name, config=config)
    assert docker("push", name, config=config).returncode != 0
    login = docker("login", "-u", "AWS", "--password-stdin", address, text=password_of(ecr), config=config)
    assert login.returncode == 0, login.stderr
    pushed = docker("push", name, config=config)
    assert pushed.returncode == 0, pushed.stderr
    (found,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert found["imageTags"] == ["1"]
    assert found["imageDigest"] in pushed.stdout
    assert docker("push", name, config=config).returncode == 0
    other = docker("create", new_image, "true", config=config).stdout.strip()
    changed = docker("commit", "--message", "changed", other, name, config=config).stdout.strip()
    refused = docker("push", name, config=config)
    docker("rm", other, config=config)
    docker("rmi", "--force", changed, config=config)
    assert "cannot be overwritten because the repository is immutable" in refused.stderr, refused


@pytest.mark.docker
def test_a_push_of_an_image_of_another_machine_is_refused(docker_engine: ServedEngine) -> None:
    ecr = docker_engine.client("ecr")
    ecr.create_repository(repositoryName="app")
    registry = RegistryClient(docker_engine.port, basic(password_of(ecr)))
    assert registry.send("PUT", "/v2/app/manifests/1", MANIFEST)[::2] == (400, "UNSUPPORTED")
    assert ecr.list_images(repositoryName="app")["imageIds"] == []
