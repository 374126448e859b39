"""The wire scripts as pytest sees them.

Whoever has a server running calls check_script for each of SCRIPTS; here the scripts are only
read, so that a mistake in one shows without a server.
"""
import pathlib

import pytest

from messages import SENDERS, split_words
from run import run_script

SCRIPTS = sorted(pathlib.Path(__file__).parent.glob("*.wire"))
STEPS = {"only:", "backend:", "needs:", "connect", "use", "login", "auth", "auth-fails", "auth-refused", "dribble", "hang-up", "tls", ">", "<", "<?", "<~"}


def check_script(path, host, port, user, password, database="app", server="partywall",
                 backend=None):
    ok, text = run_script(path, host, port, user, password, database, server, backend)
    if text.startswith("skipped"):
        pytest.skip(text)
    assert ok, text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_well_formed(path):
    asked = 0
    for line in path.read_text().splitlines():
        words = split_words(line) if line.strip() and not line.startswith("#") else []
        if not words:
            continue
        assert words[0][0].decode() in STEPS, line
        asked += words[0][0].startswith((b"<", b"auth-"))
        if words[0][0] == b">":
            name = words[3 if words[1][0] == b"part" else 1][0].decode()
            assert name in SENDERS or name in ("rest", "cancel"), line
    assert asked > 0, "a script that asks for nothing cannot fail"
