"""Loading a job file: environments over defaults, variables, workflows; the result is a project or problems."""

from pathlib import Path
from typing import Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import Channel, Notify
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.model import Job, Network, Sidecar
from lamplighter.jobs.file.parsing.outer_shape import EnvironmentOverlay
from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem
from lamplighter.jobs.file.retry import ExitCodeRetry, Retry, RetryLimits
from lamplighter.jobs.file.schedules import MissedRuns
from lamplighter.jobs.file.volumes import Volume
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.stack.template import build_template
from tests.jobs.matrix import FILES, OTHER_FILES
from tests.jobs.projects import collect_problems, load_job_text
from tests.property_settings import examples

ONE_JOB = "project: p\njobs: {a: {command: ls}}\n"


def job(loaded: LoadedJobFile, name: str = "a") -> Job:
    return loaded.project.jobs[name]


# --- the file itself --------------------------------------------------------------------------------------------------


def test_a_missing_file_is_reported_like_every_other_problem(tmp_path: Path) -> None:
    with pytest.raises(JobFileError) as caught:
        load_job_file(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml:1:1: error: cannot read this file: no such file or directory\n    name another file"
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"project: \xff", "this file is not UTF-8"),
        (b"#" * 4 * 1024 * 1024 + b"\n", "the file is too long: 4194305 bytes"),
        (b"project: \x00", "this cannot be read as YAML: unacceptable character #x0000: special characters are not"),
        (b"a: &a [*a]", "these aliases have no end"),
        (b"a: &a [x]\nb: &b [*a" + b", *a" * 700 + b"]\nc: [*b" + b", *b" * 700 + b"]", "these aliases have no end"),
        (b"[" * 5000, "this cannot be read as YAML"),
        (b"- " * 100 + b"x", "these aliases have no end"),
        (b"---\nproject: p\n---\nproject: q", "3:1: error: a second document begins here"),
        (b"project: p\njobs: {a: {schedule: [cron(0 3 * * ? *)]}}", "this cannot be read as YAML: expected ',' or"),
    ],
)
def test_bytes_that_are_not_valid_yaml_are_reported(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "lamplighter.yaml").write_bytes(raw)
    with pytest.raises(JobFileError) as caught:
        load_job_file(tmp_path / "lamplighter.yaml")
    assert message in str(caught.value)


def test_a_file_is_yaml_1_2_so_yes_and_on_and_times_of_day_are_text(tmp_path: Path) -> None:
    environment = job(
        load_job_text(
            tmp_path,
            "project: p\njobs: {a: {command: ls, environment: {A: yes, B: on, C: 10:30, D: 2026-12-31, F: true}}}",
        )
    ).environment
    assert environment == {"A": "yes", "B": "on", "C": "10:30", "D": "2026-12-31", "F": "true"}


UNUSUAL = ["0755", "012345678901", "0x1F", "1_000", "0o17", "1e3", ".5", "1.10", "1.5", "+5", "-0", "True", "FALSE"]


@pytest.mark.parametrize("text", UNUSUAL)
def test_a_program_gets_numbers_and_true_as_the_file_writes_them(tmp_path: Path, text: str) -> None:
    body = f"""
        project: p
        variables: {{v: {text}}}
        defaults: {{tags: {{t: {text}}}, environment: {{A: {text}, V: '${{v}}', W: 'x${{v}}'}}}}
        channels: {{c: {{command: [echo, {text}]}}}}
        jobs:
          user:
            image: busybox
            command: [echo, {text}]
            user: {text}
            sidecars: {{s: {{image: busybox, environment: {{A: {text}}}, command: [{text}]}}}}
        environments: {{prod: {{jobs: {{user: {{environment: {{A: {text}, E: {text}}}}}}}}}}}
    """
    loaded = load_job_text(tmp_path, body, "prod")
    found = job(loaded, "user")
    assert found.environment == {"A": text, "V": text, "W": f"x{text}", "E": text}
    assert (found.tags, found.command, found.user) == ({"t": text}, ("echo", text), text)
    assert (found.sidecars["s"].environment, found.sidecars["s"].command) == ({"A": text}, (text,))
    assert loaded.project.channels["c"].command == ("echo", text)


def test_a_channel_of_an_environment_replaces_the_channel_of_the_file(tmp_path: Path) -> None:
    text = """
        project: p
        channels: {hook: {webhook: 'https://example.com/a'}, ops: {email: a@example.com}}
        jobs: {a: {command: ls, notify: [hook, ops]}}
        environments: {prod: {channels: {hook: {email: b@example.com}}}}
    """
    channels = load_job_text(tmp_path, text, "prod").project.channels
    assert {name: channel.email for name, channel in channels.items()} == {
        "hook": "b@example.com",
        "ops": "a@example.com",
    }


