"""Read parameters: by name, by path, with their history, and without their values.

Without WithDecryption, the value of a SecureString is its encrypted text, as on AWS. See
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html and, for secrets of Secrets
Manager, https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Bus, Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.filters import matches_filters, read_filters
from lamplighter.services.ssm.names import Selected, find_parameter, find_version
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.services.ssm.tables.parameters import SECURE, Parameter, ParameterVersion
from lamplighter.store.db import Reader
from lamplighter.store.encryption import SecretCipher

PAGE = 100
PAGES = Pages(errors.InvalidNextToken, default_size=50)
SECRETS, SECRETS_SERVICE = "/aws/reference/secretsmanager/", "secretsmanager"
"""The names that read secrets of Secrets Manager, with a version's ID or stage after a colon."""
MIN_VERSION_ID_LENGTH = 32
_PATH = re.compile(r"/[\w./-]*", re.ASCII)
DETAILS = ("Description", "AllowedPattern", "Tier", "DataType")


class ParameterReader:
    """The operations that read parameters."""

    def __init__(self, bus: Bus, cipher: SecretCipher) -> None:
        self._bus = bus
        self._cipher = cipher

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetParameter."""
        return {"Parameter": self._find(reader, caller, params["Name"], params)}

    def get_several(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetParameters."""
        found, invalid = [], []
        for name in dict.fromkeys(params["Names"]):
            try:
                found.append(self._find(reader, caller, name, params))
            except (errors.NotFound, errors.VersionNotFound):
                invalid.append(name)
        return {"Parameters": found, "InvalidParameters": invalid}

    def get_by_path(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetParametersByPath."""
        path = params["Path"].rstrip("/") + "/"
        if not _PATH.fullmatch(path):
            raise errors.InvalidParameter(
                "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
                'forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only '
                "letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special "
                'characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". '
                "Valid example: /get/parameters2-/by1./path0_."
            )
        filters = read_filters(params.get("ParameterFilters"), ("Type", "KeyId", "Label"))
        labels = next((each["Values"] for each in filters if each["Key"] == "Label"), None)
        others = [each for each in filters if each["Key"] != "Label"]

        def read(after: str, _most: int) -> Iterator[Selected]:
            for parameter, latest in _parameters(reader, caller, after, path):
                below = parameter.name.removeprefix(path)
                if "/" in below and not params.get("Recursive"):
                    continue
                version = latest if labels is None else _labelled(reader, parameter, labels)
                if version is not None and matches_filters(others, parameter, version):
                    yield Selected(parameter, version, "")

        def show(selected: Selected) -> Json:
            return self._show(selected, params)

        pages = replace(PAGES, default_size=10)
        return pages.page("Parameters", params, "", read, show, lambda each: each.parameter.name)

    def get_history(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle GetParameterHistory."""
        parameter = find_parameter(reader, caller, params["Name"])

        def show(row: ParameterVersion) -> Json:
            value = self._value(row, params)
            return {**_metadata(parameter, row), "Value": value, "Labels": row.labels}

        def read(after: int, _most: int) -> Iterable[ParameterVersion]:
            return rows.versions(reader, parameter.id, after)

        return PAGES.page("Parameters", params, 0, read, show, lambda row: row.version)

    def _find(self, reader: Reader, caller: Caller, name: str, params: Json) -> Json:
        if name.startswith(SECRETS):
            return self._find_secret(reader, caller, name, params)
        return self._show(find_version(reader, caller, name), params)

    def _find_secret(self, reader: Reader, caller: Caller, text: str, params: Json) -> Json:
        """Return a secret of Secrets Manager as a parameter; the caller must have access to the secret, too."""
        if not params.get("WithDecryption"):
            raise errors.InvalidParameter("WithDecryption flag must be True for retrieving a Secret Manager secret.")
        name, colon, version = text.partition(":")
        wanted = {"SecretId": name.removeprefix(SECRETS)}
        if colon:
            wanted["VersionId" if len(version) >= MIN_VERSION_ID_LENGTH else "VersionStage"] = version
        try:
            self._bus.check_access(reader, caller, SECRETS_SERVICE, "GetSecretValue", wanted)
            secret = self._bus.read(reader, caller, SECRETS_SERVICE, "GetSecretValue", wanted)
        except AwsError as error:
            raise (errors.NotFound(text) if error.code == "ResourceNotFoundException" else error) from None
        source = {key: b64encode(each).decode() if isinstance(each, bytes) else each for key, each in secret.items()}
        return {
            "Name": name,
            "Type": SECURE,
            "Value": source.get("SecretString", source.get("SecretBinary")),
            **({"Selector": f":{version}"} if colon else {}),
            "SourceResult": dumps(source),
            "LastModifiedDate": source["CreatedDate"],
            "ARN": source["ARN"],
        }

    def _show(self, selected: Selected, params: Json) -> Json:
        parameter, row = selected.parameter, selected.version
        return {
            "Name": parameter.name,
            "Type": row.type,
            "Value": self._value(row, params),
            "Version": row.version,
            **({"Selector": selected.selector} if selected.selector else {}),
            "LastModifiedDate": row.modified / 1000,
            "ARN": parameter.arn,
            "DataType": row.body["DataType"],
        }

    def _value(self, row: ParameterVersion, params: Json) -> str:
        return self._cipher.decrypt(row.value) if row.type == SECURE and params.get("WithDecryption") else row.value


def _labelled(reader: Reader, parameter: Parameter, labels: list[str]) -> ParameterVersion | None:
    versions = rows.versions(reader, parameter.id)
    return next((each for each in versions if any(label in each.labels for label in labels)), None)


def _parameters(
    reader: Reader, caller: Caller, after: str, prefix: str = ""
) -> Iterator[tuple[Parameter, ParameterVersion]]:
    """Yield parameters with their latest versions, by name."""
    while page := rows.page(reader, caller.account, caller.region, after, PAGE, prefix=prefix):
        for parameter in page:
            latest = rows.version(reader, parameter.id, parameter.version)
            if latest is not None:
                yield parameter, latest
        after = page[-1].name


def _metadata(parameter: Parameter, row: ParameterVersion) -> Json:
    return {
        "Name": parameter.name,
        "Type": row.type,
        **({"KeyId": row.body["KeyId"]} if row.type == SECURE else {}),
        "LastModifiedDate": row.modified / 1000,
        "LastModifiedUser": f"arn:aws:iam::{parameter.account}:root",
        **{name: row.body[name] for name in DETAILS if row.body.get(name)},
        "Version": row.version,
        "Policies": [],
    }


def describe_parameters(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle DescribeParameters."""
    keys = ("Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType")
    given = [
        {**each, "Option": "BeginsWith" if each["Key"] == "Name" else "Equals"} for each in params.get("Filters", [])
    ]
    filters = [*read_filters(params.get("ParameterFilters"), keys), *given]

    def read(after: str, _most: int) -> Iterable[tuple[Parameter, ParameterVersion]]:
        return (pair for pair in _parameters(reader, caller, after) if matches_filters(filters, *pair))

    def show(pair: tuple[Parameter, ParameterVersion]) -> Json:
        return {**_metadata(*pair), "ARN": pair[0].arn}

    return PAGES.page("Parameters", params, "", read, show, lambda pair: pair[0].name)
