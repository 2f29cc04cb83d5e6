"""Connect the Parameter Store to the engine: its operations by AWS's names.

See https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html.
"""

from collections.abc import Mapping
from pathlib import Path

from lamplighter.bus import Bus, Operation, Service
from lamplighter.services.ssm import get_parameters, labels, tags
from lamplighter.services.ssm.get_parameters import ParameterReader
from lamplighter.services.ssm.put_parameter import ParameterWriter
from lamplighter.services.ssm.tables.parameters import SERVICE
from lamplighter.store.encryption import SecretCipher


class Ssm(Service):
    """The Parameter Store of one engine."""

    name = SERVICE

    def __init__(self, bus: Bus, directory: Path) -> None:
        cipher = SecretCipher(directory)
        writer = ParameterWriter(bus, cipher)
        reader = ParameterReader(bus, cipher)
        self.operations: Mapping[str, Operation] = {
            "PutParameter": Operation(write=writer.put),
            "DeleteParameter": Operation(write=writer.delete),
            "DeleteParameters": Operation(write=writer.delete_several),
            "GetParameter": Operation(read=reader.get),
            "GetParameters": Operation(read=reader.get_several),
            "GetParametersByPath": Operation(read=reader.get_by_path),
            "GetParameterHistory": Operation(read=reader.get_history),
            "DescribeParameters": Operation(read=get_parameters.describe_parameters),
            "LabelParameterVersion": Operation(write=labels.label_parameter_version),
            "UnlabelParameterVersion": Operation(write=labels.unlabel_parameter_version),
            "AddTagsToResource": Operation(write=tags.add_tags_to_resource),
            "RemoveTagsFromResource": Operation(write=tags.remove_tags_from_resource),
            "ListTagsForResource": Operation(read=tags.list_tags_for_resource),
        }
