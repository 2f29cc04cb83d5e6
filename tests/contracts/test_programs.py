"""The environment and the output of a program under Docker and as a plain process."""

import asyncio
from contextlib import aclosing

import pytest

from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import CannotStart, ContainerExit, ContainerSpec, HealthCheck, Ulimit
from tests.contracts.rigs import GATE, RealRig
from tests.fake_runtime import Script


async def run(real_rig: RealRig, container: ContainerSpec) -> tuple[ContainerExit, list[OutputLine]]:
    await real_rig.runtime.start(container)
    ended = await real_rig.runtime.wait(container.name)
    return ended, [line async for line in real_rig.runtime.logs(container.name)]


async def output_lines(real_rig: RealRig, script: str, **fields: object) -> list[str]:
    ended, lines = await run(real_rig, real_rig.container(script, Script(), **fields))
    assert ended.code == 0
    return [line.text for line in lines]


async def test_the_environment_is_that_of_the_definition(real_rig: RealRig) -> None:
    given = {"GREETING": "good night", "EMPTY": "", "SIGNS": "a=b $HOME 'x' \"y\" *"}
    assert await output_lines(real_rig, 'printf "%s\\n" "$GREETING" "$EMPTY" "$SIGNS"', environment=given) == list(
        given.values()
    )


