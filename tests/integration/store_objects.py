"""Random views, defaults, checks, generated columns and indexes on expressions."""
import random

COLUMNS = {"i": "int", "s": "smallint", "b": "bigint", "n": "numeric(10,2)", "f": "double precision", "t": "text", "v": "varchar(8)",
           "c": "char(4)", "o": "boolean", "d": "date", "ts": "timestamp", "j": "jsonb", "a": "int[]", "u": "uuid"}
KINDS = {"int": ["i", "s", "b"], "num": ["n", "f"], "text": ["t", "v", "c"], "bool": ["o"], "date": ["d"], "time": ["ts"],
         "json": ["j"], "array": ["a"]}
VALUES = {"i": ["1", "-3", "null", "70000"], "s": ["7", "null", "0"], "b": ["5000000000", "null", "-1"], "n": ["1.5", "null", "-12.345", "0"],
          "f": ["0.1", "null", "-2.5e10"], "t": ["'abc'", "''", "null", "'Ünïcode 1'"], "v": ["'a%b'", "null", "'x'"],
          "c": ["'ab'", "null", "'abcd'"], "o": ["true", "false", "null"], "d": ["'2024-02-29'", "null"],
          "ts": ["'2024-01-31 23:59:59.5'", "null"], "j": ["'{\"k\": [1, 2]}'", "null", "'3'"], "a": ["'{1,null,3}'", "null", "'{}'"],
          "u": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "null"]}


