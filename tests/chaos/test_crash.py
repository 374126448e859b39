"""Killed while it writes, a few times; crash.py does it more often."""
import pytest

import crash

ROUNDS = 5


@pytest.mark.parametrize("layout", ["shared", "file"])
def test_killed_while_it_writes(layout):
    assert crash.run(layout, ROUNDS) > 0
