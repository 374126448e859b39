"""Random SELECTs over the tables of store/basics.tsv, legal in PostgreSQL."""
import random


class Query:
    """Makes SELECTs over "User", "Workflow" and pair that are legal in PostgreSQL."""

    tables = {'"User"': (["id", "level"], ["email", "name", '"tenantId"']),
              '"Workflow"': (['"userId"', "small"], ["id", "name", "status", '"tenantId"']),
              "pair": (["a", "b"], ["v"])}

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names = 0

    def item(self):
        self.names += 1
        table, (ints, texts) = self.r.choice(list(self.tables.items()))
        alias = f"q{self.names}"
        if self.r.random() < 0.15:
            return f"(SELECT * FROM {table}) AS {alias}", [(alias, ints, texts)]
        return f"{table} AS {alias}", [(alias, ints, texts)]

    def column(self, scope, text=False):
        alias, ints, texts = self.r.choice(scope)
        return f"{alias}.{self.r.choice(texts if text else ints)}"

    def condition(self, scope, depth=2):
        r = self.r
        if depth and r.random() < 0.4:
            word = r.choice(["AND", "OR"])
            return f"({self.condition(scope, depth - 1)} {word} {self.condition(scope, depth - 1)})"
        kind = r.randrange(8)
        if kind < 3:
            return f"{self.column(scope)} {r.choice(['=', '<>', '<', '>='])} {self.column(scope)}"
        if kind == 3:
            return f"{self.column(scope)} IN ({r.randrange(4)}, {r.randrange(9)}, NULL)"
        if kind == 4:
            return f"{self.column(scope, True)} IS {r.choice(['', 'NOT '])}NULL"
        if kind == 5:
            return f"NOT ({self.column(scope, True)} LIKE '%{r.choice('ane_o')}%')"
        if kind == 6 and depth:
            item, more = self.item()
            return f"EXISTS (SELECT 1 FROM {item} WHERE {self.condition(scope + more, 0)})"
        return f"{self.column(scope, True)} {r.choice(['=', '<', '>'])} {self.column(scope, True)}"

    def join(self, depth):
        left, scope = self.item() if depth == 0 or self.r.random() < 0.3 else self.join(depth - 1)
        right, more = self.item() if depth == 0 or self.r.random() < 0.6 else self.join(depth - 1)
        if " JOIN " in right:
            right = f"({right})"
        scope = scope + more
        kind = self.r.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        if kind == "CROSS JOIN":
            return f"{left} CROSS JOIN {right}", scope
        # FULL JOIN only takes conditions that can be merged or hashed
        on = f"{self.column(scope[:-len(more)])} = {self.column(more)}" if kind == "FULL JOIN" \
            else self.condition(scope, 1)
        return f"{left} {kind} {right} ON {on}", scope

    def make(self):
        tables, scope = self.join(self.r.choice([0, 1, 1, 1, 2]))
        if self.r.random() < 0.2:
            item, more = self.item()
            tables, scope = f"{tables}, {item}", scope + more
        columns = [self.column(scope, self.r.random() < 0.4) for _ in range(3)]
        where = f" WHERE {self.condition(scope)}" if self.r.random() < 0.6 else ""
        if self.r.random() < 0.3:
            return (f"SELECT {columns[0]}, count(*), count({columns[1]}), max({columns[2]}) FROM {tables}{where} "
                    f"GROUP BY {columns[0]} HAVING count(*) > {self.r.randrange(3)}")
        distinct = self.r.choice(["", "", "DISTINCT "])
        return f"SELECT {distinct}{', '.join(columns)}, count(*) OVER () FROM {tables}{where}"


