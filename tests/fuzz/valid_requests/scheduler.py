"""Valid requests of EventBridge Scheduler."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import ROLE
from tests.fuzz.valid_requests.place import PLACE, SQS

NAMED: Json = {"Name": "a"}
SCHEDULE: Json = {
    **NAMED, "ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": f"{SQS}:a", "RoleArn": ROLE},
}  # fmt: skip
RESOURCE: Json = {"ResourceArn": f"arn:aws:scheduler:{PLACE}:schedule-group/a"}

BEGIN: list[tuple[str, Json]] = [
    ("CreateScheduleGroup", NAMED),
    ("GetScheduleGroup", NAMED),
    ("ListScheduleGroups", {}),
    ("CreateSchedule", SCHEDULE),
    ("GetSchedule", NAMED),
    ("UpdateSchedule", SCHEDULE | {"ScheduleExpression": "rate(1 hour)"}),
    ("ListSchedules", {}),
    ("TagResource", {**RESOURCE, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "TagKeys": ["a"]}),
    ("DeleteSchedule", NAMED),
    ("DeleteScheduleGroup", NAMED),
]
