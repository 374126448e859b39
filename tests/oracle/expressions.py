"""Random expressions and conditions over the columns of a world of schema.py, whose values are determined."""
from schema import WORDS, ident, literal

SORTED = {"int", "text", "bool", "uuid", "date", "time", "num", "json", "ints", "enum"}
TYPE = {"int": "int4", "text": "text", "bool": "bool", "uuid": "uuid", "date": "date", "time": "timestamptz",
        "num": "numeric", "json": "jsonb", "ints": "int4[]", "enum": "mood"}


class Col:
    """A column that an expression can name."""

    def __init__(self, ref, name, family, flavour="plain"):
        self.ref, self.name, self.family, self.flavour = ref, name, family, flavour


class Source:
    def __init__(self, alias, cols, table=None):
        self.alias, self.cols, self.table = alias, cols, table
        self.all = True  # cols are what * gives
        self.keyed = False  # one row for each value of the table's primary key


class Query:
    def __init__(self, sql, cols):
        self.sql, self.cols = sql, cols  # cols: (name, family, flavour)

    def families(self):
        return [f for _, f, _ in self.cols]


class Expressions:
    def __init__(self, r, world):
        self.r, self.world = r, world
        self.tables = world.tables + world.views
        self.reset()

    def reset(self):
        self.n = 0
        self.ctes = []  # (name, cols)
        self.params = None  # list when parameters may be used

    # -- dice

    def chance(self, p):
        return self.r.random() < p

    def pick(self, *choices):
        return self.r.choice(choices)

    def fresh(self, prefix="t"):
        self.n += 1
        if self.chance(0.04):
            return f"{prefix} {self.n}\"x"
        return f"{prefix}{self.n}"

    # -- values

    def raw(self, family):
        """A value as text: small ones meet rows; keys of one's own and of others too."""
        r, n = self.r, self.r.randint(0, 6)
        if family == "int":
            return str(r.choice([n, n, 101, 102, 201, 1001, -1]))
        if family == "text":
            return r.choice([WORDS[n], WORDS[n], f"k{n}", "secret-1", "1", self.world.tenants[0], self.world.tenants[1], ""])
        return {"bool": r.choice(["true", "false"]), "uuid": r.choice([f"0000000{n}-1111-4000-8000-000000000000",
                                                                      f"00000000-0000-4000-8000-00000000000{n}"]),
                "date": f"2024-01-0{n + 1}", "time": f"2024-01-0{n + 1} 00:00:00+00", "num": f"{n}.5",
                "json": '{"k": %d}' % n, "ints": "{%d,2,3}" % n, "enum": r.choice(["sad", "ok", "happy"])}[family]

    def value(self, family, typed=False):
        value = self.raw(family)
        if self.params is not None and len(self.params) < 20 and self.chance(0.4):
            self.params.append(value)
            # a type of its own, so that what PostgreSQL infers elsewhere does not matter
            return f"${len(self.params)}::{TYPE[family]}" if typed or self.chance(0.5) else f"${len(self.params)}"
        if family in ("int", "num", "bool"):
            return value if not value.startswith("-") else f"({value})"
        return literal(value) + (f"::{TYPE[family]}" if typed or family not in ("text", "uuid", "date") else "")

    # -- expressions: ${scope} is a list of sources, innermost last

    def columns(self, scope, family=None, flavour=None):
        return [c for s in scope for c in s.cols if (family is None or c.family == family) and (flavour is None or c.flavour == flavour)]

    def column(self, scope, family, flavour=None):
        found = self.columns(scope, family, flavour)
        if not found:
            return None
        return self.r.choice(found[-12:]).ref

    def expr(self, family, scope, depth=0):
        col = self.column(scope, family)
        if col and self.chance(0.6 if depth < 2 else 0.9):
            return col
        if depth >= 2 or self.chance(0.2):
            return self.value(family, typed=True)
        k = self.r.randrange(10)
        if k == 0:
            return f"coalesce({self.expr(family, scope, depth + 1)}, {self.value(family, True)})"
        if k == 1:
            return (f"CASE WHEN {self.condition(scope, depth + 1)} THEN {self.expr(family, scope, depth + 1)} "
                    f"ELSE {self.expr(family, scope, depth + 1)} END")
        if k == 2 and depth < 2:
            return self.scalar(family, scope, depth + 1)
        if k == 3:
            return f"nullif({self.expr(family, scope, depth + 1)}, {self.value(family, True)})"
        made = getattr(self, "expr_" + family, None)
        return made(scope, depth + 1) if made else (col or self.value(family, True))

    def expr_int(self, scope, depth):
        made = [lambda: f"({self.expr('int', scope, depth)} {self.pick('+', '-')} {self.expr('int', scope, depth)})",
                lambda: f"length({self.expr('text', scope, depth)})", lambda: f"abs({self.expr('int', scope, depth)})"]
        divisor, digits = self.column(scope, "int", "divisor"), self.column(scope, "text", "digits")
        document, ints = self.column(scope, "text", "document"), self.column(scope, "ints")
        day = self.column(scope, "date")
        if divisor:
            made += [lambda: f"(10 / {divisor})", lambda: f"mod(7, {divisor})"]
        if digits:
            made += [lambda: f"{digits}::int", lambda: f"CAST({digits} AS int)"]
        if document:
            made += [lambda: f"({document}::jsonb ->> 'k')::int"]
        if ints:
            made += [lambda: f"{ints}[1]" if "[" not in ints else ints, lambda: f"cardinality({ints})"]
        if day:
            made += [lambda: f"extract(day FROM {day})::int"]
        return self.r.choice(made)()

    def expr_text(self, scope, depth):
        family = self.pick("int", "date", "uuid", "bool", "num", "enum")
        return self.pick(
            lambda: f"upper({self.expr('text', scope, depth)})",
            lambda: f"({self.expr('text', scope, depth)} || {self.expr('text', scope, depth)})",
            lambda: f"left({self.expr('text', scope, depth)}, 2)",
            lambda: f"substring({self.expr('text', scope, depth)} FROM 1 FOR 2)",
            lambda: f"{self.typed_column(scope, family)}::text",
            lambda: f"concat({self.expr('text', scope, depth)}, '-', {self.expr(family, scope, depth)})",
            lambda: f"format('%s:%s', {self.expr('text', scope, depth)}, {self.expr('int', scope, depth)})")()

    def typed_column(self, scope, family):
        return self.column(scope, family) or f"({self.value(family, True)})"

    def expr_bool(self, scope, depth):
        return f"({self.condition(scope, depth)})"

    def expr_num(self, scope, depth):
        return f"({self.expr('int', scope, depth)} * 1.5)"

    def expr_json(self, scope, depth):
        document = self.column(scope, "text", "document")
        if document and self.chance(0.5):
            return f"{document}::jsonb"
        return f"jsonb_build_object('a', {self.expr('int', scope, depth)}, 'b', {self.expr('text', scope, depth)})"

    def expr_ints(self, scope, depth):
        if depth < 2 and self.chance(0.4):
            q = self.select(scope, depth + 1, ["int"])
            return f"(SELECT array_agg(z ORDER BY z) FROM ({q.sql}) y(z))" if self.chance(0.5) else f"ARRAY(SELECT z FROM ({q.sql}) y(z) ORDER BY 1)"
        return f"ARRAY[{self.expr('int', scope, depth)}, {self.expr('int', scope, depth)}]"

    def scalar(self, family, scope, depth):
        """A subquery of one row."""
        q = self.select(scope, depth, [family])
        if family in ("int", "text", "date", "time", "num", "enum") and self.chance(0.5):
            return f"(SELECT {self.pick('min', 'max')}(z) FROM ({q.sql}) y(z))"
        if family == "int" and self.chance(0.5):
            items, where, sources = self.from_where(scope, depth)
            return f"(SELECT count(*)::int FROM {items}{where})"
        return f"({q.sql} ORDER BY 1 LIMIT 1)" if " LIMIT " not in q.sql[-30:] and " FOR " not in q.sql[-20:] else f"(SELECT z FROM ({q.sql}) y(z) ORDER BY 1 LIMIT 1)"

    # -- conditions

    def family(self, scope):
        cols = self.columns(scope)
        return self.r.choice(cols).family if cols and self.chance(0.8) else self.pick("int", "text", "int", "text", "uuid", "date")

    def condition(self, scope, depth=0):
        k = self.r.random()
        if depth < 2 and k < 0.16:
            return f"{self.condition(scope, depth + 1)} AND {self.condition(scope, depth + 1)}"
        if depth < 2 and k < 0.26:
            return f"({self.condition(scope, depth + 1)} OR {self.condition(scope, depth + 1)})"
        if depth < 2 and k < 0.31:
            return f"NOT ({self.condition(scope, depth + 1)})"
        if depth < 2 and k < 0.33:
            return f"({self.condition(scope, depth + 1)}) IS {self.pick('TRUE', 'NOT TRUE', 'NOT FALSE', 'UNKNOWN', 'NOT NULL')}"
        if depth < 2 and k < 0.45:
            return self.sublink(scope, depth + 1)
        if k < 0.55:
            return self.leaky(scope, depth + 1)
        return self.comparison(scope, depth + 1)

    def comparison(self, scope, depth):
        family = self.family(scope)
        left = self.column(scope, family) or self.expr(family, scope, depth)
        op = self.pick("=", "=", "<>", "<", ">", "<=", ">=")
        return self.pick(
            lambda: f"{left} {op} {self.value(family)}", lambda: f"{left} {op} {self.expr(family, scope, depth)}",
            lambda: f"{self.expr(family, scope, depth)} {op} {self.expr(family, scope, depth)}",
            lambda: f"{left} IS {self.pick('', 'NOT ')}NULL",
            lambda: f"{left} {self.pick('', 'NOT ')}IN ({self.value(family)}, {self.value(family)}, {self.expr(family, scope, depth)})",
            lambda: f"{left} BETWEEN {self.value(family)} AND {self.expr(family, scope, depth)}",
            lambda: f"{left} IS {self.pick('', 'NOT ')}DISTINCT FROM {self.expr(family, scope, depth)}",
            lambda: f"{left} = ANY (ARRAY[{self.value(family, True)}, {self.expr(family, scope, depth)}])"
            if family != "ints" else f"{left} && {self.expr(family, scope, depth)}",
            lambda: f"({left}, {self.expr('int', scope, depth)}) {self.pick('=', '<', '<>')} ({self.expr(family, scope, depth)}, {self.value('int', True)})",
            lambda: f"{left} {self.pick('', 'NOT ')}IN (VALUES ({self.value(family, True)}), ({self.expr(family, scope, depth)}))",
            lambda: self.row_test(scope, depth))()

    def row_test(self, scope, depth):
        tables = [s for s in scope if s.table and s.alias and s.cols]
        if not tables:
            return f"{self.expr('int', scope, depth)} > 0"
        s = self.r.choice(tables)
        a = ident(s.alias)
        return self.pick(f"{a} IS NOT NULL", f"{a} IS NULL", f"{a}.tableoid > 0", f"{a}.ctid IS NOT NULL", f"{a}.* IS DISTINCT FROM NULL",
                         f"{a} = {a}", f"length({a}::text) > 3", f"{a}.xmin IS NOT NULL", f"ROW({a}.*) = {a}",
                         f"({a}).{ident(self.r.choice(s.cols).name)} IS NOT NULL", f"to_jsonb({a}) - 'id' IS NOT NULL")

    def leaky(self, scope, depth):
        """A condition that fails on rows of others, or runs code of ours on them."""
        tries = []
        divisor, digits = self.column(scope, "int", "divisor"), self.column(scope, "text", "digits")
        pattern, document = self.column(scope, "text", "pattern"), self.column(scope, "text", "document")
        text = self.column(scope, "text")
        if divisor:
            tries += [lambda: f"10 / {divisor} {self.pick('>', '<', '=')} {self.value('int')}", lambda: f"{divisor} % {divisor} = 0"]
        if digits:
            tries += [lambda: f"{digits}::int {self.pick('>', '<=', '=')} {self.expr('int', scope, depth)}",
                      lambda: f"{digits}::int IN (1, 2, 3)"]
        if pattern:
            tries += [lambda: f"'cat' ~ {pattern}", lambda: f"regexp_replace('elk', {pattern}, 'x') <> 'y'"]
        if document:
            tries += [lambda: f"({document}::jsonb -> 'k') IS NOT NULL", lambda: f"{document}::jsonb @> '{{\"k\": 1}}'"]
        if text:
            tries += [lambda: f"{text} {self.pick('LIKE', 'NOT LIKE', 'ILIKE')} {self.pick(literal('%a%'), literal('s%'), literal('_e%'))}",
                      lambda: f"length({text}) > {self.value('int')}", lambda: f"{text} SIMILAR TO '(a|b|c)%'"]
        if not tries:
            return self.comparison(scope, depth)
        return self.r.choice(tries)()

    def sublink(self, scope, depth):
        family = self.family(scope)
        left = self.expr(family, scope, depth)
        k = self.r.randrange(6)
        if k == 0:
            items, where, _ = self.from_where(scope, depth)
            return f"{self.pick('', 'NOT ')}EXISTS (SELECT {self.pick('1', '*', '')} FROM {items}{where})"
        if k <= 2:
            return f"{left} {self.pick('', 'NOT ')}IN ({self.select(scope, depth, [family]).sql})"
        if k == 3:
            return f"{left} {self.pick('=', '<>', '<', '>=')} {self.pick('ANY', 'ALL', 'SOME')} ({self.select(scope, depth, [family]).sql})"
        if k == 4:
            return f"{left} {self.pick('=', '<', '>')} {self.scalar(family, scope, depth)}"
        return f"({left}, {self.expr('int', scope, depth)}) {self.pick('IN', 'NOT IN', '= ANY')} ({self.select(scope, depth, [family, 'int']).sql})"
