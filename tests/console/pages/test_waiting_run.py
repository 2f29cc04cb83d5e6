"""A run that waits is waiting in the graph of its page and in the counts of its job."""

import re

from tests.console.http_browser import Browser
from tests.console.pages.test_night import EXCLUSIVE
from tests.engine_harness import SECOND, EngineHarness, chain
from tests.fake_runtime import Script


def test_the_graph_and_the_counts_of_the_job_say_waiting(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "CreateCluster")
    made = {"family": "job", "containerDefinitions": [{"name": "main", "image": "busybox", "memory": 128}]}
    answer = harness.call("ecs", "RegisterTaskDefinition", **made, tags=EXCLUSIVE)
    parameters = {"TaskDefinition": answer["taskDefinition"]["taskDefinitionArn"]}
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters}
    machine = harness.machine(chain(task), "job")
    runs = []
    for _ in range(2):
        runs.append(harness.start(machine))
        harness.settle()
        harness.advance(SECOND)
    for run, status in zip(runs, ("RUNNING", "WAITING"), strict=True):
        body = browser.get(f"/runs/{run}").body
        assert re.findall(r'<li data-name="[^"]+" data-status="(\w+)"', body) == [status]
    page = browser.get(f"/jobs/{machine}")
    assert "1 running</a>" in page.body
    assert 'status=RUNNING#runs">1 waiting</a>' in page.body