def test_an_input_keeps_its_numbers_and_a_leading_zero(tmp_path: Path) -> None:
    given = "{account: 0123, rate: 1.50, environment: {hex: 0x1F, on: True}}"
    text = f"project: p\njobs: {{user: {{command: ls, input: {given}}}}}"
    assert job(load_job_text(tmp_path, text), "user").input == {
        "account": "0123",
        "rate": 1.5,
        "environment": {"hex": 31, "on": True},
    }


def test_unix_cron_becomes_aws_cron_wherever_a_schedule_may_stand(tmp_path: Path) -> None:
    text = """
        project: p
        variables: {when: '@daily'}
        defaults: {schedule: 0 3 * * 1-5}
        jobs:
          a: {command: ls}
          b: {command: ls, schedule: ['*/5 * * * *', rate(1 hour), '${when}']}
          c: {command: ls, schedule: H 3 * * *}
          d: {command: ls, schedule: H 3 * * *}
        environments: {prod: {jobs: {a: {schedule: '@weekly'}}}}
    """
    loaded = load_job_text(tmp_path, text)
    assert job(loaded).schedule == ("cron(0 3 ? * MON-FRI *)",)
    assert job(loaded, "b").schedule == ("cron(0/5 * * * ? *)", "rate(1 hour)", "cron(0 0 * * ? *)")
    assert job(loaded, "c").schedule != job(loaded, "d").schedule
    assert job(load_job_text(tmp_path, text, "prod")).schedule == ("cron(0 0 ? * SUN *)",)
    assert build_template(loaded.project)["Resources"]["ASchedule"]["Properties"]["ScheduleExpression"] == (
        "cron(0 3 ? * MON-FRI *)"
    )


def test_a_schedule_that_yaml_does_not_accept_without_quotation_marks_has_this_advice(tmp_path: Path) -> None:
    for schedule in ("@daily", "*/5 * * * *"):
        (problem,) = collect_problems(tmp_path, f"project: p\njobs:\n  a:\n    schedule: {schedule}\n")
        assert problem.endswith("-> put quotation marks around what begins with @ or *: schedule: '*/5 * * * *'")


def test_a_surrogate_pair_is_one_character_and_a_lone_surrogate_is_an_error(tmp_path: Path) -> None:
    text = 'project: p\njobs: {a: {command: ls, description: "\\ud83d\\ude00!"}}'
    assert job(load_job_text(tmp_path, text)).description == "\U0001f600!"
    assert collect_problems(tmp_path, text.replace("\\ude00", "")) == [
        "2:38 this is half a character -> write \\u twice, or the character"
    ]


def test_a_workflow_may_be_json_indented_by_tabs(tmp_path: Path) -> None:
    steps = '{\n\t"StartAt": "A",\n\t"States": {\n\t\t"A": {"Type": "Task", "Job": "b", "End": true}\n\t}\n}\n'
    (tmp_path / "steps.json").write_text(steps)
    text = "project: p\njobs: {a: {command: ls}, w: {workflow: steps.json}}"
    assert collect_problems(tmp_path, text) == [
        "4:25 there is no job `b` to be a step -> name a job of this file that has no workflow itself"
    ]


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text("\ufeff" + ONE_JOB)
    assert load_job_file(tmp_path / "lamplighter.yaml").project.project == "p"


def test_all_problems_are_reported_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "project: P\nchannels: {c: {email: x}}\njobs:\n  a: {timeout: 1, notify: d}\n  b: {imag: x, cpu: '${no}'}\n"
    places = [each.partition(" ")[0] for each in collect_problems(tmp_path, text)]
    assert places == [
        "1:10",
        "2:23",
        "4:16",
        "4:27",
        "5:7",
        "5:21",
    ]


# --- defaults and environments ----------------------------------------------------------------------------------------

