"""An honest client, which keeps a ledger of what must be in its rows and believes nobody.

Each write is a batch of rows.  An acknowledged batch is there whole, a refused one is not there at all, and one whose
end is not known is either.  Each answer is compared with the ledger; whatever another client could have left on a
server (settings, prepared statements, an open transaction, replies) would be seen by one of the probes.
"""
import collections
import hashlib
import os
import random
import socket
import struct
import threading
import time
import traceback

import psycopg

ZONES = ["Asia/Tokyo", "America/Lima", "Europe/Riga", "Africa/Cairo", "Pacific/Fiji", "Asia/Dubai", "America/Nome",
         "Europe/Oslo"]
THERE, GONE, UNKNOWN = "there", "gone", "unknown"


class Wrong(Exception):
    """An answer that cannot be."""


class Ledger:
    def __init__(self, client):
        self.client = client
        self.batches = {}  # number -> [state, parts]
        self.counted = set()  # those that went along with the account, in one transaction

    def begin(self, parts):
        number = len(self.batches)
        self.batches[number] = [UNKNOWN, parts]
        return number

    def end(self, number, state):
        self.batches[number][0] = state

    def value(self, batch, part):
        return hashlib.sha256(f"{self.client}/{batch}/{part}".encode()).hexdigest()

    def rows(self, batch):
        parts = self.batches[batch][1]
        return [(self.client, batch, part, parts, self.value(batch, part)) for part in range(parts)]

    def check(self, rows, first=0):
        """${rows}: all of this client's from batch ${first} on, in any order."""
        found = collections.defaultdict(list)
        for row in rows:
            found[row[1]].append(tuple(row))
        for batch in range(first, len(self.batches)):
            state, _ = self.batches[batch]
            have = sorted(found.pop(batch, []))
            if have and have != self.rows(batch):
                raise Wrong(f"{self.client}: batch {batch} ({state}) is {have}")
            if state == THERE and not have:
                raise Wrong(f"{self.client}: acknowledged batch {batch} is lost")
            if state == GONE and have:
                raise Wrong(f"{self.client}: refused batch {batch} is there")
            if have:
                self.end(batch, THERE)
        if found:
            raise Wrong(f"{self.client}: rows that were never written: {dict(found)}")


