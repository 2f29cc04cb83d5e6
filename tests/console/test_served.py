"""The console beside the AWS APIs, on the port of a real engine."""

import http.client
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from tests.console.full_engine import fill_engine
from tests.killed_at_end import killed_at_end
from tests.served_engine import REGION, ServedEngine, one_state, run_task


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: str


def send_request(port: int, method: str, path: str, **headers: str) -> Response:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Response(answer.status, dict(answer.headers), answer.read().decode())


def start_endless_run(served: ServedEngine) -> str:
    return served.start(served.machine(one_state(run_task(served.task("endless", ["sleep", "600"])))))


def test_up_logs_the_console_s_url(served: ServedEngine) -> None:
    served.client("sqs").list_queues()
    served.wait_for_line(f"the console is at {served.url}/")


def test_the_console_rejects_a_foreign_host_name(served: ServedEngine) -> None:
    assert send_request(served.port, "GET", "/", host="evil.example").status == 403
    assert send_request(served.port, "GET", "/").status == 200


def test_a_page_of_another_site_reaches_neither_console_nor_apis(served: ServedEngine) -> None:
    other = {"origin": "http://evil.example", "sec_fetch_site": "cross-site"}
    assert send_request(served.port, "POST", "/jobs/schedule", **other).status == 403
    assert send_request(served.port, "POST", "/", **other).status == 403
    assert send_request(served.port, "GET", "/", **other).status == 403


def test_an_unknown_path_answers_a_browser_with_a_page_and_a_program_with_aws_s_error(
    served: ServedEngine,
) -> None:
    page = send_request(served.port, "GET", "/blah", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.status == 404
    assert "There is no page at /blah" in page.body
    for path in ("/blah", "/123456789012/orders"):
        answer = send_request(served.port, "GET", path, accept="*/*")
        assert (answer.status, "Missing Authentication Token" in answer.body) == (403, True)
    signed = send_request(
        served.port, "GET", "/blah", accept="text/html", authorization="AWS4-HMAC-SHA256 Credential=x"
    )
    assert "no page" not in signed.body
    health = send_request(served.port, "GET", "/_lamplighter/health", accept="text/html")
    assert (health.status, health.headers["content-type"]) == (200, "application/json")


def test_there_is_a_favicon(served: ServedEngine) -> None:
    icon = send_request(served.port, "GET", "/favicon.ico")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")


def test_static_files_are_cached_forever_only_under_their_hash_urls(served: ServedEngine) -> None:
    page = send_request(served.port, "GET", "/").body
    stamped = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = send_request(served.port, "GET", stamped)
    assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert send_request(served.port, "GET", "/static/console.css").headers["cache-control"] == "no-cache"
    assert send_request(served.port, "GET", "/static/../app.py").status == 404
    assert send_request(served.port, "GET", "/static/%2e%2e/app.py").status == 404


def test_a_stream_ends_when_the_engine_stops(served: ServedEngine) -> None:
    execution = start_endless_run(served)
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)) as connection:
        connection.request("GET", f"/streams?of=/runs/{execution}/live")
        stream = connection.getresponse()
        while b'"event":"summary"' not in stream.readline():
            pass
        assert served.kill(signal.SIGTERM) == 0
        stream.read()  # to its end: a truncated stream raises an error
        stream.close()


def test_every_page_around_the_jobs_works_through_boto3(served: ServedEngine) -> None:
    """Data that AWS's APIs do not return is left out: events, deliveries, messages that are not received, and who did
    what.
    """
    paths = [path for path in fill_engine(served) if not path.startswith("/events/") and path != "/audit"]
    command = [sys.executable, "-m", "lamplighter", "console", "--endpoint-url", served.url, "--region", REGION]
    with killed_at_end(subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)) as console:
        assert console.stderr is not None
        port = int(console.stderr.readline().rsplit(":", 1)[1].strip("/\n"))
        responses = {path: send_request(port, "GET", path) for path in paths}
        console.send_signal(signal.SIGTERM)
        assert console.wait(30) == 0
    assert {path: answer.status for path, answer in responses.items() if answer.status != 200} == {}
    assert "AWS does not show its events" in responses["/events"].body
    assert "nightly" in responses["/tasks"].body


def test_job_and_run_pages_work_through_boto3(served: ServedEngine) -> None:
    execution = start_endless_run(served)
    command = [sys.executable, "-m", "lamplighter", "console", "--endpoint-url", served.url, "--region", REGION]
    with killed_at_end(subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)) as console:
        assert console.stderr is not None
        port = int(console.stderr.readline().rsplit(":", 1)[1].strip("/\n"))
        responses = {path: send_request(port, "GET", path) for path in ("/", f"/runs/{execution}", "/runs/nonsense")}
        console.send_signal(signal.SIGTERM)
        assert console.wait(30) == 0
    assert ">machine</a>" in responses["/"].body
    assert 'data-name="Job" data-status="RUNNING"' in responses[f"/runs/{execution}"].body
    assert responses["/runs/nonsense"].status == 400


def test_up_does_not_load_the_console_s_libraries() -> None:
    code = "import sys, lamplighter.cli.commands.up; print({'starlette', 'jinja2'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
