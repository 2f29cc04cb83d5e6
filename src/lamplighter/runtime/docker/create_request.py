"""Build the body of Docker's create request for a container.

See https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerCreate. Guarantees the
same request that ECS's agent makes for the same definition: cpu units are shares, memory is a hard limit. Containers
get no swap unless the definition says so, as on Fargate: a container that exceeds its memory is killed, here as there.
If the output also goes to another log driver, Docker keeps a copy of it, which the engine reads.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import NAMESPACE_MODES, ContainerSpec, Device, HealthCheck, Mount

PREFIX = "lamplighter-"

_MEBIBYTE = 1024 * 1024
_NANOSECONDS = 1_000_000_000
_UNLIMITED_LOG: dict[str, Json] = {"Type": "json-file", "Config": {"max-size": "1000t", "mode": "blocking"}}
"""The log settings of each container. They are explicit because the daemon's own settings may discard output."""


def create_request(container: ContainerSpec, labels: Mapping[str, str]) -> dict[str, Json]:
    """Return the body of the request; `labels` are the engine's and override the container's."""
    request: dict[str, Json] = {
        "Image": container.image,
        "Entrypoint": list(container.entry_point or ()) or None,
        "Cmd": list(container.command or ()) or None,
        "Env": [f"{name}={value}" for name, value in container.environment.items()],
        "Labels": {**container.labels, **labels},
        "WorkingDir": container.working_directory,
        "User": container.user,
        "StopTimeout": container.stop_timeout,
        "StopSignal": container.stop_signal,
        "Healthcheck": container.health_check and _health_check(container.health_check),
        "OpenStdin": container.interactive or None,
        "Tty": container.terminal or None,
        "NetworkDisabled": container.no_network or None,
        "Hostname": container.hostname if container.network is None else None,
        "ExposedPorts": {name: {} for name in _port_bindings(container)} or None,
        "HostConfig": _host_config(container),
    }
    return {name: value for name, value in request.items() if value is not None}


def _host_config(container: ContainerSpec) -> dict[str, Json]:
    config: dict[str, Json] = {
        "LogConfig": _log_config(container),
        "Init": container.init,
        "Privileged": container.privileged,
        "ReadonlyRootfs": container.read_only_root,
        "CpuShares": max(2, container.cpu) if container.cpu else None,  # the kernel's minimum is 2
        "Memory": container.memory and container.memory * _MEBIBYTE,
        "MemorySwap": container.memory and (container.memory + (container.swap or 0)) * _MEBIBYTE,  # the sum of both
        "MemorySwappiness": container.swappiness,
        "MemoryReservation": container.memory_reservation and container.memory_reservation * _MEBIBYTE,
        "Mounts": [_mount(mount) for mount in container.mounts],
        "Tmpfs": {each.target: each.options for each in container.tmpfs} or None,
        "Devices": [_device(device) for device in container.devices] or None,
        "DeviceRequests": [{"Count": container.gpus, "Capabilities": [["gpu"]]}] if container.gpus else None,
        "ShmSize": container.shared_memory and container.shared_memory * _MEBIBYTE,
        "CapAdd": list(container.added_capabilities) or None,
        "CapDrop": list(container.dropped_capabilities) or None,
        "Ulimits": [{"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in container.ulimits],
        "SecurityOpt": list(container.security_options) or None,
        "Sysctls": dict(container.kernel_settings) or None,
        "PidMode": _shared_mode(container.pid_mode),
        "IpcMode": _shared_mode(container.ipc_mode),
        **_network_config(container),
    }
    return {name: value for name, value in config.items() if value is not None}


def _network_config(container: ContainerSpec) -> dict[str, Json]:
    if container.network is not None:  # Docker refuses extra hosts beside it: the hosts file is that of the other.
        return {"NetworkMode": f"container:{PREFIX}{container.network}"}
    hosts: Json = [f"{host}:{address}" for host, address in container.extra_hosts.items()]
    return {
        "NetworkMode": container.docker_network,
        "ExtraHosts": hosts,
        "Dns": list(container.dns_servers) or None,
        "DnsSearch": list(container.dns_domains) or None,
        "Links": [f"{PREFIX}{other}:{alias}" for alias, other in container.links.items()] or None,
        "PortBindings": _port_bindings(container) or None,
    }


def _port_bindings(container: ContainerSpec) -> dict[str, Json]:
    """Return the ports of this machine for each port of the container; an empty one lets Docker choose."""
    bindings: dict[str, Json] = {}
    for port in () if container.network is not None else container.ports:
        for number in range(port.count):
            host = "" if port.host is None else str(port.host + number)
            bindings.setdefault(f"{port.container + number}/{port.protocol}", []).append({"HostPort": host})
    return bindings


def _shared_mode(mode: str | None) -> str | None:
    """Return Docker's mode; any other word than Docker's own is the name of a container."""
    return mode if mode is None or mode in NAMESPACE_MODES else f"container:{PREFIX}{mode}"


def _health_check(check: HealthCheck) -> dict[str, Json]:
    return {
        "Test": list(check.command),
        "Interval": round(check.interval * _NANOSECONDS),
        "Timeout": round(check.timeout * _NANOSECONDS),
        "Retries": check.retries,
        "StartPeriod": round(check.start_period * _NANOSECONDS),
    }


def _log_config(container: ContainerSpec) -> dict[str, Json]:
    driver = container.log_driver
    return _UNLIMITED_LOG if driver is None else {"Type": driver.name, "Config": {**driver.options}}


def _device(device: Device) -> dict[str, Json]:
    return {
        "PathOnHost": device.source,
        "PathInContainer": device.target,
        "CgroupPermissions": device.permissions,
    }


def _mount(mount: Mount) -> dict[str, Json]:
    form: dict[str, Json] = {"Source": mount.source, "Target": mount.target, "ReadOnly": mount.read_only}
    if not mount.source.startswith("/"):
        driver = {"DriverConfig": {"Name": mount.driver, "Options": {**mount.driver_options}}} if mount.driver else {}
        labels = {"Labels": {**mount.labels}} if mount.labels else {}
        return {**form, "Type": "volume", **({"VolumeOptions": {**driver, **labels}} if driver or labels else {})}
    # "If the sourcePath value doesn't exist on the host container instance, the Docker daemon creates it."
    return {**form, "Type": "bind", "BindOptions": {"CreateMountpoint": mount.create}}
