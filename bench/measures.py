"""The table of the benchmark, as data: each measure with what the best peer reaches and what we aim at.

The peers' figures are of 24 November 2026. Quote ratios that are taken within one run: the machine may be noisy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench import (
    changed_line,
    cold_start,
    due_jobs,
    events_to_sqs,
    kept_executions,
    many_jobs,
    sns_to_sqs,
    sqs_round_trips,
)
from bench.harness import CONNECTIONS, IMAGE, Run, beside_floor, durable_floor, starting_engines, with_engine
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table."""

    name: str
    run: Run
    figure: Callable[[Json], str]
    best_peer: str = "–"
    aim: str = "–"
    takes_minutes: bool = False
    needs_docker: bool = False


FAILING = ("--resource", "arn:aws:states:::aws-sdk:ecs:stopTask", "--parameters")
MISSING_CLUSTER = '{"Cluster":"missing","Task":"missing"}'


def cores(result: Json) -> str:
    """Show how busy client and server were: whoever has a whole core is the limit."""
    return f"client {result['client_cores']}, server {result['server_cores']} cores"


def rate(result: Json, name: str) -> str:
    """Show how many there are each second, and the server's processor time of each, which is less noisy."""
    each_second = result[name]
    return f"{each_second:,.0f} ({cores(result)}, {result['server_cores'] / each_second * 1e6:,.0f} µs each)"


def executions_beside_floor(result: Json) -> str:
    """Show executions per second, and their ratio to the floor."""
    return f"{rate(result, 'exec_per_s')}; {result['exec_per_s'] / result['floor']:.2f} of {result['floor']:,.0f}"


def messages(result: Json) -> str:
    """Show messages per second."""
    return rate(result, "messages_per_s")


