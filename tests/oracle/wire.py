"""PostgreSQL's protocol, spoken raw: a statement's whole answer as bytes that can be compared.

psycopg logs in; its socket is then used without it.  Nothing is converted: two answers are the same when the
server's messages are.
"""
import os
import socket
import struct

import psycopg

USER_TYPES = 16384  # the first oid that differs from database to database


BINARY_HEAD = 19  # bytes in front of the rows of a binary COPY


class CopyIn(str):
    """A COPY ... FROM STDIN; what it reads is sent in pieces."""
    data = []


class Portal(str):
    """A statement of the extended protocol: parsed once, bound `times` over, each time executed in parts of `rows`."""
    times, rows = 1, (0,)


def reworded(sql, text):
    """${text}, sent in the way of ${sql}."""
    same = type(sql)(text)
    for name, value in getattr(sql, "__dict__", {}).items():
        setattr(same, name, value)
    return same


class Answer:
    """What came back up to ReadyForQuery: several statements' results one after the other."""

    def __init__(self):
        self.columns = []  # (name, type) lists, one for each result
        self.rows = []
        self.tags = []
        self.error = None  # {field: text}
        self.copied = []

    def state(self):
        return self.error["C"] if self.error else None

    def text(self):
        """Everything in it that could tell something of another tenant."""
        error = " ".join(v for k, v in (self.error or {}).items() if k in "MDHPqs")
        return error + " " + " ".join(repr(r) for r in self.rows + self.copied)

    def __repr__(self):
        if self.error:
            return f"{self.error['C']} {self.error['M']}" + (f" ({self.error['D']})" if "D" in self.error else "")
        return f"{self.tags} {[[n for n, _ in c] for c in self.columns]} {self.rows[:40]}{self.copied[:40]}"


def row_values(body):
    n, = struct.unpack_from("!h", body)
    at, values = 2, []
    for _ in range(n):
        size, = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else body[at:at + size])
        at += max(size, 0)
    return tuple(values)


def describe(body):
    n, = struct.unpack_from("!h", body)
    at, columns = 2, []
    for _ in range(n):
        end = body.index(0, at)
        oid, = struct.unpack_from("!I", body, end + 7)
        columns.append((body[at:end].decode(), min(oid, USER_TYPES)))
        at = end + 19
    return columns


class Wire:
    def __init__(self, dsn):
        self.conn = psycopg.connect(dsn, autocommit=True)
        self.sock = socket.socket(fileno=os.dup(self.conn.pgconn.socket))
        self.sock.setblocking(True)
        self.sock.settimeout(60)
        self.buffer = b""
        self.sent = None  # the last statement

    def close(self):
        self.sock.close()
        self.conn.close()

    def _message(self, kind, body):
        return kind + struct.pack("!i", len(body) + 4) + body

    def send_simple(self, sql):
        self.sent = sql
        self.sock.sendall(self._message(b"Q", sql.encode() + b"\0"))

    def send_extended(self, sql, params):
        self.sent = sql
        times, rows = (sql.times, sql.rows) if isinstance(sql, Portal) else (1, (0,))
        bind = struct.pack("!hh", 0, len(params))
        for p in params:
            bind += struct.pack("!i", -1) if p is None else struct.pack("!i", len(p.encode())) + p.encode()
        once = (self._message(b"B", b"\0\0" + bind + b"\0\0") + self._message(b"D", b"P\0") +
                b"".join(self._message(b"E", b"\0" + struct.pack("!i", n)) for n in rows))
        self.sock.sendall(self._message(b"P", b"\0" + sql.encode() + b"\0\0\0") + once * times + self._message(b"S", b""))

    def _read(self, n):
        while len(self.buffer) < n:
            more = self.sock.recv(1 << 16)
            if not more:
                raise ConnectionError("the server has closed the connection")
            self.buffer += more
        part, self.buffer = self.buffer[:n], self.buffer[n:]
        return part

    def answer(self):
        a = Answer()
        while True:
            head = self._read(5)
            kind, size = head[:1], struct.unpack("!i", head[1:])[0]
            body = self._read(size - 4)
            if kind == b"Z":
                return a
            if kind == b"T":
                a.columns.append(describe(body))
            elif kind == b"D":
                a.rows.append(row_values(body))
            elif kind == b"C":
                a.tags.append(body[:-1].decode())
            elif kind == b"s":
                a.tags.append("suspended")
            elif kind == b"d":
                if body.startswith(b"PGCOPY\n\xff\r\n\0"):  # comes with the first row, whichever it is
                    a.copied.append(body[:BINARY_HEAD])
                    body = body[BINARY_HEAD:]
                a.copied.append(body)
            elif kind == b"E" and a.error is None:
                fields = [f for f in body.split(b"\0") if f]
                a.error = {f[:1].decode(): f[1:].decode(errors="replace") for f in fields}
            elif kind == b"G":
                self.send_data()

    def send_data(self):
        if isinstance(self.sent, CopyIn):
            self.sock.sendall(b"".join(self._message(b"d", piece) for piece in self.sent.data) + self._message(b"c", b""))
        else:
            self.sock.sendall(self._message(b"f", b"no data\0"))

    def run(self, sql, params=None):
        if params is None:
            self.send_simple(sql)
        else:
            self.send_extended(sql, params)
        return self.answer()
