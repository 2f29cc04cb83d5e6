"""Implement the operations on activities, for work that a program of the user does anywhere.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html.
"""

from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states import tags
from lamplighter.services.states.arns import PAGES, check_name, resource_arn
from lamplighter.services.states.errors import ActivityAlreadyExists
from lamplighter.services.states.lookup import find_activity
from lamplighter.services.states.tables import activities as rows
from lamplighter.services.states.tables.activities import Activity
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

DEFAULT_ENCRYPTION: Json = {"type": "AWS_OWNED_KEY"}


def create_activity(tx: Tx, caller: Caller, params: "aws.CreateActivityInput") -> "aws.CreateActivityOutput":
    """Handle CreateActivity: "an idempotent API … based on the activity name".

    A repeated request does not change the tags.
    """
    name = check_name(params["name"])
    key = arn.build("states", caller.region, caller.account, f"activity:{name}")
    encryption = params.get("encryptionConfiguration", DEFAULT_ENCRYPTION)
    activity = rows.get(tx, key)
    if activity is None:
        given = tags.RULES.read(params.get("tags"))
        activity = Activity(key, caller.account, caller.region, name, tx.now, encryption, given)
        rows.put(tx, activity)
    elif activity.encryption != encryption:
        raise ActivityAlreadyExists(key)
    return {"activityArn": key, "creationDate": activity.created / 1000}


def describe_activity(reader: Reader, _caller: Caller, params: "aws.DescribeActivityInput") -> Json:
    """Handle DescribeActivity."""
    activity = find_activity(reader, params["activityArn"])
    return _item(activity) | {"encryptionConfiguration": activity.encryption}


def list_activities(reader: Reader, caller: Caller, params: "aws.ListActivitiesInput") -> Json:
    """Handle ListActivities."""
    read = partial(rows.page, reader, caller.account, caller.region)
    return PAGES.page("activities", params, "", read, _item, lambda activity: activity.name)


def delete_activity(tx: Tx, _caller: Caller, params: "aws.DeleteActivityInput") -> None:
    """Handle DeleteActivity; do nothing if the activity does not exist."""
    rows.delete(tx, resource_arn(params["activityArn"], "activity"))


def _item(activity: Activity) -> Json:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created / 1000}
