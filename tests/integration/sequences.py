"""Sequences of statements, played on PostgreSQL and on the store: all messages must be the same.

A sequence is a text of one step per line:

    select 1                      a Query; waits for ReadyForQuery, or for CopyInResponse
    > Parse "" "select 1" ;; Sync messages in the words of the wire scripts; waits for a ReadyForQuery for
                                  each Sync, and for the end of a COPY that a Query began
    b| select 1                   the same on another connection; the first is called a
    b|& select 1                  nothing is waited for ...
    b|...                         ... until here
    ~ copy t to '/x'              the store refuses it (0A000 or 42501), whatever PostgreSQL does
    # comment

What is not compared: oids of tables, process ids, and where in PostgreSQL's source an error was raised.
"""
import struct

from integration import raw
from run import Mismatch

IGNORED_FIELDS = set("VFLR")


def columns(body):
    found, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(b"\0", at)
        table, attnum, oid, size, typmod, form = struct.unpack_from("!IhIhih", body, end + 1)
        found.append((body[at:end].decode(), table != 0, attnum, oid, size, typmod, form))
        at = end + 19
    return found


def seen(message):
    """A message as it is compared; None: not at all."""
    if message.kind in (b"K", b"R"):
        return None
    if message.kind == b"T":
        return ["RowDescription", columns(message.body)]
    if message.kind in (b"E", b"N"):
        return [message.name, {k: v for k, v in message.fields.items() if k not in IGNORED_FIELDS}]
    if message.kind in (b"D", b"d"):
        return [message.name, message.body]
    return [message.name, message.parts]


class Player:
    """One server, and its connections by name."""

    def __init__(self, connect):
        self.connect, self.conns = connect, {}

    def conn(self, name):
        if name not in self.conns:
            self.conns[name] = self.connect()
        return self.conns[name]

    def read(self, name, readies):
        """Messages up to ReadyForQuery, CopyInResponse, or the end of the connection."""
        said = []
        while readies > 0:
            try:
                message = self.conn(name).conn.receive()
            except Mismatch:
                return said + [["nothing comes"]]
            if message is None:
                return said + [["closed"]]
            shown = seen(message)
            if shown:
                said.append(shown)
            readies -= message.kind in (b"Z", b"G")
        return said

    def play(self, step):
        name, line = "a", step
        if len(line) > 1 and line[1] == "|":
            name, line = line[0], line[2:]
        if line.strip() == "...":
            return self.read(name, 1)
        wait = not line.startswith("&")
        line = line.lstrip("&").strip()
        if not line.startswith("> "):
            data, readies = raw.message("Q", line.encode() + b"\0"), 1
        else:
            words = line[2:].split(" ;; ")
            kinds = [w.split()[0] for w in words]
            data = b"".join(raw.encode(w) for w in words)
            readies = kinds.count("Sync") + kinds.count("Query") + kinds.count("FunctionCall")
            if readies == 0:
                readies = kinds.count("CopyDone") + kinds.count("CopyFail")
        self.conn(name).conn.send(data, False)
        return self.read(name, readies) if wait else []

    def close(self):
        for conn in self.conns.values():
            conn.close()


def refused(said):
    return any(m[0] == "ErrorResponse" and m[1]["C"] in ("0A000", "42501") for m in said)


def play(sequence, postgres, store):
    """Both are functions that give a new raw.Raw.  Returns how many steps were alike."""
    players = Player(postgres), Player(store)
    differences, alike, copying = [], 0, False
    try:
        for number, step in enumerate(sequence.strip("\n").splitlines(), 1):
            step = step.strip()
            if not step or step.startswith("#"):
                continue
            if step.startswith("~"):
                got = players[1].play(step[1:].strip())
                if not refused(got):
                    differences.append(f"line {number}: not refused: {step}\n  {got}")
                continue
            expected, got = (p.play(step) for p in players)
            if expected == got:
                alike += 1
            else:
                differences.append(f"line {number}: {step}\n  PostgreSQL {expected}\n  store      {got}")
    finally:
        for p in players:
            p.close()
    assert not differences, f"{len(differences)} differences\n" + "\n".join(differences)
    return alike