class Clauses(Query):
    """SELECTs whose clauses SQLite has not, or not as PostgreSQL: LATERAL, grouping sets, set operations, windows."""

    def lateral(self):
        r = self.r
        left, scope = self.item()
        right, more = self.item()
        inner = self.condition(more + scope, 1)
        column, text = self.column(more), self.column(more, True)
        body = r.choice([f"SELECT {column} AS x, {text} AS y FROM {right} WHERE {inner}",
                         f"SELECT count(*) AS x, max({text}) AS y FROM {right} WHERE {inner}",
                         f"SELECT DISTINCT {column} AS x, {text} AS y FROM {right} WHERE {inner} ORDER BY x, y LIMIT 2"])
        join = r.choice([f"LEFT JOIN LATERAL ({body}) s ON true", f"CROSS JOIN LATERAL ({body}) s",
                         f"LEFT JOIN LATERAL ({body}) s ON s.x > {r.randrange(4)}", f"JOIN LATERAL ({body}) s ON s.y IS NOT NULL"])
        return f"SELECT {self.column(scope)}, {self.column(scope, True)}, s.x, s.y FROM {left} {join}"

    def grouping(self):
        r = self.r
        item, scope = self.item()
        a, b, c = self.column(scope), self.column(scope, True), self.column(scope)
        sets = r.choice([f"ROLLUP ({a}, {b})", f"CUBE ({a}, {b})", f"GROUPING SETS (({a}), ({b}), ())", f"{a}, ROLLUP ({b})",
                         f"GROUPING SETS (({a}, {b}), ({a}))", f"ROLLUP (({a}, {b}))", f"DISTINCT ROLLUP ({a}), ROLLUP ({a}, {b})"])
        having = r.choice(["", f" HAVING count(*) > {r.randrange(3)}", f" HAVING grouping({a}) = 0"])
        extra = r.choice(["", f", rank() OVER (ORDER BY count(*))", f", grouping({b}, {a})"])
        return f"SELECT {a}, {b}, grouping({a}), count(*), sum({c}){extra} FROM {item} GROUP BY {sets}{having}"

    def arm(self, kinds):
        item, scope = self.item()
        return f"SELECT {', '.join(self.column(scope, k) for k in kinds)} FROM {item} WHERE {self.condition(scope, 1)}"

    def setop(self):
        kinds = [self.r.random() < 0.5 for _ in range(2)]
        out = self.arm(kinds)
        for _ in range(self.r.randrange(1, 3)):
            word = self.r.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"])
            out = f"({out}) {word} ({self.arm(kinds)})"
        return out

    def window(self):
        r = self.r
        item, scope = self.item()
        keys = f"{self.column(scope)} {r.choice(['', 'DESC', 'NULLS FIRST'])}, {self.column(scope, True)}"
        frame = r.choice(["", " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", " RANGE UNBOUNDED PRECEDING",
                          " GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW", " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP"])
        call = r.choice([f"sum({self.column(scope)})", "count(*)", f"max({self.column(scope, True)})", f"min({self.column(scope)})"])
        rank = r.choice(["rank()", "dense_rank()", "cume_dist()", "percent_rank()"])
        return (f"SELECT {self.column(scope)}, {call} OVER (w{frame}), {rank} OVER w FROM {item} "
                f"WINDOW w AS (PARTITION BY {self.column(scope)} ORDER BY {keys})")

    def rows(self):
        r = self.r
        item, scope = self.item()
        other, more = self.item()
        a, b = self.column(scope), self.column(scope, True)
        pair = f"({self.column(more)}, {self.column(more, True)})"
        test = r.choice([f"({a}, {b}) {r.choice(['=', '<', '<=', '>', '<>'])} ({self.column(scope)}, {self.column(scope, True)})",
                         f"({a}, {b}) {r.choice(['IN', 'NOT IN'])} (SELECT {pair[1:-1]} FROM {other})",
                         f"({a}, {b}) {r.choice(['<', '>='])} {r.choice(['ANY', 'ALL'])} (SELECT {pair[1:-1]} FROM {other})",
                         f"({a}, {b}) IS {r.choice(['', 'NOT '])}DISTINCT FROM ({self.column(scope)}, {self.column(scope, True)})",
                         f"{a} BETWEEN SYMMETRIC {self.column(scope)} AND {r.randrange(9)}",
                         f"{a} {r.choice(['=', '<', '<>'])} {r.choice(['ANY', 'ALL'])} (SELECT {self.column(more)} FROM {other})"])
        return f"SELECT {a}, {b}, {test} FROM {item} WHERE {self.condition(scope, 1)}"

    def make(self):
        sql = self.r.choice([self.lateral, self.grouping, self.setop, self.window, self.rows])()
        if "ORDER BY" not in sql:
            return sql
        n = 4 if " LATERAL " in sql else 3 if " WINDOW w " in sql else 6
        return f"{sql} ORDER BY {', '.join(map(str, range(1, n + 1)))}"  # the test sorts only what has no order


