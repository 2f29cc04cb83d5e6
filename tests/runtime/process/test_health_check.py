"""The judgement of a plain process's health checks."""

from lamplighter.runtime.port import HealthCheck
from lamplighter.runtime.process.health_check import HealthJudge

CHECK = HealthCheck(("CMD", "true"), interval=30, timeout=5, retries=3, start_period=0)


def healths(check: HealthCheck, *results: tuple[int, bool]) -> list[str]:
    """Return the health after each check: its time in seconds after the start, and whether it succeeded."""
    judge = HealthJudge(check, 1_000_000)
    return [judge.judge(1_000_000 + second * 1000, succeeded=succeeded) for second, succeeded in results]


def test_so_many_failures_in_a_row_as_retries_make_a_container_unhealthy() -> None:
    failures = ((30, False), (60, False), (90, False))
    assert healths(CHECK, *failures) == ["UNKNOWN", "UNKNOWN", "UNHEALTHY"]


def test_a_success_makes_it_healthy_and_begins_the_count_again() -> None:
    results = ((1, True), (2, False), (3, False), (4, True), (5, False), (6, False), (7, False), (8, True))
    assert healths(CHECK, *results) == [*["HEALTHY"] * 6, "UNHEALTHY", "HEALTHY"]


def test_failures_in_the_start_period_count_only_after_a_success() -> None:
    check = HealthCheck(("CMD", "true"), interval=1, timeout=5, retries=1, start_period=10)
    assert healths(check, (1, False), (9, False), (10, False)) == ["UNKNOWN", "UNKNOWN", "UNHEALTHY"]
    assert healths(check, (1, True), (2, False)) == ["HEALTHY", "UNHEALTHY"]
