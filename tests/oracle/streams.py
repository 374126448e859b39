"""Rows as COPY reads them, in its three formats.  A row is a list of (column, value)."""
import datetime
import re
import struct
import uuid

DAY_ZERO = datetime.date(2000, 1, 1)


def as_text(value):
    return ("t" if value else "f") if isinstance(value, bool) else str(value)


def text_row(row, delimiter):
    def one(value):
        if value is None:
            return "\\N"
        return re.sub(r"[\\\n\t|]", lambda m: {"\n": "\\n", "\t": "\\t"}.get(m[0], "\\" + m[0]), as_text(value))
    return delimiter.join(one(v) for _, v in row)


def csv_row(row, quote):
    def one(value):
        if value is None:
            return ""
        text = as_text(value)
        return '"' + text.replace('"', '""') + '"' if quote or text == "" or re.search(r'[",\n]', text) else text
    return ",".join(one(v) for _, v in row)


def binary_row(row):
    parts = [struct.pack("!h", len(row))]
    for column, value in row:
        if value is None:
            parts.append(struct.pack("!i", -1))
        else:
            body = binary(column, value)
            parts.append(struct.pack("!i", len(body)) + body)
    return b"".join(parts)


def binary(column, value):
    """A value as the receive function of the column's type wants it."""
    if column.type in ("int2", "int4", "int8"):
        return struct.pack({"int2": "!h", "int4": "!i", "int8": "!q"}[column.type], int(value))
    family = column.family
    if family == "bool":
        return b"\1" if value else b"\0"
    if family == "uuid":
        return uuid.UUID(value).bytes
    if family in ("date", "time"):
        days = (datetime.date.fromisoformat(value[:10]) - DAY_ZERO).days
        return struct.pack("!i", days) if family == "date" else struct.pack("!q", days * 86400 * 1000000)
    if family == "json":
        return b"\1" + value.encode()
    if family == "ints":
        items = [int(n) for n in re.findall(r"-?\d+", value)]
        return struct.pack("!iiiii", 1, 0, 23, len(items), 1) + b"".join(struct.pack("!ii", 4, n) for n in items)
    if family == "num":  # in digits of 10,000, one before the point and one behind it
        return struct.pack("!hHHHHH", 2, 0, 0, 2, int(value), round(value % 1 * 10000))
    return as_text(value).encode()
