"""Valid requests of the Parameter Store of SSM."""

from lamplighter.base.json_text import Json

NAMED: Json = {"Name": "/a/b"}
RESOURCE: Json = {"ResourceType": "Parameter", "ResourceId": "/a/b"}

BEGIN: list[tuple[str, Json]] = [
    ("PutParameter", {**NAMED, "Value": "1", "Type": "String"}),
    ("PutParameter", {"Name": "/a/c", "Value": "secret", "Type": "SecureString"}),
    ("PutParameter", {"Name": "a", "Value": "1,2", "Type": "StringList"}),
    ("GetParameter", NAMED),
    ("GetParameters", {"Names": ["/a/b", "/a/c"], "WithDecryption": True}),
    ("GetParametersByPath", {"Path": "/a"}),
    ("GetParameterHistory", NAMED),
    ("DescribeParameters", {}),
    ("LabelParameterVersion", {**NAMED, "ParameterVersion": 1, "Labels": ["live"]}),
    ("AddTagsToResource", {**RESOURCE, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]
END: list[tuple[str, Json]] = [
    ("UnlabelParameterVersion", {**NAMED, "ParameterVersion": 1, "Labels": ["live"]}),
    ("RemoveTagsFromResource", {**RESOURCE, "TagKeys": ["a"]}),
    ("DeleteParameter", NAMED),
    ("DeleteParameters", {"Names": ["/a/c"]}),
]
