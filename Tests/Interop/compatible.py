"""Whether a schema still reads and writes what an earlier one does.

    compatible.py EARLIER NOW     two files of protoc --descriptor_set_out; exit code 1 when something changed or went away

What may happen between the two: new messages, new fields, new enum values. Comments are not looked at.
"""
import sys

from google.protobuf import descriptor_pb2


def elements(path):
    """Everything of the schema that the wire depends on: {name: what it is}."""
    found = {}
    with open(path, "rb") as file:
        schema = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    for proto in schema.file:
        add(found, proto.package, proto.message_type, proto.enum_type)
    return found


def add(found, scope, messages, enums):
    for message in messages:
        name = f"{scope}.{message.name}"
        found[name] = "message"
        for field in message.field:
            found[f"{name} field {field.number}"] = (field.name, field.type, field.label, field.type_name, field.default_value)
        add(found, name, message.nested_type, message.enum_type)
    for enum in enums:
        name = f"{scope}.{enum.name}"
        found[name] = "enum"
        for value in enum.value:
            found[f"{name} value {value.number}"] = value.name


def main(earlier, now):
    old, new = elements(earlier), elements(now)
    changes = [f"{name} was {what}, is {new.get(name, 'gone')}" for name, what in old.items() if new.get(name) != what]
    print("\n".join(changes) or f"{len(old)} elements are as they were")
    return 1 if changes else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
