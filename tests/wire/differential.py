#!/usr/bin/env python3
"""Random conversations, held with PostgreSQL and with Partywall: the replies must be the same.

    differential.py [--seed N] [--count N] [--named] [--copies] POSTGRES PARTYWALL

Each of the two is USER:PASSWORD@HOST:PORT/DATABASE; both databases hold the demo's tables.  A
conversation is a random sequence of simple and extended messages over few names, so that statements
meet each other: redefined, closed, deallocated, bound after errors, in failed transactions, without
Sync.  --named: also about the prepared statements and cursors of SQL, in turns.  --copies: COPY and
its data, among queries.  What differs is printed with the shortest part of the conversation that
shows it.
"""
import argparse
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from messages import SENDERS  # noqa: E402
from run import Mismatch, Script  # noqa: E402

STATEMENTS = [
    "SELECT 1", "SELECT $1::int4", "SELECT $1::int4 + $2::int4 AS sum", "", "  ;", "-- nothing",
    "SELECT g FROM (VALUES (1), (2), (3)) v(g)", "SELEC", "SELECT 1/0", "SELECT 1/$1::int4",
    "SELECT nope", "SELECT 1 FROM nowhere", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a",
    "RELEASE a", "DEALLOCATE ALL", "DEALLOCATE s1", "DEALLOCATE s2", "SET application_name = 'x'",
    "SHOW application_name", "RESET application_name",
    'UPDATE "User" SET level = level + 1 WHERE id = \'u1\'',
    'SELECT level > 0 FROM "User" WHERE id = $1::text', "SELECT 1; SELECT 2",
]
SIMPLE = STATEMENTS + [
    "BEGIN; SELECT 1", "SELECT 1; COMMIT", "SELECT 1; SELECT 1/0; SELECT 2", "BEGIN; SELEC; COMMIT",
    "SELECT 1;; SELECT 2;", "BEGIN; COMMIT; SELECT 3", "ROLLBACK; BEGIN",
]
NAMED = [
    "PREPARE q1 AS SELECT 1", "PREPARE q2(int) AS SELECT $1 + 1 AS more", "EXECUTE q1", "EXECUTE q2(41)",
    'PREPARE q1 AS SELECT level > $1 FROM "User" WHERE id = \'u1\'', "PREPARE q2 AS SELECT nope",
    "EXPLAIN (COSTS OFF) SELECT 1", "DECLARE p1 CURSOR FOR SELECT 1 UNION ALL SELECT 2", "FETCH p1",
    'DECLARE p1 SCROLL CURSOR FOR SELECT id FROM "User" ORDER BY id', "MOVE p1", "FETCH ALL FROM p1",
    "CLOSE p1", "CLOSE ALL", 'DECLARE p1 CURSOR FOR SELECT id FROM "User" FOR UPDATE',
    'UPDATE "User" SET level = level + 1 WHERE CURRENT OF p1',
]
NAMED_SIMPLE = [
    "PREPARE q1 AS SELECT 1; EXECUTE q1", "SELECT 1/0; PREPARE q1 AS SELECT 2",
    "PREPARE q2(int) AS SELECT $1; SELECT 1/0", "DEALLOCATE q1; SELECT 1/0; EXECUTE q1",
    "EXECUTE q1; EXECUTE q2(1)", "DEALLOCATE ALL; PREPARE q1(text) AS SELECT $1; EXECUTE q1('a')",
    "BEGIN; DECLARE p1 CURSOR FOR SELECT 1; FETCH p1", "DECLARE p1 CURSOR FOR SELECT 1; FETCH p1",
    "CLOSE p1; DECLARE p1 CURSOR FOR SELECT 3; FETCH p1", "BEGIN; EXECUTE q1", "BEGIN",
]


