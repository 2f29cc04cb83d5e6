"""The manual's table, the alert rules and the dashboard name the metrics that an engine shows."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lamplighter.base.json_text import Json, loads
from lamplighter.engine.metrics_page.job_metrics import MAX_JOBS
from tests.engine_harness import EngineHarness, chain

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "monitoring"
MANUAL = ROOT / "docs" / "manual" / "monitoring.md"
METRIC = re.compile(r"lamplighter_(?!token)[a-z_]+")
TABLE = re.compile(r"<!-- metrics: [^\n]* -->\n(.*)<!-- end of metrics -->", re.DOTALL)


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[str]:
    """The metrics of an engine with a job that has run."""
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.run_machine({"Type": "Pass"})
        harness.machine(chain({"Type": "Pass"}), "other")
        yield harness.run(harness.engine.metrics()).decode()


def metric_names(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def test_the_manual_has_a_table_of_all_metrics(metrics: str) -> None:
    """If it fails, replace the table between the two comments of the manual by the one that it prints."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics, re.MULTILINE))
    helps = re.findall(r"^# HELP (\S+) (.*)$", metrics, re.MULTILINE)
    rows = [f"| `{name}` | {kinds[name]} | {text} |\n" for name, text in helps]
    table = "".join(["| metric | kind | what it says |\n", "|---|---|---|\n", *rows])
    found = TABLE.search(MANUAL.read_text())
    assert found is not None
    assert found[1] == table, f"the table should be:\n{table}"
    assert f"first {MAX_JOBS:,} jobs" in MANUAL.read_text()


def test_the_alert_rules_and_the_manual_name_only_metrics_that_exist(metrics: str) -> None:
    groups = yaml.safe_load((EXAMPLES / "alerts.yaml").read_text())["groups"]
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    assert len(expressions) > 5
    for text in [*expressions, MANUAL.read_text()]:
        assert set(METRIC.findall(text)) <= metric_names(metrics)
    assert f"first {MAX_JOBS:,} jobs" in (EXAMPLES / "alerts.yaml").read_text()


def test_the_dashboard_names_only_metrics_that_exist(metrics: str) -> None:
    dashboard = loads((EXAMPLES / "grafana-dashboard.json").read_text())
    targets: list[Json] = [target for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(targets) > 10
    for text in [
        *(each["expr"] for each in targets),
        *(each.get("definition", "") for each in dashboard["templating"]["list"]),
    ]:
        assert set(METRIC.findall(text)) <= metric_names(metrics)


def test_the_example_scrapes_the_address_of_the_metrics_and_loads_the_rules() -> None:
    document = yaml.safe_load((EXAMPLES / "prometheus.yaml").read_text())
    (scrape,) = document["scrape_configs"]
    assert (scrape["job_name"], scrape["metrics_path"]) == ("lamplighter", "/_lamplighter/metrics")
    assert all((EXAMPLES / name).is_file() for name in document["rule_files"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_the_alerts_fire_when_they_should() -> None:
    for words in (
        ["check", "rules", str(EXAMPLES / "alerts.yaml")],
        ["test", "rules", "tests/acceptance/alerts_test.yaml"],
    ):
        result = subprocess.run(["promtool", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
