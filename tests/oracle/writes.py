"""Random writes over a world of schema.py.

Which of several rows that match a target wins is left open by PostgreSQL: UPDATE ... FROM and MERGE meet other
relations by a key of theirs.
"""
from expressions import Col, Query, Source
from schema import ident, literal
from statements import Statements

LEAK_FLAVOURS = ("divisor", "digits", "pattern", "document")


class Writes(Statements):
    upsert = False  # its rows refer to rows that are there: PostgreSQL does not look when a row meets another

    # -- values for a column

    def own_keys(self, parent, key):
        return [tuple(row.get(k) for k in key) for row in parent.rows.get(0, [])]

    def parameter(self, value, type_):
        if self.params is not None and value is not None and len(self.params) < 30 and self.chance(0.5):
            self.params.append(str(value).lower() if isinstance(value, bool) else str(value))
            return f"${len(self.params)}" + (f"::{type_}" if self.chance(0.2) else "")
        return literal(value)

    def new_key(self, c, t):
        n = self.pick(self.r.randint(1, 8), self.r.randint(300, 330), self.r.randint(300, 330), self.r.randint(300, 330), 101)
        if c.family == "uuid":
            return f"{n:08d}-1111-4000-8000-000000000000"
        return f"k{n}" if c.family == "text" else n

    def column_value(self, t, c):
        """A value, as SQL, that one may write into a column that is no foreign key."""
        r = self.r
        if c.flavour == "tenant":
            return self.parameter(self.world.tenants[0], c.type)
        if c.flavour in ("key", "identity", "always"):
            return self.parameter(self.new_key(c, t), c.type)
        if c.default and self.chance(0.2):
            return "DEFAULT"
        if not c.not_null and self.chance(0.1):
            return "NULL"
        if c.flavour in LEAK_FLAVOURS:
            return self.parameter(self.world.own_value(c, r.randint(0, 9)), c.type)
        if c.flavour == "grp":
            return self.parameter(r.randint(0, 3), c.type)
        value = self.world.value(c, True, 0)
        if self.chance(0.15) and c.family in ("int", "text"):
            return f"{self.expr(c.family, [], 2)}"
        return self.parameter(value, c.type)

    def reference(self, t, foreign):
        """Values of a foreign key's columns: mostly of a row that is there."""
        names, parent, key, _ = foreign
        candidates = self.own_keys(parent, key) or [tuple(None for _ in key)]
        k = self.r.random() if not self.upsert else 1
        if k < 0.12 and parent.rows.get(1):
            row = self.r.choice(parent.rows[1])
            values = tuple(row[x] for x in key)
        elif k < 0.17:
            values = tuple(self.new_key(parent.column(x), parent) if parent.column(x).flavour != "grp" else 3 for x in key)
        elif k < 0.25 and not any(t.column(n).not_null for n in names if t.column(n) is not t.tenant) and \
                not (t.through and t.through[0] in names):
            values = tuple(None for _ in key)
        else:
            values = self.r.choice(candidates)
        out = {}
        for n, k, v in zip(names, key, values):
            c = t.column(n)
            if c is t.tenant:
                continue
            out[n] = self.wrapped(parent, k, c, v)
        return out

    def wrapped(self, parent, key, c, value):
        """A foreign key's value is often more than a constant."""
        if value is None or self.chance(0.7):
            return self.parameter(value, c.type)
        v = literal(value)
        return self.pick(f"({v}::{c.type})", f"coalesce({v}::{c.type}, NULL)", f"(SELECT p.{ident(key)} FROM {ident(parent.name)} p WHERE p.{ident(key)} = {v} LIMIT 1)"
                         if len(parent.primary) == 1 else f"({v}::{c.type})",
                         f"(SELECT min(p.{ident(key)}::text)::{c.type} FROM {ident(parent.name)} p WHERE p.{ident(key)} = {v})",
                         f"CASE WHEN true THEN {v}::{c.type} END",
                         f"({v}::text)::{c.type}", f"nullif({v}::{c.type}, NULL)")

    def row(self, t):
        """{column: SQL} of one new row; columns may be missing."""
        values = {}
        for c in t.free_columns():
            if c.flavour == "foreign" or c is t.tenant or c.flavour == "always":
                continue
            if c.flavour == "identity" and self.chance(0.7):
                continue
            if not c.not_null and self.chance(0.25):
                continue
            values[c.name] = self.column_value(t, c)
        for f in t.foreign or (t.parent.foreign if t.parent and t.tail.startswith("PARTITION") else []):
            if self.chance(0.1) and not any(t.column(n).not_null for n in f[0]) and not (t.through and t.through[0] in f[0]):
                continue
            values.update(self.reference(t, f))
        if t.parent and t.parent.foreign and not t.foreign:
            for c in t.columns:
                if c.flavour == "foreign" and c.name not in values and c.not_null:
                    values[c.name] = literal(self.new_key(c, t)) if c.family != "int" else "1"
        if t.tenant and self.chance(0.15):
            values[t.tenant.name] = self.column_value(t, t.tenant)
        return values

    def target(self):
        return self.r.choice([t for t in self.world.tables if t.writable])

    def target_text(self, t, alias):
        name = ident(t.name)
        if any(n == t.name for n, _ in self.ctes) and self.chance(0.5):
            name = f"public.{name}"
        return f"{name} AS {ident(alias)}" if alias != t.name else name

    def table_name(self, t):
        return ("public." if self.chance(0.2) else "") + ident(t.name)

    def source_of(self, t, alias):
        return Source(alias, [Col(f"{ident(alias)}.{ident(c.name)}", c.name, c.family, c.flavour) for c in t.columns], t)

    def returning(self, t, source, most=3):
        if self.chance(0.5):
            return ""
        a = ident(source.alias)
        return " RETURNING " + self.pick("*" if most == 3 else f"{a}.*", f"{a}.*", a, ", ".join(self.r.choice(source.cols).ref for _ in range(2)),
                                         f"{self.expr('int', [source], 1)} AS z, {self.expr('text', [source], 1)}", "1 AS one",
                                         f"{self.r.choice(source.cols).ref} AS v")

    # -- INSERT

    def insert(self):
        head = self.with_clause() if self.chance(0.5) else ""
        t = self.target()
        alias = t.name if self.chance(0.7) else self.fresh("i")
        s = self.source_of(t, alias)
        k = self.r.random()
        self.upsert = t.keys and not t.parent and self.chance(0.35)
        if k < 0.05 and not any(c.not_null and not c.default and c.flavour not in ("identity", "always", "tenant") for c in t.columns):
            body = " DEFAULT VALUES"
        elif k < 0.25:
            body = self.insert_select(t)
        elif k < 0.33:
            body = self.insert_arms(t)
        elif k < 0.4:
            body = self.insert_without_columns(t)
        else:
            body = self.insert_values(t)
        conflict = self.conflict(t, s) if self.upsert else ""
        self.upsert = False
        return f"{head}INSERT INTO {self.target_text(t, alias)}{body}{conflict}{self.returning(t, s)}"

    def insert_arms(self, t):
        """Rows that come from each arm of a set operation, from VALUES in FROM, or as they are in the table."""
        if t.keys and not t.parent and self.chance(0.15):
            self.upsert = True
            free = ", ".join(ident(c.name) for c in t.free_columns())
            return self.pick(f" SELECT * FROM public.{ident(t.name)}", f" TABLE public.{ident(t.name)}",
                             f" ({free}) SELECT {free} FROM public.{ident(t.name)}")
        rows = [self.row(t) for _ in range(self.r.randint(1, 3))]
        names = [n for n in rows[0] if all(row.get(n, "DEFAULT") != "DEFAULT" for row in rows)]
        if not names:
            return " DEFAULT VALUES"
        typed = [", ".join(f"({row[n]})::{t.column(n).type}" for n in names) for row in rows]
        always = " OVERRIDING SYSTEM VALUE" if any(t.column(n).flavour == "always" for n in names) else ""
        listed = f" ({', '.join(ident(n) for n in names)}){always}"
        if self.chance(0.5):
            return f"{listed} " + " UNION ALL ".join(f"SELECT {v}" for v in typed)
        v = ident(self.fresh("v"))
        return f"{listed} SELECT {self.pick('*', f'{v}.*', ', '.join(f'c{i}' for i in range(len(names))))} FROM (VALUES {', '.join(f'({v})' for v in typed)}) {v}({', '.join(f'c{i}' for i in range(len(names)))})"

    def insert_values(self, t):
        rows = [self.row(t) for _ in range(self.pick(1, 1, 1, 2, 3))]
        names = list(dict.fromkeys(n for row in rows for n in row))
        self.r.shuffle(names)
        if not names:
            return " DEFAULT VALUES"
        always = any(t.column(n).flavour == "always" for n in names)
        named = [ident(n) for n in names]
        for i, n in enumerate(names):  # a part of an array
            if t.column(n).family == "ints" and self.chance(0.15):
                named[i] += "[1]"
                for row in rows:
                    row[n] = self.value("int", typed=True)
        values = ", ".join("(" + ", ".join(row.get(n, "DEFAULT") for n in names) + ")" for row in rows)
        return f" ({', '.join(named)}){' OVERRIDING SYSTEM VALUE' if always else ''} VALUES {values}"

    def insert_without_columns(self, t):
        """Values for a prefix of the columns, in the catalog's order; the tenant's own among them."""
        row = self.row(t)
        columns = t.columns
        last = max((i for i, c in enumerate(columns) if c.name in row), default=0)
        values = []
        for c in columns[:last + 1]:
            if c is t.tenant:
                values.append(self.pick(row.get(c.name, "DEFAULT"), "DEFAULT", literal(self.world.tenants[0])))
            else:
                values.append("DEFAULT" if c.flavour in ("generated", "always") else row.get(c.name, "DEFAULT"))
        return f" VALUES ({', '.join(values)})"

    def insert_select(self, t):
        """Columns come from queries; keys are made from keys, so that they are new."""
        columns, targets = [], []
        source = self.r.choice([x for x in self.tables if x.kind != "shared" or self.chance(0.3)])
        text, s = self.table_leaf(source, self.fresh("q"))
        for c in t.free_columns():
            if c is t.tenant:
                if self.chance(0.1):
                    columns.append(c)
                    own = next((x.ref for x in s.cols if x.flavour == "tenant"), None)
                    targets.append(own if own and source.tenant and source.tenant.type == c.type else f"{literal(self.world.tenants[0])}::{c.type}")
                continue
            if c.flavour in ("key", "identity", "always"):
                if c.flavour != "key":
                    continue
                columns.append(c)
                n = f"(1 + row_number() OVER (ORDER BY {s.cols[0].ref}, {s.cols[-1].ref} , {s.alias and ident(s.alias)}::text) + {self.pick(300, 300, 310, 0)})"
                targets.append({"int": f"{n}::int", "text": f"'k' || {n}", "uuid": f"('00000000-0000-4000-9000-' || lpad({n}::text, 12, '0'))::uuid"}[c.family])
            elif c.flavour == "foreign":
                f = next((f for f in t.foreign if c.name in f[0]), None)
                if f is None and not c.not_null:
                    continue
                columns.append(c)
                same = next((x for x in s.cols if x.name == c.name and x.family == c.family), None)
                if f is None:
                    targets.append(f"NULL::{c.type}")
                elif same and source is t and s.keyed and self.chance(0.7):
                    targets.append(same.ref)
                elif source is f[1] and self.chance(0.8):
                    key = f[2][f[0].index(c.name)]
                    targets.append(next(x.ref for x in s.cols if x.family == c.family and (x.name == key or not s.keyed)))
                else:
                    keys = self.own_keys(f[1], f[2])
                    value = keys[0][f[0].index(c.name)] if keys else None
                    targets.append(f"{literal(value)}::{c.type}")
            elif c.not_null or self.chance(0.6):
                columns.append(c)
                if c.flavour in LEAK_FLAVOURS or c.flavour == "grp":
                    own = self.column([s], c.family, c.flavour)
                    targets.append(own if own and s.keyed and self.chance(0.5) else f"{literal(self.world.own_value(c, 1) if c.flavour != 'grp' else 1)}::{c.type}")
                else:
                    targets.append(f"{self.expr(c.family, [s], 1)}" if c.family != "enum" else "'ok'::mood")
        if not columns:
            return " DEFAULT VALUES"
        where = f" WHERE {self.condition([s], 1)}" if self.chance(0.6) else ""
        order = f" ORDER BY {ident(s.alias)}::text" if any(c.flavour in ("identity", "always") for c in t.columns) else ""
        names = ", ".join(ident(c.name) for c in columns)
        return f" ({names}) SELECT {', '.join(targets)} FROM {text}{where}{order}"

    def conflict(self, t, s):
        key = self.r.choice(t.keys)
        names = ", ".join(ident(n) for n in key)
        target = self.pick("", f" ({names})", f" ({names})")
        if key == t.primary and self.chance(0.2):
            target = f" ON CONSTRAINT {ident(t.name + '_pkey')}"
        if self.chance(0.45):
            return f" ON CONFLICT{target} DO NOTHING"
        columns = [c for c in t.free_columns() if c.flavour in ("plain",) and c.name not in key]
        if not columns:
            return f" ON CONFLICT ({names}) DO NOTHING"
        c = self.r.choice(columns)
        value = self.pick(f"excluded.{ident(c.name)}", f"coalesce(excluded.{ident(c.name)}, {ident(s.alias)}.{ident(c.name)})",
                          self.column_value(t, c))
        new = Source("excluded", [Col(f"excluded.{ident(x.name)}", x.name, x.family) for x in t.columns])
        where = f" WHERE {self.condition([s, new] if self.chance(0.3) else [s], 1)}" if self.chance(0.3) else ""
        target = target if "CONSTRAINT" in target else f" ({names})"
        sets = f"{ident(c.name)} = {value}"
        if "DEFAULT" not in value and self.chance(0.15):
            sets = f"({ident(c.name)}) = {self.pick(f'ROW({value})', f'(SELECT ({value})::{c.type})')}"
        return f" ON CONFLICT{target} DO UPDATE SET {sets}{where}"

    # -- UPDATE, DELETE

    def by_key(self, t, s):
        """FROM items that meet each row of ${s} once at most: (text, sources, condition)."""
        if t.foreign and self.chance(0.6):
            names, parent, key, _ = self.r.choice(t.foreign)
            text, p = self.table_leaf(parent)
            if p.keyed and "TABLESAMPLE" not in text:
                on = " AND ".join(f"{ident(p.alias)}.{ident(k)} = {ident(s.alias)}.{ident(n)}" for n, k in zip(names, key))
                return text, [p], on
        families = [c for c in s.cols if c.family in ("int", "text")]
        c = self.r.choice(families or s.cols[:1])
        q = self.select([], 1, [c.family, "int"])
        alias = self.fresh("f")
        text = f"(SELECT z, max(v) FROM ({q.sql}) y(z, v) GROUP BY z) {ident(alias)}(a, b)"
        return text, [Source(alias, [Col(f"{ident(alias)}.a", "a", c.family), Col(f"{ident(alias)}.b", "b", "int")])], f"{ident(alias)}.a = {c.ref}"

    def set_list(self, t, s, sources):
        items = []
        candidates = [c for c in t.free_columns() if c.flavour not in ("key", "identity", "always", "foreign", "tenant")]
        for c in self.r.sample(candidates, min(len(candidates), self.r.randint(1, 2))):
            k = self.r.random()
            if c.flavour in LEAK_FLAVOURS or c.flavour == "grp":
                value = self.column_value(t, c)
            elif k < 0.4:
                value = self.column_value(t, c)
            elif k < 0.5 and c.family in ("int", "text"):
                value = self.scalar(c.family, [s] + sources, 1)
            elif c.family == "enum":
                value = "'sad'"
            else:
                value = self.expr(c.family, [s] + sources, 1)
            items.append((c.name, value))
        for f in t.foreign:
            if self.chance(0.35):
                items += list(self.reference(t, f).items())
        seen, unique = set(), []
        for n, v in items:
            if n not in seen:
                unique.append((n, v))
                seen.add(n)
        if t.tenant and self.chance(0.08) and t.tenant.name not in seen:
            unique.append((t.tenant.name, self.pick(literal(self.world.tenants[0]), f"{ident(s.alias)}.{ident(t.tenant.name)}")))
        if len(unique) > 1 and self.chance(0.25):
            return self.multi(t, unique)
        return ", ".join(f"{ident(n)} = {v}" for n, v in unique)

    def multi(self, t, items):
        names = ", ".join(ident(n) for n, _ in items)
        values = ", ".join(v for _, v in items)
        if "DEFAULT" in values or self.chance(0.5):
            return f"({names}) = ROW ({values})" if self.chance(0.5) else f"({names}) = ({values})"
        typed = ", ".join(f"({v})::{t.column(n).type}" for n, v in items)
        return f"({names}) = (SELECT {typed})"

    def update(self):
        t = self.target()
        alias = t.name if self.chance(0.4) else self.fresh("u")
        s = self.source_of(t, alias)
        only = self.pick("ONLY ", "") if self.chance(0.1) else ""
        from_, sources, on = ("", [], "")
        if self.chance(0.3):
            text, sources, on = self.by_key(t, s)
            from_ = f" FROM {text}"
        sets = self.set_list(t, s, sources)
        if not sets:
            return self.delete()
        tests = [x for x in (on, self.condition([s] + sources, 1) if self.chance(0.7) else "") if x]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"UPDATE {only}{self.target_text(t, alias)} SET {sets}{from_}{where}{self.returning(t, s, 2 if sources else 3)}"

    def delete(self):
        t = self.target()
        alias = t.name if self.chance(0.4) else self.fresh("d")
        s = self.source_of(t, alias)
        using, sources, on = "", [], ""
        if self.chance(0.3):
            if self.chance(0.5):
                text, sources = self.from_list([], self.r.randint(1, 3), 1)
                on = self.on([s], sources) or ""
            else:
                text, sources, on = self.by_key(t, s)
            using = f" USING {text}"
        tests = [x for x in (on, self.condition([s] + sources, 1) if self.chance(0.8) else "") if x]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"DELETE FROM {self.target_text(t, alias)}{using}{where}{self.returning(t, s, 2 if sources else 3)}"

    # -- MERGE

    def merge_into(self):
        """The source has one row for each value that it is matched by."""
        t = self.r.choice([t for t in self.world.tables if t.writable and not t.parent and t.primary and t.kind != "view"])
        key = next(c for c in t.columns if c.name in t.primary and c.flavour != "tenant")
        alias = self.fresh("m")
        s = self.source_of(t, alias)
        name = self.fresh("x")
        q = self.select([], 1, [key.family, "int", "text"])
        new = {"int": "v + 300", "text": "'k' || (v + 300)", "uuid": "('00000000-0000-4000-9000-' || lpad((v + 300)::text, 12, '0'))::uuid"}[key.family]
        source = f"(SELECT k, max(v), max(w) FROM (SELECT CASE WHEN v > 2 THEN {new} ELSE k END, v, w FROM ({q.sql}) y(k, v, w)) y(k, v, w) WHERE k IS NOT NULL GROUP BY k) {ident(name)}(k, v, w)"
        x = Source(name, [Col(f"{ident(name)}.k", "k", key.family), Col(f"{ident(name)}.v", "v", "int"), Col(f"{ident(name)}.w", "w", "text")])
        on = f"{ident(alias)}.{ident(key.name)} = {ident(name)}.k"
        if t.tenant and self.chance(0.2):
            on += f" AND {ident(alias)}.{ident(t.tenant.name)} = {literal(self.world.tenants[0])}"
        whens = []
        if self.chance(0.3):
            whens.append(f"WHEN MATCHED AND {self.condition([s, x], 1)} THEN {self.pick('DELETE', 'DO NOTHING')}")
        if self.chance(0.7):
            sets = self.set_list(t, s, [x])
            if sets and "DEFAULT" not in sets:
                whens.append(f"WHEN MATCHED THEN UPDATE SET {sets}")
        if self.chance(0.7) and key.flavour == "key":
            row = {n: v for n, v in self.row(t).items()}
            row[key.name] = f"{ident(name)}.k"
            whens.append(f"WHEN NOT MATCHED THEN INSERT ({', '.join(ident(n) for n in row)}) VALUES ({', '.join(row.values())})")
        if not whens:
            whens.append("WHEN MATCHED THEN DO NOTHING")
        return f"MERGE INTO {ident(t.name)} AS {ident(alias)} USING {source} ON {on} {' '.join(whens)}"

    # -- writes inside of a query

    def family_of_returning(self, t):
        key = next((c for c in t.columns if c.flavour in ("key", "identity", "always")), None)
        return key

    def parent_and_child(self):
        """Both rows come in one statement, the child's by what the parent's RETURNING says."""
        children = [(t, f) for t in self.world.tables for f in t.foreign if len(f[0]) == 1 and f[1].writable]
        if not children:
            return self.insert()
        t, f = self.r.choice(children)
        parent, key = f[1], f[2][0]
        row = self.row(t)
        row.pop(f[0][0], None)
        names = list(row)
        values = [row[n] for n in names]
        if "DEFAULT" in values:
            keep = [i for i, v in enumerate(values) if v != "DEFAULT"]
            names, values = [names[i] for i in keep], [values[i] for i in keep]
        typed = [f"({v})::{t.column(n).type}" for n, v in zip(names, values)]
        always = " OVERRIDING SYSTEM VALUE" if any(t.column(n).flavour == "always" for n in names) else ""
        return (f"WITH made AS (INSERT INTO {ident(parent.name)}{self.insert_values(parent)} RETURNING {ident(key)} AS k) "
                f"INSERT INTO {ident(t.name)} ({', '.join(ident(n) for n in names + [f[0][0]])}){always} SELECT {', '.join(typed + ['k'])} FROM made")

    def writing_cte(self):
        t = self.target()
        s = self.source_of(t, t.name)
        key = self.r.choice(t.columns)
        k = self.r.random()
        if k < 0.4:
            body = f"INSERT INTO {ident(t.name)}{self.insert_values(t)}"
        elif k < 0.7:
            sets = self.set_list(t, s, [])
            body = f"UPDATE {ident(t.name)} SET {sets} WHERE {self.condition([s], 1)}" if sets else f"DELETE FROM {ident(t.name)} WHERE {self.condition([s], 1)}"
        else:
            body = f"DELETE FROM {ident(t.name)} WHERE {self.condition([s], 1)}"
        name = self.fresh("w") if self.chance(0.7) else t.name  # a name that hides the very table
        self.ctes.append((name, [("v", key.family, "plain"), ("n", "int", "plain")]))
        text = f"WITH {ident(name)}(v, n) AS ({body} RETURNING {ident(key.name)}, 1) "
        q = self.plain([], 1)
        return text + (q.sql if self.chance(0.6) else f"SELECT v, count(*) FROM {ident(name)} GROUP BY v")

    def merge_parent(self):
        """Each row of the target meets the one row that it refers to."""
        t = self.r.choice([t for t in self.world.tables if t.writable and not t.parent])
        s = self.source_of(t, self.fresh("m"))
        text, sources, on = self.by_key(t, s)
        sets = self.set_list(t, s, sources)
        whens = [f"WHEN MATCHED AND {self.condition([s, *sources], 1)} THEN {self.pick('DELETE', 'DO NOTHING')}"] if self.chance(0.4) else []
        whens.append(f"WHEN MATCHED THEN UPDATE SET {sets}" if sets and "DEFAULT" not in sets else "WHEN MATCHED THEN DELETE")
        if self.chance(0.3):
            whens.append("WHEN NOT MATCHED THEN DO NOTHING")
        return f"{self.with_clause()}MERGE INTO {ident(t.name)} AS {ident(s.alias)} USING {text} ON {on} {' '.join(whens)}"

    def write(self):
        k = self.r.random()
        if k < 0.36:
            return self.insert()
        if k < 0.6:
            return self.with_clause() + self.update()
        if k < 0.78:
            return self.with_clause() + self.delete()
        if k < 0.86:
            return self.merge_into()
        if k < 0.88:
            return self.merge_parent()
        if k < 0.92:
            return self.parent_and_child()
        return self.writing_cte()
