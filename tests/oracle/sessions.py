"""What takes several statements or a stream of data: cursors, prepared names, COPY, transactions in parts.

Statements are what writes.py makes; here they are put where a session may have them.
"""
import re

from expressions import SORTED, TYPE, Query
from schema import ident, literal
from streams import binary_row, csv_row, text_row
from wire import CopyIn, Portal
from writes import LEAK_FLAVOURS, Writes

BINARY_HEAD, BINARY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class Sessions(Writes):
    serial = 0  # of names that outlive a statement

    def name(self, prefix):
        self.serial += 1
        return f"{prefix}{self.serial}" if self.chance(0.9) else f'"{prefix} {self.serial}"'

    # -- cursors

    def cursor(self):
        """One portal, fetched in parts."""
        q = self.plain([], 1)
        order = ", ".join(str(i + 1) for i in range(len(q.cols)))
        name = ident(self.fresh("cur"))
        how = self.pick("", "SCROLL ", "NO SCROLL ", "INSENSITIVE ")
        if all(f in TYPE for f in q.families()) and " LIMIT " not in q.sql[-12:]:
            q = Query(f"{q.sql} ORDER BY {order}", q.cols)
        moves = [f"FETCH {self.pick('NEXT FROM', '2 FROM', 'FORWARD 3', 'ALL IN')} {name}", f"MOVE {name}"]
        if how == "SCROLL ":
            moves += [f"FETCH {self.pick('PRIOR', 'LAST', 'ABSOLUTE 2', 'BACKWARD 1')} FROM {name}"]
        steps = [self.r.choice(moves) for _ in range(self.r.randint(1, 3))]
        return [f"DECLARE {name} {how}CURSOR FOR {q.sql}", *steps, self.pick(f"CLOSE {name}", f"FETCH ALL {name}")]

    def positioned(self):
        """WHERE CURRENT OF; the order of rows is told by all the columns."""
        t = self.r.choice([t for t in self.world.tables if t.writable])
        s = self.source_of(t, t.name)
        name = ident(self.fresh("cur"))
        where = f" WHERE {self.condition([s], 1)}" if self.chance(0.5) else ""
        order = ", ".join(c.ref for c in s.cols if c.family in SORTED)
        lock = self.pick(" FOR UPDATE", " FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE", "")
        steps = [f"DECLARE {name} CURSOR FOR SELECT {self.pick('*', s.cols[0].ref, '1')} FROM {self.table_name(t)}{where} ORDER BY {order}{lock}"]
        for _ in range(self.r.randint(1, 2)):
            steps.append(f"FETCH {self.pick('NEXT FROM', '2 FROM', '')} {name}")
            sets = self.set_list(t, s, [])
            change = f"UPDATE {ident(t.name)} SET {sets}" if sets and self.chance(0.6) else f"DELETE FROM {ident(t.name)}"
            steps.append(f"{change} WHERE CURRENT OF {name}{self.returning(t, s)}")
        return steps

    # -- prepared names

    def prepared(self):
        self.params = []
        sql, values = self.numbered(self.one())
        name = self.name("prep")
        given = f"({', '.join(literal(v) for v in values)})" if values else ""
        steps = [f"PREPARE {name} AS {sql}", f"EXECUTE {name}{given}"]
        return steps + self.pick([], [steps[1]]) + [self.pick(f"DEALLOCATE {name}", f"DEALLOCATE PREPARE {name}")]

    # -- COPY

    def copy_out(self):
        how = self.pick("", " CSV HEADER", " WITH (FORMAT csv, FORCE_QUOTE *)", " (FORMAT text, DELIMITER '|', NULL 'none')", " (FORMAT binary)", " BINARY")
        if self.chance(0.3):
            t = self.r.choice([t for t in self.world.tables if " PARTITION BY" not in t.tail])
            names = self.r.sample(t.columns, self.r.randint(1, len(t.columns)))
            listed = f" ({', '.join(ident(c.name) for c in names if c.flavour != 'generated')})"
            return f"COPY {self.table_name(t)}{'' if self.chance(0.5) or listed == ' ()' else listed} TO STDOUT{how}"
        if self.chance(0.15):
            t = self.target()
            s = self.source_of(t, t.name)
            return f"COPY (DELETE FROM {ident(t.name)} WHERE {self.condition([s], 1)} RETURNING {s.cols[0].ref}) TO STDOUT{how}"
        want = [self.pick("int", "text", "date", "uuid", "bool", "ints") for _ in range(self.r.randint(1, 3))]
        return f"COPY ({self.with_clause()}{self.select([], 0, want).sql}) TO STDOUT{how}"

    def stream_value(self, c, t):
        if c.flavour in ("key", "identity", "always"):
            return self.new_key(c, t)
        if c.flavour in LEAK_FLAVOURS:
            return self.world.own_value(c, self.r.randint(0, 9))
        if c.flavour == "grp":
            return self.r.randint(0, 3)
        return None if not c.not_null and self.chance(0.1) else self.world.value(c, True, 0)

    def stream_keys(self, t, row):
        """Foreign keys: mostly of rows that are there, now and then another tenant's or nobody's."""
        for names, parent, key, _ in t.foreign or (t.parent.foreign if t.parent else []):
            candidates = parent.rows[1] if self.chance(0.07) and parent.rows.get(1) else parent.rows[0]
            target = self.r.choice(candidates)
            for n, k in zip(names, key):
                if t.column(n) is not t.tenant:
                    row[n] = self.new_key(parent.column(k), parent) if self.chance(0.04) and parent.column(k).flavour != "grp" else target[k]

    def copy_in(self):
        t = self.target()
        columns = [c for c in t.free_columns() if c is not t.tenant and c.flavour != "identity" and
                   (c.not_null or c.flavour == "foreign" or self.chance(0.7))]
        if t.tenant and self.chance(0.4):
            columns.append(t.tenant)
        self.r.shuffle(columns)
        if not columns:
            return [self.insert()]
        rows = []
        for _ in range(self.r.randint(0, 4)):
            row = {c.name: self.stream_value(c, t) for c in columns if c.flavour != "foreign"}
            self.stream_keys(t, row)
            row.update({c.name: self.world.tenants[0] for c in columns if c is t.tenant})
            rows.append([(c, row.get(c.name)) for c in columns])
        listed = f" ({', '.join(ident(c.name) for c in columns)})"
        s = self.source_of(t, t.name)
        where = f" WHERE {self.comparison([s], 2)}" if self.chance(0.15) else ""
        options, data = self.stream(columns, rows)
        sql = CopyIn(f"COPY {self.table_name(t)}{listed} FROM STDIN{options}{where}")
        sql.data = self.pieces(data)
        return [sql]

    def stream(self, columns, rows):
        k = self.r.randrange(5)
        if k == 0:
            return self.pick(" (FORMAT binary)", " BINARY"), BINARY_HEAD + b"".join(binary_row(r) for r in rows) + BINARY_END
        if k <= 2:
            quote = self.chance(0.5)
            head = self.chance(0.3)
            lines = [",".join(f'"{c.name.replace(chr(34), chr(34) * 2)}"' for c in columns)] if head else []
            text = "".join(line + "\n" for line in lines + [csv_row(r, quote) for r in rows])
            return (" CSV HEADER" if head else self.pick(" CSV", " WITH (FORMAT csv)")), text.encode()
        delimiter = self.pick("\t", "\t", "|")
        text = "".join(text_row(r, delimiter) + "\n" for r in rows)
        end = self.pick("", "", "\\.\n")
        return ("" if delimiter == "\t" else " (DELIMITER '|')"), (text + end).encode()

    def pieces(self, data):
        cuts = sorted(self.r.randint(0, len(data)) for _ in range(self.r.randint(0, 3)))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]

    # -- several statements

    def script(self):
        """One message of the simple protocol."""
        return "; ".join(self.one() for _ in range(self.r.randint(2, 3))) + self.pick("", ";")

    def one(self):
        self.ctes = []
        return self.write() if self.chance(0.6) else self.read()

    def parts(self):
        """What a savepoint takes back must be gone."""
        a, b, c = self.one(), self.one(), self.one()
        point = self.pick("s", '"s p"')
        return [a, f"SAVEPOINT {point}", b, self.pick(f"ROLLBACK TO {point}", f"ROLLBACK TO SAVEPOINT {point}"), c,
                f"RELEASE {point}"]

    # -- what one trial sends

    def numbered(self, sql):
        """What was thrown away took its parameters along."""
        used = sorted({int(n) for n in re.findall(r"\$(\d+)", sql)})
        sql = re.sub(r"\$(\d+)", lambda m: f"${used.index(int(m[1])) + 1}", sql)
        return sql, [self.params[n - 1] for n in used]

    def statement(self):
        """(statements, parameters or None)"""
        self.reset()
        k = self.r.random()
        for share, make in ((0.03, self.cursor), (0.02, self.positioned), (0.02, self.prepared), (0.02, lambda: [self.copy_out()]),
                            (0.03, self.copy_in), (0.01, lambda: [self.script()]), (0.01, self.parts)):
            if k < share:
                return make(), None
            k -= share
        if self.chance(0.4):
            self.params = []
        sql = self.write() if self.chance(0.4) else self.read()
        if self.params is None:
            return [sql], None if self.chance(0.7) else []
        sql, values = self.numbered(sql)
        if self.chance(0.15):
            sql = self.portal(sql)
        return [sql], values

    def portal(self, sql):
        """Fetched in parts; or run until PostgreSQL makes a plan that is the same for all values."""
        sql = Portal(sql)
        if self.chance(0.3) and not any(w in sql for w in ("INSERT", "UPDATE", "DELETE", "MERGE")):
            sql.times = 7
        else:
            sql.rows = [*(self.r.randint(1, 3) for _ in range(self.r.randint(1, 2))), 0]
        return sql
