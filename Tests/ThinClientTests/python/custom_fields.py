"""The values of the fields that a workspace has added to its records, as Python has them.

    fields = CustomFields(account)
    print(fields["size"], fields.get("visited_at"))
    fields["size"] = 7
    del fields["note"]
    request.update_mask.extend(fields.mask)

Kinds of fields, and what their values are here (proto/steward/type/v1/field.proto):

    text, choice, e-mail, phone, web address, reference   str
    choices                                               list of str
    whole number, number, yes or no                       int, float, bool
    day                                                   str as YYYY-MM-DD; datetime.date is taken, too
    point in time                                         datetime.datetime with a time zone
    money                                                 steward.type.v1.Money
"""
import collections.abc
import datetime

from steward.type.v1 import record_pb2 as record

_SINGLE = ("string_value", "int_value", "double_value", "bool_value", "time_value", "money_value")


class CustomFields(collections.abc.MutableMapping):
    """What a record has in its custom fields, by name. Changes are made in the record itself."""

    def __init__(self, message):
        self._items = message.custom_fields
        self._changed = {}

    @property
    def mask(self):
        """Names for update_mask of what was set and deleted here: of other fields the service keeps what it has."""
        return [f"custom.{name}" for name in self._changed]

    def __getitem__(self, name):
        item = self._found(name)
        if item is None:
            raise KeyError(name)
        for member in _SINGLE:
            if item.HasField(member):
                value = getattr(item, member)
                return value.ToDatetime(datetime.timezone.utc) if member == "time_value" else value
        return list(item.string_values)

    def __setitem__(self, name, value):
        """None takes the value away, also of a record that was sent without it."""
        item = record.CustomField(name=name)
        if value is None:
            pass
        elif isinstance(value, bool):
            item.bool_value = value
        elif isinstance(value, int):
            item.int_value = value
        elif isinstance(value, float):
            item.double_value = value
        elif isinstance(value, str):
            item.string_value = value
        elif isinstance(value, datetime.datetime):
            if value.tzinfo is None:
                raise ValueError(f"{name}: a point in time has a time zone, as in datetime.now(timezone.utc)")
            item.time_value.FromDatetime(value)
        elif isinstance(value, datetime.date):
            item.string_value = value.isoformat()
        elif isinstance(value, record.Money):
            item.money_value.CopyFrom(value)
        elif isinstance(value, (list, tuple, set, frozenset)) and value:
            item.string_values.extend(value)
        else:
            raise TypeError(f"{name}: no field holds {value!r}; None is no value")
        self._remove(name)
        if value is not None:
            self._items.append(item)
        self._changed[name] = True

    def __delitem__(self, name):
        if self._found(name) is None:
            raise KeyError(name)
        self[name] = None

    def __iter__(self):
        return iter([item.name for item in self._items if self._has_value(item)])

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        return repr(dict(self))

    def _found(self, name):
        return next((item for item in self._items if item.name == name and self._has_value(item)), None)

    def _remove(self, name):
        for index in [index for index, item in enumerate(self._items) if item.name == name][::-1]:
            del self._items[index]

    @staticmethod
    def _has_value(item):
        return bool(item.string_values) or any(item.HasField(member) for member in _SINGLE)
