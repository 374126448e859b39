"""Random queries over a world of schema.py, whose answers are determined.

What PostgreSQL leaves open is avoided: a LIMIT stands behind an ORDER BY of all columns, aggregates that keep an
order are given one, windows rank by peers, and conditions that can fail do so on other tenants' rows alone.
"""
from expressions import SORTED, Col, Expressions, Query, Source
from schema import ident


class Statements(Expressions):
    # -- FROM

    def from_where(self, outer, depth, most=2):
        text, sources = self.from_list(outer, self.r.randint(1, most), depth)
        where = f" WHERE {self.condition(outer + sources, depth)}" if self.chance(0.7) else ""
        return text, where, sources

    def from_list(self, outer, leaves, depth):
        if leaves > 1 and leaves <= 3 and self.chance(0.2):
            first, s1 = self.tree(leaves - 1, outer, outer, depth)
            second, s2 = self.tree(1, outer, outer + s1, depth)
            return f"{first}, {second}", s1 + s2
        return self.tree(leaves, outer, outer, depth)

    def tree(self, leaves, outer, lateral, depth):
        """${lateral}: what a LATERAL item may see here."""
        if leaves <= 1:
            text, source = self.leaf(outer, lateral, depth)
            return text, [source]
        n = self.pick(1, leaves - 1) if self.chance(0.7) else self.r.randint(1, leaves - 1)
        kind = self.pick("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "USING", "NATURAL")
        if kind == "CROSS JOIN" and leaves > 3:
            kind = "JOIN"
        left, s1 = self.tree(leaves - n, outer, lateral, depth)
        below = lateral + s1 if kind in ("JOIN", "LEFT JOIN", "CROSS JOIN") else outer
        right, s2 = self.tree(n, outer, below, depth)
        if len(s2) > 1:  # one alone is an item, or a join with an alias
            right = f"({right})"
        text, sources = self.join(kind, left, s1, right, s2, outer, depth)
        if self.chance(0.06):
            return self.aliased(text, sources)
        return (f"({text})" if self.chance(0.2) else text), sources

    def join(self, kind, left, s1, right, s2, outer, depth):
        scope = s1 + s2
        if kind in ("USING", "NATURAL"):
            common = self.common(s1, s2)
            how = self.pick("", "LEFT ", "RIGHT ", "FULL ", "INNER ")
            if kind == "NATURAL" and common and len(common) == len(self.shared_names(s1, s2)):
                return f"{left} NATURAL {how}JOIN {right}", self.merge(common, s1, s2)
            if common:
                names = self.r.sample(common, min(len(common), self.r.randint(1, 2)))
                text = f"{left} {how}JOIN {right} USING ({', '.join(ident(n) for n in names)})"
                merged = self.merge(names, s1, s2)
                if self.chance(0.15):
                    alias = self.fresh("u")
                    text += f" AS {ident(alias)}"
                    merged.append(Source(alias, [Col(f"{ident(alias)}.{c.ref}", c.name, c.family) for c in merged[0].cols]))
                return text, merged
            kind = "LEFT JOIN"
        if kind == "CROSS JOIN":
            return f"{left} CROSS JOIN {right}", scope
        on = self.on(s1, s2)
        if kind == "FULL JOIN" and on is None:
            kind = "JOIN"
        if on is None or (kind != "FULL JOIN" and len(scope) <= 2 and self.chance(0.15)):
            on = self.condition(scope, depth + 1)
        elif self.chance(0.3):
            extra = self.condition(scope if kind == "FULL JOIN" or self.chance(0.8) else outer + scope, depth + 1)
            on = f"{on} AND ({extra})" if self.chance(0.5) else f"({extra}) AND {on}"
        return f"{left} {kind} {right} ON {on}", scope

    def on(self, s1, s2):
        """An equality of a column on the left and one on the right; by a foreign key when there is one."""
        pairs = []
        for a in s1:
            for b in s2:
                pairs += [f"{x.ref} = {y.ref}" for x in a.cols for y in b.cols
                          if x.family == y.family and x.family in ("int", "text", "uuid") and
                          (x.flavour in ("key", "foreign", "identity", "always", "tenant") or y.flavour in ("key", "foreign"))]
        if pairs and self.chance(0.9):
            return self.r.choice(pairs)
        pairs = [f"{x.ref} = {y.ref}" for a in s1 for b in s2 for x in a.cols for y in b.cols if x.family == y.family and x.family != "json"]
        return self.r.choice(pairs) if pairs else None

    def names(self, sources):
        names = [c.name for s in sources for c in s.cols]
        return [n for n in names if names.count(n) == 1]

    def shared_names(self, s1, s2):
        return {c.name for s in s1 for c in s.cols} & {c.name for s in s2 for c in s.cols}

    def common(self, s1, s2):
        """Names that both sides have once, with one family."""
        both = [n for n in self.names(s1) if n in self.names(s2)]
        family = {c.name: c.family for s in s1 for c in s.cols}
        return sorted(n for n in both if n and any(c.name == n and c.family == family[n] for s in s2 for c in s.cols))

    def merge(self, names, s1, s2):
        merged = [Col(ident(c.name), c.name, c.family) for s in s1 for c in s.cols if c.name in names]
        # qualified columns stay; the merged ones come first
        rest = []
        for s in s1 + s2:
            t = Source(s.alias, [c for c in s.cols if c.name not in names], s.table)
            rest.append(t)
        return [Source(None, merged)] + rest

    def aliased(self, text, sources):
        alias = self.fresh("j")
        cols, seen = [], []
        for s in sources:
            seen += [c.name for c in s.cols]
        for s in sources:
            cols += [Col(f"{ident(alias)}.{ident(c.name)}", c.name, c.family, c.flavour) for c in s.cols if seen.count(c.name) == 1]
        if not cols:
            return text, sources
        joined = Source(alias, cols)
        joined.all = len(cols) == len(seen)
        return f"({text}) AS {ident(alias)}", [joined]

    def leaf(self, outer, lateral, depth):
        k = self.r.random()
        if depth < 3 and k < 0.13:
            inside = lateral if self.chance(0.5) and lateral is not outer else None
            q = self.query_in(inside if inside is not None else [], depth + 1)
            word = "LATERAL " if inside is not None else ""
            return self.derived(f"{word}({q.sql})", q)
        if self.ctes and k < 0.25:
            name, cols = self.r.choice(self.ctes)
            alias = self.fresh("c")
            return f"{ident(name)} {ident(alias)}", Source(alias, [Col(f"{ident(alias)}.{ident(n)}", n, f, v) for n, f, v in cols])
        if k < 0.29:
            rows = ", ".join(f"({self.value('int', True)}, {self.value('text', True)})" for _ in range(self.r.randint(1, 3)))
            return self.derived(f"(VALUES {rows})", Query("", [("x", "int", "plain"), ("y", "text", "plain")]), True)
        if k < 0.31:
            return self.function_leaf(lateral if lateral is not outer else [])
        if k < 0.33:
            alias = self.fresh("g")
            ints = self.column(lateral, "int") if lateral is not outer and self.chance(0.5) else None
            call = f"generate_series(1, coalesce(least({ints}, 3), 1))" if ints else f"generate_series({self.r.randint(0, 2)}, 3)"
            ordinal = " WITH ORDINALITY" if self.chance(0.2) else ""
            cols = [Col(f"{ident(alias)}.n", "n", "int")] + ([Col(f"{ident(alias)}.o", "o", "int")] if ordinal else [])
            return f"{call}{ordinal} AS {ident(alias)}({'n, o' if ordinal else 'n'})", Source(alias, cols)
        return self.table_leaf(self.r.choice(self.tables))

    def function_leaf(self, lateral):
        """A function of columns on its left, or of several at once."""
        alias = self.fresh("f")
        ints, data = self.column(lateral, "ints"), self.column(lateral, "json")
        tries = [("ROWS FROM (generate_series(1, 2), unnest(ARRAY[7, 8, 9]))", "int", "int")]
        if ints:
            tries += [(f"unnest({ints}) WITH ORDINALITY", "int", "int")] * 2
        if data:
            tries += [(f"jsonb_each_text({data})", "text", "text")] * 2
        call, first, second = self.r.choice(tries)
        cols = [Col(f"{ident(alias)}.a", "a", first), Col(f"{ident(alias)}.b", "b", second)]
        return f"{call} AS {ident(alias)}(a, b)", Source(alias, cols)

    def derived(self, text, q, named=False):
        alias = self.fresh("s")
        names, cols = [], []
        rename = named or self.chance(0.4) or len({n for n, _, _ in q.cols}) < len(q.cols) or any(not n for n, _, _ in q.cols)
        for i, (n, f, v) in enumerate(q.cols):
            n = f"c{i}" if rename else n
            names.append(n)
            cols.append(Col(f"{ident(alias)}.{ident(n)}", n, f, v))
        text += f" {self.pick('AS ', '')}{ident(alias)}" + (f"({', '.join(ident(n) for n in names)})" if rename else "")
        return text, Source(alias, cols)

    def table_leaf(self, t, alias=None):
        name = ident(t.name)
        if self.chance(0.15):
            name = f"public.{name}"
        elif any(n == t.name for n, _ in self.ctes):
            name = f"public.{name}"  # not the CTE that hides it
        if self.chance(0.08) and t.kind != "view":
            name = f"ONLY {name}" if self.chance(0.5) else f"{name} *"
        alias = alias or self.fresh()
        names = [c.name for c in t.columns]
        text = f"{name} {self.pick('AS ', '')}{ident(alias)}"
        if self.chance(0.06):  # names move to other columns
            names = self.renamed(names)
            text += f"({', '.join(ident(n) for n in names)})"
        if self.chance(0.006) and t.kind != "view":
            text += " TABLESAMPLE BERNOULLI (100)"
        cols = [Col(f"{ident(alias)}.{ident(n)}", n, c.family, c.flavour) for n, c in zip(names, t.columns)]
        source = Source(alias, cols, t)
        source.keyed = names == [c.name for c in t.columns] and not t.heirs
        return text, source

    def renamed(self, names):
        shuffled = list(names)
        self.r.shuffle(shuffled)
        return shuffled if self.chance(0.5) else [f"n{i}" for i in range(len(names))]

    # -- SELECT

    def select(self, outer, depth, want):
        """A query that gives columns of the families wanted."""
        if depth < 3 and self.chance(0.08):
            op = self.pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT")
            a, b = self.select(outer, depth + 2, want), self.select(outer, depth + 2, want)
            return Query(f"({a.sql}) {op} ({b.sql})", [(n, f, "plain") for n, f, _ in a.cols])
        items, where, sources = self.from_where(outer, depth, 2 if depth < 2 else 1)
        scope = outer + sources
        targets, cols = [], []
        for i, family in enumerate(want):
            own = self.columns(sources, family)
            if own and self.chance(0.7):
                c = self.r.choice(own)
                targets.append(c.ref)
                cols.append((c.name, family, c.flavour))
            else:
                targets.append(f"{self.expr(family, scope, depth)} AS o{i}")
                cols.append((f"o{i}", family, "plain"))
        distinct = "DISTINCT " if self.chance(0.1) else ""
        return Query(f"SELECT {distinct}{', '.join(targets)} FROM {items}{where}", cols)

    def query_in(self, outer, depth):
        """A query of any shape below another."""
        k = self.r.random()
        if k < 0.04 and depth < 3:
            kept = list(self.ctes)
            head = f"WITH {self.cte()} "
            q = self.plain(outer, depth)
            self.ctes = kept
            return Query(head + q.sql, q.cols)
        if k < 0.15:
            return self.grouped(outer, depth)
        if k < 0.3:
            q = self.plain(outer, depth)
            if all(f in SORTED for f in q.families()):
                order = ", ".join(str(i + 1) for i in range(len(q.cols)))
                q.sql += f" ORDER BY {order}" + (f" LIMIT {self.r.randint(1, 4)}" if self.chance(0.6) else "") + (" OFFSET 1" if self.chance(0.2) else "")
            return q
        if k < 0.4:
            return self.select(outer, depth, [self.pick("int", "text", "uuid", "date") for _ in range(self.r.randint(1, 3))])
        return self.plain(outer, depth)

    def plain(self, outer, depth, most=2):
        items, where, sources = self.from_where(outer, depth, most)
        scope = outer + sources
        targets, cols = [], []
        if self.chance(0.15):
            all_cols = [(c.name, c.family, c.flavour) for s in sources for c in s.cols]
            exact = not any(s.alias is None or not s.all for s in sources) and (depth == 0 or len({n for n, _, _ in all_cols}) == len(all_cols))
            if exact:
                return Query(f"SELECT * FROM {items}{where}", all_cols)
        if self.chance(0.1) and depth == 0:
            s = self.r.choice(sources)
            if s.alias:
                return Query(f"SELECT {ident(s.alias)}{self.pick('', '.*')} FROM {items}{where}", [("row", "record", "plain")])
        for i in range(self.r.randint(1, 4)):
            own = self.columns(sources)
            if own and self.chance(0.65):
                c = self.r.choice(own)
                name = c.name if self.chance(0.5) and c.name not in [n for n, _, _ in cols] else f"o{i}"
                targets.append(c.ref if name == c.name else f"{c.ref} AS {name}")
                cols.append((name, c.family, c.flavour))
            elif own and self.chance(0.15) and depth < 2:
                targets.append(f"{self.window(sources)} AS o{i}")
                cols.append((f"o{i}", "int", "plain"))
            else:
                family = self.pick("int", "text", "int", "text", "bool", "date", "json", "ints", "uuid", "num")
                targets.append(f"{self.expr(family, scope, depth)} AS o{i}")
                cols.append((f"o{i}", family, "plain"))
        distinct, window = "", ""
        if self.chance(0.08):
            distinct = "DISTINCT "
        if depth < 2 and self.chance(0.04):
            a, b = (self.r.choice(self.columns(sources) or scope[0].cols).ref for _ in range(2))
            window = f" WINDOW w AS (PARTITION BY {a}), w2 AS (w ORDER BY {b})"
            targets.append(f"({self.pick('count(*)', 'rank()', f'count({a})')} OVER {self.pick('w', 'w2')})::int AS ow")
            cols.append(("ow", "int", "plain"))
        return Query(f"SELECT {distinct}{', '.join(targets)} FROM {items}{where}{window}", cols)

    def window(self, sources):
        cols = self.columns(sources)
        a, b = self.r.choice(cols).ref, self.r.choice(cols).ref
        n = self.column(sources, "int")
        call = self.pick("count(*)", "rank()", "dense_rank()", f"sum({n})" if n else "count(*)", f"count({a}) FILTER (WHERE {b} IS NOT NULL)")
        part = self.pick(f"PARTITION BY {a} ", "")
        order = f"ORDER BY {b}{self.pick('', ' DESC', ' NULLS FIRST')}" if "rank" in call or self.chance(0.5) else ""
        frame = self.pick("", "", " RANGE UNBOUNDED PRECEDING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                          " GROUPS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP") if order else ""
        return f"({call} OVER ({part}{order}{frame}))::int"

    def aggregate(self, sources, depth, family):
        c = self.r.choice(self.columns(sources)).ref
        n = self.column(sources, "int") or "1"
        if family == "int":
            e = self.expr("int", sources, 1)
            out = self.pick("count(*)::int", f"count({c})::int", f"count(DISTINCT {c})::int", f"sum({n})::int", f"max({e})", f"min({n})",
                            f"percentile_disc(0.5) WITHIN GROUP (ORDER BY {n})", f"bool_or({self.condition(sources, 2)})::int")
            rows = [s for s in sources if s.table and s.alias]
            if rows and self.chance(0.1):
                out = f"count({ident(self.r.choice(rows).alias)}{self.pick('', '.*')})::int"
        else:
            t = self.column(sources, "text") or "'x'"
            out = self.pick(f"string_agg({t}, ',' ORDER BY {t})", f"max({t})", f"min({self.expr('text', sources, 2)})",
                            f"array_agg({c} ORDER BY {c})::text")
        if self.chance(0.15) and "::" not in out:
            out += f" FILTER (WHERE {self.condition(sources, 2)})"
        return out

    def grouped(self, outer, depth):
        items, where, sources = self.from_where(outer, depth)
        own = self.columns(sources)
        keys = [c for c in (self.r.choice(own) for _ in range(self.r.randint(0, 2)))]
        refs = list(dict.fromkeys(c.ref for c in keys))
        targets = refs + [self.aggregate(sources, depth, f) for f in ("int", "text")]
        cols = [(f"k{i}", next(c.family for c in keys if c.ref == ref), "plain") for i, ref in enumerate(refs)] + \
            [("n", "int", "plain"), ("s", "text", "plain")]
        named = ", ".join(f"{t} AS {c[0]}" for t, c in zip(targets, cols))
        how = ", ".join(refs)
        if refs:
            how = self.pick(how, how, ", ".join(str(i + 1) for i in range(len(refs))), f"ROLLUP ({how})", f"CUBE ({how})",
                            f"GROUPING SETS (({how}), ())", f"DISTINCT {how}")
        if any(w in how for w in ("ROLLUP", "CUBE", "SETS")) and self.chance(0.4):
            named += f", GROUPING({', '.join(refs)}) AS level"
            cols.append(("level", "int", "plain"))
        group = f" GROUP BY {how}" if refs else ""
        plain_group = refs and not any(w in how for w in ("ROLLUP", "CUBE", "SETS"))
        having = ""
        if self.chance(0.35):
            test = [f"count(*) {self.pick('>', '>=', '<')} {self.r.randint(0, 3)}", f"{self.aggregate(sources, depth, 'int')} IS NOT NULL"]
            if plain_group:
                of = [Source(None, [c for c in keys if c.ref in refs])]
                test.append(self.leaky(of, 2))
            having = f" HAVING {self.r.choice(test)}"
        return Query(f"SELECT {named} FROM {items}{where}{group}{having}", cols)

    def by_primary_key(self):
        """The grouping of ORMs: by a key, with columns that depend on it."""
        tables = [t for t in self.tables if t.primary and not t.parent and t.kind in ("scoped", "through", "shared")]
        t = self.r.choice(tables)
        text, s = self.table_leaf(t)
        if not s.keyed or "TABLESAMPLE" in text:
            return self.grouped([], 0)
        other, sources = self.tree(1, [], [s], 1)
        on = self.on([s], sources) or "true"
        a = ident(s.alias)
        key = ", ".join(f"{a}.{ident(k)}" for k in t.primary)
        c = self.r.choice(s.cols)
        count = self.r.choice(self.columns(sources)).ref
        kind = self.pick("LEFT JOIN", "JOIN")
        return Query(f"SELECT {a}.*, {c.ref} AS again, count({count}) FROM {text} {kind} {other} ON {on} GROUP BY {key}", [("row", "record", "plain")])

    def distinct_on(self):
        items, where, sources = self.from_where([], 1)
        own = [c for c in self.columns(sources) if c.family in SORTED]
        cols = [self.r.choice(own) for _ in range(self.r.randint(2, 4))]
        refs = list(dict.fromkeys(c.ref for c in cols))
        return Query(f"SELECT DISTINCT ON ({refs[0]}) {', '.join(refs)} FROM {items}{where} ORDER BY {', '.join(refs)}", [])

    def locked(self):
        t = self.r.choice([t for t in self.world.tables if t.writable])
        text, s = self.table_leaf(t)
        sources, rest = [s], ""
        if self.chance(0.4):
            other, more = self.table_leaf(self.r.choice([t for t in self.world.tables if t.writable]))
            rest, sources = f" JOIN {other} ON {self.on([s], [more]) or 'true'}", [s, more]
        where = f" WHERE {self.condition(sources, 1)}" if self.chance(0.7) else ""
        cols = [c.ref for c in s.cols if c.family in SORTED][:6]
        order = f" ORDER BY {', '.join(cols)}"
        limit = f" LIMIT {self.r.randint(1, 3)}" if not rest and len(cols) == len(s.cols) and self.chance(0.5) else ""
        lock = self.pick("FOR UPDATE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR KEY SHARE", f"FOR UPDATE OF {ident(s.alias)}")
        return Query(f"SELECT {', '.join(cols)} FROM {text}{rest}{where}{order}{limit} {lock}{self.pick('', ' SKIP LOCKED', ' NOWAIT')}", [])

    # -- WITH

    def cte(self):
        """One element of a WITH; it is visible from then on."""
        hides = self.chance(0.15)
        name = self.r.choice(self.world.tables).name if hides else self.fresh("w")
        while any(n == name for n, _ in self.ctes):
            name = self.fresh("w")
        q = self.query_in([], 1)
        names = [f"c{i}" for i in range(len(q.cols))]
        cols = [(n, f, v) for n, (_, f, v) in zip(names, q.cols)]
        self.ctes.append((name, cols))
        return f"{ident(name)}({', '.join(names)}) AS {self.pick('', '', 'MATERIALIZED ', 'NOT MATERIALIZED ')}({q.sql})"

    def recursive(self):
        name = self.fresh("r")
        base = f"SELECT y.a::int4, y.b::text FROM ({self.select([], 1, ['int', 'text']).sql}) y(a, b)"
        t = self.r.choice([t for t in self.tables if any(c.family == "int" for c in t.columns)])
        text, s = self.table_leaf(t)
        n = self.column([s], "int")
        words = f"({self.column([s], 'text') or 'NULL'})::text"
        step = self.pick(f"SELECT {ident(name)}.a + 1, {ident(name)}.b FROM {ident(name)} WHERE {ident(name)}.a < 3",
                         f"SELECT {ident(name)}.a + 1, {words} FROM {ident(name)} JOIN {text} ON {n} = {ident(name)}.a WHERE {ident(name)}.a < 3")
        self.ctes.append((name, [("a", "int", "plain"), ("b", "text", "plain")]))
        return f"{ident(name)}(a, b) AS ({base} UNION {step})"

    def forward(self):
        """An element that reads a later one, which has a table's name and reads the table."""
        t = self.r.choice(self.world.tables)
        name, table, c = self.fresh("w"), ident(t.name), self.r.choice(t.columns)
        s = Source("x", [Col(f"x.{ident(x.name)}", x.name, x.family, x.flavour) for x in t.columns], t)
        self.ctes += [(name, [("v", c.family, c.flavour)]), (t.name, [(x.name, x.family, x.flavour) for x in t.columns])]
        return (f"{ident(name)}(v) AS (SELECT {ident(c.name)} FROM {table}), "
                f"{table} AS (SELECT x.* FROM public.{table} x WHERE {self.comparison([s], 2)})")

    def with_clause(self):
        if self.chance(0.7):
            return ""
        if self.chance(0.2):
            return f"WITH RECURSIVE {self.recursive() if self.chance(0.7) else self.forward()} "
        return f"WITH {', '.join(self.cte() for _ in range(self.r.randint(1, 2)))} "

    # -- whole statements

    def read(self):
        with_ = self.with_clause()
        k = self.r.random()
        if k < 0.13:
            q = self.grouped([], 0)
        elif k < 0.18:
            q = self.by_primary_key()
        elif k < 0.22:
            q = self.distinct_on()
        elif k < 0.26:
            return with_ + self.locked().sql
        elif k < 0.34:
            want = [self.pick("int", "text", "date") for _ in range(self.r.randint(1, 3))]
            op = self.pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")
            q = Query(f"{self.select([], 1, want).sql} {op} {self.select([], 1, want).sql}", [("o", f, "plain") for f in want])
        elif k < 0.36:
            t = self.r.choice(self.tables)
            return with_ + f"TABLE {'' if any(n == t.name for n, _ in self.ctes) else self.pick('', 'public.')}{ident(t.name)}"
        elif k < 0.37:
            rows = ", ".join(f"({self.scalar('int', [], 1)}, {self.expr('text', [], 1)})" for _ in range(self.r.randint(1, 2)))
            q = Query(f"VALUES {rows}", [("column1", "int", "plain"), ("column2", "text", "plain")])
        else:
            q = self.plain([], 0, self.pick(1, 2, 2, 3, 3, 4, 6))
        if q.cols and all(f in SORTED for f in q.families()) and self.chance(0.3) and " DISTINCT ON" not in q.sql:
            order = ", ".join(f"{i + 1}{self.pick('', ' DESC', ' NULLS FIRST')}" for i in range(len(q.cols)))
            most = self.r.randint(0, 5)
            q.sql += f" ORDER BY {order}" + self.pick("", f" LIMIT {most}", f" LIMIT {most} OFFSET 1", f" FETCH FIRST {most} ROWS WITH TIES")
        return with_ + q.sql
