"""Metrics of CloudWatch: a period counts every acknowledged value, and no value that nobody sent."""

import random
import time
from datetime import UTC, datetime, timedelta

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.resources import Resources
from tests.served_engine import ServedEngine

NAMESPACE = "Storm"
HOUR = 3600


def put_metric(calls: ClientCalls, _resources: Resources, name: str, _rng: random.Random) -> None:
    """Put one value of a metric."""
    item = WorkItem("metric", name)
    data = [{"MetricName": "values", "Value": 1.0, "Unit": "Count"}]
    calls.call_until_answered(item, "cloudwatch", "put_metric_data", Namespace=NAMESPACE, MetricData=data)
    calls.ledger.record_acceptance(item)


def check_metric(served: ServedEngine, ledger: Ledger, figures: Figures) -> None:
    """Compare the number of stored values with the numbers of acknowledged and of requested ones."""
    now = datetime.fromtimestamp(time.time() // HOUR * HOUR, UTC)
    found = served.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="values",
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(hours=1),
        Period=HOUR,
        Statistics=["SampleCount", "Sum"],
    )["Datapoints"]
    count = round(sum(each["SampleCount"] for each in found))
    acknowledged, requested = len(list(ledger.accepted_items("metric"))), ledger.count_requests("metric")
    if count < acknowledged:
        figures.lost.append(f"the metric has {count} of {acknowledged} values")
    if count > requested:
        figures.doubled.append(f"the metric has {count} values, {requested} asked for")
