"""SQLAlchemy's suite for dialects on the embedded store: what passes on PostgreSQL passes there too, but what
sqlalchemy/failures.tsv lists with its reason."""
import os
import pathlib
import subprocess
import xml.etree.ElementTree

import harness

HERE = pathlib.Path(__file__).with_name("sqlalchemy")
LIST = HERE / "failures.tsv"


def run(url, report):
    """Names of the tests that have passed."""
    subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "suite_plugin",
                    "-c", "setup.cfg", "suite.py", "--dburi", url, f"--junitxml={report}"], cwd=HERE,
                   env=dict(os.environ, PYTHONPATH=str(HERE)), capture_output=True, timeout=600)
    passed, others = set(), {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        # the class's name ends in the dialect's and the server's version
        name = case.get("classname").split(".")[-1].split("_postgresql")[0] + "." + case.get("name")
        trouble = [e for e in case if e.tag in ("failure", "error", "skipped")]
        if trouble:
            others[name] = trouble[0].get("message") or ""
        else:
            passed.add(name)
    return passed, others


def listed():
    lines = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("\t") for line in lines)


def test_suite(postgres, database, tmp_path):
    postgres.psql(database, text="CREATE SCHEMA test_schema")
    expected, _ = run(f"postgresql+psycopg2://postgres@127.0.0.1:{postgres.port}/{database}", tmp_path / "postgres.xml")
    assert len(expected) > 580
    wall = harness.Partywall(harness.config("store"))
    try:
        harness.psql(wall.dsn("owner"), text="CREATE SCHEMA test_schema")
        passed, others = run(wall.url("owner").replace("postgresql:", "postgresql+psycopg2:"), tmp_path / "store.xml")
        assert wall.alive(), wall.tail()
    finally:
        wall.remove()
    failed = {name: others.get(name, "did not run").splitlines()[0][:200] for name in expected - passed}
    assert set(failed) == set(listed()), "\n".join(
        f"{name}\t{failed.get(name, 'passes now')}" for name in sorted(set(failed) ^ set(listed())))
    assert len(failed) < 0.1 * len(expected)
