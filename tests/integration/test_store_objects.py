"""Random objects of DDL whose expressions are kept: made on PostgreSQL and on the store, used, and printed.

PARTYWALL_OBJECTS="FIRST COUNT" runs more of them."""
import os

from integration.store_objects import Objects
from integration.test_store_oracle import both, is_refused  # noqa: F401

COUNT = 60
# What is evaluated, and so may fail, is up to each; constants have no collation in PostgreSQL's expressions.
EVALUATED = ("22003", "22012", "22023", "42P22")
PRINTED = {
    "checks": "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = '{t}'::regclass order by 1",
    "defaults": "select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = '{t}'::regclass order by 1",
    "indexes": "select pg_get_indexdef(indexrelid), pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid) from pg_index where indrelid = '{t}'::regclass order by 1",
    "view": "select pg_get_viewdef('{v}'::regclass), pg_get_viewdef('{v}'::regclass, true)",
    "columns": "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{v}'::regclass and attnum > 0 order by attnum",
}


def state(answer):
    return answer[1]["SQLSTATE"] if answer[0] == "error" else ""


class Made:
    """The objects of one seed."""

    def __init__(self, both, seed):
        self.both, self.seed, self.r = both, seed, Objects(seed)

    def same(self, sql):
        """Does it work on both?"""
        got = self.both.store.answer(sql, [])
        if is_refused(got):
            self.both.refused += 1
            return False
        expected = self.both.oracle.answer(sql, [])
        if {state(got), state(expected)} & set(EVALUATED):
            self.forget(got, expected)
            return False
        if not self.both.differ(f"seed {self.seed}", sql, [], expected, got):
            self.both.same += 1
        self.forget(got, expected)
        return got[0] == expected[0] == "ok"

    def forget(self, got, expected):
        """What only one has is in the way of the next."""
        if got[0] != expected[0]:
            self.drop()

    def drop(self):
        for side in (self.both.store, self.both.oracle):
            side.answer(f"drop table if exists o{self.seed} cascade", [])

    def run(self):
        t, v = f"o{self.seed}", f"v{self.seed}"
        if not self.same(self.r.table(t)):
            return
        self.same(self.r.index(f"x{self.seed}", t))
        for row in range(6):
            self.same(self.r.insert(t, row))
        view = self.same(self.r.view(v, t))
        self.same(f"select * from {t} order by id")
        if view:
            self.same(f"select * from {v}")
        for name, sql in PRINTED.items():
            if view or "{v}" not in sql:
                self.same(sql.format(t=t, v=v))
        self.same(f"update {t} set i = i where id < 3")
        self.drop()


def test_random_objects(both):  # noqa: F811
    first, count = map(int, os.environ.get("PARTYWALL_OBJECTS", f"0 {COUNT}").split())
    for seed in range(first, first + count):
        Made(both, seed).run()
    assert both.same > 6 * count
    both.check()
