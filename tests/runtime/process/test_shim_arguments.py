"""The arguments of a plain process: which settings the shim receives, and which are rejected with a clear reason."""

import os
import resource
from pathlib import Path

import pytest

from lamplighter.base.errors import Bug
from lamplighter.runtime.port import CannotStart, ContainerSpec, LogDriver, Mount, Port, Tmpfs, Ulimit
from lamplighter.runtime.process import process_user, shim_arguments
from lamplighter.runtime.process.shim import ShimArguments

PLACE = Path("/data/processes/job")
JOB = ("printf", "%s", "a b", "", "ü\n$HOME")


def test_the_shim_decodes_what_the_engine_encoded() -> None:
    limits = (Ulimit("nofile", 100, 200), Ulimit("core", 0, 0))
    container = ContainerSpec(name="job", command=JOB, environment={"A": "1=2\n", "B": ""}, ulimits=limits)
    decoded = ShimArguments(shim_arguments.encode_arguments(PLACE, container))
    assert decoded.arguments == [argument.encode() for argument in JOB]
    assert (decoded.environment[b"A"], decoded.environment[b"B"]) == (b"1=2\n", b"")
    assert decoded.limits == [[resource.RLIMIT_NOFILE, 100, 200], [resource.RLIMIT_CORE, 0, 0]]
    assert (decoded.place, decoded.directory, decoded.user_ids) == (b"/data/processes/job", b"/", [])


def test_the_environment_of_the_definition_overrides_the_defaults() -> None:
    decoded = ShimArguments(
        shim_arguments.encode_arguments(PLACE, ContainerSpec(name="job", command=JOB, environment={"PATH": "/opt"}))
    )
    assert decoded.environment[b"PATH"] == b"/opt"
    assert set(decoded.environment) == {b"PATH", b"HOME", b"LANG"}


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        (ContainerSpec(name="job"), "needs a command"),
        (ContainerSpec(name="job", command=("",)), "needs a command"),
        (ContainerSpec(name="job", command=JOB, mounts=(Mount("/a", "/b"),)), "mount points need Docker"),
        (ContainerSpec(name="job", command=JOB, extra_hosts={"db": "10.0.0.1"}), "extra hosts need Docker"),
        (ContainerSpec(name="job", command=JOB, ports=(Port(80, 8080),)), "another host port .* needs Docker"),
        (ContainerSpec(name="job", command=JOB, dns_servers=("10.0.0.2",)), "DNS servers .* need Docker"),
        (ContainerSpec(name="job", command=JOB, links={"db": "other"}), "links need Docker"),
        (ContainerSpec(name="job", command=JOB, hostname="worker"), "a host name needs Docker"),
        (ContainerSpec(name="job", command=JOB, kernel_settings={"a": "1"}), "system controls need Docker"),
        (ContainerSpec(name="job", command=JOB, tmpfs=(Tmpfs("/t", "size=1m"),)), "devices and tmpfs need Docker"),
        (ContainerSpec(name="job", command=JOB, added_capabilities=("SYS_TIME",)), "capabilities need Docker"),
        (ContainerSpec(name="job", command=JOB, terminal=True), "a terminal .* needs Docker"),
        (ContainerSpec(name="job", command=JOB, log_driver=LogDriver("syslog", {})), "the log driver needs Docker"),
        (ContainerSpec(name="job", command=JOB, working_directory="here"), "not an absolute path"),
        (ContainerSpec(name="job", command=JOB, ulimits=(Ulimit("hats", 1, 1),)), "no limit named 'hats'"),
        (ContainerSpec(name="job", command=("a\0b",)), "NUL"),
        (ContainerSpec(name="job", command=JOB, user="nobody-here"), "unable to find user nobody-here"),
        (ContainerSpec(name="job", command=JOB, user="0:nobody-here"), "unable to find group of 0:nobody-here"),
        (ContainerSpec(name="job", command=JOB, user="54321"), "add its group"),
        (ContainerSpec(name="job", command=JOB, user="\0"), "unable to find user \0"),
        (ContainerSpec(name="job", command=JOB, user="²:0"), "unable to find user ²:0"),
        (ContainerSpec(name="job", command=JOB, user="0:\0"), "unable to find group of 0:\0"),
        (ContainerSpec(name="job", command=JOB, user="9" * 5000), "unable to find user 999"),
    ],
)
def test_settings_that_a_process_cannot_have_are_rejected(
    container: ContainerSpec, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    with pytest.raises(CannotStart, match=f"^CannotStartContainerError: .*{reason}"):
        shim_arguments.encode_arguments(PLACE, container)


def test_a_user_is_resolved_to_its_groups_and_its_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    root = process_user.resolve_user("root")
    assert root.ids[:2] == (0, 0)
    assert root.environment["HOME"] == "/root"
    assert process_user.resolve_user("1234:4321").ids == (1234, 4321)
    assert process_user.resolve_user(None).ids == ()


def test_an_engine_that_is_not_root_runs_processes_as_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    assert process_user.resolve_user("1234:1234").ids == ()
    with pytest.raises(CannotStart, match="runs as root"):
        process_user.resolve_user("root")


@pytest.mark.parametrize("name", ["", "../escape", "a/b", ".hidden", "a b", "x" * 201])
def test_a_container_name_that_could_be_a_path_is_a_bug(name: str) -> None:
    with pytest.raises(Bug):
        ContainerSpec(name=name)


def test_what_only_restricts_a_container_is_no_reason_to_refuse_a_process() -> None:
    container = ContainerSpec(
        name="job",
        command=JOB,
        ports=(Port(80, 80), Port(81, None)),
        dropped_capabilities=("ALL",),
        read_only_root=True,
        docker_network="none",
    )
    assert shim_arguments.encode_arguments(PLACE, container)


@pytest.mark.parametrize("name", ["SIGINT", "INT", "sigint", "2"])
def test_a_signal_is_a_name_or_a_number(name: str) -> None:
    assert shim_arguments.signal_number(name) == 2


@pytest.mark.parametrize("name", ["SIGNOTHING", "0", "1000", ""])
def test_an_unknown_signal_is_refused(name: str) -> None:
    with pytest.raises(CannotStart, match="there is no signal"):
        shim_arguments.signal_number(name)
