"""Random schemas for the oracle: tables of several tenants, and the same with one tenant alone.

A world is made from a random.Random alone.  It gives the DDL and rows of both databases and the policy.  Rows of
other tenants overlap with one's own in all that is not a key, and hold what makes careless conditions fail: zeros
to divide by, texts that are no numbers, patterns and documents that cannot be read.  One's own rows never do, so
that an error is another tenant's row speaking.
"""
import itertools
import json
import re

WORDS = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu"]
KEYWORDS = {"select", "table", "order", "user", "group", "end", "case", "limit", "offset", "default"}
TENANTS = {
    "text": ["acme", "globex", "o'neil \\x"],
    "uuid": [f"{c * 8}-0000-4000-8000-{c * 12}" for c in "a1f"],
    "int": ["7", "8", "9"],
}
FAMILY = {"int4": "int", "int8": "int", "int2": "int", "text": "text", "varchar(40)": "text", "varchar(7)": "text", "uuid": "uuid",
          "bool": "bool", "date": "date", "timestamptz": "time", "numeric(10,2)": "num", "jsonb": "json",
          "int4[]": "ints", "mood": "enum"}

# what a foreign key may have instead of its key's type: it then changes, or cannot hold, some values
UNLIKE = {"int4": ["int8", "int2"], "int8": ["int4", "int2"], "text": ["varchar(40)", "varchar(7)"],
          "varchar(40)": ["text", "varchar(7)"]}


def ident(name):
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in KEYWORDS else '"' + name.replace('"', '""') + '"'


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return (" E'" if "\\" in text else "'") + text.replace("\\", "\\\\").replace("'", "''") + "'"


class Column:
    def __init__(self, name, type_, flavour="plain", not_null=False, default=None, extra=""):
        self.name, self.type, self.flavour, self.not_null = name, type_, flavour, not_null
        self.default, self.extra = default, extra  # extra: GENERATED ...
        self.family = FAMILY[type_]

    def ddl(self):
        return (f"{ident(self.name)} {self.type}{' NOT NULL' if self.not_null else ''}"
                f"{' DEFAULT ' + self.default if self.default else ''} {self.extra}").rstrip()


class Table:
    def __init__(self, name, kind):
        self.name, self.kind = name, kind  # kind: scoped, through, shared, view
        self.columns, self.keys, self.foreign, self.rows = [], [], [], {}
        self.primary = []  # names
        self.tenant = None  # Column
        self.parent = None  # partition or inheritance
        self.heirs = False  # that may have a row of the same key
        self.tail, self.global_keys = "", []
        self.writable = True
        self.offset = 0  # of keys: those of heirs are not their parent's
        self.through = None  # column, parent, key

    def column(self, name):
        return next(c for c in self.columns if c.name == name)

    def free_columns(self):
        """What an INSERT may name."""
        return [c for c in self.columns if c.flavour not in ("generated", "always")]


