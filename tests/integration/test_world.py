"""A small company's statements through Partywall and on its own database: tests/oracle says how."""
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "oracle"))

import names  # noqa: E402
import shapes  # noqa: E402
import sqlsmith  # noqa: E402


def test_shapes_that_break_row_security(postgres):
    found, n = shapes.run(postgres)
    assert not found, "\n".join(found)
    assert n > 300


def test_recorded_statements_of_sqlsmith(postgres):
    lines = (shapes.HERE / "world/sqlsmith.sql").read_text().splitlines()
    kinds, bad = sqlsmith.replay(postgres, lines)
    assert not bad, "\n".join(bad)
    assert kinds["same"] + kinds["failed"] > len(lines) * 0.9


def test_hostile_names_on_postgres(postgres):
    found, n, answered = names.run(postgres, 6, 7)
    assert not found, "\n".join(found)
    assert answered > n * 0.9
