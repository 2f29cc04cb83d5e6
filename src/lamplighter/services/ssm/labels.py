"""Handle the labels of versions: LabelParameterVersion and UnlabelParameterVersion.

A label is on one version at a time. See
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html.
"""

import re
from dataclasses import replace

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.names import find_parameter
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.store.db import Tx

MAX_LABELS = 10
_LABEL = re.compile(r"(?!\d)(?!aws|ssm)[a-zA-Z0-9_.-]{1,100}", re.IGNORECASE)


def label_parameter_version(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle LabelParameterVersion."""
    parameter = find_parameter(tx, caller, params["Name"])
    number = params.get("ParameterVersion", parameter.version)
    version = require(rows.version(tx, parameter.id, number), lambda: errors.VersionNotFound(number, parameter.name))
    valid = [each for each in dict.fromkeys(params["Labels"]) if _LABEL.fullmatch(each)]
    labels = list(dict.fromkeys([*version.labels, *valid]))
    if len(labels) > MAX_LABELS:
        raise errors.LabelLimit
    for other in rows.versions(tx, parameter.id):
        if other.version != number and set(other.labels) & set(valid):
            rows.put_version(tx, replace(other, labels=[each for each in other.labels if each not in valid]))
    rows.put_version(tx, replace(version, labels=labels))
    return {"InvalidLabels": [each for each in params["Labels"] if each not in valid], "ParameterVersion": number}


def unlabel_parameter_version(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UnlabelParameterVersion."""
    parameter, number = find_parameter(tx, caller, params["Name"]), params["ParameterVersion"]
    version = require(rows.version(tx, parameter.id, number), lambda: errors.VersionNotFound(number, parameter.name))
    removed = [each for each in params["Labels"] if each in version.labels]
    rows.put_version(tx, replace(version, labels=[each for each in version.labels if each not in removed]))
    return {"RemovedLabels": removed, "InvalidLabels": [each for each in params["Labels"] if each not in removed]}
