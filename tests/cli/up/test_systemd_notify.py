"""systemd hears that the engine serves, what it does, that its loop turns, and that it stops."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.cli.up.systemd_notify import SystemdNotifier, take_notifier
from tests.cli.up.notify_socket import NotifySocket
from tests.cli.up_folder import UpFolder
from tests.served_engine import eventually


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[NotifySocket]:
    """A socket of which a test reads the messages that it wants."""
    made = NotifySocket(tmp_path)
    with made.socket:
        yield made


@pytest.fixture
def notified(unread: NotifySocket) -> Iterator[NotifySocket]:
    """A socket that is read all the time."""
    with unread.reading():
        yield unread


def test_up_reports_that_it_serves_what_it_runs_that_it_lives_and_that_it_stops(
    home: UpFolder, notified: NotifySocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", notified.address)
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    home.write("slow: {command: 'while [ ! -e go ]; do sleep 0.05; done'}")
    home.up(str(home.file))
    notified.wait_for("READY=1")
    assert home.data.joinpath("address").read_text().split()[0] == home.url
    assert "STATUS=0 tasks running" in notified.wait_for("STATUS")
    home.wait_for_line("agrees with")
    home.start_run("slow")
    assert "WATCHDOG=1" in notified.wait_for("STATUS=1 task running")
    home.folder.joinpath("go").touch()
    notified.wait_for("STATUS=0 tasks running")
    home.kill(signal.SIGTERM)
    notified.wait_for("STOPPING=1")
    assert notified.messages.count("READY=1") == 1


def test_the_status_has_the_engine_s_most_serious_problem(
    home: UpFolder, notified: NotifySocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", notified.address)
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    home.write("one: {image: busybox, sidecars: {s: {image: busybox, cpu: 512}}}")
    home.up(str(home.file))
    assert "The sum of all container" in notified.wait_for("STATUS=0 tasks running; ")


def test_the_programs_of_the_engine_do_not_get_the_socket(
    home: UpFolder, notified: NotifySocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NOTIFY_SOCKET", notified.address), ("WATCHDOG_USEC", "60000000"), ("WATCHDOG_PID", "1")):
        monkeypatch.setenv(name, value)
    head = "channels: {me: {command: 'env > new; mv new told'}}\n"
    home.write("fails: {command: 'env; exit 3', notify: me}", head=head)
    home.up_and_apply()
    run = home.start_run("fails")
    told = home.folder / "told"
    eventually(told.exists)
    assert "LAMPLIGHTER" in told.read_text()
    assert "NOTIFY_SOCKET" not in told.read_text()
    assert "WATCHDOG" not in told.read_text()
    home.ended(run)
    output = "".join(file.read_text() for file in home.data.glob("output/**/*") if file.is_file())
    assert "PATH=" in output
    assert "NOTIFY_SOCKET" not in output


def test_an_engine_that_systemd_ends_because_it_hangs_logs_where_it_was(
    home: UpFolder, notified: NotifySocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd sends SIGABRT."""
    monkeypatch.setenv("NOTIFY_SOCKET", notified.address)
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    home.up()
    notified.wait_for("READY=1")
    assert home.kill(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in "".join(home.lines)
    assert any("in _serve" in line or "in run" in line for line in home.lines)


def test_an_engine_without_systemd_opens_no_socket(tmp_path: Path) -> None:
    environment = {"HOME": "/", "WATCHDOG_USEC": "1000"}
    notifier = take_notifier(environment)
    notifier.start(lambda: pytest.fail("nobody reads the status"))
    notifier.report_stopping()
    notifier.close()
    assert (notifier.address, environment) == ("", {"HOME": "/"})


async def test_an_abstract_address_is_understood(tmp_path: Path) -> None:
    notified = NotifySocket(tmp_path, abstract=True)
    with notified.socket:
        notifier = take_notifier({"NOTIFY_SOCKET": notified.address})
        notifier.start(lambda: "well")
        assert [notified.receive(), notified.receive()] == ["READY=1", "STATUS=well"]
        notifier.close()


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_on_only_if_systemd_watches_this_process(
    tmp_path: Path, variables: dict[str, str], seconds: float | None
) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), **variables}
    notifier = take_notifier(environment)
    notifier.close()
    assert (notifier.watchdog_seconds, environment) == (seconds, {})


async def test_a_loop_that_hangs_sends_no_sign_of_life(unread: NotifySocket) -> None:
    """This test's own blocking wait is what hangs the loop."""
    notifier = SystemdNotifier(unread.address, watchdog_seconds=0.03)
    notifier.start(lambda: "")
    received = [await asyncio.to_thread(unread.receive) for _ in range(3)]
    assert received == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
    unread.drain()
    with pytest.raises(TimeoutError):
        unread.receive(seconds=0.2)
    await asyncio.sleep(0.02)
    assert await asyncio.to_thread(unread.receive) == "WATCHDOG=1"
    notifier.close()


async def test_a_status_that_cannot_be_read_does_not_stop_the_signs_of_life(
    unread: NotifySocket, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = SystemdNotifier(unread.address, watchdog_seconds=0.03)
    notifier.start(lambda: str(1 // 0))
    received = [await asyncio.to_thread(unread.receive) for _ in range(4)]
    notifier.close()
    assert received == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert "the engine's status for systemd could not be read" in caplog.text


async def test_what_systemd_did_not_take_is_sent_again_and_logged_once(
    unread: NotifySocket, caplog: pytest.LogCaptureFixture
) -> None:
    """systemd reads slowly, for example while it starts: its socket is full when the engine reports that it serves."""
    unread.fill()
    notifier = SystemdNotifier(unread.address, watchdog_seconds=0.03)
    notifier.start(lambda: "well")
    unread.drain()
    received = [await asyncio.to_thread(unread.receive) for _ in range(2)]
    notifier.close()
    assert received == ["READY=1\nWATCHDOG=1\nSTATUS=well", "WATCHDOG=1"]
    assert caplog.text.count("systemd did not take a message") == 1


async def test_a_systemd_that_takes_no_messages_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = SystemdNotifier(str(tmp_path / "missing"))
    notifier.start(lambda: "well")
    notifier.report_stopping()
    notifier.close()
    assert "systemd did not take a message" in caplog.text