OVERRIDES = """
project: p
variables: {level: info, size: 256, bucket: }
defaults: {timeout: 1h, environment: {LEVEL: '${level}', REGION: here}, retry: {attempts: 3, interval: 10s}}
channels: {ops: {email: 'ops@example.com'}}
environments:
  prod:
    variables: {level: warning, bucket: s3-prod}
    defaults: {notify: ops, retry: {attempts: 5}}
    jobs: {a: {timeout: 2h, environment: {REGION: }, schedule: }, extra: {command: ls}}
  dev:
    channels: {ops: {email: }, }
    jobs: {a: {schedule: null, environment: {BUCKET: none}}}
jobs:
  a: {command: ls, cpu: '${size}', schedule: rate(1 hour), environment: {BUCKET: 'in-${bucket:-nowhere}'}}
  b:
"""


def test_a_job_inherits_the_defaults_that_it_does_not_set(tmp_path: Path) -> None:
    loaded = load_job_text(tmp_path, OVERRIDES)
    assert (job(loaded).timeout, job(loaded, "b").timeout) == (3600, 3600)
    assert job(loaded).environment == {"LEVEL": "info", "REGION": "here", "BUCKET": "in-nowhere"}
    assert job(loaded, "b").environment == {"LEVEL": "info", "REGION": "here"}
    assert (job(loaded).retry.attempts, job(loaded).retry.interval, job(loaded).cpu) == (3, 10, 256)
    assert loaded.project.prefix == "p"


def test_an_environment_overrides_variables_defaults_and_jobs_by_key_and_null_removes_a_value(tmp_path: Path) -> None:
    loaded = load_job_text(tmp_path, OVERRIDES, "prod")
    assert job(loaded).timeout == 7200
    assert job(loaded).environment == {"LEVEL": "warning", "BUCKET": "in-s3-prod"}
    assert (job(loaded).retry.attempts, job(loaded).retry.interval) == (5, 10)
    assert job(loaded).schedule == ()
    assert job(loaded, "b").notify.run_failed == ("ops",)
    assert list(loaded.project.jobs) == ["a", "b", "extra"]
    assert (loaded.project.prefix, loaded.project.name("a")) == ("p-prod", "p-prod-a")


def test_an_unknown_environment_is_reported_with_the_known_ones(tmp_path: Path) -> None:
    assert collect_problems(tmp_path, OVERRIDES, "production") == [
        "2:1 there is no environment `production` -> write one of prod, dev"
    ]
    assert collect_problems(tmp_path, ONE_JOB, "prod") == [
        "1:1 there is no environment `prod` -> add it under `environments:`"
    ]


def test_a_problem_in_an_override_is_reported_at_the_override(tmp_path: Path) -> None:
    text = "project: p\njobs: {a: {command: ls}}\nenvironments:\n  e: {jobs: {a: {cpu: half}}}\n"
    for environment in (None, "e"):
        assert collect_problems(tmp_path, text, environment) == [
            "4:23 `cpu`: `half` is not a size -> write CPU units such as 256, or 0.5 vCPU"
        ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("environments: {e: {defaults: {retry: false}}}", "3:38 `retry`: `false` is not a mapping"),
        ("environments: {e: {defaults: {retry: '${x}'}}}", "3:38 `retry`: `${x}` is not a mapping"),
        ("environments: {e: {jobs: {a: {timeout: 1 hour}}}}", "3:40 `timeout`: `1 hour` is not a duration"),
        ("environments: {e: {channels: {c: text}}}", "3:34 `c`: `text` is not a mapping"),
        ("environments: {e: {jobs: {a: {environment: {a b: '${x}'}}}}}", "3:45 `a b` is not a name of an environment"),
        ("defaults: {cpu: half}", "3:17 `cpu`: `half` is not a size"),
    ],
)
def test_an_invalid_value_is_reported_in_every_environment_also_in_unselected_ones(
    tmp_path: Path, text: str, problem: str
) -> None:
    (reported,) = collect_problems(tmp_path, f"project: p\njobs: {{a: {{command: ls, cpu: 256}}}}\n{text}\n")
    assert reported.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "environments: {e: {jobs: {a: {timeout: '${known-elsewhere}', retry: {interval: 10s, exit: {attempts: 2}}}}}}",
        "environments: {e: {jobs: {a: {timeout: null, retry: {attempts: null}}}, channels: {c: null}}}",
        "environments: {e: {defaults: {environment: {A: b}, secrets: {A: ssm:/a}}, channels: {c: {email: null}}}}",
    ],
)
def test_a_value_that_another_environment_leaves_open_is_no_problem(tmp_path: Path, text: str) -> None:
    load_job_text(tmp_path, f"project: p\njobs: {{a: {{command: ls}}}}\n{text}\n")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("jobs: {a: {imag: }}", "2:12"),
        ("jobs: {a: {retry: {attempt: }}}", "2:20"),
        ("jobs: {a: {}}\nenvironments: {e: {jobs: {a: {imag: x}}}}", "3:31"),
        ("jobs: {a: {}}\nenvironments: {e: {defaults: {imag: x}}}", "3:31"),
        ("jobs: {a: {}}\nenvironments: {e: {channels: {c: {mail: x}}}}", "3:35"),
        ("jobs: {a: {image: x}}\ndefaults: {imag: x}", "3:12"),
    ],
)
def test_an_unknown_key_is_reported_anywhere_and_with_any_value(tmp_path: Path, text: str, place: str) -> None:
    (problem,) = collect_problems(tmp_path, f"project: p\n{text}\n")
    assert problem.startswith(f"{place} `")
    assert "is not a known key here -> did you mean" in problem


