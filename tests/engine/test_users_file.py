"""The users file of a data directory: who may read it, and what happens when it changes."""

import logging
import os
import stat
from pathlib import Path

import pytest

from lamplighter.engine.user_changes import find_changes, record_changes
from lamplighter.engine.users_file import USERS_FILE, UsersFile, change_users, load_users
from lamplighter.store.audit_log import list_entries
from lamplighter.wire.access.password_hash import PasswordHash
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import InvalidUsers, User, Users
from tests.engine_harness import EngineHarness

HASH, OTHER_HASH = (PasswordHash(2**14, 8, 5, "s" * 22, digit * 64) for digit in "01")
ANNA, BERTA = User("anna", Role.RUN, HASH), User("berta", Role.LOOK, HASH)


def with_users(*found: User) -> Users:
    return {each.name: each for each in found}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    change_users(tmp_path / "data", lambda _: with_users(ANNA))
    return tmp_path / "data"


def test_only_the_owner_can_read_the_file(data: Path) -> None:
    assert stat.S_IMODE((data / USERS_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert load_users(data / USERS_FILE) == with_users(ANNA)


def test_without_a_file_there_are_no_users(tmp_path: Path) -> None:
    assert load_users(tmp_path / USERS_FILE) == {}


def test_a_symbolic_link_is_not_followed_and_a_change_does_not_write_through_it(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (data / USERS_FILE).rename(elsewhere)
    (data / USERS_FILE).symlink_to(elsewhere)
    with pytest.raises(InvalidUsers, match="symbolic link"):
        load_users(data / USERS_FILE)
    before = elsewhere.read_bytes()
    with pytest.raises(InvalidUsers, match="symbolic link"):
        change_users(data, lambda _: with_users(BERTA))
    assert elsewhere.read_bytes() == before


def test_a_file_that_others_can_write_is_refused(data: Path) -> None:
    (data / USERS_FILE).chmod(0o620)
    with pytest.raises(InvalidUsers, match="other users can write to it: run chmod 600"):
        load_users(data / USERS_FILE)


def test_a_pipe_in_place_of_the_file_is_refused_without_waiting_for_its_writer(data: Path) -> None:
    (data / USERS_FILE).unlink()
    os.mkfifo(data / USERS_FILE, 0o600)
    with pytest.raises(InvalidUsers, match="it is not a regular file"):
        load_users(data / USERS_FILE)


def test_a_file_that_is_too_large_is_not_read(data: Path) -> None:
    os.truncate(data / USERS_FILE, 2**40)
    with pytest.raises(InvalidUsers, match="at most 1048576 are read"):
        load_users(data / USERS_FILE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(data: Path) -> None:
    os.chown(data / USERS_FILE, 12345, -1)
    with pytest.raises(InvalidUsers, match="belongs to another user"):
        load_users(data / USERS_FILE)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / USERS_FILE).mkdir()
    with pytest.raises(InvalidUsers, match="not a regular file"):
        load_users(tmp_path / USERS_FILE)


def test_a_running_engine_sees_changes(data: Path) -> None:
    file = UsersFile(data / USERS_FILE)
    assert file.read() == with_users(ANNA)
    change_users(data, lambda present: {**present, "berta": BERTA})
    assert file.read() == with_users(ANNA, BERTA)
    (data / USERS_FILE).unlink()
    assert file.read() == {}


def test_nobody_can_log_in_while_the_file_is_broken_and_it_is_reported_once(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = UsersFile(data / USERS_FILE)
    assert file.read() == with_users(ANNA)
    good = (data / USERS_FILE).read_bytes()
    (data / USERS_FILE).write_bytes(b"anna\n")
    assert [file.read(), file.read()] == [{}, {}]
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 1
    (data / USERS_FILE).write_bytes(good)
    assert file.read() == with_users(ANNA)


def test_changes_are_described_one_by_one() -> None:
    seen: dict[str, tuple[str, str]] = {}
    assert list(find_changes(seen, with_users(ANNA))) == [("add user with role run", "anna")]


def test_each_change_of_the_file_is_an_entry_of_the_audit_log(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        store = harness.engine.store

        def record(*found: User) -> list[tuple[str, str]]:
            before = len(list_entries(store.reader, limit=100))
            harness.run(record_changes(store, with_users(*found)))
            entries = list_entries(store.reader, limit=100)
            return [(each.action, each.resource) for each in entries[: len(entries) - before]]

        promoted, renewed = User("anna", Role.CHANGE, HASH), User("anna", Role.CHANGE, OTHER_HASH)
        assert record() == []
        assert record(ANNA) == [("add user with role run", "anna")]
        assert record(ANNA) == []
        assert record(promoted) == [("change role from run to change", "anna")]
        assert record(renewed) == [("change password", "anna")]
        assert record(BERTA) == [("remove user", "anna"), ("add user with role look", "berta")]
        assert not any("0" * 64 in str(each) for each in list_entries(store.reader, limit=100))


def test_a_change_that_was_made_while_no_engine_ran_is_recorded(tmp_path: Path) -> None:
    for found in ((ANNA,), ()):
        with EngineHarness.running(tmp_path / "data") as harness:
            harness.run(record_changes(harness.engine.store, with_users(*found)))
            entries = [each.action for each in list_entries(harness.engine.store.reader, limit=100)]
    assert entries == ["remove user", "add user with role run"]
