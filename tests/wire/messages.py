"""PostgreSQL's protocol for the wire scripts: words to bytes, bytes to words, and SCRAM.

Nothing here checks what it is told to send: scripts exist to send what no driver would.
"""
import base64
import hashlib
import hmac
import os
import struct

SSL, GSSENC, CANCEL = 80877103, 80877104, 80877102


class ScriptError(Exception):
    """The script itself is wrong."""


# -- words ------------------------------------------------------------------------------------

ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"'}


def split_words(line):
    """Blank-separated words of bytes; "..." keeps blanks and knows \\n \\r \\t \\0 \\" \\\\ \\xHH and,
    for long texts, {text*count}.  Returns pairs (word, did it begin with a quote)."""
    words, i = [], 0
    while i < len(line):
        if line[i].isspace():
            i += 1
            continue
        word, quoted, in_quotes = b"", line[i] == '"', False
        while i < len(line) and (in_quotes or not line[i].isspace()):
            if line[i] == '"':
                in_quotes = not in_quotes
                i += 1
            elif line[i] == "\\" and in_quotes:
                if line[i + 1] == "x":
                    word += bytes([int(line[i + 2:i + 4], 16)])
                    i += 4
                else:
                    word += ESCAPES[line[i + 1]]
                    i += 2
            elif line[i] == "{" and in_quotes and "*" in line[i:line.find("}", i)]:
                text, count = line[i + 1:line.index("}", i)].rsplit("*", 1)
                word += text.encode() * int(count)
                i = line.index("}", i) + 1
            else:
                word += line[i].encode()
                i += 1
        if in_quotes:
            raise ScriptError("a quote is not closed")
        words.append((word, quoted))
    return words


# -- words to messages ------------------------------------------------------------------------

def message(kind, body):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def packet(code, body=b""):
    return struct.pack("!II", len(body) + 8, code) + body


def startup(words):
    major, minor, body = 3, 0, b""
    for word, _ in words:
        name, _, value = word.partition(b"=")
        if name == b"version":
            major, minor = map(int, value.split(b"."))
        else:
            body += name + b"\0" + value + b"\0"
    return packet(major << 16 | minor, body + b"\0")


def bind(words):
    """Bind PORTAL STATEMENT [formats=0,1] [results=1] [VALUE | null]..."""
    portal, statement = words[0][0], words[1][0]
    formats, results, values = [], [], []
    for word, quoted in words[2:]:
        if not quoted and word.startswith(b"formats="):
            formats = [int(n) for n in word[8:].split(b",")]
        elif not quoted and word.startswith(b"results="):
            results = [int(n) for n in word[8:].split(b",")]
        else:
            values.append(None if word == b"null" and not quoted else word)
    body = portal + b"\0" + statement + b"\0"
    body += struct.pack("!H", len(formats)) + b"".join(struct.pack("!H", n) for n in formats)
    body += struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value
    body += struct.pack("!H", len(results)) + b"".join(struct.pack("!H", n) for n in results)
    return message("B", body)


def parse(words):
    """Parse NAME "SQL" [OID]..."""
    oids = [int(word) for word, _ in words[2:]]
    return message("P", words[0][0] + b"\0" + words[1][0] + b"\0" + struct.pack("!H", len(oids)) +
                   b"".join(struct.pack("!I", oid) for oid in oids))


def execute(words):
    limit = int(words[1][0]) if len(words) > 1 else 0
    return message("E", words[0][0] + b"\0" + struct.pack("!I", limit))


def function_call(words):
    """FunctionCall OID [TEXT ARGUMENT]...: text in, text out."""
    body = struct.pack("!IHH", int(words[0][0]), 0, len(words) - 1)
    for word, _ in words[1:]:
        body += struct.pack("!I", len(word)) + word
    return message("F", body + struct.pack("!H", 0))


def raw(words):
    """raw: hexadecimal pairs, quoted text, and i32=N."""
    out = b""
    for word, quoted in words:
        if quoted:
            out += word
        elif word.startswith(b"i32="):
            out += struct.pack("!I", int(word[4:], 0) & 0xffffffff)
        else:
            out += bytes.fromhex(word.decode())
    return out


def target(kind):
    return lambda words: message(kind, words[0][0] + (words[1][0] if len(words) > 1 else b"") + b"\0")


def text(kind):
    return lambda words: message(kind, words[0][0] + b"\0")


def empty(kind):
    return lambda words: message(kind, b"")


SENDERS = {
    "Startup": startup,
    "SSLRequest": lambda words: packet(SSL),
    "GSSENCRequest": lambda words: packet(GSSENC),
    "Query": text("Q"),
    "Parse": parse,
    "Bind": bind,
    "Describe": target("D"),
    "Close": target("C"),
    "Execute": execute,
    "FunctionCall": function_call,
    "Sync": empty("S"),
    "Flush": empty("H"),
    "Terminate": empty("X"),
    "CopyData": lambda words: message("d", words[0][0]),
    "CopyDone": empty("c"),
    "CopyFail": text("f"),
    "raw": raw,
}