def test_a_job_may_have_the_name_of_a_section_of_the_file(tmp_path: Path) -> None:
    names = list(
        load_job_text(
            tmp_path, "project: p\njobs: {jobs: {retry: {attempts: 1}}, defaults: {}, channels: {}}"
        ).project.jobs
    )
    assert names == ["jobs", "defaults", "channels"]


EVERY_KEY = FILES["every key of a job"]


@pytest.mark.parametrize(
    "model",
    [Job, Retry, ExitCodeRetry, RetryLimits, Sidecar, Network, Notify, MissedRuns, Channel, EnvironmentOverlay, Volume],
)
def test_the_example_of_every_key_contains_every_key(model: type[BaseModel]) -> None:
    known = {name.replace("_", "-") for name in model.model_fields}
    assert {name for name in known if f"{name}:" not in EVERY_KEY} == set()


@pytest.mark.parametrize("environment", [None, "prod"])
def test_the_example_of_every_key_is_loaded(tmp_path: Path, environment: str | None) -> None:
    loaded = load_job_text(tmp_path, EVERY_KEY, environment, **OTHER_FILES)
    assert job(loaded, "all").retry.attempts == 1
    assert job(loaded, "all").environment["LEVEL"] == ("info" if environment is None else "warning")
    assert {each.severity for each in lint_job_file(loaded)} <= {"warning", "info"}


# --- variables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "text", "expected"),
    [
        ("x: here", "${x}", "here"),
        ("x: 3", "${x}", "3"),
        ("x: true", "is ${x}", "is true"),
        ("x: 1, y: 2", "${x}-${y}", "1-2"),
        ("x: 1", "${y:-two}", "two"),
        ("x: 1", "${y:-}", ""),
        ("x: ", "${x:-none}", "none"),
        ("x: 1", "$${x} and $x", "${x} and $x"),
        ("x: 1", "$$${x}", "$${x}"),
        ("x: '${y}', y: 2", "${x}", "${y}"),
        ("x: 1", "${project}", "p"),
        ("x: 1", "${environment:-no}", "no"),
    ],
)
def test_a_variable_is_replaced_by_its_value_alone_or_within_a_text(
    tmp_path: Path, variables: str, text: str, expected: str
) -> None:
    loaded = load_job_text(
        tmp_path, f"project: p\nvariables: {{{variables}}}\njobs: {{a: {{command: ls, environment: {{V: '{text}'}}}}}}"
    )
    assert job(loaded).environment == {"V": expected}


@pytest.mark.parametrize(
    ("body", "same"),
    [
        ("{cpu: '${n}', storage: '${n}', memory: '${n}'}", "{cpu: 100, storage: 100, memory: 100}"),
        (
            "{retry: {attempts: '${n}'}, log-retention: '${days:-30}', enabled: '${on:-false}'}",
            "{retry: {attempts: 100}, log-retention: 30, enabled: true}",
        ),
        (
            "{retry: {attempts: '${m:-2}', backoff: '${b:-1.5}', jitter: '${on}'}, timeout: '${t:-1h}'}",
            "{retry: {attempts: 2, backoff: 1.5, jitter: true}, timeout: 1h}",
        ),
    ],
)
def test_a_variable_may_stand_for_any_kind_of_value(tmp_path: Path, body: str, same: str) -> None:
    loaded = load_job_text(tmp_path, f"project: p\nvariables: {{n: 100, on: true}}\njobs: {{a: {body}}}")
    assert job(loaded) == job(load_job_text(tmp_path, f"project: p\njobs: {{a: {same}}}"))


