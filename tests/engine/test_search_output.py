"""The engine finds a line in the output of any task, in parts, and says how much it has searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.ecs.tasks import search_output
from tests.engine_harness import EngineHarness
from tests.fake_runtime import Script


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as running:
        running.call("ecs", "CreateCluster")
        running.define_task()
        yield running


def run_task(harness: EngineHarness, *lines: str) -> str:
    harness.runtime.script(Script(lines=tuple(("stdout", each) for each in lines)))
    arn: str = harness.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    harness.advance(1)
    return arn


def search(harness: EngineHarness, text: str) -> list[Json]:
    """Return all answers of a search that goes on until its end."""
    answers = [harness.call("ecs", "SearchOutput", Words=text.split(), Since=0)]
    while answers[-1]["Next"] is not None:
        answers.append(harness.call("ecs", "SearchOutput", Words=text.split(), Since=0, Next=answers[-1]["Next"]))
    return answers


def test_a_line_is_found_in_the_output_of_any_task(harness: EngineHarness) -> None:
    first = run_task(harness, "hello", "ORA-00942: table or view does not exist", *["at x"] * 63)
    second = run_task(harness, "all is well", "ora-00942")
    (answer,) = search(harness, "ORA-00942")
    assert [(each["TaskArn"], each["Family"], each["Line"]) for each in answer["Matches"]] == [
        (second, "job", 2),
        (first, "job", 2),
    ]
    assert answer["Searched"] == answer["Size"] > 0


def test_all_words_have_to_be_in_one_line(harness: EngineHarness) -> None:
    run_task(harness, "disk full", "Quota: the DISK is full", "quota")
    (answer,) = search(harness, "disk quota")
    assert [each["Line"] for each in answer["Matches"]] == [2]


@pytest.mark.parametrize("words", [[], [""], ["a", ""]])
def test_a_search_without_words_is_refused(harness: EngineHarness, words: list[str]) -> None:
    with pytest.raises(AwsError, match="needs words"):
        harness.call("ecs", "SearchOutput", Words=words, Since=0)


@pytest.mark.parametrize("token", ["", "x", "1/main/0", "1/main/a/0", "1/main/-5/0", f"{10**19}/main/0/0"])
def test_a_token_that_no_search_gave_is_refused(harness: EngineHarness, token: str) -> None:
    with pytest.raises(AwsError, match="Invalid token"):
        harness.call("ecs", "SearchOutput", Words=["x"], Since=0, Next=token)


@pytest.mark.parametrize("limit", ["MAX_MATCHES", "SEARCH_MILLISECONDS", "MAX_SEARCHED_TASKS"])
def test_a_search_that_reaches_a_limit_goes_on_where_it_stopped(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    tasks = [run_task(harness, "word") for _ in range(3)]
    # The virtual clock stands still during a search, so only no time at all is over.
    monkeypatch.setattr(search_output, limit, 0 if limit == "SEARCH_MILLISECONDS" else 1)
    answers = search(harness, "word")
    assert [each["TaskArn"] for answer in answers for each in answer["Matches"]] == tasks[::-1]
    assert len(answers) > 1
    assert sum(each["Searched"] for each in answers) == answers[0]["Size"]
