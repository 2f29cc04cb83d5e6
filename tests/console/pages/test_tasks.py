"""The pages of tasks and task definitions."""

import pytest

from lamplighter.base.json_text import Json
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness
from tests.fake_runtime import Script

LOG = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/night",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "job",
        "awslogs-create-group": "true",
    },
}


def define_task(harness: EngineHarness, family: str = "night", **container: Json) -> str:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "CreateCluster")
    given = {"name": "main", "image": "busybox", "memory": 128, **container}
    answer = harness.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[given])
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def run_task(harness: EngineHarness, family: str = "night") -> str:
    (task,) = harness.call("ecs", "RunTask", taskDefinition=family)["tasks"]
    harness.settle()
    return str(task["taskArn"])


def end_task(harness: EngineHarness, code: int) -> None:
    harness.runtime.finish(list(harness.runtime.started)[-1], code)
    harness.settle()


def test_a_task_shows_why_it_stopped_and_its_log(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness, logConfiguration=LOG)
    harness.runtime.script(Script(lines=(("stdout", "<script>alert(1)</script> three"),), code=3))
    arn = run_task(harness)
    page = browser.get(f"/tasks/{arn}")
    assert "Essential container in task exited" in page.text
    assert "main exit 3" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; three" in page.body
    log = browser.get(f"/tasks/{arn}/log/file?container=main")
    assert log.body == "<script>alert(1)</script> three\n"
    assert log.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_task_shows_the_health_of_its_containers(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness, healthCheck={"command": ["CMD", "true"]})
    arn = run_task(harness)
    assert "healthy" not in browser.get(f"/tasks/{arn}").text
    for health in ("UNHEALTHY", "HEALTHY"):
        harness.runtime.set_health(list(harness.runtime.started)[-1], health)
        harness.settle()
        assert f"main running {health.lower()}" in browser.get(f"/tasks/{arn}").text


def test_a_task_without_a_log_says_so(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    arn = run_task(harness)
    assert "Its output is not in CloudWatch Logs" in browser.get(f"/tasks/{arn}").text
    assert browser.get(f"/tasks/{arn}/log/file?container=main").status == 404


def test_a_task_can_be_stopped(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    arn = run_task(harness)
    assert "Stopped in the console" in browser.post(f"/tasks/{arn}/stop", {"confirmed": "yes"}).text


def test_task_definitions_are_listed_by_family(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness, "a")
    define_task(harness, "b", image="alpine")
    define_task(harness, "b", image="alpine:3")
    text = browser.get("/definitions").text
    assert "a 1 main busybox" in text
    assert "b 2 main alpine:3" in text


def test_a_task_definition_shows_its_containers_without_secrets_and_its_revisions(
    harness: EngineHarness, browser: Browser
) -> None:
    first = define_task(harness)
    environment = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "<b>fast</b>"}]
    arn = define_task(harness, environment=environment, command=["run", "--all"])
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
        ("/definitions/arn:aws:ecs:us-east-1:123456789012:task-definition/none:1", 404),
    ],
)
def test_an_unknown_task_or_definition_is_rejected(
    harness: EngineHarness, browser: Browser, path: str, status: int
) -> None:
    harness.call("ecs", "CreateCluster")
    assert browser.get(path).status == status
