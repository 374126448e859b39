#!/usr/bin/env python3
"""Runs wire scripts: what a client sends, byte for byte, and what must come back.

    run.py [--server partywall|postgres] [--database app] HOST:PORT|/SOCKET USER PASSWORD [SCRIPT...]

A script is a text of one step per line; # begins a comment.

    only: partywall|postgres    whose behaviour this is; none: both must agree
    backend: postgres|store     run only if the caller says that Partywall has this back end, or does
                                not say which
    needs: plain|tls|nogssenc   run only if the server answers SSLRequest with N, or with S, or
                                GSSENCRequest with N
    connect NAME                open one more connection and go on with it (the first is there)
    use NAME                    go on with another connection; the first is called a
    login [NAME=VALUE...]       start-up, authentication, everything up to ReadyForQuery
    auth                        authentication only, up to AuthenticationOk
    auth-refused SQLSTATE       the right password, but this error and a close
    auth-fails PASSWORD         with this password it must come to 28P01 and a close, and say of the
                                user the same, whoever that is
    > MESSAGE ...               send; lines that follow each other go out in one write
    > part N MESSAGE ...        only its first N bytes; `> rest` sends the others
    > cancel NAME               CancelRequest with the key of connection NAME
    tls [ALPN]                  a TLS handshake; should it fail, the connection counts as closed
    hang-up                     close the connection, without a word
    dribble on|off              send byte by byte, a millisecond apart
    < MESSAGE ...               the next message must be this one
    <? MESSAGE ...              it may be this one
    <~ MESSAGE ...              skip whatever comes before this one
    < byte X                    one byte alone, as the answer to SSLRequest
    < nothing [MS]              nothing comes for so long (100)
    < closed                    the server closes; nothing comes before that

ParameterStatus and NoticeResponse are passed over unless asked for.  {user} and {database} stand for
the arguments.  After a message's name, words are compared with its parts (DataRow's values,
RowDescription's names, CommandComplete's tag, NotificationResponse's channel and payload (and from=self|another), the numbers of CopyInResponse...; * is any), NAME=VALUE with its fields, NAME~REGEX
with a part of them.
"""
import argparse
import pathlib
import re
import socket
import ssl
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from messages import (CANCEL, GSSENC, SENDERS, SSL, Message, Scram, ScriptError, packet,  # noqa: E402
                      split_words)

TIMEOUT_S = 60
NEEDS = {"plain": (SSL, b"N", "without TLS"), "tls": (SSL, b"S", "with TLS"),
         "nogssenc": (GSSENC, b"N", "without GSSAPI encryption")}


class Mismatch(Exception):
    """The server said something else."""


class Refused(Mismatch):
    """The server ended the authentication with an error."""

    def __init__(self, message):
        super().__init__("authentication: got %s" % message)
        self.message = message


class Connection:
    def __init__(self, host, port, patience=TIMEOUT_S):
        self.patience = patience
        if host.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(host)
        else:
            self.sock = socket.create_connection((host, port), timeout=patience)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(self.patience)
        self.buffer, self.eof, self.key, self.rest, self.pending = b"", False, b"", b"", None

    def send(self, data, dribble):
        try:
            if not dribble:
                self.sock.sendall(data)
                return
            for byte in data:
                self.sock.sendall(bytes([byte]))
                time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # what it said before it closed is still to be read

    def start_tls(self, alpn):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols([alpn])
        if self.buffer:
            raise Mismatch("bytes before the handshake: %r" % self.buffer)
        try:
            self.sock = context.wrap_socket(self.sock)
        except (ssl.SSLError, OSError):
            self.eof = True

    def fill(self, size):
        """Read until ${size} bytes are there; False if the server has closed before."""
        while len(self.buffer) < size and not self.eof:
            try:
                data = self.sock.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                data = b""
            except (TimeoutError, socket.timeout):
                raise Mismatch("nothing came for %d s" % self.patience) from None
            self.buffer += data
            self.eof = not data
        return len(self.buffer) >= size

    def receive(self):
        """The next message, or None if the server has closed."""
        if self.pending:
            message, self.pending = self.pending, None
            return message
        if not self.fill(5):
            if self.buffer:
                raise Mismatch("the server closed in the middle of a message: %r" % self.buffer)
            return None
        size = struct.unpack("!I", self.buffer[1:5])[0] + 1
        if size < 5 or not self.fill(size):
            raise Mismatch("a message is broken: %r" % self.buffer[:40])
        message = Message(self.buffer[:1], self.buffer[5:size])
        self.buffer = self.buffer[size:]
        if message.kind == b"K":
            self.key = message.body
        if message.kind == b"A":
            message.fields["from"] = "self" if message.body[:4] == self.key[:4] else "another"
        return message

    def byte(self):
        if not self.fill(1):
            return b""
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def settle(self):
        """Read what comes, until no more does; nothing at all may be meant, too."""
        patience = 0.3
        try:
            while not self.eof:
                self.sock.settimeout(patience)
                data = self.sock.recv(65536)
                self.buffer += data
                self.eof, patience = not data, 0.02
        except (TimeoutError, socket.timeout):
            pass
        finally:
            self.sock.settimeout(self.patience)

    def is_silent(self, seconds):
        if self.buffer or self.pending or self.eof:
            return False
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.sock.settimeout(self.patience)
        self.buffer, self.eof = data, not data
        return False