async def test_the_engines_own_environment_does_not_leak(real_rig: RealRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the engine's own")
    names = {line.partition("=")[0] for line in await output_lines(real_rig, "env")}
    assert {"PATH", "HOME"} <= names
    assert names <= {"PATH", "HOME", "LANG", "GATE", "HOSTNAME", "PWD", "SHLVL", "_", "OLDPWD"}


async def test_the_entry_point_precedes_the_command_and_no_shell_interprets_them(real_rig: RealRig) -> None:
    container = real_rig.container("", entry_point=("printf", "<%s>\\n"), command=("a b", "$HOME", "*", ""))
    _, lines = await run(real_rig, container)
    assert [line.text for line in lines] == ["<a b>", "<$HOME>", "<*>", "<>"]


async def test_the_program_runs_in_its_working_directory(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "pwd", working_directory="/tmp") == ["/tmp"]


async def test_a_container_whose_working_directory_is_a_file_cannot_start(real_rig: RealRig) -> None:
    with pytest.raises(CannotStart, match=r"[Nn]ot a directory"):
        await real_rig.runtime.start(real_rig.container("true", working_directory="/bin/busybox"))


async def test_the_program_runs_as_the_user_and_group_of_the_definition(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "id -u; id -g; id -G", user="1234:4321") == ["1234", "4321", "4321"]


async def test_a_container_of_a_user_that_does_not_exist_cannot_start(real_rig: RealRig) -> None:
    with pytest.raises(CannotStart, match="unable to find user nobody-here"):
        await real_rig.runtime.start(real_rig.container("true", user="nobody-here"))


async def test_ulimits_are_set(real_rig: RealRig) -> None:
    limits = (Ulimit("nofile", 100, 200), Ulimit("core", 0, 0))
    assert await output_lines(real_rig, "ulimit -Sn; ulimit -Hn; ulimit -c", ulimits=limits) == ["100", "200", "0"]


async def test_a_program_killed_by_a_signal_exits_with_128_and_its_number(real_rig: RealRig) -> None:
    ended, _ = await run(real_rig, real_rig.container("sh -c 'kill -USR1 $$'; exit $?"))
    assert ended.code == 128 + 10


async def test_ten_thousand_lines_arrive_in_order(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "seq 10000") == [str(number) for number in range(1, 10001)]


async def test_a_long_line_arrives_in_one_piece(real_rig: RealRig) -> None:
    lengths = [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 100_000]
    script = "; ".join(f"printf '%0{length}d\\n' 7" for length in lengths)
    lines = await output_lines(real_rig, script)
    assert [len(line) for line in lines] == lengths
    assert all(line.endswith("07") for line in lines)


async def test_empty_lines_and_a_last_line_without_a_newline_are_kept(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "printf 'one\\n\\ntwo\\r\\nthree'") == ["one", "", "two\r", "three"]


async def test_bytes_that_are_not_utf_8_are_replaced(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "printf 'a\\377b \\000 \\303\\274\\n'") == ["a\ufffdb \0 ü"]


async def test_a_program_that_prints_nothing_has_no_output(real_rig: RealRig) -> None:
    assert await output_lines(real_rig, "true") == []


async def test_two_readers_follow_the_same_output(real_rig: RealRig) -> None:
    container = real_rig.container(f"echo one; {GATE}; echo two")
    await real_rig.runtime.start(container)

    async def read() -> list[str]:
        return [line.text async for line in real_rig.runtime.logs(container.name)]

    readers = [asyncio.create_task(read()) for _ in range(2)]
    await real_rig.release(container, 0)
    assert await asyncio.gather(*readers) == [["one", "two"], ["one", "two"]]


async def test_processes_that_the_program_leaves_running_end_with_it(real_rig: RealRig) -> None:
    ended, lines = await run(real_rig, real_rig.container(f"({GATE}; echo left) & echo done"))
    assert ended.code == 0
    assert [line.text for line in lines] == ["done"]


async def test_many_containers_run_at_the_same_time(real_rig: RealRig) -> None:
    containers = [real_rig.container(f"exit {code}") for code in range(8)]
    ended = await asyncio.gather(*(run(real_rig, container) for container in containers))
    assert [each.code for each, _ in ended] == list(range(8))


async def test_starting_one_name_twice_at_the_same_time_runs_it_once(real_rig: RealRig) -> None:
    container = real_rig.container("echo once")
    first, second = await asyncio.gather(real_rig.runtime.start(container), real_rig.runtime.start(container))
    assert first.runtime_id == second.runtime_id
    await real_rig.runtime.wait(container.name)
    assert [line.text async for line in real_rig.runtime.logs(container.name)] == ["once"]


async def test_a_container_is_asked_to_stop_by_the_signal_of_its_definition(real_rig: RealRig) -> None:
    script = "trap 'exit 5' INT; trap 'exit 6' TERM; echo ready; while true; do sleep 0.01; done"
    container = real_rig.container(script, stop_signal="SIGINT")
    await real_rig.runtime.start(container)
    async with aclosing(real_rig.runtime.logs(container.name)) as lines:
        await anext(lines)
    runtime = await real_rig.restart()
    await runtime.stop(container.name, 30)
    assert (await runtime.wait(container.name)).code == 5


@pytest.mark.parametrize("command", [("CMD", "no-such-program"), ("CMD-SHELL", "exit 1"), ("CMD", "sleep", "1000")])
async def test_a_check_that_fails_or_takes_too_long_makes_a_container_unhealthy_and_the_log_says_why(
    real_rig: RealRig, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    check = HealthCheck(command, interval=0.05, timeout=0.3, retries=2, start_period=0)
    container = real_rig.container("sleep 1000", health_check=check)
    await real_rig.runtime.start(container)
    async with aclosing(real_rig.runtime.health(container)) as changes:
        assert await anext(changes) == "UNHEALTHY"
    assert f"{container.name} is unhealthy: its health check " in caplog.text


async def test_a_check_has_the_variables_and_the_working_directory_of_its_container(real_rig: RealRig) -> None:
    line = 'test "$PWD" = /tmp && test "$GREETING" = hello'
    check = HealthCheck(("CMD-SHELL", line), interval=0.05, timeout=30, retries=1, start_period=0)
    container = real_rig.container(
        "sleep 1000", health_check=check, environment={"GREETING": "hello"}, working_directory="/tmp"
    )
    await real_rig.runtime.start(container)
    async with aclosing(real_rig.runtime.health(container)) as changes:
        assert await anext(changes) == "HEALTHY"