class Words:
    """What conversations are made of."""

    def __init__(self, named):
        self.names = ["", "", "s1", "s2"] + (["q1"] if named else [])
        self.statements = STATEMENTS + (NAMED if named else [])
        self.simple = SIMPLE + (NAMED + NAMED_SIMPLE if named else [])
        self.chunks = [0] if named else [0, 0, 1, 3, 1000]
        # q1 is a name that EXECUTE may meet: Partywall executes queries alone
        self.queries = [sql for sql in self.statements if re.match("SELECT|UPDATE", sql) and ";" not in sql]

    def for_parse(self, name):
        return self.queries if name == "q1" else self.statements


COPIES = ['COPY "User" (id, email, password) FROM STDIN', 'COPY "Workflow" (id, name, "userId") FROM STDIN']
COPIES_OUT = ['COPY "Tenant" (id) TO STDOUT', "COPY (SELECT 1 UNION ALL SELECT 2) TO STDOUT CSV HEADER"]
ROWS = ["c1\tc@acme.test\tu1\n", "c2\tc2@acme.test\tu2\n", "too few\n", "c3\tx\t", "u1\n", "\\.\n", ""]


def word(text):
    return text.encode(), True


def random_message(rng, words):
    """(name, arguments) of one message."""
    statement = rng.choice(words.names)
    portal = rng.choice(["", "", "", "p1"])
    kind = rng.choices(
        ["Query", "Parse", "Bind", "Describe", "Execute", "Close", "Sync", "Flush", "batch"],
        [8, 8, 8, 5, 8, 3, 8, 2, 12])[0]
    if kind == "Query":
        return [(kind, [rng.choice(words.simple)])]
    if kind == "Parse":
        return [(kind, [statement, rng.choice(words.for_parse(statement))])]
    if kind == "Bind":
        return [(kind, [portal, statement, *["7"] * rng.choice([0, 0, 1, 2])])]
    if kind == "Describe":
        return [(kind, rng.choice([["S", statement], ["P", portal]]))]
    if kind == "Execute":
        return [(kind, [portal, rng.choice(["0", "0", "1", "2"])])]
    if kind == "Close":
        return [(kind, rng.choice([["S", statement], ["P", portal]]))]
    if kind == "batch":  # what a driver sends
        sql = rng.choice(words.for_parse(statement))
        values = ["7"] * len(set(re.findall(r"\$\d", sql)))
        batch = [("Parse", [statement, sql]), ("Bind", [portal, statement, *values]),
                 ("Describe", ["P", portal]), ("Execute", [portal, "0"]), ("Sync", [])]
        return batch if rng.random() < 0.7 else batch[:-1]
    return [(kind, [])]


def random_copy(rng):
    """COPY FROM with its data: without them the next message would end the connection.  A Sync behind Execute is
    nothing; behind a bad row it may be one, which of the two is for PostgreSQL alone to know."""
    if rng.random() < 0.2:
        return [("Query", [rng.choice(COPIES_OUT)])]
    sql = rng.choice(COPIES)
    data = [("CopyData", [rng.choice(ROWS)]) for _ in range(rng.randrange(4))]
    noise = [("Sync", [])] if rng.random() < 0.5 else [("Flush", [])] if rng.random() < 0.3 else []
    end = [("CopyDone", [])] if rng.random() < 0.8 else [("CopyFail", ["no more"])]
    if rng.random() < 0.5:
        both = rng.random() < 0.2
        return [("Query", [f"{sql}; SELECT 1; {sql}" if both else sql])] + (data + end) * (2 if both else 1)
    return [("Close", ["S", "c"]), ("Parse", ["c", sql]), ("Bind", ["c", "c"]), ("Execute", ["c", "0"]), *noise,
            *data, *end, ("Sync", [])]


def random_conversation(rng, words, copies):
    if not copies:
        return sum((random_message(rng, words) for _ in range(rng.randint(1, 12))), [])
    conversation = []
    for _ in range(rng.randint(1, 8)):
        conversation += random_copy(rng) if rng.random() < 0.6 else [("Query", [rng.choice(SIMPLE)])]
    return conversation


def encode(conversation):
    return b"".join(SENDERS[name]([word(a) for a in arguments]) for name, arguments in conversation)


