"""What policy decides, on a database of two tenants and on one of acme alone: tests/oracle says how."""
import os
import pathlib
import subprocess

import pytest

import harness

ORACLE = harness.ROOT / "tests" / "oracle"
DECIDE = pathlib.Path(os.environ.get("DECIDE", harness.BINARY.parent / "tests" / "policy_decide"))


@pytest.mark.skipif(not DECIDE.exists(), reason="policy_decide is not built")
def test_decisions_tell_nothing_of_other_tenants():
    env = {**os.environ, "DECIDE": str(DECIDE)}
    run = subprocess.run([ORACLE / "run", "1", "100"], env=env, capture_output=True, text=True, timeout=900)
    print(run.stdout[-20000:], run.stderr[-4000:])
    assert run.returncode == 0
