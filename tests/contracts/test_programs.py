"""What a program meets when it really runs, under Docker and as a plain process alike."""

import asyncio

import pytest

from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import CannotStart, ContainerExit, ContainerSpec, OutputLine, Ulimit
from tests.contracts.rigs import GATE, RealRig


async def run(real: RealRig, container: ContainerSpec) -> tuple[ContainerExit, list[OutputLine]]:
    await real.runtime.start(container)
    ended = await real.runtime.wait(container.name)
    return ended, [line async for line in real.runtime.logs(container.name)]


async def said(real: RealRig, script: str, **fields: object) -> list[str]:
    ended, lines = await run(real, real.container(script, Script(), **fields))
    assert ended.code == 0
    return [line.text for line in lines]


async def test_the_environment_is_what_the_definition_says(real: RealRig) -> None:
    given = {"GREETING": "good night", "EMPTY": "", "SIGNS": "a=b $HOME 'x' \"y\" *"}
    assert await said(real, 'printf "%s\\n" "$GREETING" "$EMPTY" "$SIGNS"', environment=given) == list(given.values())


async def test_the_engines_own_environment_does_not_leak(real: RealRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the engine's own")
    names = {line.partition("=")[0] for line in await said(real, "env")}
    assert {"PATH", "HOME"} <= names
    assert names <= {"PATH", "HOME", "LANG", "GATE", "HOSTNAME", "PWD", "SHLVL", "_", "OLDPWD"}


async def test_the_entry_point_goes_before_the_command_and_no_shell_reads_them(real: RealRig) -> None:
    container = real.container("", entry_point=("printf", "<%s>\\n"), command=("a b", "$HOME", "*", ""))
    _, lines = await run(real, container)
    assert [line.text for line in lines] == ["<a b>", "<$HOME>", "<*>", "<>"]


async def test_the_working_directory_is_the_programs_own(real: RealRig) -> None:
    assert await said(real, "pwd", working_directory="/tmp") == ["/tmp"]


async def test_a_working_directory_that_is_a_file_cannot_be_entered(real: RealRig) -> None:
    with pytest.raises(CannotStart, match=r"[Nn]ot a directory"):
        await real.runtime.start(real.container("true", working_directory="/bin/busybox"))


async def test_the_program_runs_as_the_user_and_group_of_the_definition(real: RealRig) -> None:
    assert await said(real, "id -u; id -g; id -G", user="1234:4321") == ["1234", "4321", "4321"]


async def test_a_user_that_does_not_exist_cannot_run_anything(real: RealRig) -> None:
    with pytest.raises(CannotStart, match="unable to find user nobody-here"):
        await real.runtime.start(real.container("true", user="nobody-here"))


async def test_limits_of_the_kernel_are_set(real: RealRig) -> None:
    limits = (Ulimit("nofile", 100, 200), Ulimit("core", 0, 0))
    assert await said(real, "ulimit -Sn; ulimit -Hn; ulimit -c", ulimits=limits) == ["100", "200", "0"]


async def test_a_program_killed_by_a_signal_exits_with_128_and_its_number(real: RealRig) -> None:
    ended, _ = await run(real, real.container("sh -c 'kill -USR1 $$'; exit $?"))
    assert ended.code == 128 + 10


async def test_ten_thousand_lines_arrive_in_order(real: RealRig) -> None:
    assert await said(real, "seq 10000") == [str(number) for number in range(1, 10001)]


async def test_a_long_line_arrives_in_one_piece(real: RealRig) -> None:
    lengths = [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 100_000]
    script = "; ".join(f"printf '%0{length}d\\n' 7" for length in lengths)
    lines = await said(real, script)
    assert [len(line) for line in lines] == lengths
    assert all(line.endswith("07") for line in lines)


async def test_a_last_line_without_an_end_and_empty_lines_count(real: RealRig) -> None:
    assert await said(real, "printf 'one\\n\\ntwo\\r\\nthree'") == ["one", "", "two\r", "three"]


async def test_bytes_that_are_no_text_are_replaced(real: RealRig) -> None:
    assert await said(real, "printf 'a\\377b \\000 \\303\\274\\n'") == ["a\ufffdb \0 ü"]


async def test_a_program_that_says_nothing_has_no_output(real: RealRig) -> None:
    assert await said(real, "true") == []


async def test_two_readers_follow_the_same_output(real: RealRig) -> None:
    container = real.container(f"echo one; {GATE}; echo two")
    await real.runtime.start(container)

    async def read() -> list[str]:
        return [line.text async for line in real.runtime.logs(container.name)]

    readers = [asyncio.create_task(read()) for _ in range(2)]
    await real.release(container, 0)
    assert await asyncio.gather(*readers) == [["one", "two"], ["one", "two"]]


async def test_what_the_program_leaves_running_ends_with_it(real: RealRig) -> None:
    ended, lines = await run(real, real.container(f"({GATE}; echo left) & echo done"))
    assert ended.code == 0
    assert [line.text for line in lines] == ["done"]


async def test_many_run_at_once(real: RealRig) -> None:
    containers = [real.container(f"exit {code}") for code in range(8)]
    ended = await asyncio.gather(*(run(real, container) for container in containers))
    assert [each.code for each, _ in ended] == list(range(8))


async def test_starting_one_name_twice_at_the_same_time_runs_it_once(real: RealRig) -> None:
    container = real.container("echo once")
    first, second = await asyncio.gather(real.runtime.start(container), real.runtime.start(container))
    assert first.runtime_id == second.runtime_id
    await real.runtime.wait(container.name)
    assert [line.text async for line in real.runtime.logs(container.name)] == ["once"]
