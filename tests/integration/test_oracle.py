"""A tenant's statements on a database of several tenants and on one of its own: tests/oracle says how."""
import os
import pathlib
import subprocess
import sys

import pytest

import harness

ORACLE = harness.ROOT / "tests" / "oracle"
DECIDE = pathlib.Path(os.environ.get("DECIDE", harness.BINARY.parent / "tests" / "policy_decide"))

sys.path.insert(0, str(ORACLE))

import oracle  # noqa: E402


@pytest.mark.skipif(not DECIDE.exists(), reason="policy_decide is not built")
def test_decisions_tell_nothing_of_other_tenants():
    run = subprocess.run([ORACLE / "written" / "decided.py", DECIDE], capture_output=True, text=True, timeout=900)
    print(run.stdout[-20000:], run.stderr[-4000:])
    assert run.returncode == 0


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL that does nothing by itself."""
    postgres = harness.Postgres(oracle.SERVER)
    yield postgres
    postgres.remove()


@pytest.mark.parametrize("seed", [1, 2])
def test_random_statements_answer_as_alone(server, seed):
    run = oracle.Run(oracle.options(["--seed", str(seed), "--count", "600", "--per-world", "150"]))
    assert run.go(server) == 0
    assert run.counts["agree"] > 400


def test_the_judge_sees_rows_of_others(server, monkeypatch):
    policy = oracle.World.policy_yaml

    def open_to_all(world):
        world.policy = {t.name: "shared" for t in world.tables if not t.parent}
        return policy(world)
    monkeypatch.setattr(oracle.World, "policy_yaml", open_to_all)
    run = oracle.Run(oracle.options(["--seed", "3", "--count", "60", "--no-minimise"]))
    assert run.go(server) == 1
    assert run.counts["LEAK"] > 0


def test_only_errors_of_another_order_are_excused(server, monkeypatch):
    pair = oracle.Pair(server, 4)
    try:
        t = next(t for t in pair.world.tables if t.tenant)
        column, table = oracle.ident(t.tenant.name), oracle.ident(t.name)

        def kind(sql, left=None):
            answers = pair.run([pair.left, pair.right], [sql], None, False)
            return oracle.judge(pair, [sql], None, False, left or answers[0], answers[1])[0]

        assert kind(f"SELECT {column} FROM {table}") is None
        # PostgreSQL alone looks at the condition before it makes the groups
        assert kind(f"SELECT array_agg(NULL::int[]) FROM {table} GROUP BY {column} HAVING {column}::text LIKE 'no%'") == "order"
        failed = pair.run([pair.right], ["SELECT 1 / 0"], None, False)[0]
        assert kind(f"SELECT {column} FROM {table}", failed) == "LEAK"
        monkeypatch.setattr(pair, "lonely_run", lambda *_: failed)
        assert kind(f"SELECT {column} FROM {table}", failed) == "WRONG"
    finally:
        pair.close()
