"""The tour's first command, as a user types it."""
import os
import re
import signal
import subprocess

import harness


def test_dev_run(tmp_path):
    port = harness.free_port()
    env = dict(os.environ, PORT=str(port), DATA=str(tmp_path / "data"))
    for _ in range(2):  # the second time the data is there already
        run = subprocess.Popen([harness.ROOT / "dev", "run"], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
        try:
            lines = []
            for line in run.stdout:
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            commands = [l.strip() for l in lines if l.strip().startswith("psql ")]
            assert len(commands) == 2, "".join(lines)
            for command, mine, other in ((commands[0], "acme", "globex"), (commands[1], "globex", "acme")):
                out = subprocess.run(command, shell=True, text=True, capture_output=True)
                assert out.returncode == 0, out.stderr
                assert f"@{mine}.test" in out.stdout and f"@{other}.test" not in out.stdout
                assert re.search(r"\(2 rows\)", out.stdout)
        finally:
            os.killpg(run.pid, signal.SIGINT)
            run.wait(timeout=harness.PATIENCE)
            run.stdout.close()
