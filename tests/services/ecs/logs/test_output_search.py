"""The search finds a line anywhere in the output, stops in time, and goes on where it stopped."""

import os
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.services.ecs.logs import output_search
from lamplighter.services.ecs.logs.output_search import OutputSearch, Position


def write(directory: Path, task: str, lines: list[str], container: str = "main", end: bytes = b"") -> Path:
    file = directory / task / f"{container}.log"
    file.parent.mkdir(exist_ok=True)
    records = (dump_bytes({"time": at, "stream": "stdout", "text": line}) + b"\n" for at, line in enumerate(lines))
    file.write_bytes(b"".join(records) + end)
    return file


def search_all(directory: Path, tasks: dict[int, str], text: str) -> list[Json]:
    """Search until nothing is left; each search stops as soon as it can."""
    found: list[Json] = []
    position: Position | None = None
    while True:
        search = OutputSearch(directory, text.split(" "), 0, lambda _matches: True)
        left = {row: name for row, name in tasks.items() if position is None or row <= position.task}
        position = search.run(left, position)
        found += search.matches
        if position is None:
            return found


def test_a_line_is_found_anywhere_with_its_number_its_container_and_its_time(tmp_path: Path) -> None:
    write(tmp_path, "a", [f"line {number}" for number in range(500)])
    write(tmp_path, "b", ["Java stack", "  ORA-00942: 테이블이 없다", *["at x"] * 63])
    write(tmp_path, "b", ["ora-00942 again"], "sidecar")
    tasks = {2: "b", 1: "a"}
    first, second = search_all(tmp_path, tasks, "ora-00942")
    assert (first["Task"], first["Container"], first["Line"], first["time"]) == ("b", "main", 2, 1)
    assert (second["Container"], second["Line"], second["text"]) == ("sidecar", 1, "ora-00942 again")
    numbers = [each["Line"] for each in search_all(tmp_path, tasks, "line 49")]
    assert numbers == [50, 150, 250, 350, 450, *range(491, 501)]
    assert [each["Line"] for each in search_all(tmp_path, tasks, "테이블")] == [2]


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_searches_that_stop_and_go_on_find_each_line_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(output_search, "BLOCK_BYTES", block)
    for task in ("a", "b"):
        for container in ("main", "main-2", "side"):
            write(tmp_path, task, [f"{task} {container} {number}" for number in range(7)], container)
    found = search_all(tmp_path, {2: "b", 1: "a"}, "i")
    assert [(each["text"], each["Line"]) for each in found] == [
        (f"{task} {container} {number}", number + 1)
        for task in ("b", "a")
        for container in ("main", "main-2", "side")
        for number in range(7)
    ]


@pytest.mark.parametrize("text", ["stdout", '"time"', "text", "\\", "main"])
def test_only_the_text_of_a_line_counts(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a", ["nothing", 'a "quoted" word\ttab'])
    assert search_all(tmp_path, {1: "a"}, text) == []


@pytest.mark.parametrize("text", ['"quoted"', "\t", "C:\\dir", "𝄞"])
def test_characters_that_json_escapes_are_found(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a", ["nothing", f"before {text} after"])
    assert [each["Line"] for each in search_all(tmp_path, {1: "a"}, text)] == [2]


def test_an_incomplete_line_damaged_lines_and_removed_tasks_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a", ["word"], end=b'[1, "word"]\nword\n{"text": "wo\xffrd word"}\n{"text": "word')
    assert [each["Line"] for each in search_all(tmp_path, {3: "gone", 1: "a"}, "word")] == [1, 4]


def test_output_that_was_written_before_the_time_is_left_out(tmp_path: Path) -> None:
    os.utime(write(tmp_path, "old", ["word"]), (1, 1))
    write(tmp_path, "new", ["word"])
    search = OutputSearch(tmp_path, ["word"], 1000, lambda _matches: False)
    assert search.run({2: "new", 1: "old"}, None) is None
    assert [each["Task"] for each in search.matches] == ["new"]
    assert search.searched == search.total_size()


def test_files_that_retention_deletes_during_a_search_end_no_search(tmp_path: Path) -> None:
    write(tmp_path, "b", ["here"], "gone")
    write(tmp_path, "b", ["here"], "later")
    (tmp_path / "b" / "dangling.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a").mkdir()

    def delete(_matches: int) -> bool:
        (tmp_path / "b" / "later.log").unlink(missing_ok=True)
        return False

    search = OutputSearch(tmp_path, ["here"], 0, delete)
    assert search.run({2: "b", 1: "a"}, None) is None
    assert [each["Container"] for each in search.matches] == ["gone"]
    assert search.total_size() > 0
