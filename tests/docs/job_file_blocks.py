"""Check the YAML and JSON of a page: job files, and parts of job files, must load and pass `lint` without an error."""

import json
from pathlib import Path

import yaml

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.file.parsing.outer_shape import FileShape
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.lint import lint_job_file
from tests.docs.pages import Block

FILE_KEYS = {field.alias for field in FileShape.model_fields.values()}
JOB_KEYS = {field.alias for field in Job.model_fields.values()}
OTHER_DOCUMENTS = {"StartAt", "Resources"}
"""Keys of a state machine and of a template."""


def find_block_problems(block: Block, folder: Path) -> list[str]:
    """Return what is wrong with a block; its page's files are in the folder."""
    if "not run" in block.marks or "not a job file" in block.marks or block.language == "json":
        return _parse_problems(block)
    document = yaml.safe_load(block.text)
    keys = set(document) if isinstance(document, dict) else set()
    if keys & OTHER_DOCUMENTS:
        return []
    file = folder / "checked.yaml"
    if {"project", "jobs"} <= keys:
        file.write_text(block.text)
    elif keys and (keys <= FILE_KEYS or keys <= JOB_KEYS):
        file.write_text(yaml.safe_dump(_completed(document, is_job=not keys <= FILE_KEYS)))
    else:
        return ["this is neither a job file nor a part of one: mark it with <!-- not a job file: WHAT IT IS -->"]
    return _job_file_problems(file)


def _parse_problems(block: Block) -> list[str]:
    try:
        if block.language == "json":
            json.loads(block.text)
        else:
            list(yaml.safe_load_all(block.text))
    except (ValueError, yaml.YAMLError) as error:
        return [str(error)]
    return []


def _completed(part: Json, *, is_job: bool) -> Json:
    """Return a job file that has this part: some keys of the file, or of one job."""
    whole: Json = {"project": "manual", **({"jobs": {"job": part}} if is_job else part)}
    whole.setdefault("jobs", {"job": {}})
    for job in whole["jobs"].values():
        if not {"command", "image", "workflow"} & set(job):
            job["command"] = ["true"]
    whole.setdefault("channels", {"ops": {"email": "ops@example.com"}})
    return whole


def _job_file_problems(file: Path) -> list[str]:
    try:
        findings = lint_job_file(load_job_file(file))
    except JobFileError as error:
        findings = error.problems
    return [f"{each.message}: {each.advice}" for each in findings if each.severity == "error"]
