"""Free ranges of ports of this machine."""

import socket

import pytest

from lamplighter.runtime.docker import free_ports
from lamplighter.runtime.port import CannotStart, ContainerSpec, Port


def test_single_ports_are_left_to_docker() -> None:
    container = ContainerSpec(name="job", image="any", ports=(Port(80, None), Port(81, 8081)))
    assert free_ports.with_free_ranges(container) is container


def test_ranges_get_consecutive_ports_that_do_not_overlap_and_are_free() -> None:
    ports = (Port(7000, None, count=3), Port(80, None), Port(8000, None, count=2))
    first, single, second = free_ports.with_free_ranges(ContainerSpec(name="job", image="any", ports=ports)).ports
    assert single == Port(80, None)
    assert first.host is not None
    assert second.host is not None
    assert not set(range(first.host, first.host + 3)) & set(range(second.host, second.host + 2))


def test_a_port_that_a_program_uses_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(free_ports, "FIRST_PORT", taken)
        monkeypatch.setattr(free_ports, "LAST_PORT", taken + 1)
        with pytest.raises(CannotStart, match="2 consecutive free ports"):
            free_ports.with_free_ranges(ContainerSpec(name="job", image="any", ports=(Port(1, None, count=2),)))


def test_ports_that_were_tried_in_vain_are_not_chosen_again() -> None:
    container = ContainerSpec(name="job", image="any", ports=(Port(7000, None, count=3), Port(80, 8080)))
    first = free_ports.with_free_ranges(container)
    tried = free_ports.chosen_numbers(container, first)
    assert len(tried) == 3
    assert not tried & free_ports.chosen_numbers(container, free_ports.with_free_ranges(container, tried))
