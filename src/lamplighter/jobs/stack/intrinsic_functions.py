"""The functions of a CloudFormation template: each returns the JSON that CloudFormation computes a value from.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json


def ref(name: str) -> Json:
    """Refer to a resource, a parameter or a pseudo parameter such as `AWS::AccountId`."""
    return {"Ref": name}


def get_att(logical_id: str, attribute: str) -> Json:
    """Return an attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, attribute]}


def sub(text: str, values: Mapping[str, Json] | None = None) -> Json:
    """Replace each `${name}` of the text by one of `values`, or by what `ref` returns for the name."""
    return {"Fn::Sub": text if values is None else [text, values]}


def join(delimiter: str, values: Json) -> Json:
    """Join a list of texts, or a function that returns one."""
    return {"Fn::Join": [delimiter, values]}


def select(index: int, values: Json) -> Json:
    """Return one value of a list, or of a function that returns one; the first index is 0."""
    return {"Fn::Select": [index, values]}


def availability_zones() -> Json:
    """Return the availability zones of the stack's region."""
    return {"Fn::GetAZs": ""}


def equals(value: Json, other: Json) -> Json:
    """Return a condition that holds if two values are equal."""
    return {"Fn::Equals": [value, other]}


def if_condition(name: str, value: Json, otherwise: Json) -> Json:
    """Return the first value if the named condition holds, otherwise the second."""
    return {"Fn::If": [name, value, otherwise]}