class Client(threading.Thread):
    def __init__(self, world, number, tenant, may_fail):
        super().__init__(name=f"{tenant}-{number}", daemon=True)
        self.world, self.number, self.tenant = world, number, tenant
        self.may_fail = may_fail  # (SQLSTATE or None, text) -> bool
        self.ledger = Ledger(self.name)
        self.zone = ZONES[number % len(ZONES)]
        self.random = random.Random(f"{random.random()}{self.name}")
        self.connection = None
        self.cancelled = False  # it may be: somebody uses its key
        self.stop, self.wrong = threading.Event(), None
        self.done, self.errors = collections.Counter(), collections.Counter()
        self.doing, self.since = None, time.monotonic()
        self.operations = [self.single, self.transaction, self.rolled_back, self.savepoint, self.pipeline, self.copy,
                           self.read, self.read_all, self.probe, self.prepared, self.echo, self.large, self.copy_out,
                           self.cursor, self.lock]

    # -- the life of a client

    def run(self):
        while not self.stop.is_set() and not self.wrong:
            self.step(self.random.choice(self.operations))
            time.sleep(self.random.random() * 0.02)
        self.close()

    def busy(self):
        """-> for how long, with one operation."""
        return time.monotonic() - self.since

    def step(self, operation):
        """-> did it succeed?"""
        self.doing, self.since = operation.__name__, time.monotonic()
        try:
            if self.connection is None:
                self.connect()
            operation()
            if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                raise Wrong(f"{self.name}: not idle after {operation.__name__}")
            self.done[operation.__name__] += 1
            return True
        except Wrong as e:
            self.wrong = str(e)
        except Exception as e:
            if operation == self.pipeline and self.is_behind_results(e) and self.may_fail(self, "08006", ""):
                self.errors["an error behind results"] += 1
                self.tidy()
            elif isinstance(e, psycopg.Error):
                self.failed(e, operation.__name__)
            else:  # whatever a driver makes of bytes that it does not expect
                self.wrong = f"{self.name}: {operation.__name__}: {traceback.format_exc()}"
        return False

    def is_behind_results(self, e):
        """psycopg's pipelines (3.1, with libpq 15) have no place for an error between CommandComplete and
        ReadyForQuery: its queue of results goes wrong, and libpq does not leave the mode any more.  A deferred
        constraint does the same to it, without Partywall."""
        if isinstance(e, psycopg.Error):
            return str(e).startswith("cannot exit pipeline mode")
        last = traceback.extract_tb(e.__traceback__)[-1]
        return isinstance(e, (ValueError, IndexError)) and last.filename.endswith("psycopg/_pipeline.py")

    def failed(self, e, where):
        text = " ".join(str(e).split())
        if self.connection is None:
            where = "connect"
            self.errors[f"connect: {text[-60:]}"] += 1
        else:
            self.errors[e.sqlstate or "lost"] += 1
        if not self.may_fail(self, e.sqlstate, text):
            self.wrong = f"{self.name}: {where}: {e.sqlstate} {text}"
        if self.connection is not None:
            self.tidy()
        elif self.connection is None:
            time.sleep(0.1)

    def tidy(self):
        """After an error: no transaction, whatever is done to the ROLLBACK, or no connection."""
        while self.connection is not None:
            if self.connection.closed:
                self.connection = None
            elif self.connection.info.pipeline_status != psycopg.pq.PipelineStatus.OFF:
                self.errors["a pipeline that does not end"] += 1  # see is_behind_results
                self.close()
            elif self.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                return
            else:
                try:
                    self.connection.execute("ROLLBACK")
                except psycopg.Error as e:
                    self.errors[f"ROLLBACK: {e.sqlstate}"] += 1

    def connect(self):
        c = psycopg.connect(self.world.wall.dsn(self.tenant, application_name=self.name, connect_timeout=30,
                                                sslmode=self.random.choice(["disable", "require"]),
                                                options=f"-c TimeZone={self.zone}"), autocommit=True)
        c.prepare_threshold = self.random.choice([None, 0, 3])
        c.add_notice_handler(self.noticed)
        self.settings = {"application_name": self.name, "TimeZone": self.zone, "statement_timeout": "1min",
                         "extra_float_digits": "1", "search_path": '"$user", public'}
        self.named = 0
        self.connection = c
        self.done["connect"] += 1

    def noticed(self, notice):
        if notice.sqlstate and notice.sqlstate.startswith("25"):  # a transaction that is not ours
            self.wrong = f"{self.name}: {notice.message_primary}"

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def kill(self, hard):
        """From another thread: the socket ends under the client, with a reset if ${hard}."""
        c = self.connection
        try:
            with socket.socket(fileno=os.dup(c.fileno())) as s:
                if hard:  # an abortive end is that of the last descriptor: this makes it one
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RDWR)
            return True
        except (OSError, AttributeError, psycopg.Error):
            return False

    # -- operations

    def write(self, parts, how):
        """One batch by ${how}(rows); the ledger knows how it ended."""
        batch = self.ledger.begin(parts)
        try:
            how(self.ledger.rows(batch))
            self.ledger.end(batch, THERE)
        except psycopg.Error as e:
            known = e.sqlstate and e.sqlstate[:2] not in ("08", "57", "58", "XX") or e.sqlstate == "57014"
            if known and not self.connection.closed:
                self.ledger.end(batch, GONE)
            raise

    def insert(self, row):
        c = self.connection.execute("INSERT INTO ledger (client, batch, part, parts, value) VALUES (%s, %s, %s, %s, %s)", row)
        if c.rowcount != 1:
            raise Wrong(f"{self.name}: INSERT of one row says {c.statusmessage}")

    def single(self):
        self.write(1, lambda rows: self.insert(rows[0]))

    def command(self, text):
        """One that says what it has done: COMMIT of what has failed would say ROLLBACK."""
        if (said := self.connection.execute(text).statusmessage) != text.split()[0]:
            raise Wrong(f"{self.name}: {text} says {said}")

    def transaction(self):
        def how(rows):
            self.command("BEGIN")
            for row in rows:
                self.insert(row)
            self.connection.execute("SET LOCAL statement_timeout = '59s'")
            if self.connection.execute("UPDATE account SET batches = batches + 1 WHERE client = %s",
                                       (self.name,)).rowcount != 1:
                raise Wrong(f"{self.name}: has no account")
            self.command("COMMIT")
        self.ledger.counted.add(len(self.ledger.batches))
        self.write(self.random.randint(2, 6), how)

    def doomed(self):
        """A batch that is never to be there."""
        batch = self.ledger.begin(2)
        self.ledger.end(batch, GONE)
        return self.ledger.rows(batch)

    def rolled_back(self):
        self.command("BEGIN")
        for row in self.doomed():
            self.insert(row)
        self.connection.execute("SET TimeZone = 'UTC'")
        self.command("ROLLBACK")

    def savepoint(self):
        def how(rows):
            self.command("BEGIN")
            self.insert(rows[0])
            self.command("SAVEPOINT here")
            try:
                self.insert(self.doomed()[0])
                self.insert(rows[0])
                raise Wrong(f"{self.name}: a key twice")
            except psycopg.errors.UniqueViolation:
                self.connection.execute("ROLLBACK TO here")
            self.insert(rows[1])
            self.command("COMMIT")
        self.write(2, how)

    def pipeline(self):
        """One implicit transaction, all of it sent before the first answer.  (psycopg would remember names
        of statements that a failed pipeline has not prepared.)"""
        def how(rows):
            with self.connection.pipeline():
                for row in rows:
                    self.connection.execute("INSERT INTO ledger (client, batch, part, parts, value)"
                                            " VALUES (%s, %s, %s, %s, %s)", row, prepare=False)
        self.write(self.random.randint(2, 8), how)

    def copy(self):
        def how(rows):
            with self.connection.cursor() as cursor:
                with cursor.copy("COPY ledger (client, batch, part, parts, value) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
        self.write(self.random.randint(1, 40), how)

    COLUMNS = "client, batch, part, parts, value"

    def read(self):
        first = max(0, len(self.ledger.batches) - self.random.randint(1, 30))
        rows = self.connection.execute(f"SELECT {self.COLUMNS} FROM ledger WHERE client = %s AND batch >= %s",
                                       (self.name, first)).fetchall()
        self.ledger.check(rows, first)

    def read_all(self):
        """Nobody asks for the tenant, and all rows are the tenant's."""
        rows = self.connection.execute('SELECT DISTINCT "tenantId", split_part(client, \'-\', 1) FROM ledger').fetchall()
        if any(row != (self.tenant, self.tenant) for row in rows):
            raise Wrong(f"{self.name} sees {rows}")

    def copy_out(self):
        first = max(0, len(self.ledger.batches) - 10)
        with self.connection.cursor() as cursor:
            with cursor.copy(f"COPY (SELECT {self.COLUMNS} FROM ledger WHERE client = %s AND batch >= %s) TO STDOUT",
                             (self.name, first)) as copy:
                copy.set_types(["text", "int4", "int4", "int4", "text"])
                rows = list(copy.rows())
        self.ledger.check(rows, first)

    def probe(self):
        for name, value in self.settings.items():
            have = self.connection.execute(f"SHOW {name}").fetchone()[0]
            if have != value:
                raise Wrong(f"{self.name}: {name} is {have}, not {value}")
        zone = self.random.choice(ZONES)
        try:
            self.connection.execute(f"SET TimeZone = '{zone}'")
            self.settings["TimeZone"] = zone
        except psycopg.errors.QueryCanceled:
            self.settings.pop("TimeZone", None)  # it may have been before or after
            raise

    def prepared(self):
        """All clients call theirs the same.  (psycopg deallocates all after a rollback, if it has any.)"""
        if self.connection.prepare_threshold is not None:
            have = self.connection.execute(f"SELECT '{self.name}', %s::int", (1,), prepare=True).fetchone()
            want = (self.name, 1)
        else:
            if not self.named:
                number = self.random.randint(1, 1000000)
                self.connection.execute(f"PREPARE mine (int) AS SELECT '{self.name}', {number} + $1")
                self.named = number
            have, want = self.connection.execute("EXECUTE mine (1)").fetchone(), (self.name, self.named + 1)
        if have != want:
            raise Wrong(f"{self.name}: a prepared statement says {have}, not {want}")

    def cursor(self):
        """All clients call theirs the same, too; it ends with its transaction."""
        self.command("BEGIN")
        self.connection.execute(f"DECLARE mine CURSOR FOR SELECT '{self.name}', n FROM generate_series(1, 1000) n")
        for first in (1, 4):
            if (have := self.connection.execute("FETCH 3 FROM mine").fetchall()) != [
                    (self.name, n) for n in range(first, first + 3)]:
                raise Wrong(f"{self.name}: a cursor says {have}")
        self.command(self.random.choice(["COMMIT", "ROLLBACK"]))
        try:
            have = self.connection.execute("FETCH 1 FROM mine").fetchall()
            raise Wrong(f"{self.name}: a cursor of nobody says {have}")
        except psycopg.errors.InvalidCursorName:
            pass

    def lock(self):
        """Nobody else takes this one: it is held only if a server of ours has been left with it."""
        end = time.monotonic() + 20  # a server whose client has ended may take its time to end
        try:
            while not self.connection.execute(f"SELECT pg_try_advisory_lock({self.number})").fetchone()[0]:
                if time.monotonic() > end:
                    raise Wrong(f"{self.name}: the lock is held by a server that nobody has")
                time.sleep(0.1)
        except psycopg.errors.TooManyConnections:
            return  # others hold as many as there may be
        if not self.connection.execute(f"SELECT pg_advisory_unlock({self.number})").fetchone()[0]:
            raise Wrong(f"{self.name}: the lock is gone")

    def echo(self):
        for _ in range(5):
            word = f"{self.name} {self.random.random()}"
            have = self.connection.execute("SELECT %s::text, pg_sleep(%s)", (word, self.random.random() * 0.01)).fetchone()
            if have[0] != word:
                raise Wrong(f"{self.name}: asked for {word}, got {have}")

    def large(self):
        """More than any buffer holds at once."""
        word, times = f"{self.name} {self.random.random()} ", self.random.choice([1000, 5000, 20000])
        have = self.connection.execute(f"SELECT repeat(%s, {times})", (word,)).fetchone()[0]
        if have != word * times:
            raise Wrong(f"{self.name}: {len(have)} characters that are not {times} times {word}")
