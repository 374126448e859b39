"""pg_dump: the owner's is PostgreSQL's own; a confined tenant's is refused at its first statement."""
import os
import subprocess

import harness


def dump(port, user, *args, database="app"):
    return subprocess.run(["pg_dump", *args, "-h", "127.0.0.1", "-p", str(port), "-U", user, database], text=True, errors="replace",
                          env=dict(os.environ, PGPASSWORD=user), capture_output=True, timeout=harness.PATIENCE)


def lines(run):
    """Without the key against planted commands, which is drawn anew."""
    assert run.returncode == 0, run.stderr
    return [line for line in run.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_the_owners_dump(application):
    application.reset()
    for args in ([], ["-s"], ["-a", "--inserts", "--rows-per-insert=7"], ["-t", "item", "-Fc"]):
        for _ in range(2):  # the second meets servers that know the names the first has prepared
            through = dump(application.wall.port, "owner", *args)
            direct = dump(application.shared.port, "postgres", *args, database="everyone")
            assert (through.returncode, through.stderr) == (0, "")
            if "-Fc" not in args:  # that one holds the time
                assert lines(through) == lines(direct)


def test_a_confined_dump_is_refused(application):
    run = dump(application.wall.port, "acme")
    assert run.returncode == 1 and run.stdout == ""
    assert "set_config is not allowed" in run.stderr