# -- messages to words ------------------------------------------------------------------------

NAMES = {
    b"R": "Authentication", b"K": "BackendKeyData", b"S": "ParameterStatus", b"Z": "ReadyForQuery",
    b"v": "NegotiateProtocolVersion", b"E": "ErrorResponse", b"N": "NoticeResponse",
    b"1": "ParseComplete", b"2": "BindComplete", b"3": "CloseComplete", b"n": "NoData",
    b"I": "EmptyQueryResponse", b"s": "PortalSuspended", b"C": "CommandComplete",
    b"t": "ParameterDescription", b"T": "RowDescription", b"D": "DataRow", b"d": "CopyData",
    b"c": "CopyDone", b"G": "CopyInResponse", b"H": "CopyOutResponse", b"W": "CopyBothResponse",
    b"V": "FunctionCallResponse", b"A": "NotificationResponse",
}
AUTH = {0: "AuthenticationOk", 3: "AuthenticationCleartextPassword", 5: "AuthenticationMD5Password",
        10: "AuthenticationSASL", 11: "AuthenticationSASLContinue", 12: "AuthenticationSASLFinal"}


def strings(body):
    return [s.decode(errors="replace") for s in body.split(b"\0")[:-1]]


def row_values(body):
    values, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        length = struct.unpack_from("!i", body, at)[0]
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode(errors="replace"))
        at += max(length, 0)
    return values


def row_names(body):
    names, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(b"\0", at)
        names.append(body[at:end].decode(errors="replace"))
        at = end + 19
    return names


class Message:
    """One message of the server: its name, its parts as text, and its fields if it has any."""

    def __init__(self, kind, body):
        self.kind, self.body = kind, body
        self.name = NAMES.get(kind, "unknown message " + repr(kind))
        self.parts, self.fields = [], {}
        if kind == b"R":
            self.code = struct.unpack_from("!I", body)[0]
            self.name = AUTH.get(self.code, "Authentication %d" % self.code)
            self.parts = strings(body[4:-1]) if self.code == 10 else []
        elif kind in b"EN":
            self.fields = {f[0]: f[1:] for f in strings(body) if f}
        elif kind == b"S":
            name, value = strings(body)
            self.fields, self.parts = {name: value}, [name, value]
        elif kind == b"K":
            self.fields = {"key_bytes": str(len(body) - 4)}
        elif kind == b"Z":
            self.parts = [body.decode()]
        elif kind == b"v":
            version, _ = struct.unpack_from("!II", body)
            self.parts = strings(body[8:])
            self.fields = {"version": "%d.%d" % (version >> 16, version & 0xffff)}
        elif kind == b"C":
            self.parts = strings(body)
        elif kind == b"D":
            self.parts = row_values(body)
        elif kind == b"T":
            self.parts = row_names(body)
        elif kind == b"t":
            self.parts = [str(oid) for oid in struct.unpack("!%dI" % ((len(body) - 2) // 4), body[2:])]
        elif kind == b"V":
            self.parts = [None if body[:4] == b"\xff" * 4 else body[4:].decode(errors="replace")]
        elif kind in b"GHW":
            self.parts = [str(n) for n in struct.unpack("!b%dH" % ((len(body) - 1) // 2), body)]
        elif kind == b"d":
            self.parts = [body.decode(errors="replace")]
        elif kind == b"A":
            self.parts = strings(body[4:])

    def __str__(self):
        said = [self.name]
        if self.kind in b"EN":
            said += ['%s="%s"' % (k, self.fields[k]) for k in "SCMDH" if k in self.fields]
        else:
            said += ["null" if p is None else '"%s"' % (p[:60]) for p in self.parts]
            said += ["%s=%s" % f for f in self.fields.items() if self.kind != b"S"]
        return " ".join(said)


# -- SCRAM-SHA-256, the client's side -----------------------------------------------------------

class Scram:
    def __init__(self, password):
        self.password = password.encode()
        self.bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()

    def first(self):
        data = ("n,," + self.bare).encode()
        return message("p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(data)) + data)

    def final(self, server_first):
        given = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(given["s"]),
                                     int(given["i"]))
        unproved = "c=biws,r=" + given["r"]
        auth = ",".join((self.bare, server_first, unproved)).encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), auth, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), auth, "sha256")
        return message("p", (unproved + ",p=" + base64.b64encode(proof).decode()).encode())

    def check(self, server_final):
        return base64.b64decode(server_final.removeprefix("v=")) == self.expected
