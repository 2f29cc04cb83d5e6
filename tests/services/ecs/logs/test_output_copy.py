"""The copy of a container's output is complete, and goes on where an earlier one was interrupted."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from io import FileIO
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.services.ecs.logs import output_copy
from lamplighter.services.ecs.logs.awslogs import LogShipper
from lamplighter.services.ecs.logs.output_copy import LINES_PER_SLICE, OutputCopy
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.logs.metric_extraction import ExtractedMetrics, MetricExtractor
from tests.engine_harness import SECOND, EngineHarness
from tests.fake_runtime import Script
from tests.output_lines import read_output
from tests.services.ecs.logs.test_awslogs import create_group, logged_messages, register_definition, run_task

CHECKPOINT_BYTES = 1_000


@pytest.fixture(autouse=True)
def _small_checkpoints() -> Iterator[None]:
    with patch.object(output_copy, "CHECKPOINT_BYTES", CHECKPOINT_BYTES):
        yield


class Source:
    """Output that can end, or be interrupted after a number of lines."""

    def __init__(self, count: int) -> None:
        self.lines = [OutputLine(number, "stdout", f"line {number}") for number in range(count)]
        self.fault: int | None = None
        self.places: list[int] = []
        """Where each reading began."""

    async def read(self, cursor: OutputCursor) -> AsyncGenerator[OutputLine, None]:
        cursor.place = cursor.place or 0
        self.places.append(cursor.place)
        while cursor.place < len(self.lines):
            if cursor.place == self.fault:
                raise RuntimeUnavailable("away")
            cursor.place += 1
            yield self.lines[cursor.place - 1]


async def copy(outputs: OutputFiles, source: Source, fault: int | None = None) -> None:
    source.fault = fault
    try:
        await OutputCopy(outputs, "task", "main").run(source.read, asyncio.sleep)
    except (OSError, RuntimeUnavailable):
        assert fault is not None


def checkpoint_path(outputs: OutputFiles) -> Path:
    return outputs.path("task", "main").with_name(".main.checkpoint")


async def test_a_copy_without_a_checkpoint_replaces_the_file_unless_there_is_no_output(tmp_path: Path) -> None:
    outputs, source = OutputFiles(tmp_path), Source(3)
    await copy(outputs, source, fault=2)
    await copy(outputs, source)
    await copy(outputs, Source(0))
    assert list(read_output(outputs, "task", "main")) == source.lines
    assert list(read_output(outputs, "task", "other")) == []
    assert source.places == [0, 0]


@given(st.lists(st.integers(1, 300), max_size=5))
async def test_an_interrupted_copy_goes_on_at_its_checkpoint(
    tmp_path_factory: pytest.TempPathFactory, faults: list[int]
) -> None:
    outputs, source, most = OutputFiles(tmp_path_factory.mktemp("output")), Source(300), 0
    for fault in faults:
        await copy(outputs, source, fault)
        most = max(most, fault)
        with outputs.path("task", "main").open("ab") as file:
            file.write(b'{"time":1,"text":"what was written after the checkpoint')
    await copy(outputs, source)
    assert list(read_output(outputs, "task", "main")) == source.lines
    assert most - source.places[-1] <= 2 * CHECKPOINT_BYTES // 45, "a line takes 45 bytes or more"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-3],
        lambda text: text.replace(b'"stdout"', b'"stdxxx"').replace(b"[", b"{"),
        lambda text: b"00000000\n" + text,
    ],
)
async def test_a_damaged_checkpoint_is_the_beginning(tmp_path: Path, damage: Json) -> None:
    outputs, source = OutputFiles(tmp_path), Source(100)
    await copy(outputs, source, fault=90)
    path = checkpoint_path(outputs)
    path.write_bytes(damage(path.read_bytes()))
    await copy(outputs, source)
    assert source.places == [0, 0]
    assert list(read_output(outputs, "task", "main")) == source.lines


async def test_a_checkpoint_of_another_version_is_the_beginning(tmp_path: Path) -> None:
    outputs, source = OutputFiles(tmp_path), Source(100)
    with patch("lamplighter.services.ecs.logs.output_checkpoint._VERSION", 2):
        await copy(outputs, source, fault=90)
    await copy(outputs, source)
    assert source.places == [0, 0]


async def test_a_checkpoint_of_a_file_that_is_shorter_or_gone_is_the_beginning(tmp_path: Path) -> None:
    outputs, source = OutputFiles(tmp_path), Source(100)
    path = outputs.path("task", "main")
    for damage in (lambda: path.write_bytes(b"x"), path.unlink):
        await copy(outputs, source, fault=90)
        damage()
        await copy(outputs, source)
        assert source.places[-1] == 0
        assert list(read_output(outputs, "task", "main")) == source.lines


async def test_lines_that_a_restored_database_does_not_know_are_read_again(tmp_path: Path) -> None:
    outputs, source = OutputFiles(tmp_path), Source(100)
    await copy(outputs, source, fault=90)
    for has_sent, place in ((True, 82), (False, 0)):
        shipper = Mock(LogShipper, has_sent=lambda _lines, has_sent=has_sent: has_sent)
        found = OutputCopy(outputs, "task", "main", shipper)
        assert (found._cursor.place or 0) == pytest.approx(place, abs=10)


async def test_a_container_that_is_gone_changes_nothing_also_with_a_checkpoint(tmp_path: Path) -> None:
    outputs, source = OutputFiles(tmp_path), Source(100)
    await copy(outputs, source)
    await copy(outputs, Source(0))
    assert list(read_output(outputs, "task", "main")) == source.lines


async def test_a_line_that_is_written_in_part_is_an_error_of_the_disk(tmp_path: Path) -> None:
    class FullFile(FileIO):
        def write(self, data: Json, /) -> int:
            return super().write(data[:10])

    outputs, source = OutputFiles(tmp_path), Source(100)
    with patch.object(output_copy, "FileIO", FullFile), pytest.raises(OSError, match="part of a line"):
        await OutputCopy(outputs, "task", "main").run(source.read, asyncio.sleep)
    await copy(outputs, source)
    assert list(read_output(outputs, "task", "main")) == source.lines


async def test_other_tasks_run_while_much_output_is_copied(tmp_path: Path) -> None:
    outputs, source, turns = OutputFiles(tmp_path), Source(10_000), 0
    with patch.object(output_copy, "CHECKPOINT_BYTES", 10**9):
        copying = asyncio.ensure_future(copy(outputs, source))
        while not copying.done():
            turns += 1
            await asyncio.sleep(0)
    assert turns > 10_000 // LINES_PER_SLICE


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


def test_each_line_is_logged_once_if_an_engine_goes_on_at_a_checkpoint(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    lines = [f"line {number} {'x' * (number % 50)}" for number in range(5_000)]
    harness.runtime.script(Script(lines=tuple(("stdout", line) for line in lines[:4_500]), after=None))
    name = f"{run_task(harness).rpartition('/')[2]}-main"
    places, logs = list[int](), harness.runtime.logs

    def watched_logs(name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        places.append((cursor.place or 0) if cursor else 0)
        return logs(name, cursor)

    with patch.object(harness.runtime, "logs", watched_logs):
        harness.restart()
        for line in lines[4_500:]:
            harness.runtime.write(name, line)
        harness.settle()
        harness.restart()
        harness.advance(SECOND)
    assert places[0] == 2_001, "the first place after lines that were sent; 2,000 are sent together"
    assert 3_900 < places[1] <= 4_000, "what was sent before need not be sent"
    harness.runtime.finish(name)
    harness.settle()
    (task,) = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    outputs = OutputFiles(harness.directory / "output")
    assert [line.text for line in read_output(outputs, task.rpartition("/")[2], "main")] == lines
    assert logged_pages(harness) == lines


def logged_pages(harness: EngineHarness) -> list[str]:
    found: list[str] = []
    token: Json = {}
    while token is not None:
        page = harness.call("logs", "FilterLogEvents", logGroupName="/ecs/night", **token)
        found += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    return found


def test_metric_filters_match_much_output_outside_of_the_turn_that_stores_it(harness: EngineHarness) -> None:
    create_group(harness)
    for number in range(5):
        transformation = {"metricName": f"m{number}", "metricNamespace": "jobs", "metricValue": "1"}
        harness.call(
            "logs",
            "PutMetricFilter",
            logGroupName="/ecs/night",
            filterName=f"f{number}",
            filterPattern="line",
            metricTransformations=[transformation],
        )
    register_definition(harness)
    threads, extract = set[threading.Thread](), MetricExtractor.extract

    def watched_extract(*arguments: Json) -> ExtractedMetrics:
        threads.add(threading.current_thread())
        return extract(*arguments)

    harness.runtime.script(Script(lines=(("stdout", "line " + "x" * 250_000),)))
    with patch.object(MetricExtractor, "extract", watched_extract):
        run_task(harness)
    assert len(logged_messages(harness)) == 1
    assert threads
    assert threading.current_thread() not in threads
