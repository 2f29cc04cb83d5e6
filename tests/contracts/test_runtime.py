"""What every runtime guarantees; the same tests run with Docker, plain processes and the fake."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.base.log_batches import MAX_MESSAGE_BYTES
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import CannotStart, Runtime, StartCalledOff
from tests.contracts.rigs import GATE, HEALTH_CHECK, Rig
from tests.fake_runtime import Script

GATED = Script(lines=(("stdout", "ready"),), after=None)


async def read_output(runtime: Runtime, name: str) -> list[OutputLine]:
    return [line async for line in runtime.logs(name)]


async def read_on(runtime: Runtime, name: str, document: Json, most: int = 1_000_000) -> tuple[list[OutputLine], Json]:
    """Return up to `most` lines after a place, and the place after them, both as an engine has them that ends there."""
    cursor, found = OutputCursor.of_document(document), list[OutputLine]()
    async with aclosing(runtime.logs(name, cursor)) as lines:
        async for line in lines:
            found.append(line)
            if len(found) == most:
                break
    return found, loads(dump_bytes(cursor.document()))


async def first_line(runtime: Runtime, name: str) -> str:
    async with aclosing(runtime.logs(name)) as lines:
        async for line in lines:
            return line.text
    raise AssertionError("the output ended before its first line")


async def test_a_runtime_that_works_passes_its_check(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.runtime.docker.runtime._VERSION_TIMEOUT", 120)  # also on a busy machine
    await rig.runtime.check()
    assert await rig.runtime.names() == frozenset()


@pytest.mark.parametrize("code", [0, 3, 255])
async def test_the_exit_code_is_the_programs_own(rig: Rig, code: int) -> None:
    container = rig.container(f"exit {code}", Script(code=code))
    started = await rig.runtime.start(container)
    ended = await rig.runtime.wait(container.name)
    assert (ended.code, ended.reason) == (code, None)
    assert started.runtime_id


async def test_times_are_milliseconds_since_1970_and_close_together(rig: Rig) -> None:
    container = rig.container("echo out", Script(lines=(("stdout", "out"),)))
    started = await rig.runtime.start(container)
    ended = await rig.runtime.wait(container.name)
    (line,) = await read_output(rig.runtime, container.name)
    assert 1_700_000_000_000 < line.time < 4_000_000_000_000
    # Docker starts the program before it answers, so the program may be quicker than the answer.
    assert abs(ended.finished_at - started.started_at) < 60_000
    assert abs(line.time - started.started_at) < 60_000


async def test_an_exit_can_be_read_again_also_by_a_new_engine(rig: Rig) -> None:
    container = rig.container("exit 3", Script(code=3))
    await rig.runtime.start(container)
    first = await rig.runtime.wait(container.name)
    assert await rig.runtime.wait(container.name) == first
    assert await (await rig.restart()).wait(container.name) == first


async def test_each_stream_is_complete_and_in_order(rig: Rig) -> None:
    script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
    lines = tuple((stream, f"{text} {i}") for i in (1, 2, 3) for stream, text in (("stdout", "out"), ("stderr", "err")))
    container = rig.container(script, Script(lines=lines))  # type: ignore[arg-type]
    await rig.runtime.start(container)
    found = await read_output(rig.runtime, container.name)
    assert [line.text for line in found if line.stream == "stdout"] == ["out 1", "out 2", "out 3"]
    assert [line.text for line in found if line.stream == "stderr"] == ["err 1", "err 2", "err 3"]


async def test_output_can_be_read_while_the_container_runs(rig: Rig) -> None:
    container = rig.container(f"echo ready; {GATE}; exit 7", GATED)
    await rig.runtime.start(container)
    assert await first_line(rig.runtime, container.name) == "ready"
    await rig.release(container, 7)
    assert (await rig.runtime.wait(container.name)).code == 7


async def test_output_can_be_read_after_the_exit_and_by_a_new_engine(rig: Rig) -> None:
    container = rig.container("echo once", Script(lines=(("stdout", "once"),)))
    await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    runtime = await rig.restart()
    assert [line.text for line in await read_output(runtime, container.name)] == ["once"]


async def test_output_is_read_on_after_any_line_by_another_engine(rig: Rig) -> None:
    count = 12
    lines = tuple((stream, f"{stream} {i}") for i in range(count) for stream in ("stdout", "stderr"))
    script = f"i=0; while [ $i -lt {count} ]; do echo stdout $i; echo stderr $i >&2; i=$((i+1)); done"
    container = rig.container(script, Script(lines=lines))  # type: ignore[arg-type]
    await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    whole = await read_output(rig.runtime, container.name)
    runtime, place, found = await rig.restart(), OutputCursor().document(), list[OutputLine]()
    for most in (1, 2, 1, 5, 7, 100):
        more, place = await read_on(runtime, container.name, place, most)
        found += more
    assert found == whole
    assert await read_on(runtime, container.name, place) == ([], place)


async def test_a_long_line_is_read_on_while_the_other_stream_goes_on(real_rig: Rig) -> None:
    zeros = "head -c 300000 /dev/zero"
    script = (
        f"{zeros}; echo between >&2; {zeros} | tr '\\0' x; echo; echo after >&2; printf 'é%.0s' 1 2 3; printf '\\377'"
    )
    container = real_rig.container(script)
    await real_rig.runtime.start(container)
    await real_rig.runtime.wait(container.name)
    whole = await read_output(real_rig.runtime, container.name)
    zero_bytes, letters = 300_000 - MAX_MESSAGE_BYTES, 2 * MAX_MESSAGE_BYTES - 300_000
    assert [line.text for line in whole if line.stream == "stdout"] == [
        "\0" * MAX_MESSAGE_BYTES, "\0" * zero_bytes + "x" * letters, "x" * (300_000 - letters), "ééé\ufffd",
    ]  # fmt: skip
    assert [line.text for line in whole if line.stream == "stderr"] == ["between", "after"]
    for at in range(1, len(whole) + 1):
        first, place = await read_on(real_rig.runtime, container.name, OutputCursor().document(), at)
        rest, _ = await read_on(real_rig.runtime, container.name, place)
        assert sorted(map(repr, first + rest)) == sorted(map(repr, whole)), "also between two parts"


async def test_output_of_a_restarted_container_is_read_on(rig: Rig) -> None:
    container = rig.container(f"echo run; {GATE}; exit 3", Script(lines=(("stdout", "run"),), after=None))

    async def end_after_output(place: Json) -> None:
        # On a busy machine, Docker may close the pipes of a container that ends at once before it has read them
        # ("stream copy error: reading from a closed fifo"): so this one ends after its line was read.
        await read_on(rig.runtime, container.name, place, 1)
        await rig.release(container, 3)
        await rig.runtime.wait(container.name)

    place = OutputCursor().document()
    await rig.runtime.start(container)
    await end_after_output(place)
    first, place = await read_on(rig.runtime, container.name, place)
    await rig.runtime.restart(container)
    await end_after_output(place)
    second, _ = await read_on(await rig.restart(), container.name, place)
    assert [line.text for line in (*first, *second)] == ["run", "run"]


async def test_nothing_is_read_of_a_container_that_is_gone_also_not_the_rest_of_a_line(rig: Rig) -> None:
    cursor = OutputCursor()
    list(cursor.add(1, "stdout", b"the beginning of a line", complete=False))
    assert (await read_on(rig.runtime, "never-started", cursor.document()))[0] == []


async def test_a_container_that_exited_is_not_run_again(rig: Rig) -> None:
    container = rig.container("echo once; exit 3", Script(lines=(("stdout", "once"),), code=3))
    first = await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    again = await rig.runtime.start(container)
    assert again.runtime_id == first.runtime_id
    assert (await rig.runtime.wait(container.name)).code == 3
    assert [line.text for line in await read_output(rig.runtime, container.name)] == ["once"]


async def test_a_start_that_is_called_off_starts_nothing_and_leaves_nothing(rig: Rig) -> None:
    container = rig.container("echo ran", Script(lines=(("stdout", "ran"),)))
    with pytest.raises(StartCalledOff):
        await rig.runtime.start(container, lambda: True)
    assert await rig.runtime.names() == frozenset()
    await rig.runtime.start(container)
    assert [line.text for line in await read_output(rig.runtime, container.name)] == ["ran"]


async def test_a_container_that_runs_is_adopted_although_its_start_is_called_off(rig: Rig) -> None:
    container = rig.container(GATE, GATED)
    started = await rig.runtime.start(container)
    assert (await (await rig.restart()).start(container, lambda: True)).runtime_id == started.runtime_id
    await rig.release(container, 0)
    await rig.runtime.wait(container.name)


async def test_a_new_engine_adopts_a_container_that_runs(rig: Rig) -> None:
    container = rig.container(f"echo ready; {GATE}; exit 7", GATED)
    first = await rig.runtime.start(container)
    runtime = await rig.restart()
    assert await runtime.names() == {container.name}
    assert (await runtime.start(container)).runtime_id == first.runtime_id
    await rig.release(container, 7)
    assert (await runtime.wait(container.name)).code == 7
    assert [line.text for line in await read_output(runtime, container.name)] == ["ready"]


async def test_an_exit_while_no_engine_runs_is_not_lost(rig: Rig) -> None:
    container = rig.container(f"{GATE}; exit 7", GATED)
    await rig.runtime.start(container)
    await rig.runtime.close()
    await rig.release(container, 7)
    assert (await (await rig.restart()).wait(container.name)).code == 7


async def test_stopping_sends_sigterm_first(rig: Rig) -> None:
    container = rig.container(f"trap 'exit 9' TERM; echo ready; {GATE} & wait", replace(GATED, stop_code=9))
    await rig.runtime.start(container)
    await first_line(rig.runtime, container.name)
    await rig.stop(container.name, 30)
    assert (await rig.runtime.wait(container.name)).code == 9


async def test_stopping_kills_a_container_that_ignores_sigterm(rig: Rig) -> None:
    container = rig.container(f"trap '' TERM; echo ready; {GATE}", replace(GATED, stop_code=None))
    await rig.runtime.start(container)
    await first_line(rig.runtime, container.name)
    await rig.stop(container.name, 1)
    assert (await rig.runtime.wait(container.name)).code == 137


async def test_a_new_engine_can_stop_a_container_of_the_old_engine(rig: Rig) -> None:
    container = rig.container(f"trap 'exit 9' TERM; echo ready; {GATE} & wait", replace(GATED, stop_code=9))
    await rig.runtime.start(container)
    await first_line(rig.runtime, container.name)
    await rig.restart()
    await rig.stop(container.name, 30)
    assert (await rig.runtime.wait(container.name)).code == 9


async def test_stopping_an_exited_or_unknown_container_does_nothing(rig: Rig) -> None:
    container = rig.container("exit 3", Script(code=3))
    await rig.runtime.stop(container.name, 1)
    await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    await rig.runtime.stop(container.name, 1)
    assert (await rig.runtime.wait(container.name)).code == 3


async def test_a_container_is_listed_until_it_is_removed(rig: Rig) -> None:
    container = rig.container("true")
    assert container.name not in await rig.runtime.names()
    await rig.runtime.start(container)
    assert container.name in await rig.runtime.names()
    await rig.runtime.wait(container.name)
    assert container.name in await rig.runtime.names()
    await rig.runtime.remove(container.name)
    assert container.name not in await rig.runtime.names()


async def test_a_container_is_listed_as_ended_from_its_exit_to_its_removal(rig: Rig) -> None:
    container = rig.container(f"{GATE}; exit 7", GATED)
    assert container.name not in await rig.runtime.ended_names()
    await rig.runtime.start(container)
    assert container.name not in await rig.runtime.ended_names()
    await rig.runtime.close()
    await rig.release(container, 7)
    runtime = await rig.restart()
    await runtime.wait(container.name)
    assert container.name in await runtime.ended_names()
    await runtime.remove(container.name)
    assert container.name not in await runtime.ended_names()


async def test_removing_twice_does_nothing(rig: Rig) -> None:
    container = rig.container("true")
    await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    await rig.runtime.remove(container.name)
    await rig.runtime.remove(container.name)
    assert await read_output(rig.runtime, container.name) == []


async def test_a_running_container_cannot_be_removed(rig: Rig) -> None:
    container = rig.container(f"{GATE}; exit 7", GATED)
    await rig.runtime.start(container)
    with pytest.raises(Bug, match="still runs"):
        await rig.runtime.remove(container.name)
    await rig.release(container, 7)
    assert (await rig.runtime.wait(container.name)).code == 7


async def test_a_program_that_does_not_exist_cannot_start_now_or_later(rig: Rig) -> None:
    container = rig.unstartable()
    with pytest.raises(CannotStart, match=r"^CannotStartContainerError: .*no-such-program") as first:
        await rig.runtime.start(container)
    with pytest.raises(CannotStart) as again:
        await (await rig.restart()).start(container)
    assert str(again.value) == str(first.value)
    ended = await rig.runtime.wait(container.name)
    assert ended.code is None
    assert "no-such-program" in (ended.reason or "")
    assert container.name in await rig.runtime.names()


async def test_the_exit_of_an_unknown_container_has_a_reason_but_no_code(rig: Rig) -> None:
    ended = await rig.runtime.wait("never-started")
    assert ended.code is None
    assert ended.reason
    assert await read_output(rig.runtime, "never-started") == []


async def test_a_container_that_has_exited_is_restarted_and_its_output_continues(rig: Rig) -> None:
    container = rig.container("echo run; exit 3", Script(lines=(("stdout", "run"),), code=3))
    await rig.runtime.start(container)
    first = await rig.runtime.wait(container.name)
    again = await rig.runtime.restart(container)
    second = await rig.runtime.wait(container.name)
    assert (first.code, second.code) == (3, 3)
    assert again.runtime_id
    assert 0 < (first.started_at or 0) <= (second.started_at or 0)
    assert [line.text for line in await read_output(rig.runtime, container.name)] == ["run", "run"]


async def test_a_restart_ends_the_line_that_the_run_before_it_left_without_an_end(rig: Rig) -> None:
    lines = tuple((stream, text) for stream in ("stdout", "stderr") for text in ("whole", "part"))
    container = rig.container(
        "for to in 1 2; do printf 'whole\\npart' >&$to; done; exit 3",
        Script(lines=lines, code=3),  # type: ignore[arg-type]
    )
    await rig.runtime.start(container)
    await rig.runtime.wait(container.name)
    await rig.runtime.restart(container)
    await rig.runtime.wait(container.name)
    output = await read_output(rig.runtime, container.name)
    for stream in ("stdout", "stderr"):
        assert [line.text for line in output if line.stream == stream] == ["whole", "part", "whole", "part"]


async def test_a_restart_of_a_container_that_runs_changes_nothing_also_by_a_new_engine(rig: Rig) -> None:
    container = rig.container(f"echo ready; {GATE}; exit 7", GATED)
    await rig.runtime.start(container)
    assert await first_line(rig.runtime, container.name) == "ready"
    await (await rig.restart()).restart(container)
    await rig.release(container, 7)
    assert (await rig.runtime.wait(container.name)).code == 7
    assert [line.text for line in await read_output(rig.runtime, container.name)] == ["ready"]


async def test_a_restarted_container_stops_and_is_removed_like_any_other(rig: Rig) -> None:
    container = rig.container("sleep 1000 & wait", Script(after=None, stop_code=143))
    await rig.runtime.start(container)
    await rig.stop(container.name, 0)
    await rig.runtime.wait(container.name)
    await rig.runtime.restart(container)
    await rig.stop(container.name, 0)
    assert (await rig.runtime.wait(container.name)).code in (137, 143)
    await rig.runtime.remove(container.name)
    assert container.name not in await rig.runtime.names()


async def test_each_change_of_health_is_reported_until_the_container_exits(rig: Rig) -> None:
    container = rig.container(f"{GATE}; exit 0", GATED, health_check=HEALTH_CHECK)
    await rig.runtime.start(container)
    async with aclosing(rig.runtime.health(container)) as changes:
        for healthy, expected in ((True, "HEALTHY"), (False, "UNHEALTHY"), (True, "HEALTHY")):
            rig.set_health(container, healthy=healthy)
            assert await anext(changes) == expected
        await rig.release(container, 0)
        assert [health async for health in changes] == []


async def test_a_new_engine_learns_the_health_that_a_container_has(rig: Rig) -> None:
    container = rig.container(f"{GATE}; exit 0", GATED, health_check=HEALTH_CHECK)
    await rig.runtime.start(container)
    rig.set_health(container, healthy=True)
    async with aclosing((await rig.restart()).health(container)) as changes:
        assert await anext(changes) == "HEALTHY"