class Objects:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.alias, self.bare = "", False

    def pick(self, *choices):
        return self.r.choice(choices)

    def column(self, kind):
        return self.alias + self.r.choice(KINDS[kind])

    def int(self, d):
        if d <= 0 or self.r.random() < 0.2:
            return self.pick("1", "0", "-2", "42", "2147483647") if self.bare or self.r.random() < 0.4 else self.column("int")
        return self.pick(
            lambda: f"{self.int(d - 1)} {self.pick('+', '-', '*')} {self.int(d - 1)}", lambda: f"({self.int(d - 1)} % 7)",
            lambda: f"length({self.text(d - 1)})", lambda: f"coalesce({self.int(d - 1)}, {self.int(d - 1)})", lambda: f"abs({self.int(d - 1)})",
            lambda: f"CASE WHEN {self.bool(d - 1)} THEN {self.int(d - 1)} ELSE {self.int(d - 1)} END", lambda: f"- {self.int(d - 1)}",
            lambda: f"({self.int(d - 1)})::{self.pick('bigint', 'int', 'smallint')}", lambda: f"greatest({self.int(d - 1)}, {self.int(d - 1)})",
            lambda: f"nullif({self.int(d - 1)}, {self.int(d - 1)})", lambda: f"extract(year from {self.date(d - 1)})::int",
            lambda: f"({self.array(d - 1)})[1]", lambda: f"cardinality({self.array(d - 1)})", lambda: f"position({self.text(d - 1)} in {self.text(d - 1)})",
            lambda: f"({self.int(d - 1)} {self.pick('&', '|')} 6)", lambda: f"CASE {self.int(d - 1)} WHEN 1 THEN 2 WHEN 3 THEN {self.int(0)} END")()

    def num(self, d):
        if d <= 0 or self.r.random() < 0.2:
            return self.pick("1.5", "0.00", "-3.25", "1e3") if self.bare or self.r.random() < 0.4 else self.column("num")
        return self.pick(
            lambda: f"{self.num(d - 1)} {self.pick('+', '-', '*')} {self.pick(self.num, self.int)(d - 1)}", lambda: f"round(({self.int(d - 1)})::numeric, 1)",
            lambda: f"({self.int(d - 1)})::numeric", lambda: f"abs({self.num(d - 1)})", lambda: f"{self.num(d - 1)} / 4",
            lambda: f"least({self.num(d - 1)}, {self.num(d - 1)})", lambda: f"cast({self.num(d - 1)} as {self.pick('real', 'float8')})",
            lambda: f"floor({self.num(d - 1)})")()

    def text(self, d):
        if d <= 0 or self.r.random() < 0.2:
            return self.pick("'a'", "'it''s'", "'x'::text", "''", r"E'b\\s'") if self.bare or self.r.random() < 0.4 else self.column("text")
        return self.pick(
            lambda: f"{self.text(d - 1)} || {self.text(d - 1)}", lambda: f"{self.pick('upper', 'lower', 'btrim', 'reverse', 'md5', 'initcap')}({self.text(d - 1)})",
            lambda: f"substring({self.text(d - 1)} from 2 for 3)", lambda: f"substring({self.text(d - 1)}, 1, 2)", lambda: f"trim({self.pick('leading', 'trailing', 'both')} 'a' from {self.text(d - 1)})",
            lambda: f"left({self.text(d - 1)}, 2)", lambda: f"({self.text(d - 1)})::varchar(3)", lambda: f"({self.pick(self.int, self.num, self.bool)(d - 1)})::text",
            lambda: f"coalesce({self.text(d - 1)}, {self.text(d - 1)})", lambda: f"replace({self.text(d - 1)}, 'a', {self.text(0)})",
            lambda: f"CASE WHEN {self.bool(d - 1)} THEN {self.text(d - 1)} END", lambda: f"({self.json(d - 1)} ->> 'k')", lambda: f"lpad({self.text(d - 1)}, 5, '*')",
            lambda: f"overlay({self.text(d - 1)} placing 'z' from 1 for 1)", lambda: f"split_part({self.text(d - 1)}, 'b', 1)", lambda: f"(({self.json(d - 1)}) #>> '{{k,0}}')",
            lambda: f"{self.text(d - 1)} || {self.int(d - 1)}")()

    def bool(self, d):
        if d <= 0 or self.r.random() < 0.1:
            return self.pick("true", "false", "1 = 1") if self.bare else self.pick("o", "not o", "i is null", "t is not null").replace("o", self.alias + "o", 1) \
                if not self.alias else f"{self.alias}o"
        op = self.pick("=", "<>", "<", ">=", "!=", ">")
        kind = self.pick(self.int, self.num, self.text, self.date, self.time)
        return self.pick(
            lambda: f"{kind(d - 1)} {op} {kind(d - 1)}", lambda: f"({self.bool(d - 1)} AND {self.bool(d - 1)})", lambda: f"({self.bool(d - 1)} OR {self.bool(d - 1)})",
            lambda: f"NOT {self.bool(d - 1)}", lambda: f"({kind(d - 1)}) IS {self.pick('', 'NOT ')}NULL", lambda: f"{self.int(d - 1)} BETWEEN 1 AND {self.int(0)}",
            lambda: f"{self.int(d - 1)} {self.pick('', 'NOT ')}IN (1, 2, {self.pick('3', 'null')})", lambda: f"{self.text(d - 1)} {self.pick('', 'NOT ')}IN ('a', 'b')",
            lambda: f"{self.text(d - 1)} {self.pick('LIKE', 'ILIKE', 'NOT LIKE')} {self.pick(repr('a%'), repr('_b'))}", lambda: f"({self.bool(d - 1)}) IS {self.pick('TRUE', 'NOT FALSE', 'UNKNOWN')}",
            lambda: f"{self.int(d - 1)} = ANY (ARRAY[1, 2])", lambda: f"{self.int(d - 1)} <> ALL ('{{4,5}}'::int[])", lambda: f"{self.text(d - 1)} ~ '^a'",
            lambda: f"{self.int(d - 1)} IS DISTINCT FROM {self.int(d - 1)}", lambda: f"({self.int(d - 1)}, {self.text(d - 1)}) = (1, 'a')", lambda: f"{self.json(d - 1)} ? 'k'",
            lambda: f"{self.array(d - 1)} @> ARRAY[1]", lambda: f"({self.json(d - 1)}) @> '{{}}'", lambda: f"coalesce({self.bool(d - 1)}, false)",
            lambda: f"starts_with({self.text(d - 1)}, 'a')")()

    def date(self, d):
        if d <= 0 or self.r.random() < 0.4:
            return self.pick("date '2024-03-01'", "'2020-12-31'::date") if self.bare or self.r.random() < 0.4 else self.column("date")
        return self.pick(lambda: f"({self.date(d - 1)} + {self.pick(1, 30)})", lambda: f"({self.date(d - 1)} - 7)", lambda: f"make_date(2024, 2, {self.pick(1, 28)})",
                         lambda: f"({self.time(d - 1)})::date", lambda: f"coalesce({self.date(d - 1)}, '2021-01-01')")()

    def time(self, d):
        if d <= 0 or self.r.random() < 0.4:
            return "'2024-03-01 12:00'::timestamp" if self.bare or self.r.random() < 0.4 else self.column("time")
        return self.pick(lambda: f"({self.time(d - 1)} + interval '1 day 02:00')", lambda: f"date_trunc('month', {self.time(d - 1)})", lambda: f"({self.date(d - 1)})::timestamp",
                         lambda: f"({self.date(d - 1)} + time '10:30')")()

    def json(self, d):
        if d <= 0 or self.r.random() < 0.5:
            return "'{\"k\": 1}'::jsonb" if self.bare or self.r.random() < 0.3 else self.column("json")
        return self.pick(lambda: f"({self.json(d - 1)} -> 'k')", lambda: f"({self.json(d - 1)} || '{{\"z\": null}}')", lambda: f"({self.json(d - 1)} - 'k')",
                         lambda: f"jsonb_build_object('x', {self.int(d - 1)})" if self.alias else self.json(0))()

    def array(self, d):
        if d <= 0 or self.r.random() < 0.5:
            return self.pick("ARRAY[1, 2]", "'{3,4}'::int[]") if self.bare or self.r.random() < 0.4 else self.column("array")
        return self.pick(lambda: f"({self.array(d - 1)} || {self.int(0)})", lambda: f"array_append({self.array(d - 1)}, 9)", lambda: f"({self.array(d - 1)})[1:2]",
                         lambda: f"ARRAY[{self.int(d - 1)}::int, 5]")()

    def of(self, column, d):
        kind = next((k for k, names in KINDS.items() if column in names), None)
        return getattr(self, kind)(d) if kind else "null"

    def any(self, d):
        return self.pick(self.int, self.num, self.text, self.bool, self.date, self.time, self.json, self.array)(d)

    def table(self, name):
        """CREATE TABLE with defaults, checks and a generated column."""
        parts = ["id int primary key"]
        for column, kind in COLUMNS.items():
            part = f"{column} {kind}"
            if self.r.random() < 0.15:
                self.bare = True
                part += f" DEFAULT {self.of(column, 2)}"
                self.bare = False
            parts.append(part)
        for k in range(self.r.randrange(3)):
            parts.append(f"CONSTRAINT k{k} CHECK ({self.bool(3)})" if self.r.random() < 0.5 else f"CHECK ({self.bool(2)})")
        if self.r.random() < 0.6:
            kind = self.pick("int", "num", "text", "bool")
            parts.append(f"g {dict(int='bigint', num='numeric', text='text', bool='boolean')[kind]} GENERATED ALWAYS AS ({getattr(self, kind)(3)}) STORED")
        return f"CREATE TABLE {name} ({', '.join(parts)})"

    def index(self, name, table):
        where = f" WHERE {self.bool(2)}" if self.r.random() < 0.4 else ""
        order = self.pick("", " DESC", " NULLS FIRST", " DESC NULLS LAST")
        on = self.any(3)
        if on[0] in "'E":
            on = "t"  # a bare literal has no type to index
        return f"CREATE {self.pick('', '', 'UNIQUE ')}INDEX {name} ON {table} (({on}){order}, {self.pick('i', 't', 'lower(t)')}){where}"

    def view(self, name, table):
        self.alias = self.pick("x.", "x.", "")
        source = f"{table} x" if self.alias else table
        kind = self.r.randrange(6)
        outputs = ", ".join(f"{self.any(3)} AS c{k}" for k in range(3))
        where = f" WHERE {self.bool(3)}" if self.r.random() < 0.6 else ""
        if kind == 0:
            key, call = self.any_sortable(2), self.pick("count(*)", f"sum({self.int(1)})", f"max({self.text(1)})", f"bool_or({self.bool(1)})", f"string_agg({self.text(1)}, ',' ORDER BY {self.alias}id)",
                                                        f"count(DISTINCT {self.text(1)})", f"array_agg({self.int(1)} ORDER BY {self.alias}id DESC) FILTER (WHERE {self.bool(1)})")
            body = f"SELECT {key} AS c0, {call} AS c1 FROM {source}{where} GROUP BY {key}{self.pick('', ' HAVING count(*) > 0')}"
        elif kind == 1:
            body = f"SELECT {outputs} FROM {source}{where} ORDER BY {self.alias}id {self.pick('', 'DESC')} LIMIT {self.r.randrange(1, 5)}"
        elif kind == 2:
            arms = [f"SELECT {self.text(2)} AS c0, {self.int(2)} AS c1 FROM {source}{where}" for _ in range(2)]
            body = f" {self.pick('UNION', 'UNION ALL', 'EXCEPT')} ".join(arms)
        elif kind == 3 and self.alias:
            test = self.bool(2)
            body = f"SELECT {outputs}, y.id AS yid FROM {source} {self.pick('JOIN', 'LEFT JOIN')} {table} y ON {self.pick('y.id = x.id', 'y.i < x.id', test)}{where}"
        elif kind == 4 and self.alias:
            test = self.pick(f"EXISTS (SELECT 1 FROM {table} z WHERE z.id = x.id AND z.i > 0)", f"x.id IN (SELECT z.id FROM {table} z)",
                             f"x.i > (SELECT min(z.i) FROM {table} z)", f"x.i = ANY (SELECT z.i FROM {table} z)")
            body = f"WITH q AS (SELECT {outputs} FROM {source} WHERE {test}) SELECT * FROM q"
        else:
            body = f"SELECT {self.pick('', 'DISTINCT ')}{', '.join(f'{self.any_sortable(3)} AS c{k}' for k in range(2))}, {self.pick('1', 'null::text')} FROM {source}{where}"
        self.alias = ""
        return f"CREATE VIEW {name} AS {body}"

    def any_sortable(self, d):
        return self.pick(self.int, self.text, self.bool, self.date, self.time)(d)

    def insert(self, table, row):
        columns = [c for c in COLUMNS if self.r.random() < 0.7]
        values = [str(row)] + [self.r.choice(VALUES[c]) for c in columns]
        return f"INSERT INTO {table} ({', '.join(['id', *columns])}) VALUES ({', '.join(values)})"
