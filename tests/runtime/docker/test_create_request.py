"""The requests to Docker to create a container, and the meaning of its answers."""

from dataclasses import replace

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker import container_state, create_request
from lamplighter.runtime.port import (
    OUT_OF_MEMORY,
    ContainerExit,
    ContainerSpec,
    Device,
    HealthCheck,
    LogDriver,
    Mount,
    Port,
    Tmpfs,
    Ulimit,
)

NOW = 1_767_225_600_000


def host_config(container: ContainerSpec) -> Json:
    return create_request.create_request(container, {})["HostConfig"]


def test_memory_is_a_hard_limit_without_swap_and_cpu_is_a_number_of_shares() -> None:
    request = host_config(ContainerSpec(name="job", image="any", cpu=256, memory=512, memory_reservation=128))
    assert (request["CpuShares"], request["Memory"], request["MemorySwap"]) == (256, 512 << 20, 512 << 20)
    assert request["MemoryReservation"] == 128 << 20


def test_settings_that_the_definition_omits_are_left_to_docker() -> None:
    request = create_request.create_request(ContainerSpec(name="job", image="any"), {})
    assert request.keys() == {"Image", "Env", "Labels", "HostConfig"}
    assert not request["HostConfig"].keys() & {"CpuShares", "Memory", "MemorySwap", "MemoryReservation", "NetworkMode"}


def test_at_least_two_cpu_shares_are_requested() -> None:
    assert host_config(ContainerSpec(name="job", image="any", cpu=1))["CpuShares"] == 2


def test_a_path_is_a_bind_mount_and_a_name_is_a_volume() -> None:
    mounts = (Mount("/srv/in", "/in", read_only=True), Mount("scratch", "/tmp"))
    path, volume = host_config(ContainerSpec(name="job", image="any", mounts=mounts))["Mounts"]
    assert (path["Type"], path["Source"], path["Target"], path["ReadOnly"]) == ("bind", "/srv/in", "/in", True)
    assert (volume["Type"], volume["Source"], volume["Target"], volume["ReadOnly"]) == (
        "volume",
        "scratch",
        "/tmp",
        False,
    )


def test_a_missing_path_is_created_only_if_the_definition_allows_it() -> None:
    mounts = (Mount("/a", "/a"), Mount("/b", "/b", create=False))
    created, refused = host_config(ContainerSpec(name="job", image="any", mounts=mounts))["Mounts"]
    assert created["BindOptions"] == {"CreateMountpoint": True}
    assert refused["BindOptions"] == {"CreateMountpoint": False}


def test_a_volume_has_the_driver_and_the_labels_of_its_definition() -> None:
    mount = Mount("nfs", "/nfs", driver="local", driver_options={"type": "nfs"}, labels={"team": "night"})
    (volume,) = host_config(ContainerSpec(name="job", image="any", mounts=(mount,)))["Mounts"]
    assert volume["VolumeOptions"] == {
        "DriverConfig": {"Name": "local", "Options": {"type": "nfs"}},
        "Labels": {"team": "night"},
    }


@pytest.mark.parametrize(("gpus", "count"), [(2, 2), (-1, -1)])
def test_gpus_are_requested_as_the_docker_command_requests_them(gpus: int, count: int) -> None:
    requests = host_config(ContainerSpec(name="job", image="any", gpus=gpus))["DeviceRequests"]
    assert requests == [{"Count": count, "Capabilities": [["gpu"]]}]


def test_the_pause_container_of_a_task_has_the_network_and_the_hosts_and_the_others_share_them() -> None:
    hosts = {"db": "10.0.0.1", "box": "host-gateway"}
    first = ContainerSpec(name="pause", image="any", docker_network="backend", extra_hosts=hosts)
    assert host_config(first)["NetworkMode"] == "backend"
    assert host_config(first)["ExtraHosts"] == ["db:10.0.0.1", "box:host-gateway"]
    second = host_config(replace(first, name="job", network="pause"))
    assert second["NetworkMode"] == "container:lamplighter-pause"
    assert "ExtraHosts" not in second


def test_devices_capabilities_and_file_systems_in_memory_are_passed_to_docker() -> None:
    container = ContainerSpec(
        name="job",
        image="any",
        devices=(Device("/dev/fuse", "/dev/fuse", "rw"),),
        tmpfs=(Tmpfs("/tmp", "size=64m,noexec"),),
        shared_memory=128,
        added_capabilities=("SYS_PTRACE",),
        dropped_capabilities=("NET_RAW",),
    )
    request = host_config(container)
    assert request["Devices"] == [
        {"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rw"}
    ]
    assert (request["Tmpfs"], request["ShmSize"]) == ({"/tmp": "size=64m,noexec"}, 128 << 20)
    assert (request["CapAdd"], request["CapDrop"]) == (["SYS_PTRACE"], ["NET_RAW"])