class World:
    def __init__(self, r, analysed=True):
        self.r, self.analysed = r, analysed
        self.type = r.choice(["text", "text", "uuid", "int"])
        self.tenants = TENANTS[self.type]
        self.column_name = r.choice(["tenantId", "tenant_id", "org", "Tenant Id"])
        self.tables, self.views = [], []
        self.names = iter(r.sample(["item", "Note", "part", "log_line", "Order", "select", "dröm", 'a"b', "visit", "Big Box",
                                    "leaf", "stock", "bin", "case", "ticket"], 15))
        self.policy = {}
        self.make()

    # -- structure

    def make(self):
        r = self.r
        self.shared()
        roots = [self.scoped([]) for _ in range(r.randint(2, 3))]
        scoped = roots + [self.scoped(roots) for _ in range(r.randint(1, 2))]
        level1 = [self.through(scoped) for _ in range(r.randint(1, 2))]
        [self.through(level1) for _ in range(r.randint(0, 1))]
        if r.random() < 0.6:
            self.partitioned()
        if r.random() < 0.5:
            self.inherited(roots)
        for _ in range(r.randint(1, 3)):
            self.view()

    def plain_columns(self):
        r, columns = self.r, []
        kinds = [("name", "text", "plain"), ("amount", "int4", "plain"), ("divisor", "int4", "divisor"),
                 ("digits", "text", "digits"), ("pattern", "varchar(40)", "pattern"), ("doc", "text", "document"),
                 ("flag", "bool", "plain"), ("day", "date", "plain"), ("stamp", "timestamptz", "plain"),
                 ("price", "numeric(10,2)", "plain"), ("data", "jsonb", "plain"), ("list", "int4[]", "plain"),
                 ("mood", "mood", "plain"), ("ref", "uuid", "plain"), ("big", "int8", "plain"), ("Mixed Case", "text", "plain"),
                 ("small", "int2", "plain"), ("limit", "int4", "plain")]
        for name, type_, flavour in r.sample(kinds, r.randint(3, 6)):
            default = None
            if flavour == "plain" and type_ in ("int4", "text") and r.random() < 0.3:
                default = "5" if type_ == "int4" else "'none'"
            columns.append(Column(name, type_, flavour, r.random() < 0.3 and flavour != "plain", default))
        if r.random() < 0.3 and any(c.name == "amount" for c in columns):
            columns.append(Column("double", "int4", "generated", extra="GENERATED ALWAYS AS (amount * 2) STORED"))
        return columns

    def key_column(self):
        r = self.r
        kind = r.choice(["int4", "int4", "identity", "always", "uuid", "text", "int8"])
        if kind in ("identity", "always"):
            how = "BY DEFAULT" if kind == "identity" else "ALWAYS"
            return Column("id", "int4", kind, True, extra=f"GENERATED {how} AS IDENTITY (START 1000)")
        return Column(r.choice(["id", "id", "key", "Id"]), kind, "key", True)

    def add_tenant(self, t):
        r = self.r
        name = self.column_name
        if r.random() < 0.15:
            name = "owner"
        type_ = {"int": "int4"}.get(self.type, self.type)
        if r.random() < 0.15 and self.type != "text":
            type_ = "text"
        if r.random() < 0.1 and self.type == "text":
            type_ = "varchar(40)"
        t.tenant = Column(name, type_, "tenant", r.random() < 0.8)
        t.columns.insert(r.choice([0, 1, len(t.columns)]), t.tenant)
        if name != self.column_name:
            self.policy[t.name] = f"{{tenant_column: {json.dumps(name)}}}"

    def shared(self):
        t = Table(next(self.names), "shared")
        t.columns = [Column("id", "int4", "key", True), Column("name", "text"), Column("rank", "int4")]
        t.primary, t.writable = ["id"], False
        t.keys = [["id"]]
        t.rows[None] = [{"id": i, "name": w, "rank": i % 3} for i, w in enumerate(WORDS)]
        self.policy[t.name] = "shared"
        self.tables.append(t)

    def scoped(self, parents):
        r = self.r
        t = Table(next(self.names), "scoped")
        key = self.key_column()
        t.columns = [key] + self.plain_columns()
        self.add_tenant(t)
        if t.tenant.not_null and key.flavour == "key" and r.random() < 0.4:
            t.primary = r.choice([[t.tenant.name, key.name], [key.name, t.tenant.name]])
        else:
            t.primary = [key.name]
            t.global_keys.append([key.name])
        t.keys = [t.primary]
        if r.random() < 0.4:
            c = next((c for c in t.columns if c.flavour == "plain" and c.family in ("int", "text")), None)
            if c:
                t.keys.append([t.tenant.name, c.name])
        if r.random() < 0.4 and len(t.primary) == 1:  # a second global key of two columns: a parent for wide keys
            t.columns.append(Column("grp", "int4", "grp", True))
            t.keys.append(["grp", key.name])
            t.global_keys.append(["grp", key.name])
        for _ in range(r.choice([1, 1, 2]) if parents else 0):
            self.foreign(t, r.choice(parents), r.random() < 0.4)
        self.fill(t)
        self.tables.append(t)
        return t

    def foreign(self, t, parent, not_null=False):
        """A foreign key of ${t}: by one of the parent's keys."""
        r = self.r
        keys = [k for k in parent.keys if k == parent.primary or "grp" in k]
        key = r.choice(keys)
        names = []
        if any(parent.column(k).flavour == "tenant" for k in key) and (t.tenant is None or t.tenant.type != parent.tenant.type):
            return
        for i, k in enumerate(key):
            column = parent.column(k)
            if column.flavour == "tenant":
                names.append(t.tenant.name)
                continue
            name = f"{r.choice(['ref', 'of', 'parentId'])}_{len(t.foreign)}{i}"
            t.columns.append(Column(name, self.foreign_type(column), "foreign", not_null))
            names.append(name)
        action = r.choice(["", " ON DELETE CASCADE", " ON DELETE SET NULL" if not not_null and t.tenant and t.tenant.name not in names else "",
                           " ON UPDATE CASCADE"])
        if r.random() < 0.1:
            action += " DEFERRABLE"
        t.foreign.append((names, parent, key, action))

    def foreign_type(self, key):
        return self.r.choice(UNLIKE[key.type]) if key.type in UNLIKE and self.r.random() < 0.2 else key.type

    def through(self, parents):
        r = self.r
        t = Table(next(self.names), "through")
        key = self.key_column()
        parents = [p for p in parents if len(p.primary) == 1]
        if not parents:
            return self.scoped([])
        t.columns = [key] + self.plain_columns()
        parent = r.choice(parents)
        column = parent.column(parent.primary[0])
        name = r.choice(["parentId", "owner_id", "up"])
        t.columns.insert(r.choice([1, len(t.columns)]), Column(name, self.foreign_type(column), "foreign", r.random() < 0.8))
        t.primary = [key.name]
        t.global_keys.append([key.name])
        t.keys = [t.primary]
        t.foreign.append(([name], parent, [column.name], r.choice(["", " ON DELETE CASCADE"])))
        if r.random() < 0.3:
            self.foreign(t, r.choice(parents))
        self.policy[t.name] = f"{{through: {{{json.dumps(name)}: {json.dumps(quoted(parent.name) + '.' + quoted(column.name))}}}}}"
        t.through = (name, parent, column.name)
        self.fill(t)
        self.tables.append(t)
        return t

    def partitioned(self):
        r = self.r
        t = Table(next(self.names), "scoped")
        t.columns = [Column("id", "int4", "key", True), Column("part", "int4", "grp", True)] + self.plain_columns()
        self.add_tenant(t)
        if r.random() < 0.5:
            t.primary = ["id", "part"]
            t.keys, t.global_keys = [t.primary], [t.primary]
        how = r.choice(["LIST", "RANGE", "HASH", "TENANT"])
        by = f"{how} (part)"
        if how == "TENANT":
            by = f"LIST ({ident(t.tenant.name)})"
            t.primary = [*t.primary, t.tenant.name] if t.primary else []
            t.keys, t.global_keys = [t.primary] if t.primary else [], []
        t.tail = f" PARTITION BY {by}"
        parts = {"TENANT": [f"FOR VALUES IN ({literal(self.tenants[0])})", "DEFAULT"],
                 "LIST": ["FOR VALUES IN (0, 1)", "DEFAULT"],
                 "RANGE": ["FOR VALUES FROM (MINVALUE) TO (2)", "FOR VALUES FROM (2) TO (MAXVALUE)"],
                 "HASH": ["FOR VALUES WITH (MODULUS 2, REMAINDER 0)", "FOR VALUES WITH (MODULUS 2, REMAINDER 1)"]}[how]
        self.fill(t)
        self.tables.append(t)
        for i, bounds in enumerate(parts):
            p = Table(f"{t.name}_{i}", "scoped")
            p.parent, p.columns, p.keys, p.tenant, p.primary = t, t.columns, t.keys, t.tenant, t.primary
            p.global_keys = t.global_keys
            p.tail = f"PARTITION OF {ident(t.name)} {bounds}"
            p.rows = {who: [] for who in t.rows}
            self.tables.append(p)

    def inherited(self, parents):
        r = self.r
        base = r.choice(parents)
        t = Table(next(self.names), "scoped")
        t.parent, base.heirs = base, True
        t.columns = [self.heir(c) for c in base.columns] + [Column("more", "int4"), Column("more_text", "text")]
        t.tenant, t.tail = base.tenant, f"INHERITS ({ident(base.name)})"
        t.own, t.offset = t.columns[-2:], 500
        if base.name in self.policy:
            self.policy[t.name] = self.policy[base.name]
        self.fill(t)
        self.tables.append(t)

    @staticmethod
    def heir(c):
        """Identity is not inherited."""
        return Column(c.name, c.type, "key", True) if c.flavour in ("identity", "always") else c

    def view(self):
        r = self.r
        bases = [t for t in self.tables if t.kind == "scoped" and t.tenant.name == self.column_name]
        if not bases:
            return
        base = r.choice(bases)
        columns = [c for c in base.columns if c is base.tenant or r.random() < 0.7]
        v = Table(next(self.names), "view")
        v.tenant, v.writable = base.tenant, False
        v.columns = [Column(c.name, c.type, c.flavour if c.flavour in ("divisor", "digits", "pattern", "document") else
                            "tenant" if c is base.tenant else "plain") for c in columns]
        select = ", ".join("b." + ident(c.name) for c in columns)
        kind = r.choice(["VIEW", "VIEW", "MATERIALIZED VIEW"])
        body = f"SELECT {select} FROM {ident(base.name)} b"
        if r.random() < 0.4:
            other = next((t for t in self.tables if t.kind == "shared"), None)
            body = f"SELECT {select}, o.name AS shared_name FROM {ident(base.name)} b LEFT JOIN {ident(other.name)} o ON o.id = 1"
            v.columns.append(Column("shared_name", "text"))
        v.tail = f"CREATE {kind} {ident(v.name)} AS {body}"
        self.views.append(v)

    # -- rows

    def own_value(self, c, i):
        return {"divisor": 1 + i % 4, "digits": str(i % 5), "pattern": "^" + WORDS[i % 7][0],
                "document": '{"k": %d}' % (i % 3)}[c.flavour]

    def others_value(self, c, i):
        return {"divisor": [0, 1, 0, 2][i % 4], "digits": ["secret", "1", "x'9"][i % 3], "pattern": ["(", "^a", "[z"][i % 3],
                "document": ["{no", '{"k": 1}', ""][i % 3]}[c.flavour]

    def value(self, c, mine, i):
        """A value of no special meaning; ${mine}: the tenant's own, or one of another's."""
        r = self.r
        if c.flavour in ("divisor", "digits", "pattern", "document"):
            return self.own_value(c, i) if mine else self.others_value(c, i)
        if c.flavour == "grp":
            return i % 4
        if not c.not_null and r.random() < 0.15:
            return None
        n = r.randint(0, 6)
        return {"int": n, "text": WORDS[n] if mine or r.random() < 0.5 else f"secret-{n}", "bool": n % 2 == 0, "num": n + 0.5,
                "uuid": f"00000000-0000-4000-8000-00000000000{n}", "date": f"2024-01-0{n + 1}", "json": '{"k": %d}' % n,
                "time": f"2024-01-0{n + 1} 00:00:00+00", "ints": "{%d,2,3}" % n, "enum": ["sad", "ok", "happy"][n % 3]}[c.family]

    def key_value(self, c, t, who, i):
        shared = [c.name] in t.global_keys or any(c.name in k for k in t.global_keys)
        n = i + 1 + (100 * who if shared or t.offset else 0) + t.offset
        if c.family == "uuid":
            return f"{n:08d}-1111-4000-8000-000000000000"
        return f"k{n}" if c.family == "text" else n

    def fill(self, t):
        r = self.r
        unique = [k[1] for k in t.keys if t.tenant and k[0] == t.tenant.name and len(k) == 2]
        for who in range(3):
            t.rows[who] = []
            for i in range(r.randint(3, 7) if who == 0 else r.randint(3, 9)):
                row = {}
                for c in t.columns:
                    if c.flavour == "generated":
                        continue
                    if c.flavour == "tenant":
                        row[c.name] = self.tenants[who]
                    elif c.flavour in ("key", "identity", "always"):
                        row[c.name] = self.key_value(c, t, who, i)
                    elif c.flavour != "foreign":
                        row[c.name] = self.value(c, who == 0, i)
                        if c.name in unique:
                            row[c.name] = i if c.family == "int" else f"{WORDS[i % 7]}{i}"
                self.refer(t, who, row)
                t.rows[who].append(row)
        if t.tenant and not t.tenant.not_null and len(t.primary) == 1 and t.column(t.primary[0]).flavour != "foreign":
            self.nobody(t)
        self.nobody_through(t)

    def refer(self, t, who, row):
        r = self.r
        for names, parent, key, _ in t.foreign:
            candidates = parent.rows[who]
            if not candidates:
                continue
            target = r.choice(candidates)
            if r.random() < 0.15 and all(not t.column(n).not_null for n in names if t.column(n) is not t.tenant) and \
                    not (t.through and names == [t.through[0]]):
                for n in names:
                    if t.column(n) is not t.tenant:
                        row[n] = None
                continue
            for n, k in zip(names, key):
                row[n] = target[k]

    def nobody(self, t):
        """Rows whose tenant column is NULL belong to nobody."""
        rows = []
        for i in range(3):
            row = dict(t.rows[1][i % len(t.rows[1])])
            row[t.tenant.name] = None
            for c in t.columns:
                if c.name in t.primary:
                    row[c.name] = self.key_value(c, t, 5, i)
            rows.append(row)
        t.rows[3] = rows

    def nobody_through(self, t):
        if t.kind != "through":
            return
        name = t.foreign[0][0][0]
        if t.column(name).not_null:
            return
        row = dict(t.rows[1][0])
        row[name] = None
        row[t.primary[0]] = self.key_value(t.column(t.primary[0]), t, 6, 0)
        t.rows[3] = [row]

    # -- as SQL

    def ddl(self, multi):
        yield "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"
        for t in self.tables:
            if t.tail.startswith("PARTITION OF"):
                yield f"CREATE TABLE {ident(t.name)} {t.tail}"
                continue
            own = t.own if hasattr(t, "own") else t.columns
            parts = [c.ddl() for c in own]
            if t.primary and not hasattr(t, "own"):
                parts.append(f"PRIMARY KEY ({columns(t.primary)})")
            parts += [f"UNIQUE ({columns(k)})" for k in t.keys if k != t.primary]
            parts += [f"FOREIGN KEY ({columns(n)}) REFERENCES {ident(p.name)} ({columns(k)}){a}" for n, p, k, a in t.foreign]
            yield f"CREATE TABLE {ident(t.name)} ({', '.join(parts)}){' ' if hasattr(t, 'own') else ''}{t.tail}"
        for t in self.tables:
            if t.tenant and not t.tail.startswith("PARTITION OF"):
                if not multi:
                    yield f"ALTER TABLE {ident(t.name)} ALTER {ident(t.tenant.name)} SET DEFAULT {literal(self.tenants[0])}"
                yield f"CREATE INDEX ON {ident(t.name)} ({ident(t.tenant.name)})"
        for t in self.tables:
            for who in ([None, 0, 1, 2, 3] if multi else [None, 0]):
                for row in t.rows.get(who, []):
                    over = " OVERRIDING SYSTEM VALUE" if any(c.flavour == "always" for c in t.columns) else ""
                    yield (f"INSERT INTO {ident(t.name)} ({columns(row)}){over} "
                           f"VALUES ({', '.join(literal(v) for v in row.values())})")
        for v in self.views:
            yield v.tail
        if self.analysed:
            yield "ANALYZE"

    def policy_yaml(self):
        lines = [f"policy:\n  tenant_column: {json.dumps(self.column_name)}\n  unlisted_tables: scoped\n  tables:"]
        lines += [f"    {json.dumps(quoted(name))}: {rule}" for name, rule in self.policy.items()]
        return "\n".join(lines) + "\n"

    def foreign_values(self, who, limit=40):
        return list(itertools.islice((row for t in self.tables for row in t.rows.get(who, [])), limit))


def columns(names):
    return ", ".join(ident(n) for n in names)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
