"""What may be denied is found wherever a task definition says it."""

import pytest

from lamplighter.base.deny_rules import DENY_RULES, UnknownDenyWord, denied_reason, parse_deny_list
from lamplighter.base.json_text import Json


def definition(container: Json = None, **whole: Json) -> Json:
    return {"containerDefinitions": [{"name": "c", "image": "busybox"} | (container or {})], **whole}


DENIED: list[tuple[str, Json, str]] = [
    ("privileged", definition({"privileged": True}), "container c is privileged"),
    ("privileged", definition({"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"]}}}), "SYS_ADMIN"),
    ("privileged", definition({"linuxParameters": {"capabilities": {"add": ["cap_all"]}}}), "ALL"),
    ("privileged", definition({"linuxParameters": {"devices": [{"hostPath": "/dev/sda"}]}}), "devices"),
    ("privileged", definition({"dockerSecurityOptions": ["seccomp=unconfined"]}), "unconfined"),
    ("privileged", definition(pidMode="host"), "pidMode is host"),
    ("privileged", definition(networkMode="host"), "networkMode is host"),
    ("host-mounts", definition(volumes=[{"name": "v", "host": {"sourcePath": "/var/run/docker.sock"}}]), "volume v"),
    ("host-mounts", definition(volumes=[{"name": "/etc", "dockerVolumeConfiguration": {"scope": "shared"}}]), "/etc"),
    ("host-mounts", definition(volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "/"}}]), "volume v"),
    (
        "host-mounts",
        definition(volumes=[{"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"device": "/"}}}]),
        "volume v",
    ),
    ("commands", definition({"image": None}), "container c has no image"),
]


@pytest.mark.parametrize(("word", "given", "reason"), DENIED)
def test_what_is_denied_is_refused_with_its_place_and_what_is_not_is_let_be(
    word: str, given: Json, reason: str
) -> None:
    said = denied_reason(given, {word})
    assert said is not None
    assert reason in said
    assert f"--deny {word}" in said
    assert denied_reason(given, DENY_RULES.keys() - {word}) is None


def test_what_asks_for_nothing_is_never_refused() -> None:
    plain = definition(
        {"linuxParameters": {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}},
        networkMode="awsvpc",
        volumes=[{"name": "v", "host": {}}, {"name": "w", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    )
    assert denied_reason(plain, DENY_RULES.keys()) is None


def test_a_list_is_read_and_an_unknown_word_names_the_known_ones() -> None:
    assert parse_deny_list("privileged, commands,") == {"privileged", "commands"}
    assert parse_deny_list("") == frozenset()
    with pytest.raises(UnknownDenyWord, match="unknown word `root`: write one or more of privileged"):
        parse_deny_list("privileged,root")
