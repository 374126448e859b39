"""What a program saw, a line for each step."""
import datetime
import decimal
import uuid


def plain(value):
    """Without the driver's own types."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (memoryview, bytes)):
        return bytes(value).hex()
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, uuid.UUID, decimal.Decimal)):
        return str(value)
    return value


recover = []  # what brings the connection back after an unexpected error


def say(name, value=None):
    """A callable's result; an error ends its step only."""
    if callable(value):
        try:
            value = value()
        except Exception as e:
            value = f"{type(e).__name__}: {e}".replace("\n", " ")
            for function in recover:
                function()
    print(f"{name}: {plain(value)}", flush=True)


def fails(name, function, describe):
    """`function` must raise; `describe` says what of the error is to be the same."""
    try:
        function()
    except Exception as e:
        say(name, describe(e))
    else:
        say(name, "no error")
