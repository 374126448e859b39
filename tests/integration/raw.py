"""A client that sends what it is told, message by message, in the words of the wire scripts."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "wire"))
from messages import CANCEL, SENDERS, message, packet, split_words  # noqa: E402
from run import Script  # noqa: E402


def encode(text):
    """One message per line."""
    data = b""
    for line in text.strip().splitlines():
        words = split_words(line)
        data += SENDERS[words[0][0].decode()](words[1:])
    return data


class Raw:
    def __init__(self, port, user="acme", password=None, database="app", startup="", host="127.0.0.1"):
        self.script = Script("raw", host, port, user, password or user, database, "partywall")
        self.script.login(split_words(startup))
        self.conn = self.script.conn()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.conn.sock.close()

    def send(self, text):
        self.conn.send(encode(text), False)

    def next(self):
        """The next message as text; notices and reports of settings are passed over."""
        message = self.script.next_message(None)
        if message is None:
            return "closed"
        if message.kind == b"E":
            return "ErrorResponse " + message.fields["C"]
        return " ".join([message.name, *("null" if p is None else p for p in message.parts)])

    def until_ready(self, count=1):
        """Messages up to the ${count}th ReadyForQuery."""
        said = []
        while count > 0:
            said.append(self.next())
            assert said[-1] != "closed", said
            count -= said[-1].startswith("ReadyForQuery")
        return said

    def ask(self, text, count=1):
        self.send(text)
        return self.until_ready(count)

    def rows(self, text):
        return [m.removeprefix("DataRow ") for m in self.ask(text) if m.startswith("DataRow")]

    @property
    def key(self):
        return self.conn.key

    def cancel_request(self):
        return packet(CANCEL, self.conn.key)
