"""Deny rules find every place in a task definition that asks for what is denied."""

import pytest

from lamplighter.base.deny_rules import DENY_RULES, UnknownDenyWord, denied_reason, parse_deny_list
from lamplighter.base.json_text import Json


def task_definition(container: Json = None, **fields: Json) -> Json:
    return {"containerDefinitions": [{"name": "c", "image": "busybox"} | (container or {})], **fields}


DENIED: list[tuple[str, Json, str]] = [
    ("privileged", task_definition({"privileged": True}), "container c is privileged"),
    ("privileged", task_definition({"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"]}}}), "SYS_ADMIN"),
    ("privileged", task_definition({"linuxParameters": {"capabilities": {"add": ["cap_all"]}}}), "ALL"),
    ("privileged", task_definition({"linuxParameters": {"devices": [{"hostPath": "/dev/sda"}]}}), "devices"),
    *(
        ("privileged", task_definition({"dockerSecurityOptions": ["no-new-privileges", each]}), each[:40])
        for each in (
            *("seccomp=unconfined", "seccomp:unconfined", "seccomp=profile.json", "apparmor=own"),
            *('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "apparmor=unconfined", "apparmor:unconfined"),
            *("label=disable", "label:disable", "label=type:spc_t", "disable", "systempaths=unconfined"),
            *("no-new-privileges=false", "no-new-privileges:false", "writable-cgroups=true", "mask=/", ""),
        )
    ),
    ("privileged", task_definition(pidMode="host"), "pidMode is host"),
    ("privileged", task_definition(networkMode="host"), "networkMode is host"),
    ("privileged", task_definition({"dockerLabels": {"lamplighter.network": "host"}}), "the network of this machine"),
    (
        "host-mounts",
        task_definition(volumes=[{"name": "v", "host": {"sourcePath": "/var/run/docker.sock"}}]),
        "/var/run/docker.sock is a path",
    ),
    (
        "host-mounts",
        task_definition(volumes=[{"name": "/etc", "dockerVolumeConfiguration": {"scope": "shared"}}]),
        "/etc",
    ),
    (
        "host-mounts",
        task_definition(volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "/"}}]),
        ": / is a path of this machine",
    ),
    (
        "host-mounts",
        task_definition(volumes=[{"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"device": "/"}}}]),
        ": / is a path of this machine",
    ),
    ("commands", task_definition({"image": None}), "container c has no image"),
]


@pytest.mark.parametrize(("word", "given", "reason"), DENIED)
def test_a_denied_setting_is_rejected_with_its_place_and_allowed_under_the_other_rules(
    word: str, given: Json, reason: str
) -> None:
    found = denied_reason(given, {word})
    assert found is not None
    assert reason in found
    assert f"--deny {word}" in found
    assert denied_reason(given, DENY_RULES.keys() - {word}) is None


def test_a_harmless_task_definition_is_never_rejected() -> None:
    plain = task_definition(
        {
            "linuxParameters": {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}},
            "dockerSecurityOptions": ["no-new-privileges", "no-new-privileges:true", "apparmor=docker-default"],
        },
        networkMode="awsvpc",
        volumes=[{"name": "v", "host": {}}, {"name": "w", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    )
    assert denied_reason(plain, DENY_RULES.keys()) is None


def test_a_list_is_parsed_and_the_error_for_an_unknown_word_names_the_known_ones() -> None:
    assert parse_deny_list("privileged, commands,") == {"privileged", "commands"}
    assert parse_deny_list("") == frozenset()
    with pytest.raises(UnknownDenyWord, match="unknown word `root`: write one or more of privileged"):
        parse_deny_list("privileged,root")
