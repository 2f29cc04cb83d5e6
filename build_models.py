"""Put extracts of botocore's and cfn-lint's data files into the wheel, so that a plain install works without them.

A hook of hatchling: it copies the definitions of the services that the engine serves, without documentation, the names
of all services, and the names of regions. botocore is under the Apache License 2.0; its notice goes with the copies.
Of AWS's schemas of resource types, which are in cfn-lint (MIT-0), it takes what CloudFormation needs here.

An SBOM says what the wheel contains of others: these files, and the scripts of the console. What pip installs beside
it is in the metadata of the wheel, and in the SBOM of the image, which BuildKit makes. It has no time and no serial
number: two builds are equal. A few lines make it: tools for SBOMs list what is installed, not what a wheel contains.

See https://hatch.pypa.io/latest/plugins/build-hook/custom/ and https://peps.python.org/pep-0770/.
"""

import gzip
import hashlib
import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import botocore
import cfnlint
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SERVICES = (
    *("cloudformation", "cloudwatch", "ecr", "ecs", "events", "iam", "logs", "s3", "scheduler", "secretsmanager"),
    *("sns", "sqs", "ssm", "stepfunctions", "sts"),
)
"""botocore's names of the services that the engine serves."""
TARGET = "lamplighter/base/aws/aws_models"
SCRIPTS = Path("src/lamplighter/console/static/vendor")
SBOM = "lamplighter.cdx.json"
SCHEMAS = Path(cfnlint.__file__).with_name("data") / "schemas"
FAMILIES = (
    *("CloudWatch", "ECR", "ECS", "Events", "IAM", "Logs", "S3", "SNS", "SQS", "SSM", "Scheduler"),
    *("SecretsManager", "StepFunctions"),
)
"""The services in the names of the resource types whose schemas are taken."""
SCHEMA_TARGET = "lamplighter/services/cloudformation/resource_types"
DATA = Path(botocore.__file__).with_name("data")
NOTICE = f"""These files are extracts of botocore {botocore.__version__} (https://github.com/boto/botocore), whose files
carry this notice. They are without documentation.

Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.

Licensed under the Apache License, Version 2.0 (the "License"). You may not use this file except in compliance with the
License. A copy of the License is located at http://www.apache.org/licenses/LICENSE-2.0
"""


class ModelsHook(BuildHookInterface):  # type: ignore[misc]
    """Adds the copies to a wheel; an editable install uses botocore's own files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the copies and add them to the files of the wheel."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp())
        for service in SERVICES:
            _copy_service(service, self._folder)
        _write(self._folder / "partitions", _read(DATA / "partitions"))
        _write(self._folder / "service-names", sorted(path.name for path in DATA.iterdir() if path.is_dir()))
        self._schemas = Path(tempfile.mkdtemp())
        _write(self._schemas / "schemas", _schemas())
        build_data["force_include"][str(self._schemas / "schemas.json.gz")] = f"{SCHEMA_TARGET}/schemas.json.gz"
        (self._folder / "NOTICE").write_text(NOTICE)
        for file in self._folder.rglob("*"):
            if file.is_file():
                build_data["force_include"][str(file)] = f"{TARGET}/{file.relative_to(self._folder)}"
        sbom = self._folder / SBOM
        sbom.write_text(json.dumps(_describe(self.metadata.version, Path(self.root) / SCRIPTS), indent=1))
        build_data["sbom_files"].append(str(sbom))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the copies."""
        del build_data, artifact_path
        if version != "editable":
            shutil.rmtree(self._folder)
            shutil.rmtree(self._schemas)


def _describe(version: str, scripts: Path) -> dict[str, Any]:
    """Return an SBOM in CycloneDX's format: https://cyclonedx.org/docs/1.6/json/."""
    package = {"type": "application", "name": "lamplighter", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {**package, "bom-ref": "lamplighter", "purl": f"pkg:pypi/lamplighter@{version}"},
        },
        "components": [
            _describe_data("botocore", botocore.__version__, "Apache-2.0"),
            _describe_data("cfn-lint", metadata.version("cfn-lint"), "MIT-0"),
            *map(_describe_script, sorted(scripts.glob("*.js"))),
        ],
    }


def _describe_data(name: str, version: str, licence: str) -> dict[str, Any]:
    found = {"type": "data", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
    return {**found, "licenses": [{"license": {"id": licence}}]}


def _describe_script(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"type": "file", "name": path.name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _copy_service(service: str, folder: Path) -> None:
    source = max(path.parent for path in (DATA / service).glob("*/service-2.json*"))
    target = folder / service / source.name
    target.mkdir(parents=True)
    for name in ("service-2", "service-2.sdk-extras"):
        if any(source.glob(f"{name}.json*")):
            _write(target / name, _without_documentation(_read(source / name)))


def _schemas() -> dict[str, Any]:
    """Return for each resource type the names of its properties, and the lists that state their parts."""
    index = _read(SCHEMAS / "providers" / "us-east-1")
    kinds = [kind for kind in sorted(index) if kind.split("::")[1] in FAMILIES]
    return {kind: _extract(_read(SCHEMAS / "resources" / index[kind])) for kind in kinds}


def _extract(schema: dict[str, Any]) -> dict[str, Any]:
    names = ("primaryIdentifier", "readOnlyProperties", "createOnlyProperties", "conditionalCreateOnlyProperties")
    kept: dict[str, Any] = {name: schema[name] for name in names if name in schema}
    return {"properties": sorted(schema["properties"]), **kept}


def _without_documentation(value: Any) -> Any:
    """Return a value without its texts of documentation; a member that is named so is an object and stays."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "documentation" or not isinstance(each, str)}
        return {key: _without_documentation(each) for key, each in kept.items()}
    return [_without_documentation(each) for each in value] if isinstance(value, list) else value


def _read(path: Path) -> Any:
    plain = path.with_name(f"{path.name}.json")
    text = (
        plain.read_bytes() if plain.exists() else gzip.decompress(path.with_name(f"{path.name}.json.gz").read_bytes())
    )
    return json.loads(text)


def _write(path: Path, value: Any) -> None:
    text = json.dumps(value, separators=(",", ":")).encode()
    path.with_name(f"{path.name}.json.gz").write_bytes(gzip.compress(text, mtime=0))
