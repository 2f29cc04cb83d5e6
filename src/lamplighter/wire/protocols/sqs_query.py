"""Restore SQS's query protocol, which older SDKs use and botocore's model no longer describes.

Provides the element names of API version 2012-11-05 for the lists and maps of today's model. The model still marks them
as flattened, but no longer names their elements. Does not change the model passed in. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html.
"""

from copy import deepcopy

from lamplighter.base.json_text import Json

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

_LIST_MEMBERS = {"BinaryList": "BinaryListValue", "StringList": "StringListValue"}
"""The elements of lists that do not have the name of their list without `List`."""
_NEWER_LISTS = {"MessageSystemAttributeList"}
"""Lists that the query protocol never had; their elements stay without a name."""

_MAPS = {
    # shape: (the map's element, the key's element, the value's element)
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}


def query_model(model: Json) -> Json:
    """Return a copy of SQS's service model that describes the query protocol."""
    model = deepcopy(model)
    shapes = model["shapes"]
    for name, shape in shapes.items():
        if shape["type"] == "list" and name not in _NEWER_LISTS:
            shape["member"]["locationName"] = _LIST_MEMBERS.get(name, name.removesuffix("List"))
    for name, (_, key, value) in _MAPS.items():
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = value
    for shape in shapes.values():
        for member in shape.get("members", {}).values():
            if member["shape"] in _MAPS:
                member["locationName"] = _MAPS[member["shape"]][0]
    for operation in model["operations"].values():
        if "output" in operation:
            operation["output"]["resultWrapper"] = operation["name"] + "Result"
    model["metadata"] |= {"protocol": "query", "protocols": ["query"], "xmlNamespace": NAMESPACE}
    return model
