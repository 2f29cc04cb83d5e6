"""A list fits a terminal of any width, and names stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.cli.runs.text import formatting
from lamplighter.cli.runs.text.listing import Listing, print_listing

RUN = "0b5c9f60-1234-4cde-8f00-aabbccddeeff"
JOBS = Listing(
    ["JOB", "NOW", "LAST RUN"],
    [
        ["nightly", f"attempt 1 since 03:00:02 ({RUN}, 5m ago)", "failed with exit code 3, 5m ago, took 2s"],
        ["a-job-with-a-longer-name", "", "never"],
    ],
)
RUNS = Listing(
    ["JOB", "RUN", "STATUS", "TOOK"], [["nightly", RUN, "failed with exit code 3", "2s"]], names=2, labelled=False
)
WIDTHS = (40, 60, 80, 120)


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> pytest.MonkeyPatch:
    monkeypatch.setattr(formatting, "is_terminal", lambda **_: True)
    monkeypatch.setenv("TERM", "dumb")
    return monkeypatch


def lines(capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], listing: Listing, width: int) -> list[str]:
    capture.setenv("COLUMNS", str(width))
    print_listing(listing)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("listing", [JOBS, RUNS])
def test_names_stay_whole_and_no_line_is_wider_than_the_terminal(
    capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], listing: Listing, width: int
) -> None:
    printed = lines(capture, capsys, listing, width)
    for name in ("nightly", RUN):
        assert any(name in line for line in printed), printed
    assert max(map(len, printed)) <= width, printed
    assert "…" not in "".join(printed)


def test_a_block_begins_with_the_job_and_breaks_between_words(
    capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(capture, capsys, JOBS, 40) == [
        "nightly",
        "  now       attempt 1 since 03:00:02",
        f"  ({RUN},",
        "            5m ago)",
        "  last run  failed with exit code 3, 5m",
        "            ago, took 2s",
        "a-job-with-a-longer-name",
        "  last run  never",
    ]


def test_a_run_is_named_as_commands_accept_it_if_there_is_room(
    capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(capture, capsys, RUNS, 60) == [f"nightly:{RUN}", "  failed with exit code 3  2s"]
    assert lines(capture, capsys, RUNS, 40) == ["nightly", f"  {RUN}", "  failed with exit code 3  2s"]
    assert lines(capture, capsys, RUNS, 120)[1].split() == [
        "nightly",
        RUN,
        *["failed", "with", "exit", "code", "3", "2s"],
    ]


def test_cells_without_headings_stay_whole_if_they_fit(
    capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ["nightly", "Mon 2026-11-30 03:00", "Asia/Seoul", "cron(0 3 * * ? *); " + "approximate " * 3]
    listing = Listing(["JOB", "TIME", "ZONE", ""], [cells], labelled=False)
    assert lines(capture, capsys, listing, 40) == [
        "nightly",
        "  Mon 2026-11-30 03:00  Asia/Seoul",
        "  cron(0 3 * * ? *); approximate",
        "  approximate approximate",
    ]


def test_rows_of_one_job_share_its_name(capture: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    times = Listing(["JOB", "TIME"], [["nightly", "Mon 03:00 " * 3], ["nightly", "Tue 03:00 " * 3]], labelled=False)
    assert lines(capture, capsys, times, 32) == [
        "nightly", "  Mon 03:00 Mon 03:00 Mon 03:00", "  Tue 03:00 Tue 03:00 Tue 03:00",
    ]  # fmt: skip


def test_output_that_is_no_terminal_has_one_line_for_each_row_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    print_listing(Listing(["JOB", "NOW"], [["a", f"one {long}\ntwo"], ["b", ""]]))
    heading, first, second = capsys.readouterr().out.splitlines()
    assert (heading.split(), first.split(), second.split()) == (["JOB", "NOW"], ["a", "one", f"{long};", "two"], ["b"])


@given(st.lists(st.text("ab- ", min_size=1, max_size=70), min_size=1, max_size=4), st.integers(20, 130))
def test_no_word_is_ever_broken(texts: list[str], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formatting, "is_terminal", lambda **_: True)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "dumb")
        out = formatting.make_console()
        patch.setattr(formatting, "make_console", lambda **_: out)
        with out.capture() as captured:
            print_listing(Listing(["JOB", "NOW"], [["job", text] for text in texts]))
    assert {word for text in texts for word in text.split()} <= set(captured.get().split())
