"""What Docker is asked for, and how its answers read."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker import container_state, create_request
from lamplighter.runtime.port import OUT_OF_MEMORY, ContainerExit, ContainerSpec, Mount, Ulimit

NOW = 1_767_225_600_000


def host(container: ContainerSpec) -> Json:
    return create_request.create_request(container, {})["HostConfig"]


def test_memory_is_a_hard_limit_without_swap_and_cpu_a_share() -> None:
    asked = host(ContainerSpec(name="job", image="any", cpu=256, memory=512, memory_reservation=128))
    assert (asked["CpuShares"], asked["Memory"], asked["MemorySwap"]) == (256, 512 << 20, 512 << 20)
    assert asked["MemoryReservation"] == 128 << 20


def test_what_the_definition_leaves_open_is_left_to_docker() -> None:
    asked = create_request.create_request(ContainerSpec(name="job", image="any"), {})
    assert asked.keys() == {"Image", "Env", "Labels", "HostConfig"}
    assert not asked["HostConfig"].keys() & {"CpuShares", "Memory", "MemorySwap", "MemoryReservation", "NetworkMode"}


def test_the_kernel_takes_no_fewer_than_two_shares() -> None:
    assert host(ContainerSpec(name="job", image="any", cpu=1))["CpuShares"] == 2


def test_a_path_is_bound_and_a_name_is_a_volume() -> None:
    mounts = (Mount("/srv/in", "/in", read_only=True), Mount("scratch", "/tmp"))
    path, volume = host(ContainerSpec(name="job", image="any", mounts=mounts))["Mounts"]
    assert (path["Type"], path["Source"], path["Target"], path["ReadOnly"]) == ("bind", "/srv/in", "/in", True)
    assert (volume["Type"], volume["Source"], volume["Target"], volume["ReadOnly"]) == (
        "volume",
        "scratch",
        "/tmp",
        False,
    )


def test_everything_else_goes_by_its_own_name() -> None:
    container = ContainerSpec(
        name="job",
        image="any",
        labels={"team": "night", "lamplighter.engine": "forged"},
        user="1:2",
        working_directory="/srv",
        stop_timeout=7,
        network="first",
        ulimits=(Ulimit("nofile", 1, 2),),
        extra_hosts={"db": "10.0.0.1"},
        read_only_root=True,
        privileged=True,
        init=True,
    )
    asked = create_request.create_request(container, {"lamplighter.engine": "ours"})
    assert asked["Labels"] == {"team": "night", "lamplighter.engine": "ours"}
    assert (asked["User"], asked["WorkingDir"], asked["StopTimeout"]) == ("1:2", "/srv", 7)
    assert asked["HostConfig"]["NetworkMode"] == "container:lamplighter-first"
    assert asked["HostConfig"]["Ulimits"] == [{"Name": "nofile", "Soft": 1, "Hard": 2}]
    assert asked["HostConfig"]["ExtraHosts"] == ["db:10.0.0.1"]
    assert [asked["HostConfig"][name] for name in ("ReadonlyRootfs", "Privileged", "Init")] == [True, True, True]


def found(status: str, **state: object) -> Json:
    usual = {"Status": status, "ExitCode": 0, "Error": "", "OOMKilled": False, "FinishedAt": "2026-01-01T00:00:01Z"}
    return {"State": {**usual, **state}}


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (found("running"), None),
        (found("paused"), None),
        (found("exited", ExitCode=3), ContainerExit(3, NOW + 1000)),
        (found("dead", ExitCode=255), ContainerExit(255, NOW + 1000)),
        (found("exited", ExitCode=137, OOMKilled=True), ContainerExit(137, NOW + 1000, OUT_OF_MEMORY)),
        (found("exited", ExitCode=137, FinishedAt="0001-01-01T00:00:00Z"), ContainerExit(137, NOW)),
        (found("created"), ContainerExit(None, NOW, "the container was never started")),
        (found("created", Error="no such file"), ContainerExit(None, NOW, "Error response from daemon: no such file")),
    ],
)
def test_dockers_words_for_an_end(answer: Json, ended: ContainerExit | None) -> None:
    assert container_state.container_exit(answer, NOW) == ended