def agrees(message, name, words):
    """Is ${message} the one the script asks for?"""
    if message is None or message.name != name:
        return False
    parts = []
    for word, quoted in words:
        match = None if quoted else re.match(rb"(\w+)([=~])(.*)$", word, re.S)
        if match:
            field = message.fields.get(match[1].decode(), "")
            wanted = match[3].decode()
            if not (field == wanted if match[2] == b"=" else re.search(wanted, field)):
                return False
        else:
            parts.append((word.decode(), quoted))
    if parts and len(parts) != len(message.parts):
        return False
    for (wanted, quoted), part in zip(parts, message.parts):
        if quoted or wanted not in ("*", "null"):
            if part != wanted:
                return False
        elif wanted == "null" and part is not None:
            return False
    return True


class Script:
    def __init__(self, path, host, port, user, password, database, server, backend=None):
        self.path, self.host, self.port, self.password = pathlib.Path(path), host, port, password
        self.names = {"user": user, "database": database}
        self.server, self.backend, self.dribble, self.outgoing = server, backend, False, b""
        self.connections, self.current = {}, "a"

    def conn(self):
        if self.current not in self.connections:
            self.connections[self.current] = Connection(self.host, self.port)
        return self.connections[self.current]

    def flush(self):
        if self.outgoing:
            data, self.outgoing = self.outgoing, b""
            self.conn().send(data, self.dribble)

    def next_message(self, wanted):
        """The next message that the script can care about."""
        while True:
            message = self.conn().receive()
            if message is None or message.name == wanted or \
                    message.name not in ("ParameterStatus", "NoticeResponse"):
                return message

    # -- steps --

    def skip_reason(self, words):
        key, value = (word.decode() for word, _ in words[:2])
        if key == "only:" and value != self.server:
            return "only for " + value
        if key == "backend:" and self.backend and value != self.backend:
            return "not on back end " + self.backend
        if key == "needs:" and answer(self.host, self.port, NEEDS[value][0]) != NEEDS[value][1]:
            return "needs a server " + NEEDS[value][2]
        return None

    def send(self, words):
        name = words[0][0].decode()
        if name == "rest":
            self.outgoing += self.conn().rest
        elif name == "cancel":
            self.outgoing += packet(CANCEL, self.connections[words[1][0].decode()].key)
        elif name == "part":
            size, data = int(words[1][0]), SENDERS[words[2][0].decode()](words[3:])
            self.outgoing += data[:size]
            self.conn().rest = data[size:]
        elif name in SENDERS:
            self.outgoing += SENDERS[name](words[1:])
        else:
            raise ScriptError("unknown message " + name)

    def expect(self, how, words):
        name, words = words[0][0].decode(), words[1:]
        if name == "nothing":
            seconds = (int(words[0][0]) if words else 100) / 1000
            if not self.conn().is_silent(seconds):
                raise Mismatch("not nothing: %s" % self.conn().receive())
        elif name == "byte":
            byte = self.conn().byte()
            if byte != words[0][0] and how == "<?":
                self.conn().buffer = byte + self.conn().buffer
            elif byte != words[0][0]:
                raise Mismatch("got byte %r" % byte)
        elif name == "closed":
            message = self.next_message(None)
            if message is not None:
                raise Mismatch("not closed: %s" % message)
        else:
            self.expect_message(how, name, words)

    def expect_message(self, how, name, words):
        seen = []
        while True:
            message = self.next_message(name)
            if agrees(message, name, words):
                return
            seen.append(str(message) if message else "closed")
            if how == "<?":
                self.conn().pending = message
                return
            if how != "<~" or message is None:
                raise Mismatch("got " + "; ".join(seen[-4:]))

    def auth_fails(self, password):
        """Wrong password and unknown user: same steps, same text."""
        try:
            self.authenticate(password)
        except Refused as e:
            said = {k: v for k, v in e.message.fields.items() if k in "SVCMDH"}
            said["M"] = re.sub('"[^"]*"', '"X"', said.get("M", ""))
            wanted = {"S": "FATAL", "V": "FATAL", "C": "28P01",
                      "M": 'password authentication failed for user "X"'}
            if said != wanted:
                raise Mismatch("got %s" % e.message) from None
            self.expect("<", [(b"closed", False)])
            return
        raise Mismatch("the password was taken")

    def auth_refused(self, sqlstate):
        try:
            self.authenticate(self.password)
        except Refused as e:
            if e.message.fields.get("C") != sqlstate:
                raise
            self.expect("<", [(b"closed", False)])
            return
        raise Mismatch("the session was let in")

    def authenticate(self, password):
        conn, scram = self.conn(), Scram(password)
        while True:
            message = self.next_message(None)
            if message is not None and message.kind == b"E":
                raise Refused(message)
            if message is None or message.kind != b"R":
                raise Mismatch("authentication: got %s" % (message or "closed"))
            if message.code == 0:
                return
            if message.code == 3:
                conn.send(password_message(password), False)
            elif message.code == 10:
                conn.send(scram.first(), False)
            elif message.code == 11:
                conn.send(scram.final(message.body[4:].decode()), False)
            elif message.code != 12 or not scram.check(message.body[4:].decode()):
                raise Mismatch("authentication: got %s" % message)

    def login(self, words):
        begin = [(("%s=%s" % item).encode(), False) for item in self.names.items()]
        self.outgoing += SENDERS["Startup"](begin + words)
        self.flush()
        self.expect_message("<?", "NegotiateProtocolVersion", [])
        self.authenticate(self.password)
        self.expect_message("<~", "ReadyForQuery", [(b"I", False)])

    def step(self, line):
        words = split_words(line)
        verb = words[0][0].decode()
        if verb == ">":
            self.send(words[1:])
            return
        self.flush()
        if verb in ("<", "<?", "<~"):
            self.expect(verb, words[1:])
        elif verb == "login":
            self.login(words[1:])
        elif verb == "auth":
            self.authenticate(self.password)
        elif verb == "auth-refused":
            self.auth_refused(words[1][0].decode())
        elif verb == "auth-fails":
            self.auth_fails(words[1][0].decode())
        elif verb == "tls":
            self.conn().start_tls(words[1][0].decode() if len(words) > 1 else None)
        elif verb == "hang-up":
            self.conn().sock.close()
        elif verb == "dribble":
            self.dribble = words[1][0] == b"on"
        elif verb == "connect":
            self.current = words[1][0].decode()
            if self.current in self.connections:
                raise ScriptError("connection %s is open" % self.current)
        elif verb == "use":
            self.current = words[1][0].decode()
        else:
            raise ScriptError("unknown step " + verb)

    def run(self):
        number, line = 0, ""
        try:
            for number, line in enumerate(self.path.read_text().splitlines(), 1):
                line = line.strip()
                for name, value in self.names.items():
                    line = line.replace("{%s}" % name, value)
                if not line or line.startswith("#"):
                    continue
                if line.startswith(("only:", "backend:", "needs:")):
                    reason = self.skip_reason(split_words(line))
                    if reason:
                        return True, "skipped: " + reason
                    continue
                self.step(line)
            self.flush()
            return True, "ok"
        except (Mismatch, ScriptError, OSError) as e:
            return False, "%s:%d: %s\n    %s" % (self.path.name, number, line, e or repr(e))
        finally:
            for conn in self.connections.values():
                conn.sock.close()