class Expression:
    """Makes a SELECT of two expressions over "User": integers, numerics, texts, conditions."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, *choices):
        return self.r.choice(choices)

    def integer(self, d):
        r = self.r
        k = r.randrange(14) if d else r.randrange(4)
        if k < 2:
            return self.pick("0", "1", "2", "7", "-1", "100", "2147483647")
        if k < 4:
            return self.pick("id", "level", "u.id")
        if k < 7:
            return f"({self.integer(d - 1)} {self.pick(*'+-*/%')} {self.integer(d - 1)})"
        if k == 7:
            return f"length({self.text(d - 1)})"
        if k == 8:
            return f"{self.pick('coalesce', 'nullif', 'greatest', 'least')}({self.integer(d - 1)}, {self.integer(d - 1)})"
        if k == 9:
            return f"case when {self.boolean(d - 1)} then {self.integer(d - 1)} else {self.integer(d - 1)} end"
        if k == 10:
            return f"({self.numeric(d - 1)})::int"
        if k == 11:
            return f"position({self.text(d - 1)} in {self.text(d - 1)})"
        if k == 12:
            return f"abs({self.integer(d - 1)})"
        return self.pick("'12'", "' 7 '", "active", "1.5", "score") + "::int"

    def numeric(self, d):
        r = self.r
        k = r.randrange(13) if d else r.randrange(3)
        if k == 0:
            return self.pick("1.5", "0.001", "123.456", "10.00", "(-2.5)", "99999999999.99", "0.0", "1e5")
        if k < 3:
            return "balance"
        if k < 7:
            other = self.pick(self.numeric, self.integer)(d - 1)
            return f"({self.numeric(d - 1)} {self.pick(*'+-*/%')} {other})"
        if k == 7:
            return f"{self.pick('round', 'trunc')}({self.numeric(d - 1)}, {self.pick(0, 1, 2, -1, 5)})"
        if k == 8:
            return f"{self.pick('ceil', 'floor', 'abs', 'trunc', 'sign', '-')}({self.numeric(d - 1)})"
        if k == 9:
            return f"({self.integer(d - 1)})::numeric"
        if k == 10:
            return f"({self.numeric(d - 1)})::numeric(10,{self.pick(0, 2, 4)})"
        if k == 11:
            return f"coalesce({self.numeric(d - 1)}, {self.integer(d - 1)})"
        return "score::numeric"

    def text(self, d):
        r = self.r
        k = r.randrange(18) if d else r.randrange(4)
        if k == 0:
            return self.pick("'abc'", "''", "'Héllo wörld'", "'a,b,c'", "'%_'", "'  x '")
        if k < 4:
            return self.pick("email", "name", '"tenantId"')
        if k == 4:
            return f"({self.text(d - 1)} || {self.pick(self.text, self.integer, self.numeric)(d - 1)})"
        if k == 5:
            name = self.pick("upper", "lower", "initcap", "reverse", "trim", "ltrim", "rtrim", "md5")
            return f"{name}({self.text(d - 1)})"
        if k == 6:
            return f"substring({self.text(d - 1)}, {self.pick(-1, 0, 1, 5)})"
        if k == 7:
            return f"substring({self.text(d - 1)} from {self.pick(-1, 1, 2)} for {self.pick(0, 1, 3, 100)})"
        if k == 8:
            return f"{self.pick('left', 'right')}({self.text(d - 1)}, {self.pick(-2, -1, 0, 1, 3)})"
        if k == 9:
            fill = self.pick("'xy'", "' '", "''")
            return f"{self.pick('lpad', 'rpad')}({self.text(d - 1)}, {self.pick(0, 3, 9, 20)}, {fill})"
        if k == 10:
            return "replace({}, {}, {})".format(self.text(d - 1), self.pick("'a'", "''", "'b'"), self.text(0))
        if k == 11:
            return "split_part({}, {}, {})".format(self.text(d - 1), self.pick("','", "'a'", "'@'"), self.pick(1, 2, -1))
        if k == 12:
            return f"repeat({self.text(0)}, {self.pick(0, 1, 2)})"
        if k == 13:
            return f"({self.pick(self.integer, self.numeric, self.boolean)(d - 1)})::text"
        if k == 14:
            return f"concat({self.text(d - 1)}, {self.integer(d - 1)}, {self.boolean(d - 1)})"
        if k == 15:
            return f"({self.text(d - 1)})::varchar({self.pick(1, 3, 8)})"
        if k == 16:
            return f"coalesce({self.text(d - 1)}, {self.text(d - 1)})"
        step = self.pick("1 month", "-1 day 03:00", "1 year 2 mons", "90 minutes")
        return f"(\"createdAt\" + interval '{step}')::text"

    def boolean(self, d):
        r = self.r
        k = r.randrange(11) if d else 0
        compare = self.pick("=", "<>", "<", "<=", ">", ">=")
        if k < 1:
            return self.pick("active", "true", "false", "null::bool", "name is null")
        if k < 3:
            return f"({self.integer(d - 1)} {compare} {self.pick(self.integer, self.numeric)(d - 1)})"
        if k == 3:
            return f"({self.numeric(d - 1)} {compare} {self.numeric(d - 1)})"
        if k == 4:
            return f"({self.text(d - 1)} {compare} {self.text(d - 1)})"
        if k == 5:
            pattern = self.pick("'%a%'", "'_nn%'", "'%x.org'", "'%\\_%'")
            return f"({self.text(d - 1)} {self.pick('like', 'ilike', 'not like')} {pattern})"
        if k == 6:
            return f"({self.boolean(d - 1)} {self.pick('and', 'or not')} {self.boolean(d - 1)})"
        if k == 7:
            return f"({self.boolean(d - 1)} is {self.pick('true', 'not true', 'null', 'false')})"
        if k == 8:
            return f"({self.integer(d - 1)} in ({self.integer(d - 1)}, {self.integer(d - 1)}, null))"
        if k == 9:
            return f"({self.numeric(d - 1)} between {self.integer(d - 1)} and {self.numeric(d - 1)})"
        return f"({self.text(d - 1)} is distinct from {self.text(d - 1)})"

    def make(self):
        kinds = self.integer, self.numeric, self.text, self.boolean
        return f'SELECT {self.pick(*kinds)(3)}, {self.pick(*kinds)(2)} FROM "User" u ORDER BY u.id'