MEASURES = (
    Measure(
        "floor: durable requests/s, 16 connections",
        durable_floor,
        lambda r: rate(r, "req_per_s"),
    ),
    Measure(
        "pass10, 16 connections: executions/s; ratio to the floor",
        beside_floor(with_engine("pass10", "--n", "4000", *CONNECTIONS)),
        executions_beside_floor,
        "693, in memory",
        "0.40",
    ),
    Measure(
        "express-sync, 16 connections: executions/s; ratio to the floor",
        beside_floor(with_engine("express-sync", "--n", "4000", *CONNECTIONS)),
        executions_beside_floor,
        "51, 8 connections",
        "0.60",
    ),
    Measure(
        "calls10, ten sqs:sendMessage, 16 connections: executions/s",
        with_engine("calls10", "--n", "1000", *CONNECTIONS),
        lambda r: rate(r, "exec_per_s"),
        "540 to 680, in memory",
        "1,200",
    ),
    Measure(
        "a process: one run over the bare process, ms p50; 200 at once: accepted / done, s",
        with_engine("processes"),
        lambda r: f"{r['run_ms']['p50'] - r['bare_ms']:.1f}; {r['accept_s']:.2f} / {r['wall_s']:.2f} ({cores(r)})",
        aim="8; 0.1 / 1.0",
    ),
    Measure(
        "100 process jobs due in one minute: process late, s p50 / p99",
        partial(due_jobs.measure, jobs=100),
        lambda r: f"{r['p50']:.2f} / {r['p99']:.2f}",
        aim="0.2 / 0.5",
    ),
    Measure(
        "at(), 1,000 schedules due in one second: late, s p50 / p99",
        with_engine("schedule", "--k", "1000", "--kinds", "at", "--delay", "30"),
        lambda r: f"{r['at']['late_s']['p50']} / {r['at']['late_s']['p99']}",
        "5.91 / 5.92, 20 schedules",
        "p99 under 1",
    ),
    Measure(
        "cold start: s to the first answer; idle PSS, MiB",
        cold_start.measure,
        lambda r: f"{r['seconds']:.2f} ({r['processor_seconds']:.2f} of processor time); {r['pss_mib']:.0f}",
        "0.53; 29",
        "0.35; 55",
    ),
    Measure(
        "restart, kill -9: SUCCEEDED of 100",
        starting_engines("restart"),
        lambda r: f"{r['succeeded']}",
        "0",
        "100",
    ),
    Measure(
        "a container: ratio to `docker run` beside it",
        with_engine("ecs", "--runs", "20", "--parallel", "0", "--image", IMAGE),
        lambda r: f"{r['seq']['ratio_p50_paired']}",
        "1.59",
        "1.05",
        needs_docker=True,
    ),
    Measure(
        "50 containers at once: ratio to 50 `docker run`",
        with_engine("ecs", "--runs", "3", "--parallel", "50", "--image", IMAGE),
        lambda r: f"{r['par']['ratio']}",
        "1.00",
        needs_docker=True,
    ),
    Measure(
        "`exit 3` ends",
        with_engine("ecs", "--runs", "1", "--parallel", "0", "--image", IMAGE),
        lambda r: f"{r['fail']['status']} {r['fail']['error']}",
        "SUCCEEDED",
        "FAILED States.TaskFailed",
        needs_docker=True,
    ),
    Measure(
        "retry, 100 at once: late ms p50 / p99",
        with_engine("retry", "--n", "100", *FAILING, MISSING_CLUSTER),
        lambda r: f"{r['late_ms']['p50']} / {r['late_ms']['p99']}",
        "0.0 / 2",
    ),
    Measure(
        "map 1000, JSONPath: wall s",
        with_engine("map1000", "--language", "JSONPath"),
        lambda r: f"{r['wall_s']}",
        "1.72",
        "0.25",
    ),
    Measure(
        "map 1000, JSONata: wall s",
        with_engine("map1000", "--language", "JSONata"),
        lambda r: f"{r['wall_s']}",
        "2.63",
        "0.25",
    ),
    Measure(
        "wait, 10,000 executions: KiB of memory each; threads",
        with_engine("wait", "--n", "10000"),
        lambda r: f"{r['rss_kib_per_exec']}; {r['threads_after']}",
        "22; 10,005",
        "under 1; a few",
    ),
    Measure(
        "one changed line among 300 jobs: s until applied / longest turn, ms / slowest probe, ms",
        partial(changed_line.measure, jobs=300),
        lambda r: (
            f"{r['seconds']:.1f} / {'at most ' if r['longest_turn_is_a_bound'] else ''}{r['longest_turn_ms']:.0f}"
            f" / {r['slowest_probe_ms']:.0f} ({r['processor_seconds']:.1f} s of processor time)"
        ),
        aim="1 / 50 / 100",
    ),
    Measure(
        "`lint` of 100 / 2,000 / 5,000 jobs: s of processor time",
        partial(many_jobs.measure_lint, sizes=(100, 2_000, 5_000)),
        lambda r: " / ".join(f"{each:.1f}" for each in r),
        aim="– / 4 / 10",
    ),
    Measure(
        "first `up` of 100 / 400 jobs: s of processor time; PSS, MiB",
        partial(many_jobs.measure_first_up, sizes=(100, 400)),
        many_jobs.show_first_up,
    ),
    Measure(
        "first `up` of 100 / 2,000 jobs: s of processor time; PSS, MiB",
        partial(many_jobs.measure_first_up, sizes=(100, 2_000)),
        many_jobs.show_first_up,
        aim="– / 15; – / 250",
        takes_minutes=True,
    ),
    Measure(
        "1,000,000 kept executions: list p99 ms / restart s / RSS MiB",
        partial(kept_executions.measure, executions=1_000_000),
        lambda r: f"{r['list_p99_ms']:.1f} / {r['restart_s']:.2f} / {r['rss_mib']:.0f}",
        aim="20 / 3 / 150",
        takes_minutes=True,
    ),
    Measure(
        "SQS: messages/s sent, received and deleted, one a request, 16 connections",
        partial(sqs_round_trips.measure, messages=8_000, batch=1),
        messages,
        aim="5,000",
    ),
    Measure(
        "SQS: messages/s sent, received and deleted, ten a request, 16 connections",
        partial(sqs_round_trips.measure, messages=20_000, batch=10),
        messages,
    ),
    Measure(
        "SNS to SQS: messages/s in the queue, one a request, 16 connections",
        partial(sns_to_sqs.measure, messages=8_000, batch=1),
        messages,
        aim="3,000",
    ),
    Measure(
        "SNS to SQS: messages/s in the queue, ten a request, 16 connections",
        partial(sns_to_sqs.measure, messages=10_000, batch=10),
        messages,
    ),
    Measure(
        "PutEvents to SQS: events/s in the queue, one a request, 16 connections",
        partial(events_to_sqs.measure, events=8_000, batch=1),
        messages,
        aim="3,000",
    ),
    Measure(
        "PutEvents to SQS: events/s in the queue, ten a request, 16 connections",
        partial(events_to_sqs.measure, events=10_000, batch=10),
        messages,
    ),
)