def password_message(password):
    body = password.encode() + b"\0"
    return b"p" + struct.pack("!I", len(body) + 4) + body


def answer(host, port, request):
    """The byte that answers ${request}."""
    conn = Connection(host, port)
    conn.send(packet(request), False)
    byte = conn.byte()
    conn.sock.close()
    return byte


def run_script(path, host, port, user, password, database="app", server="partywall", backend=None):
    """(ok, text): whether the server did as the script says, and what else it did.  ${host} may be a
    unix socket's path; ${server} and ${backend} say which scripts marked `only:` and `backend:` are
    run."""
    return Script(path, host, port, user, password, database, server, backend).run()


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    args.add_argument("--server", choices=("partywall", "postgres"), default="partywall")
    args.add_argument("--backend", choices=("postgres", "store"))
    args.add_argument("--database", default="app")
    args.add_argument("address")
    args.add_argument("user")
    args.add_argument("password")
    args.add_argument("scripts", nargs="*", type=pathlib.Path)
    given = args.parse_args()
    host, port = given.address, 0
    if not host.startswith("/"):
        host, _, port = host.rpartition(":")
    scripts = given.scripts or sorted(pathlib.Path(__file__).parent.glob("*.wire"))
    failed = 0
    for path in scripts:
        ok, text = run_script(path, host, int(port), given.user, given.password, given.database,
                              given.server, given.backend)
        print("%-4s %-44s %s" % ("ok" if ok else "FAIL", path.stem, "" if text == "ok" else text))
        failed += not ok
    print("%d scripts, %d failed" % (len(scripts), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