def test_all_other_settings_are_passed_to_docker() -> None:
    container = ContainerSpec(
        name="job",
        image="any",
        labels={"team": "night", "lamplighter.engine": "forged"},
        user="1:2",
        working_directory="/srv",
        stop_timeout=7,
        network="first",
        ulimits=(Ulimit("nofile", 1, 2),),
        read_only_root=True,
        privileged=True,
        init=True,
    )
    request = create_request.create_request(container, {"lamplighter.engine": "ours"})
    assert request["Labels"] == {"team": "night", "lamplighter.engine": "ours"}
    assert (request["User"], request["WorkingDir"], request["StopTimeout"]) == ("1:2", "/srv", 7)
    assert request["HostConfig"]["NetworkMode"] == "container:lamplighter-first"
    assert request["HostConfig"]["Ulimits"] == [{"Name": "nofile", "Soft": 1, "Hard": 2}]
    assert [request["HostConfig"][name] for name in ("ReadonlyRootfs", "Privileged", "Init")] == [True, True, True]


def test_a_health_check_is_docker_s_own_with_times_in_nanoseconds() -> None:
    check = HealthCheck(("CMD-SHELL", "test -f /tmp/ready"), 30, 5, 3, 10)
    request = create_request.create_request(ContainerSpec(name="job", image="any", health_check=check), {})
    assert request["Healthcheck"] == {
        "Test": ["CMD-SHELL", "test -f /tmp/ready"],
        "Interval": 30_000_000_000,
        "Timeout": 5_000_000_000,
        "Retries": 3,
        "StartPeriod": 10_000_000_000,
    }


def test_ports_are_published_on_the_wanted_port_or_on_one_that_docker_chooses() -> None:
    ports = (Port(80, 8080), Port(53, None, "udp"), Port(7000, 50000, count=2))
    request = create_request.create_request(ContainerSpec(name="job", image="any", ports=ports), {})
    assert request["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostPort": "8080"}],
        "53/udp": [{"HostPort": ""}],
        "7000/tcp": [{"HostPort": "50000"}],
        "7001/tcp": [{"HostPort": "50001"}],
    }
    assert set(request["ExposedPorts"]) == set(request["HostConfig"]["PortBindings"])


def test_names_and_ports_have_no_place_in_a_network_that_belongs_to_another_container() -> None:
    container = ContainerSpec(
        name="job", image="any", network="first", hostname="h", ports=(Port(80, 80),), dns_servers=("10.0.0.2",)
    )
    request = create_request.create_request(container, {})
    assert not {"Hostname", "ExposedPorts"} & request.keys()
    assert not {"PortBindings", "Dns", "ExtraHosts"} & request["HostConfig"].keys()


def test_what_linux_and_the_log_need_is_passed_to_docker() -> None:
    container = ContainerSpec(
        name="job",
        image="any",
        memory=64,
        swap=32,
        swappiness=10,
        hostname="worker",
        dns_servers=("10.0.0.2",),
        dns_domains=("example.com",),
        links={"db": "task-db"},
        pid_mode="host",
        ipc_mode="task-first",
        kernel_settings={"net.core.somaxconn": "100"},
        security_options=("no-new-privileges",),
        interactive=True,
        terminal=True,
        log_driver=LogDriver("syslog", {"tag": "night"}),
        stop_signal="SIGINT",
    )
    request = create_request.create_request(container, {})
    assert (request["Hostname"], request["StopSignal"]) == ("worker", "SIGINT")
    assert (request["OpenStdin"], request["Tty"]) == (True, True)
    host = request["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["MemorySwappiness"]) == (64 << 20, 96 << 20, 10)
    assert (host["Dns"], host["DnsSearch"]) == (["10.0.0.2"], ["example.com"])
    assert host["Links"] == ["lamplighter-task-db:db"]
    assert (host["PidMode"], host["IpcMode"]) == ("host", "container:lamplighter-task-first")
    assert (host["Sysctls"], host["SecurityOpt"]) == ({"net.core.somaxconn": "100"}, ["no-new-privileges"])
    assert host["LogConfig"] == {"Type": "syslog", "Config": {"tag": "night"}}


def inspect_answer(status: str, **state: object) -> Json:
    usual = {
        "Status": status,
        "ExitCode": 0,
        "Error": "",
        "OOMKilled": False,
        "StartedAt": "2026-01-01T00:00:00Z",
        "FinishedAt": "2026-01-01T00:00:01Z",
    }
    return {"State": {**usual, **state}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (inspect_answer("running"), None),
        (inspect_answer("paused"), None),
        (inspect_answer("exited", ExitCode=3), ContainerExit(3, NOW + 1000, None, NOW)),
        (inspect_answer("dead", ExitCode=255), ContainerExit(255, NOW + 1000, None, NOW)),
        (inspect_answer("exited", ExitCode=137, OOMKilled=True), ContainerExit(137, NOW + 1000, OUT_OF_MEMORY, NOW)),
        (inspect_answer("exited", ExitCode=137, FinishedAt="0001-01-01T00:00:00Z"), ContainerExit(137, NOW, None, NOW)),
        (inspect_answer("created"), ContainerExit(None, NOW, "the container was never started")),
        (
            inspect_answer("created", Error="no such file"),
            ContainerExit(None, NOW, "Error response from daemon: no such file"),
        ),
    ],
)
def test_the_exit_is_read_from_docker_s_answer(answer: Json, expected: ContainerExit | None) -> None:
    assert container_state.container_exit(answer, NOW) == expected
