from lamplighter.runs.jobs.job_names import JobNames, read_names

PLACE = "arn:aws:states:eu-west-1:123456789012"


def tags(job: str, project: str) -> dict[str, str]:
    return {"lamplighter:job": job, "lamplighter:project": project}


NAMES = read_names(
    {
        f"{PLACE}:stateMachine:nights-flaky": tags("flaky", "nights"),
        f"{PLACE}:stateMachine:nights-report": tags("report", "nights"),
        f"{PLACE}:stateMachine:days-report": tags("report", "days"),
        f"{PLACE}:stateMachine:nights-by-hand": {},
    }
)


def test_a_job_has_the_name_of_its_job_file() -> None:
    assert NAMES.of(f"{PLACE}:stateMachine:nights-flaky") == "flaky"
    assert NAMES.of(f"{PLACE}:execution:nights-flaky:monday") == "flaky"
    assert NAMES.of(f"{PLACE}:execution:nights-flaky/Files:one") == "flaky"


def test_jobs_of_two_projects_with_the_same_name_have_the_names_of_their_state_machines() -> None:
    assert NAMES.of(f"{PLACE}:stateMachine:nights-report") == "nights-report"
    assert NAMES.of(f"{PLACE}:stateMachine:days-report") == "days-report"


def test_a_job_that_is_named_like_another_state_machine_has_the_name_of_its_own() -> None:
    names = read_names(
        {
            f"{PLACE}:stateMachine:nights-report": tags("report", "nights"),
            f"{PLACE}:stateMachine:days-nights-report": tags("nights-report", "days"),
            f"{PLACE}:stateMachine:by-hand": {},
            f"{PLACE}:stateMachine:days-by-hand": tags("by-hand", "days"),
        }
    )
    assert set(names.by_machine.values()) == {"report", "days-nights-report", "by-hand", "days-by-hand"}
    assert names.machine("nights-report") == "nights-report"


def test_a_state_machine_that_no_job_file_made_keeps_its_name() -> None:
    assert NAMES.of(f"{PLACE}:stateMachine:nights-by-hand") == "nights-by-hand"


def test_a_removed_job_loses_the_name_of_its_project_unless_another_job_has_that_name() -> None:
    assert NAMES.of(f"{PLACE}:stateMachine:days-gone") == "gone"
    assert NAMES.of(f"{PLACE}:stateMachine:days-flaky") == "days-flaky"
    assert NAMES.of(f"{PLACE}:stateMachine:other-gone") == "other-gone"


def test_the_state_machine_of_a_job_is_found_by_either_name() -> None:
    assert NAMES.machine("flaky") == NAMES.machine("nights-flaky") == "nights-flaky"


def test_without_tags_names_are_those_of_state_machines_and_families() -> None:
    assert JobNames().of(f"{PLACE}:stateMachine:nights-flaky") == "nights-flaky"
    assert JobNames().of("default/cleanup") == "cleanup"
