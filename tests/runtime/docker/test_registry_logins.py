"""Which credentials an image is pulled with: Docker's own files and helpers, read as `docker` reads them."""

import base64
import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker.registry_logins import LoginUnreadable, find_login, full_image_name, registry_of


@pytest.mark.parametrize(
    ("image", "host", "whole"),
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
def test_the_registry_of_an_image_is_found_by_dockers_rule(image: str, host: str, whole: str) -> None:
    assert registry_of(image) == host
    assert full_image_name(image) == whole


class House:
    """A home with Docker's configuration, and helper programs on a path of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / ".docker").mkdir()
        (folder / "bin").mkdir()
        self.environment = {"HOME": str(folder), "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}

    def configure(self, config: Json | str, folder: str = ".docker") -> None:
        text = config if isinstance(config, str) else json.dumps(config)
        (self._folder / folder / "config.json").write_text(text)

    def helper(self, name: str, script: str) -> None:
        program = self._folder / "bin" / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    async def auth(self, image: str) -> Json:
        found = await find_login(image, self.environment)
        return None if found is None else found.auth


@pytest.fixture
def harness(tmp_path: Path) -> House:
    return House(tmp_path)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def named(user: str, password: str, address: str) -> Json:
    empty = {"identitytoken": "", "registrytoken": ""}
    return {"username": user, "password": password, "serveraddress": address, **empty}


async def test_without_a_configuration_there_is_no_login(harness: House) -> None:
    assert await harness.auth("ghcr.io/team/job") is None
    harness.configure("")
    assert await harness.auth("ghcr.io/team/job") is None
    harness.configure({"auths": {"ghcr.io": {}}, "proxies": {}})
    assert await harness.auth("ghcr.io/team/job") is None


async def test_a_login_is_that_of_the_images_registry(harness: House) -> None:
    harness.configure(
        {
            "auths": {
                "https://index.docker.io/v1/": {"auth": encoded("hub:one")},
                "ghcr.io": {"auth": encoded("git:t:w:o")},
                "https://old.example/v1/": {"username": "old", "password": "three"},
                "registry.example:5000": {"identitytoken": "four"},
            }
        }
    )
    hub = named("hub", "one", "https://index.docker.io/v1/")
    assert [await harness.auth(each) for each in ("busybox", "team/job", "docker.io/team/job:1")] == [hub] * 3
    assert await harness.auth("ghcr.io/team/job") == named("git", "t:w:o", "ghcr.io")
    assert await harness.auth("old.example/job") == named("old", "three", "old.example")
    token = await harness.auth("registry.example:5000/job")
    assert token == named("", "", "registry.example:5000") | {"identitytoken": "four"}
    assert await harness.auth("registry.example/job") is None


async def test_the_configuration_may_be_elsewhere(harness: House, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    harness.configure({"auths": {"ghcr.io": {"auth": encoded("a:b")}}}, "other")
    harness.environment["DOCKER_CONFIG"] = str(tmp_path / "other")
    assert await harness.auth("ghcr.io/team/job") == named("a", "b", "ghcr.io")


ANSWER = """test "$1" = get || exit 9
read -r address
echo "{\\"ServerURL\\": \\"$address\\", \\"Username\\": \\"NAME of $address\\", \\"Secret\\": \\"s3cret\\"}" """


async def test_a_registrys_own_helper_comes_before_that_of_all_and_that_before_the_file(harness: House) -> None:
    harness.helper("own", ANSWER.replace("NAME", "own"))
    harness.helper("all", ANSWER.replace("NAME", "all"))
    harness.configure(
        {
            "credsStore": "all",
            "credHelpers": {"ecr.example": "own", "https://index.docker.io/v1/": "own"},
            "auths": {"ghcr.io": {"auth": encoded("a:b")}},
        }
    )
    assert await harness.auth("ecr.example/job") == named("own of ecr.example", "s3cret", "ecr.example")
    assert await harness.auth("ghcr.io/job") == named("all of ghcr.io", "s3cret", "ghcr.io")
    hub = "https://index.docker.io/v1/"
    assert await harness.auth("busybox") == named(f"own of {hub}", "s3cret", hub)


async def test_a_helper_may_answer_with_an_identity_token(harness: House) -> None:
    harness.helper("own", """cat > /dev/null; echo '{"Username": "<token>", "Secret": "a-token"}'""")
    harness.configure({"credsStore": "own"})
    assert (await harness.auth("ghcr.io/job")) == named("", "", "ghcr.io") | {"identitytoken": "a-token"}


async def test_a_helper_that_holds_nothing_for_a_registry_is_no_failure(harness: House) -> None:
    harness.helper("own", "cat > /dev/null; echo credentials not found in native keychain; exit 1")
    harness.configure({"credsStore": "own"})
    assert await harness.auth("busybox") is None


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "the credential helper docker-credential-own cannot be run: No such file or directory"),
        ("cat > /dev/null; echo no session >&2; exit 3", "docker-credential-own failed with exit code 3: no session"),
        ("exit 1", "docker-credential-own failed with exit code 1: no reason given"),
        ("cat > /dev/null; echo s3cret", "docker-credential-own did not answer with a user and a secret"),
        ("cat > /dev/null; echo '[\"s3cret\"]'", "docker-credential-own did not answer with a user and a secret"),
    ],
)
async def test_a_helper_that_fails_is_told_in_words(harness: House, script: str | None, why: str) -> None:
    if script is not None:
        harness.helper("own", script)
    harness.configure({"credsStore": "own"})
    with pytest.raises(LoginUnreadable) as caught:
        await harness.auth("ghcr.io/job")
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("{", "is not a JSON document"),
        ("[]", "is not a JSON document"),
        ({"credsStore": "../../bin/sh"}, "has an invalid credential helper name"),
        ({"auths": {"ghcr.io": {"auth": "s3cret!"}}}, "is damaged: run `docker login ghcr.io`"),
        ({"auths": {"ghcr.io": {"auth": encoded("s3cret")}}}, "is damaged: run `docker login ghcr.io`"),
    ],
)
async def test_a_damaged_configuration_is_told_without_what_it_holds(harness: House, config: Json, why: str) -> None:
    harness.configure(config)
    with pytest.raises(LoginUnreadable) as caught:
        await harness.auth("ghcr.io/job")
    assert why in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_a_login_can_be_logged_without_its_secret(harness: House) -> None:
    harness.configure({"auths": {"ghcr.io": {"auth": encoded("a:s3cret"), "identitytoken": "t0ken"}}})
    shown = repr(await find_login("ghcr.io/job", harness.environment))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