def test_an_unknown_variable_is_reported_with_a_similar_known_one(tmp_path: Path) -> None:
    text = "project: p\nvariables: {level: a}\njobs: {a: {image: 'x:${levl}', description: '${HOME}'}}"
    assert collect_problems(tmp_path, text) == [
        (
            "3:19 no variable `levl` has a value -> did you mean ${level}? "
            "give it one under `variables:`, or write $${levl} if the shell is to fill it in"
        ),
        (
            "3:45 no variable `HOME` has a value -> "
            "give it one under `variables:`, or write $${HOME} if the shell is to fill it in"
        ),
    ]


# --- workflows --------------------------------------------------------------------------------------------------------

ONE_WORKFLOW = "project: p\njobs:\n  a: {command: ls}\n  w: {workflow: steps.yaml}\n"


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("StartAt: A", "1:1 this is no workflow -> begin with StartAt: and States:"),
        ("StartAt: A\nStates: [A]", "1:1 this is no workflow -> begin with StartAt: and States:"),
        (
            "StartAt: A\nStates:\n  A: {Type: Task, Job: aa, End: true}",
            "3:19 there is no job `aa` to be a step -> did you mean `a`?",
        ),
        (
            "StartAt: A\nStates:\n  A: {Type: Task, Job: w, End: true}",
            "3:19 there is no job `w` to be a step -> name a job of this file that has no workflow itself",
        ),
        (
            "StartAt: A\nStates:\n  A: {Type: Taks, Job: a, End: true}",
            "3:7 a state with `Job` is a Task -> write Type: Task, or leave it out",
        ),
        (
            "StartAt: A\nStates:\n  A: {Type: Task, Job: a, TimeoutSeconds: 3, End: true}",
            (
                "3:27 a state with `Job` has no field `TimeoutSeconds` -> write Job, Type, Arguments, Retry, "
                "QueryLanguage, Comment, Next, End, Catch, Assign, Output; what the job is, is said in the job file"
            ),
        ),
    ],
)
def test_a_problem_in_a_workflow_is_reported_in_the_workflow_s_file(tmp_path: Path, steps: str, problem: str) -> None:
    assert collect_problems(tmp_path, ONE_WORKFLOW, steps_yaml=steps) == [problem]


def test_a_states_language_error_is_reported_in_aws_s_words_with_its_place(tmp_path: Path) -> None:
    steps = "StartAt: A\nStates:\n  A: {Type: Task, Job: a, End: true, Catch: [{ErrorEquals: [States.ALL], Next: B}]}"
    (problem,) = collect_problems(tmp_path, ONE_WORKFLOW, steps_yaml=steps)
    assert problem == "3:74 Missing 'Next' target: B -> mend /States/A/Catch[0]/Next"


@pytest.mark.parametrize("job", ["retry: {exit: {codes: 3, attempts: 1}}", "image: x, sidecars: {s: {image: y}}"])
def test_a_state_name_that_leaves_no_room_for_a_step_s_helper_states_is_an_error(tmp_path: Path, job: str) -> None:
    text = ONE_WORKFLOW.replace("{command: ls}", f"{{command: ls, {job}}}")
    steps = "StartAt: {0}\nStates: {{{0}: {{Type: Task, Job: a, End: true}}}}"
    load_job_text(tmp_path, text, steps_yaml=steps.format("A" * 68))
    assert collect_problems(tmp_path, text, steps_yaml=steps.format("A" * 69)) == [
        (
            "2:10 a name of 69 characters leaves no room for the states that the job `a` needs -> "
            "shorten it to 68 characters"
        )
    ]


def test_a_channel_name_that_is_too_long_for_a_workflow_s_alert_state_is_reported_at_the_channel(
    tmp_path: Path,
) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: a, End: true}}"
    job, channel = "w" * 35, "c" * 39
    text = (
        f"project: p\nchannels: {{{channel}: {{command: ls}}}}\njobs:\n  a: {{command: ls}}\n"
        f"  {job}: {{workflow: steps.yaml, notify: {{caught: {channel}}}}}\n"
    )
    assert collect_problems(tmp_path, text, steps_yaml=steps) == [
        (
            f"5:72 `{job}` and `{channel}` are too long for the name of the state that tells the channel -> "
            "shorten one of them by 1 characters"
        )
    ]
    load_job_text(tmp_path, text.replace(channel, channel[1:]), steps_yaml=steps)


