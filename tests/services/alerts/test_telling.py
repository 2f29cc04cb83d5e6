"""Whatever goes wrong in composing, an alert is told; and told once, whatever is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.alerts import service
from lamplighter.services.alerts.service import Alerts
from tests.acceptance.test_told import House
from tests.engines import ACCOUNT, REGION, Died

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports-ops"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.up()
    yield made
    made.close()


def failing(error: Exception) -> Json:
    def compose(*_given: Json) -> None:
        raise error

    return compose


@pytest.mark.parametrize("error", [AwsError("no"), KeyError("detail"), RuntimeError("a bug")])
def test_an_alert_that_cannot_be_composed_is_told_as_the_rule_says_it(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setitem(service.COMPOSERS, "run-failed", failing(error))
    house.deploy("notify: ops")
    run = house.begin()
    house.attempt(3)
    ((subject, text),) = house.mails()
    assert subject == "AWS Notification Message"
    assert "a run of the job nightly ended FAILED" in text
    assert run in text


def test_an_alert_of_a_pattern_that_nobody_knows_is_told_as_the_rule_says_it(house: House) -> None:
    house.deploy("notify: ops")
    tell = {"Mark": {"Job": "nightly", "Pattern": "new"}, "Channel": "ops", "TopicArn": TOPIC}
    house.call("alerts", "Tell", **tell, Message="as it came", Event={})
    house.settle()
    assert house.mails()[0][1] == "as it came"


def test_a_run_of_which_nothing_is_left_is_told_all_the_same(house: House) -> None:
    house.deploy("notify: ops")
    detail = {
        "executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:reports-nightly:gone",
        "stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-nightly",
        "status": "FAILED",
    }
    event = {"detail": detail, "time": "2026-01-01T00:00:00Z"}
    tell = {"Mark": {"Job": "nightly", "Pattern": "run-failed"}, "Channel": "ops", "TopicArn": TOPIC}
    house.call("alerts", "Tell", **tell, Message="as it came", Event=event)
    house.settle()
    assert house.mails()[0][0] == "reports: nightly failed"


@pytest.mark.parametrize("commit", range(1, 7))
def test_an_alert_outlives_a_death_at_any_commit_and_is_one_mail(house: House, commit: int) -> None:
    house.deploy("notify: ops")
    house.begin()
    house.die_at(commit, before=commit % 2 == 0)
    try:
        house.attempt(3, "oh no")
        house.advance(60_000)
    except Died:
        house.up()
        house.advance(60_000)
        house.advance(60_000)
    found = house.mails()
    assert {subject for subject, _ in found} == {"reports: nightly failed with exit code 3"}
    assert all("oh no" in text for _, text in found)
    assert len({str(mail["Message-ID"]) for mail in house.out.mail.sent}) == 1


def test_the_service_keeps_nothing(house: House) -> None:
    loaded = Alerts(house.engine.bus, house.engine.world, "http://box")
    loaded.drop_caches()
    assert loaded.name == "alerts"
