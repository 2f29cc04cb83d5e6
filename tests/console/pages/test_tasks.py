"""Tasks and what they are defined by."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness

LOG = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/night",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "job",
        "awslogs-create-group": "true",
    },
}


def define(harness: EngineHarness, family: str = "night", **container: Json) -> str:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "CreateCluster")
    given = {"name": "main", "image": "busybox", "memory": 128, **container}
    told = harness.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[given])
    return str(told["taskDefinition"]["taskDefinitionArn"])


def run(harness: EngineHarness, family: str = "night") -> str:
    (task,) = harness.call("ecs", "RunTask", taskDefinition=family)["tasks"]
    harness.settle()
    return str(task["taskArn"])


def end(harness: EngineHarness, code: int) -> None:
    harness.runtime.finish(list(harness.runtime.begun)[-1], code)
    harness.settle()


def test_tasks_are_listed_with_how_they_ended_the_latest_first(harness: EngineHarness, browser: Browser) -> None:
    define(harness)
    for code in (0, 3):
        run(harness)
        end(harness, code)
    run(harness)
    text = browser.get("/tasks").text
    assert text.index("running") < text.index("exit 3") < text.index("exit 0")


def test_tasks_are_shown_a_page_at_a_time(harness: EngineHarness, browser: Browser) -> None:
    define(harness)
    arns = [run(harness) for _ in range(27)]
    first = browser.get("/tasks")
    following = first.body.partition('href="?next=')[2].partition('"')[0].replace("&amp;", "&")
    second = browser.get(f"/tasks?next={following}")
    assert [arn in first.body for arn in arns] == [False, False] + [True] * 25
    assert [arn in second.body for arn in arns] == [True, True] + [False] * 25


def test_a_task_shows_why_it_stopped_and_what_it_wrote(harness: EngineHarness, browser: Browser) -> None:
    define(harness, logConfiguration=LOG)
    harness.runtime.script(Script(lines=(("stdout", "<script>alert(1)</script> three"),), code=3))
    arn = run(harness)
    page = browser.get(f"/tasks/{arn}")
    assert "Essential container in task exited" in page.text
    assert "main exit 3" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; three" in page.body
    whole = browser.get(f"/tasks/{arn}/log?container=main")
    assert whole.body == "<script>alert(1)</script> three\n"
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_task_without_a_log_says_so(harness: EngineHarness, browser: Browser) -> None:
    define(harness)
    arn = run(harness)
    assert "Its output is not in CloudWatch Logs" in browser.get(f"/tasks/{arn}").text
    assert browser.get(f"/tasks/{arn}/log?container=main").status == 404


def test_a_task_is_stopped(harness: EngineHarness, browser: Browser) -> None:
    define(harness)
    arn = run(harness)
    assert "Stopped in the console" in browser.post(f"/tasks/{arn}/stop", {}).text


def test_task_definitions_are_listed_by_family(harness: EngineHarness, browser: Browser) -> None:
    define(harness, "a")
    define(harness, "b", image="alpine")
    define(harness, "b", image="alpine:3")
    text = browser.get("/definitions").text
    assert "a 1 main busybox" in text
    assert "b 2 main alpine:3" in text


def test_a_task_definition_shows_its_containers_without_secrets_and_its_revisions(
    harness: EngineHarness, browser: Browser
) -> None:
    first = define(harness)
    environment = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "<b>fast</b>"}]
    arn = define(harness, environment=environment, command=["run", "--all"])
    page = browser.get(f"/definitions/{arn}")
    assert "hunter2" not in page.body
    assert "&lt;b&gt;fast&lt;/b&gt;" in page.body
    assert "Command run --all" in page.text
    assert f'href="/definitions/{first}"' in page.body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tasks/arn:aws:ecs:us-east-1:123456789012:task/default/" + "0" * 32, 404),
        ("/tasks/nonsense", 400),
        ("/definitions/arn:aws:ecs:us-east-1:123456789012:task-definition/none:1", 400),
    ],
)
def test_what_is_not_there_is_told(harness: EngineHarness, browser: Browser, path: str, status: int) -> None:
    harness.call("ecs", "CreateCluster")
    assert browser.get(path).status == status