def test_keys_of_a_container_are_errors_in_a_workflow(tmp_path: Path) -> None:
    text = ONE_WORKFLOW.replace("{workflow: steps.yaml}", "{workflow: steps.yaml, timeout: 1h, image: x}")
    assert collect_problems(tmp_path, text, steps_yaml="StartAt: A\nStates: {A: {Type: Pass, End: true}}") == [
        f"4:{column} a job with a workflow has no container, so `{key}` means nothing -> "
        "say it of the jobs that are its steps"
        for column, key in ((29, "timeout"), (42, "image"))
    ]


def test_a_workflow_ignores_defaults_that_only_containers_have(tmp_path: Path) -> None:
    text = ONE_WORKFLOW + "defaults: {timeout: 1h, image: x, cpu: 512, deadline: 3h, environment: {A: b}}\n"
    loaded = load_job_text(tmp_path, text, steps_yaml="StartAt: A\nStates: {A: {Type: Pass, End: true}}")
    assert (job(loaded, "w").timeout, job(loaded, "w").image, job(loaded, "w").deadline) == (None, None, 3 * 3600)
    assert (job(loaded).timeout, job(loaded).image) == (3600, "x")


# --- random changes --------------------------------------------------------------------------------------------------

ODD_VALUES: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8),
    st.sampled_from(["${x}", "${", "$${x}", "${x:-1}", "a", "1h", "main", "ops", "arn:aws:iam::1:role/x", "steps.yaml",
                     "cron(0 3 * * ? *)", "rate(1 day)", "{% 1 %}", "-", "\n", "é", "\ud83d", "x" * 99, "all", "last"]),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def list_value_paths(value: Json, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, each in inside for path in list_value_paths(each, (*here, key)))]


def mutate_document(document: Json, draw: st.DataObject) -> Json:
    """Return the document with one value replaced, removed, renamed or moved."""
    path = draw.draw(st.sampled_from(list_value_paths(document)))
    container = document
    for key in path[:-1]:
        container = container[key]
    new_value = draw.draw(ODD_VALUES)
    if not path:
        return new_value
    match draw.draw(st.sampled_from(["replace", "remove", "rename", "move"])):
        case "replace":
            container[path[-1]] = new_value
        case "remove":
            del container[path[-1]]
        case "rename" if isinstance(container, dict):
            container[str(new_value)] = container.pop(path[-1])
        case _:
            other = draw.draw(st.sampled_from(list_value_paths(document)))
            moved = document
            for key in other:
                moved = moved[key]
            container[path[-1]] = yaml.safe_load(yaml.safe_dump(moved))
    return document


def collect_all_problems(folder: Path, text: str) -> list[Problem]:
    """Return the problems of a file; a valid file must yield a template and lint findings that have advice."""
    for workflow, steps in OTHER_FILES.items():
        (folder / workflow.replace("_", ".")).write_text(steps)
    (folder / "lamplighter.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        loaded = load_job_file(folder / "lamplighter.yaml")
    except JobFileError as error:
        return error.problems
    build_template(loaded.project)
    return [each for each in lint_job_file(loaded) if not each.advice]


@given(st.sampled_from(sorted(FILES)), st.integers(1, 4), st.data())
@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_file_yields_problems_or_a_template_and_never_another_error(
    tmp_path: Path, name: str, times: int, draw: st.DataObject
) -> None:
    document = yaml.safe_load(FILES[name])
    for _ in range(times):
        document = mutate_document(document, draw)
    for each in collect_all_problems(tmp_path, yaml.safe_dump(document, allow_unicode=True)):
        assert each.message
        assert each.advice
        assert each.position.line > 0


@given(st.sampled_from(sorted(FILES)), st.integers(0, 3000), st.integers(0, 30), st.text(max_size=5))
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_a_replaced_part_yields_problems_or_a_template(
    tmp_path: Path, name: str, at: int, length: int, text: str
) -> None:
    whole = FILES[name]
    cut = at % len(whole)
    for each in collect_all_problems(tmp_path, whole[:cut] + text + whole[cut + length :]):
        assert each.advice


def test_an_environment_replaces_the_settings_of_aws_key_by_key_and_an_account_keeps_its_zeros(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text(
        "project: p\naws: {account: 012345678901, region: eu-west-1}\n"
        "environments: {prod: {aws: {account: '123456789012', bucket: templates}}}\njobs: {a: {command: b}}\n"
    )
    plain, prod = load_job_file(file).project.aws, load_job_file(file, "prod").project.aws
    assert (plain.account, plain.region, plain.bucket) == ("012345678901", "eu-west-1", None)
    assert (prod.account, prod.region, prod.bucket) == ("123456789012", "eu-west-1", "templates")
