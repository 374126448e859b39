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


@pytest.mark.parametrize("seed", [1, 2])
def test_random_statements_answer_as_alone(postgres, seed):
    run = oracle.Run(oracle.options(["--seed", str(seed), "--count", "600", "--per-world", "150"]))
    assert run.go(postgres) == 0
    assert run.counts["agree"] > 400
    assert run.counts["refused"] + run.counts["slow"] < 30
