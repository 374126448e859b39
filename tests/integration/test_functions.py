"""Every function of a live PostgreSQL has a decision: policy/functions.tsv is what policy/functions.sql says of it."""
import re

import psycopg

import harness

POLICY = harness.ROOT / "policy"


def decided():
    return dict(line.split("\t") for line in (POLICY / "functions.tsv").read_text().splitlines())


def test_the_review_is_that_of_the_server(postgres, database):
    made = postgres.psql(database, "-A", "-t", "-F", "\t", "-f", str(POLICY / "functions.sql"))
    known = decided()  # of the newest minor version: older ones lack some functions
    assert len(made.splitlines()) > 2500
    for line in made.splitlines():
        name, verdict = line.split("\t")
        assert known.get(name) == verdict, name


def test_no_function_is_undecided(postgres, database):
    with psycopg.connect(postgres.dsn(database)) as conn:
        names = {n for n, in conn.execute("SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace")}
    known = decided()
    assert len(names) > 2500 and names <= known.keys()
    assert all(reason == "allowed" or len(reason) > 10 for reason in known.values())


def test_the_list_is_what_is_allowed():
    listed = re.findall(r'"(.*)",', (POLICY / "functions_list.inc").read_text())
    assert listed == [name for name, verdict in decided().items() if verdict == "allowed"]


def test_what_a_client_may_call_is_what_the_review_says(pg_wall):
    """By name alone: refused functions are 42501 whatever their arguments, so none is called here."""
    known = decided()
    refused = [n for n, verdict in known.items() if verdict != "allowed"]
    with psycopg.connect(pg_wall.dsn("acme"), autocommit=True) as conn:
        for name in refused:
            result = conn.pgconn.exec_(f'SELECT pg_catalog."{name}"()'.encode())
            state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
            assert state in (b"42501", b"42883", b"0A000"), (name, state, result.error_message)
