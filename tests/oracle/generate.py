#!/usr/bin/python3
"""Random statements for oracle.py: join trees, conditions that may fail on rows, sublinks, CTEs, writes.

    generate.py SEED COUNT > statements.sql
"""
import random
import sys

TABLES = {  # name -> integer columns, text columns
    '"User"': (["id", "level"], ["email", "password", '"tenantId"']),
    '"Workflow"': (["id", '"userId"'], ["name", '"tenantId"']),
    "step": (["id", '"workflowId"'], ["body"]),
    "country": ([], ["code", "name"]),
    "event": (["id"], ["payload", '"tenantId"']),
    "all_workflows": (["id"], ["name", '"tenantId"']),
    'public."User"': (["id", "level"], ["email", '"tenantId"']),
    "api_key": (["id"], ["key", '"tenantId"']),
    '"Tenant"': ([], ["id", "name"]),
}
NUMBERS = [0, 1, 2, 3, 5, 9, 10, 11, 12, 50, 51, 53, 60, 61, 100, 150, 151]
WORDS = ["acme", "globex", "FR", "x", "acme-alpha", "globex-alpha", "shared-name", "gil@globex.test", "5"]


class Gen:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = 0

    def fresh(self):
        self.n += 1
        return f"t{self.n}"

    def pick(self, *choices):
        return self.r.choice(choices)

    def chance(self, p):
        return self.r.random() < p

    # -- columns in scope: list of (int columns, text columns), as written

    def number(self, scope, depth=0):
        ints = [c for i, _ in scope for c in i]
        k = self.r.random()
        if ints and k < 0.7:
            return self.r.choice(ints)
        if depth < 1 and k < 0.75:
            return f"(SELECT count(*)::int FROM {self.relation()[0]})"
        return str(self.r.choice(NUMBERS))

    def word(self, scope):
        texts = [c for _, t in scope for c in t]
        if texts and self.chance(0.7):
            return self.r.choice(texts)
        return f"'{self.r.choice(WORDS)}'"

    def atom(self, scope, leaky=True):
        k = self.r.randrange(20)
        n, w = lambda: self.number(scope), lambda: self.word(scope)
        if k < 5:
            return f"{n()} {self.pick('=', '<>', '<', '>', '<=', '>=')} {n()}"
        if k < 8:
            return f"{w()} {self.pick('=', '<>', '<', '>')} {w()}"
        if k == 8:
            return f"{n()} IS {self.pick('', 'NOT ')}NULL"
        if k == 9:
            return f"{n()} {self.pick('', 'NOT ')}IN ({n()}, {n()})"
        if k == 10:
            return f"{n()} BETWEEN {n()} AND {n()}"
        if k == 11:
            return f"{n()} + 50 = {n()}"
        if k == 12:
            return f"{n()} IN ({self.select(scope, columns=1)})"
        if k == 13:
            return f"{self.pick('', 'NOT ')}EXISTS ({self.select(scope, columns=1)})"
        if k == 14:
            return f"{w()} IS {self.pick('', 'NOT ')}DISTINCT FROM {w()}"
        if not leaky:
            return self.pick("true", "NULL", "1 = 1")
        if k == 15:
            return f"100 / ({n()} - {self.r.choice(NUMBERS)}) > {self.r.choice(NUMBERS)}"
        if k == 16:
            return f"{w()} LIKE '{self.pick('%e%', 'g%', 'a%', '%o')}'"
        if k == 17:
            return f"{w()}::int > 0"
        if k == 18:
            return f"length({w()}) > {n()}"
        return f"coalesce({n()}, 0) = {n()}"

    def condition(self, scope, depth=0):
        if depth > 2 or self.chance(0.5):
            return self.atom(scope)
        k = self.r.randrange(6)
        a, b = self.condition(scope, depth + 1), self.condition(scope, depth + 1)
        if k < 2:
            return f"({a}) AND {b}"
        if k == 2:
            return f"{a} AND {b}"
        if k == 3:
            return f"({a} OR {b})"
        if k == 4:
            return f"NOT ({a})"
        return f"({a}) IS {self.pick('TRUE', 'NOT TRUE', 'NOT NULL', 'FALSE')}"

    # -- FROM

    def relation(self):
        name = self.r.choice(list(TABLES))
        alias = self.fresh()
        ints, texts = TABLES[name]
        return f"{name} {alias}", ([f"{alias}.{c}" for c in ints], [f"{alias}.{c}" for c in texts])

    def item(self, outer, depth):
        k = self.r.randrange(12)
        if k < 8 or depth > 2:
            return self.relation()
        alias = self.fresh()
        if k == 8:
            return f"(VALUES (1, 'acme'), (51, 'globex'), (60, 'x')) {alias}(a, b)", ([f"{alias}.a"], [f"{alias}.b"])
        if k == 9:
            return f"generate_series(49, 52) {alias}", ([alias], [])
        lateral = self.chance(0.4)
        body = self.select(outer if lateral else [], columns=2, depth=depth + 1)
        return (f"{'LATERAL ' if lateral else ''}({body}) {alias}(a, b)", ([f"{alias}.a"], [f"{alias}.b"]))

    def tree(self, outer, depth=0):
        """A join tree: its text and the columns it offers."""
        if depth > 2 or self.chance(0.35):
            text, columns = self.item(outer, depth)
            return text, [columns]
        left, lscope = self.tree(outer, depth + 1)
        kind = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT JOIN", "CROSS JOIN")
        # A lateral reference may not reach the nullable side of RIGHT and FULL.
        right, rscope = self.tree(outer if kind in ("RIGHT JOIN", "FULL JOIN") else outer + lscope, depth + 1)
        scope = lscope + rscope
        if kind == "CROSS JOIN":
            return f"({left} CROSS JOIN {right})", scope
        if kind == "FULL JOIN":  # the planner wants something it can merge or hash
            ints = [c for i, _ in lscope for c in i], [c for i, _ in rscope for c in i]
            if not ints[0] or not ints[1]:
                return f"({left} CROSS JOIN {right})", scope
            on = f"{self.r.choice(ints[0])} = {self.r.choice(ints[1])}"
            if self.chance(0.3):
                on += f" AND {self.atom(scope, leaky=False)}"
            return f"({left} FULL JOIN {right} ON {on})", scope
        return f"({left} {kind} {right} ON {self.condition(scope)})", scope

    # -- queries

    def select(self, outer, columns=None, depth=1):
        items, scope = [], []
        for _ in range(self.pick(1, 1, 1, 2)):
            text, more = self.tree(outer + scope if self.chance(0.3) else outer, depth)
            items.append(text)
            scope += more
        seen = outer + scope
        targets = [self.number(scope, depth) for _ in range(1)]
        if columns != 1:
            targets.append(f"{self.word(scope)}")
        where = f" WHERE {self.condition(seen)}" if self.chance(0.6) else ""
        # columns of the FROM items of a nested query have no names that matter
        return f"SELECT {', '.join(targets)} FROM {', '.join(items)}{where}"

    def query(self):
        k = self.r.randrange(10)
        text, scope = self.tree([])
        columns = [c for i, t in scope for c in i + t]
        where = f" WHERE {self.condition(scope)}" if self.chance(0.6) else ""
        if k < 4 or not columns:
            return f"SELECT * FROM {text}{where}"
        if k == 4:
            return f"SELECT count(*), max({self.number(scope)}), min({self.word(scope)}) FROM {text}{where}"
        if k == 5:
            c = self.r.choice(columns)
            having = f" HAVING {self.atom(scope)}" if self.chance(0.2) else ""
            if having:
                having = f" HAVING count(*) > {self.pick(0, 1, 3)}"
            return f"SELECT {c}, count(*) FROM {text}{where} GROUP BY {c}{having}"
        if k == 6:
            return f"WITH q(a, b) AS ({self.select([])}) SELECT * FROM q, {text}{where}"
        if k == 7:
            return f"{self.select([])} {self.pick('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT')} {self.select([])}"
        if k == 8:
            c = self.r.choice(columns)
            return f"SELECT {c}, row_number() OVER (ORDER BY {c}) FROM {text}{where}"
        return f"SELECT {self.word(scope)}, ({self.select(scope, columns=1)} LIMIT 1) IS NULL FROM {text}{where}"

    def write(self):
        name = self.pick('"User"', '"Workflow"', "step", "event")
        ints, texts = TABLES[name]
        scope = [([f"w.{c}" for c in ints], [f"w.{c}" for c in texts])]
        target = [t for t in texts if "tenantId" not in t and t != "email"][0]
        extra, more = self.tree([]) if self.chance(0.4) else (None, [])
        where = f" WHERE {self.condition(scope + more)}" if self.chance(0.8) else ""
        returning = self.pick("", " RETURNING w.id", " RETURNING w.*")
        if self.chance(0.5):
            source = f" FROM {extra}" if extra else ""
            # which of several matching rows wins is not defined: a constant
            return f"UPDATE {name} w SET {target} = '{self.pick('z', 'y')}'{source}{where}{returning}"
        source = f" USING {extra}" if extra else ""
        return f"DELETE FROM {name} w{source}{where}{returning}"

    def statement(self):
        self.n = 0
        return self.write() if self.chance(0.2) else self.query()


def main():
    gen = Gen(int(sys.argv[1]))
    print(f"-- random {sys.argv[1]}")
    for _ in range(int(sys.argv[2])):
        print(gen.statement())


if __name__ == "__main__":
    main()
