"""The credentials for pulling an image are read from Docker's own files and helpers, as `docker` reads them."""

import base64
import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker.registry_logins import LoginUnreadable, find_login, full_image_name, registry_of


@pytest.mark.parametrize(
    ("image", "host", "full_name"),
    [
        ("busybox", "docker.io", "docker.io/library/busybox"),
        ("team/job:1", "docker.io", "docker.io/team/job:1"),
        ("docker.io/library/busybox", "docker.io", "docker.io/library/busybox"),
        ("index.docker.io/team/job", "docker.io", "docker.io/team/job"),
        ("localhost/job", "localhost", "localhost/job"),
        ("localhost:5000/job", "localhost:5000", "localhost:5000/job"),
        ("Host/job", "Host", "Host/job"),
        ("ghcr.io/team/job@sha256:00", "ghcr.io", "ghcr.io/team/job@sha256:00"),
        ("busybox:1.2", "docker.io", "docker.io/library/busybox:1.2"),
        ("[::1]:5000/job", "[::1]:5000", "[::1]:5000/job"),
    ],
)
def test_the_registry_of_an_image_is_found_by_docker_s_rule(image: str, host: str, full_name: str) -> None:
    assert registry_of(image) == host
    assert full_image_name(image) == full_name


class DockerHome:
    """A home directory with Docker's configuration, and a PATH with credential helpers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / ".docker").mkdir()
        (folder / "bin").mkdir()
        self.environment = {"HOME": str(folder), "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}

    def configure(self, config: Json | str, folder: str = ".docker") -> None:
        text = config if isinstance(config, str) else json.dumps(config)
        (self._folder / folder / "config.json").write_text(text)

    def add_helper(self, name: str, script: str) -> None:
        program = self._folder / "bin" / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    async def auth(self, image: str) -> Json:
        found = await find_login(image, self.environment)
        return None if found is None else found.auth


@pytest.fixture
def home(tmp_path: Path) -> DockerHome:
    return DockerHome(tmp_path)


def encode_auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def login(user: str, password: str, address: str) -> Json:
    empty = {"identitytoken": "", "registrytoken": ""}
    return {"username": user, "password": password, "serveraddress": address, **empty}


async def test_without_a_configuration_there_is_no_login(home: DockerHome) -> None:
    assert await home.auth("ghcr.io/team/job") is None
    home.configure("")
    assert await home.auth("ghcr.io/team/job") is None
    home.configure({"auths": {"ghcr.io": {}}, "proxies": {}})
    assert await home.auth("ghcr.io/team/job") is None


async def test_an_image_gets_the_login_of_its_registry(home: DockerHome) -> None:
    home.configure(
        {
            "auths": {
                "https://index.docker.io/v1/": {"auth": encode_auth("hub:one")},
                "ghcr.io": {"auth": encode_auth("git:t:w:o")},
                "https://old.example/v1/": {"username": "old", "password": "three"},
                "registry.example:5000": {"identitytoken": "four"},
            }
        }
    )
    hub = login("hub", "one", "https://index.docker.io/v1/")
    assert [await home.auth(each) for each in ("busybox", "team/job", "docker.io/team/job:1")] == [hub] * 3
    assert await home.auth("ghcr.io/team/job") == login("git", "t:w:o", "ghcr.io")
    assert await home.auth("old.example/job") == login("old", "three", "old.example")
    token = await home.auth("registry.example:5000/job")
    assert token == login("", "", "registry.example:5000") | {"identitytoken": "four"}
    assert await home.auth("registry.example/job") is None


async def test_the_configuration_can_be_in_another_directory(home: DockerHome, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    home.configure({"auths": {"ghcr.io": {"auth": encode_auth("a:b")}}}, "other")
    home.environment["DOCKER_CONFIG"] = str(tmp_path / "other")
    assert await home.auth("ghcr.io/team/job") == login("a", "b", "ghcr.io")


ANSWER = """test "$1" = get || exit 9
read -r address
echo "{\\"ServerURL\\": \\"$address\\", \\"Username\\": \\"NAME of $address\\", \\"Secret\\": \\"s3cret\\"}" """


async def test_a_helper_of_the_registry_precedes_the_general_helper_which_precedes_the_file(home: DockerHome) -> None:
    home.add_helper("own", ANSWER.replace("NAME", "own"))
    home.add_helper("all", ANSWER.replace("NAME", "all"))
    home.configure(
        {
            "credsStore": "all",
            "credHelpers": {"ecr.example": "own", "https://index.docker.io/v1/": "own"},
            "auths": {"ghcr.io": {"auth": encode_auth("a:b")}},
        }
    )
    assert await home.auth("ecr.example/job") == login("own of ecr.example", "s3cret", "ecr.example")
    assert await home.auth("ghcr.io/job") == login("all of ghcr.io", "s3cret", "ghcr.io")
    hub = "https://index.docker.io/v1/"
    assert await home.auth("busybox") == login(f"own of {hub}", "s3cret", hub)


async def test_a_helper_can_return_an_identity_token(home: DockerHome) -> None:
    home.add_helper("own", """cat > /dev/null; echo '{"Username": "<token>", "Secret": "a-token"}'""")
    home.configure({"credsStore": "own"})
    assert (await home.auth("ghcr.io/job")) == login("", "", "ghcr.io") | {"identitytoken": "a-token"}


async def test_a_helper_without_credentials_for_a_registry_is_no_error(home: DockerHome) -> None:
    home.add_helper("own", "cat > /dev/null; echo credentials not found in native keychain; exit 1")
    home.configure({"credsStore": "own"})
    assert await home.auth("busybox") is None


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "the credential helper docker-credential-own cannot be run: No such file or directory"),
        ("cat > /dev/null; echo no session >&2; exit 3", "docker-credential-own failed with exit code 3: no session"),
        ("exit 1", "docker-credential-own failed with exit code 1: no reason given"),
        ("cat > /dev/null; echo s3cret", "docker-credential-own did not answer with a user and a secret"),
        ("cat > /dev/null; echo '[\"s3cret\"]'", "docker-credential-own did not answer with a user and a secret"),
    ],
)
async def test_a_failing_helper_is_reported_with_a_reason(home: DockerHome, script: str | None, reason: str) -> None:
    if script is not None:
        home.add_helper("own", script)
    home.configure({"credsStore": "own"})
    with pytest.raises(LoginUnreadable) as caught:
        await home.auth("ghcr.io/job")
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{", "is not a JSON document"),
        ("[]", "is not a JSON document"),
        ({"credsStore": "../../bin/sh"}, "has an invalid credential helper name"),
        ({"auths": {"ghcr.io": {"auth": "s3cret!"}}}, "is damaged: run `docker login ghcr.io`"),
        ({"auths": {"ghcr.io": {"auth": encode_auth("s3cret")}}}, "is damaged: run `docker login ghcr.io`"),
    ],
)
async def test_a_damaged_configuration_is_reported_without_its_secrets(
    home: DockerHome, config: Json, reason: str
) -> None:
    home.configure(config)
    with pytest.raises(LoginUnreadable) as caught:
        await home.auth("ghcr.io/job")
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_the_repr_of_a_login_does_not_show_its_secret(home: DockerHome) -> None:
    home.configure({"auths": {"ghcr.io": {"auth": encode_auth("a:s3cret"), "identitytoken": "t0ken"}}})
    shown = repr(await find_login("ghcr.io/job", home.environment))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
