"""`lamplighter service`: install, update, status and uninstall, with commands of systemd that record their calls."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from tests.cli.service.fake_systemd import FAILING, RUNNING, STOPPED, FakeSystemd
from tests.served_engine import ServedEngine

LINGER_CALL = "loginctl show-user"
UNIT = "lamplighter-reports.service"


def test_install_writes_the_unit_enables_and_starts_it(fake: FakeSystemd) -> None:
    result = fake.run("install", "--", "--port", "4999")
    assert (result.code, result.err) == (0, "")
    assert f"{UNIT} is started" in result.out
    calls = fake.take_calls()
    assert calls[:3] == ["daemon-reload", f"enable {UNIT}", f"restart --no-block {UNIT}"]
    text = fake.unit.read_text()
    assert f"WorkingDirectory={fake.jobs}\n" in text
    assert " -P -m lamplighter up --port 4999\n" in text
    assert stat.S_IMODE(fake.unit.stat().st_mode) == 0o644


def test_options_of_up_need_no_separator(fake: FakeSystemd) -> None:
    assert fake.run("install", "--port", "4999", "--no-start").code == 0
    assert " -P -m lamplighter up --port 4999\n" in fake.unit.read_text()


def test_secret_options_are_in_a_file_that_only_the_owner_can_read(fake: FakeSystemd) -> None:
    smtp, heartbeat = "smtp://night:pass$1@mail.example", "https://hc-ping.com/5f1a"
    result = fake.run("install", "--", "--smtp", smtp, f"--heartbeat={heartbeat}", "--quiet")
    assert result.code == 0
    assert "pass$1" not in fake.unit.read_text() + result.out + result.err
    assert "5f1a" not in fake.unit.read_text() + result.out + result.err
    assert f"EnvironmentFile=-{fake.variables}\n" in fake.unit.read_text()
    assert 'LAMPLIGHTER_SMTP="smtp://night:pass\\$1@mail.example"\n' in fake.variables.read_text()
    assert f"LAMPLIGHTER_HEARTBEAT={heartbeat}\n" in fake.variables.read_text()
    assert stat.S_IMODE(fake.variables.stat().st_mode) == 0o600


def test_the_variables_on_which_up_depends_are_carried_over(fake: FakeSystemd) -> None:
    """In another region, for example, `up` would remove the jobs and create them there."""
    fake.run("install", AWS_REGION="eu-west-1", DOCKER_HOST="unix:///d.sock", LAMPLIGHTER_LOG_FORMAT="json")
    lines = fake.variables.read_text().splitlines()
    assert {"AWS_REGION=eu-west-1", "DOCKER_HOST=unix:///d.sock", "LAMPLIGHTER_LOG_FORMAT=json"} <= set(lines)


def test_a_second_install_changes_nothing_and_restarts_nothing(fake: FakeSystemd) -> None:
    fake.run("install", "--", "--port", "4999")
    fake.take_calls()
    before = fake.unit.stat().st_ino, fake.variables.stat().st_ino
    result = fake.run("install", "--", "--port", "4999")
    assert f"{UNIT} runs already, and nothing has changed" in result.out
    assert not [call for call in fake.take_calls() if call.startswith("restart")]
    assert (fake.unit.stat().st_ino, fake.variables.stat().st_ino) == before


def test_an_install_with_other_options_says_what_changes_and_restarts(fake: FakeSystemd) -> None:
    fake.run("install", "--", "--port", "4999")
    fake.take_calls()
    result = fake.run("install", "--", "--port", "4998", AWS_REGION="eu-west-1")
    assert f"{UNIT}: changed ExecStart, set AWS_REGION in {fake.variables}" in result.out
    assert f"{UNIT} was restarted; its jobs went on" in result.out
    assert f"restart --no-block {UNIT}" in fake.take_calls()


def test_a_person_s_own_variables_stay(fake: FakeSystemd) -> None:
    fake.run("install")
    with fake.variables.open("a") as file:
        file.write("# mine\nSSM_WORD=well\n")
    fake.run("install", AWS_REGION="eu-west-1")
    assert "# mine\nSSM_WORD=well\nAWS_REGION=eu-west-1\n" in fake.variables.read_text()


def test_no_start_only_enables(fake: FakeSystemd) -> None:
    result = fake.run("install", "--no-start")
    assert f"start it with `systemctl --user start {UNIT}`" in result.out
    assert fake.take_calls()[:2] == ["daemon-reload", f"enable {UNIT}"]
    assert not [call for call in fake.take_calls() if call.startswith("restart")]


def test_an_engine_that_does_not_start_is_explained_with_its_log(fake: FakeSystemd) -> None:
    fake.set("after-start", FAILING)
    fake.set("log", "lamplighter[7]: cannot listen on 127.0.0.1\nsystemd[1]: Found left-over process 8 (sh) in group\n")
    result = fake.run("install")
    assert result.code == 1
    assert "its engine does not start; systemd tries again every 5 s" in result.err
    assert "lamplighter service uninstall" in result.err
    assert "cannot listen on 127.0.0.1" in result.err
    assert "left-over" not in result.err


def test_a_unit_that_cannot_be_enabled_leaves_nothing(fake: FakeSystemd) -> None:
    fake.set("enable-fails", "")
    result = fake.run("install")
    assert (result.code, "nothing is installed or changed" in result.err, "no room" in result.err) == (1, True, True)
    assert not fake.unit.exists()
    assert not fake.variables.exists()


def test_a_failed_update_leaves_the_earlier_service(fake: FakeSystemd) -> None:
    fake.run("install", "--", "--port", "4999")
    before = fake.unit.read_text(), fake.variables.read_text()
    fake.set("enable-fails", "")
    assert fake.run("install", "--", "--port", "4998", AWS_REGION="eu-west-1").code == 1
    assert (fake.unit.read_text(), fake.variables.read_text()) == before
    assert stat.S_IMODE(fake.unit.stat().st_mode) == 0o644


def test_an_engine_of_this_folder_that_is_not_the_service_is_a_reason_to_refuse(fake: FakeSystemd) -> None:
    served = ServedEngine(fake.jobs / ".lamplighter")
    served.up()
    try:
        result = fake.run("install")
        assert result.code == 1
        assert f"an engine (process {served.pid}) runs on {fake.jobs}/.lamplighter: stop it first" in result.err
        assert not fake.unit.exists()
        fake.set("state", RUNNING.replace("4242", str(served.pid)))
        fake.set("after-start", RUNNING)
        result = fake.run("install")
        assert (result.code, f"the console is at {served.url}/" in result.out) == (0, True)
        assert served.running
    finally:
        served.close()


def test_looking_for_an_engine_changes_nothing(fake: FakeSystemd) -> None:
    data = fake.jobs / ".lamplighter"
    assert fake.run("install").code == 0
    assert not data.exists()
    data.mkdir()
    lock = data / "lock"
    lock.write_text("123\n")
    assert fake.run("install").code == 0
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert lock.read_text() == "123\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--", "--new"], "would begin empty at each start"),
        (["--", "--hots", "0.0.0.0"], "No such option"),
        (["--", "-e", "prod"], "there is no environment `prod`"),
        (["--", "--smtp", "mail.example"], "is not the URL of a mail server"),
        (["--", "--heartbeat", "hc-ping.com"], "--heartbeat is not valid"),
        (["--user", "nobody"], "--user needs --system"),
        (["--name", "a b"], "use letters, digits and -"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    fake: FakeSystemd, options: list[str], message: str
) -> None:
    result = fake.run("install", *options)
    assert result.code in (1, 2)
    assert message in " ".join(result.err.replace("│", " ").split())
    assert not fake.unit.parent.exists()


def test_a_broken_job_file_is_refused_before_anything_is_written(fake: FakeSystemd) -> None:
    fake.jobs.joinpath("lamplighter.yaml").write_text("no: yes:")
    result = fake.run("install")
    assert (result.code, "lamplighter.yaml:1:8: error" in result.err) == (1, True)
    assert not fake.unit.parent.exists()


def test_a_name_that_another_folder_or_program_uses_is_refused(fake: FakeSystemd) -> None:
    fake.run("install")
    other = fake.home / "reports"
    other.mkdir()
    result = fake.run("install", folder=other)
    assert (result.code, f"runs the engine of {fake.jobs}: choose another name" in result.err) == (1, True)
    assert fake.run("install", "--name", "two", folder=other).code == 0
    assert fake.unit.with_name("lamplighter-two.service").exists()
    fake.unit.with_name("lamplighter-three.service").write_text("[Unit]\n")
    third = fake.home / "three"
    third.mkdir()
    result = fake.run("install", folder=third)
    assert (result.code, "is not a unit of lamplighter" in result.err) == (1, True)


def test_a_user_whose_services_end_at_logout_gets_lingering(fake: FakeSystemd) -> None:
    fake.set("linger", "no\n")
    result = fake.run("install")
    assert "enabled lingering for" in result.out
    assert [call for call in fake.take_calls() if "enable-linger" in call]


def test_a_user_who_may_not_enable_lingering_learns_how(fake: FakeSystemd) -> None:
    fake.set("linger", "no\n")
    fake.set("linger-denied", "")
    assert "run `sudo loginctl enable-linger " in fake.run("install").out
    assert "warning  it and its jobs stop when" in fake.run("status").out


def test_a_shell_without_its_own_systemd_is_told_what_to_do(fake: FakeSystemd) -> None:
    fake.set("no-bus", "")
    result = fake.run("install")
    assert (result.code, "not with su or sudo" in result.err, "No medium found" in result.err) == (1, True, True)
    assert not fake.unit.exists()


def test_an_installation_in_a_cache_is_refused(fake: FakeSystemd) -> None:
    result = fake.run("install", UV_CACHE_DIR="/")
    assert (result.code, "pipx install lamplighter" in result.err) == (1, True)
    assert not fake.unit.exists()


def test_without_systemd_the_command_says_what_to_do_instead(fake: FakeSystemd) -> None:
    fake.set("system", "offline\n")
    result = fake.run("install", "--", "--port", "4999")
    assert result.code == 1
    assert f"@reboot cd {fake.jobs} && while :; do " in result.err
    assert "-m lamplighter up --port 4999 >>" in result.err
    assert "restart: unless-stopped" in result.err
    assert not fake.unit.exists()


def test_print_prints_the_unit_and_writes_nothing_even_without_systemd(fake: FakeSystemd) -> None:
    fake.set("system", "offline\n")
    result = fake.run("install", "--print", "--", "--smtp", "smtp://u:secret@mail.example")
    assert result.code == 0
    assert "\n[Service]\nType=notify\n" in result.out
    assert "LAMPLIGHTER_SMTP" in result.err
    assert "secret" not in result.out + result.err
    assert not fake.unit.parent.exists()


def test_status_of_a_running_service_shows_state_engine_and_log(fake: FakeSystemd) -> None:
    served = ServedEngine(fake.jobs / ".lamplighter")
    served.up()
    try:
        fake.set("state", RUNNING.replace("4242", str(served.pid)))
        fake.run("install")
        fake.set("state", RUNNING + "StateChangeTimestamp=Sun 2026-11-29 03:08:12 UTC\nNRestarts=2\n")
        fake.set("log", "one\ntwo\n")
        result = fake.run("status")
        assert result.code == 0
        assert f"{UNIT}: running since Sun 2026-11-29 03:08:12 UTC, process 4242, restarted 2 times" in result.out
        assert f"engine   {served.url}/, version " in result.out
        assert ", ok, 2 tasks running\n" in result.out
        assert result.out.endswith("  log\n    one\n    two\n")
    finally:
        served.close()


def test_the_public_url_of_an_engine_is_shown_and_its_health_is_read_on_this_machine(fake: FakeSystemd) -> None:
    served = ServedEngine(fake.jobs / ".lamplighter")
    served.up("--url", "https://jobs.example.com")
    try:
        for _ in range(2):  # the second call asks the engine for its version
            fake.set("state", RUNNING.replace("4242", str(served.pid)))
            installed = fake.run("install")
            assert (installed.code, "the console is at https://jobs.example.com/\n" in installed.out) == (0, True)
        result = fake.run("status")
        assert (result.code, result.err) == (0, "")
        assert "engine   https://jobs.example.com/, version " in result.out
    finally:
        served.close()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["jobs.yaml", "--template", "t.yaml"], "name a job file or --template"),
        (["--parameters", "A=b"], "--parameters needs --template"),
    ],
)
def test_options_that_up_would_refuse_at_each_start_are_refused(
    fake: FakeSystemd, options: list[str], text: str
) -> None:
    for name in ("jobs.yaml", "t.yaml"):
        fake.jobs.joinpath(name).write_text("project: p\njobs: {}\n")
    result = fake.run("install", "--", *options)
    assert (result.code, text in result.err, fake.unit.exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (STOPPED, ": inactive\n"),
        (FAILING, ": activating (auto-restart), restarted 1 time after failures, result exit-code\n"),
        ("ActiveState=failed\nSubState=failed\nMainPID=0\nResult=watchdog\n", ": failed, result watchdog\n"),
    ],
)
def test_status_of_a_service_that_does_not_run_ends_with_3(fake: FakeSystemd, state: str, text: str) -> None:
    fake.run("install")
    fake.set("state", state)
    result = fake.run("status")
    assert (result.code, text in result.out) == (3, True), result.out


def test_without_a_service_status_ends_with_4_and_uninstall_does_nothing(fake: FakeSystemd) -> None:
    assert fake.run("status").code == 4
    result = fake.run("uninstall")
    assert (result.code, result.out) == (0, "no service is installed for this folder\n")
    assert fake.take_calls() == []


def test_uninstall_stops_and_removes_the_service_and_leaves_the_data(fake: FakeSystemd) -> None:
    fake.run("install", "--", "--smtp", "smtp://u:secret@mail.example")
    data = fake.jobs / ".lamplighter"
    data.mkdir()
    fake.take_calls()
    result = fake.run("uninstall")
    assert result.code == 0
    assert f"{UNIT} is stopped and removed" in result.out
    assert f"the data stay in {data}" in result.out
    assert "2 tasks may still run: the next engine in" in result.out
    assert fake.take_calls() == [f"disable --now {UNIT}", "daemon-reload"]
    assert not fake.unit.exists()
    assert not fake.variables.exists()
    assert data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets beyond the check of its rights")
def test_a_service_of_the_machine_runs_as_the_owner_of_the_folder(fake: FakeSystemd, tmp_path: Path) -> None:
    """Only printed: the tests must not write to /etc."""
    os.chown(fake.jobs, 1, 1)
    result = fake.run("install", "--system", "--print")
    assert "\nUser=daemon\n" in result.out
    assert "\nUser=nobody\n" in fake.run("install", "--system", "--user", "nobody", "--print").out
    assert fake.run("install", "--system", "--user", "no-such-account", "--print").code == 2