def said(message):
    if message.kind == b"E":
        return "ErrorResponse %s %s" % (message.fields.get("S"), message.fields.get("C"))
    return str(message)


END = [("Sync", []), ("Query", ["ROLLBACK"]), ("Query", ["SELECT 'the end'"])]


# An error either way, but not for the same of two reasons.  PostgreSQL analyses before it looks at
# the name, and looks at the name before it looks at the transaction.
TOLERATED = {("42703", "42P05"), ("42P01", "42P05"), ("26000", "25P02"), ("34000", "25P02"),
             ("55000", "26000"), ("55000", "34000"), ("25P01", "42P03"), ("42P05", "25P02")}


def same(answer, other):
    """Is what PostgreSQL said, ${answer}, what Partywall said?"""
    if len(answer) != len(other):
        return False
    for a, b in zip(answer, other):
        codes = a[-5:], b[-5:]
        if a != b and not (a[:-5] == b[:-5] and "ErrorResponse" in a and codes in TOLERATED):
            return False
    return True


def hold(server, conversation, chunks):
    """What ${server} answers to ${conversation}, sent in pieces of ${chunks} messages; 0: in turns,
    as a client that reads what it asked for before it goes on."""
    user, password, host, port, database = server
    script = Script("differential", host, port, user, password, database, "")
    script.login([word("application_name=differential")])
    conn = script.conn()
    replies, whole = [], conversation + END
    for i in range(0, len(whole), chunks or 1):
        conn.send(encode(whole[i:i + (chunks or 1)]), False)
        if chunks == 0 and whole[i][0] in ("Sync", "Query"):
            conn.settle()
    while "ended" not in replies:
        try:
            message = script.next_message(None)
        except Mismatch as e:
            return replies + [str(e)]
        replies.append(said(message) if message else "closed")
        if message is None or message.kind == b"Z" and 'DataRow "the end"' in replies:
            replies.append("ended")
    conn.sock.close()
    return replies


def differs(servers, conversation, chunks):
    answers = []
    for server in servers:
        try:
            answers.append(hold(server, conversation, chunks))
        except (Mismatch, OSError) as e:
            answers.append([str(e)])
    return None if same(*answers) else answers


def shortened(servers, conversation, chunks):
    """Leave out what is not needed for the difference."""
    i = 0
    while i < len(conversation):
        shorter = conversation[:i] + conversation[i + 1:]
        if differs(servers, shorter, chunks):
            conversation = shorter
        else:
            i += 1
    return conversation


def report(seed, servers, conversation, chunks):
    conversation = shortened(servers, conversation, chunks)
    answers = differs(servers, conversation, chunks) or [[], []]
    print("seed %d, in pieces of %d:" % (seed, chunks))
    for name, arguments in conversation:
        print("    > %s %s" % (name, " ".join('"%s"' % a for a in arguments)))
    for server, answer in zip(("postgres", "partywall"), answers):
        print("    %s: %s" % (server, "; ".join(answer)))


def parse_server(text):
    match = re.fullmatch(r"([^:]+):([^@]+)@([^:]+):(\d+)/(.+)", text)
    if not match:
        sys.exit("not USER:PASSWORD@HOST:PORT/DATABASE: " + text)
    user, password, host, port, database = match.groups()
    return user, password, host, int(port), database


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--count", type=int, default=500)
    args.add_argument("--named", action="store_true")
    args.add_argument("--copies", action="store_true")
    args.add_argument("postgres", type=parse_server)
    args.add_argument("partywall", type=parse_server)
    given = args.parse_args()
    servers, bad = (given.postgres, given.partywall), 0
    words = Words(given.named)
    for seed in range(given.seed, given.seed + given.count):
        rng = random.Random(seed)
        conversation = random_conversation(rng, words, given.copies)
        chunks = rng.choice(words.chunks)
        if differs(servers, conversation, chunks):
            bad += 1
            report(seed, servers, conversation, chunks)
            if bad == 10:
                break
    print("%d conversations, %d differ" % (seed - given.seed + 1, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
