"""The manual pages say what the program says."""
import re
import shutil
import subprocess

import pytest

import harness


def test_every_key_has_its_paragraph_in_the_manual():
    reference = subprocess.run([harness.BINARY, "config", "--reference"], text=True, capture_output=True, check=True).stdout
    keys = re.findall(r"^\| `([^`]+)` \|", reference, re.M)
    manual = (harness.ROOT / "conf/partywall.yaml.5").read_text()
    told = [k.replace("\\-", "-") for k in re.findall(r"^\.TP\n\.B (.+)$", manual, re.M)]
    assert len(keys) > 40
    assert told == keys


def test_every_command_is_in_the_manual_and_in_the_help():
    help_text = subprocess.run([harness.BINARY, "--help"], text=True, capture_output=True, check=True).stdout
    manual = (harness.ROOT / "daemon/partywall.8").read_text()
    for command in ("serve", "check", "explain", "config", "policy", "secret"):
        assert f"partywall {command}" in help_text or f"[{command}]" in help_text
        assert re.search(rf"^\.B {command}\b", manual, re.M)


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
@pytest.mark.parametrize("page", ["daemon/partywall.8", "conf/partywall.yaml.5"])
def test_the_pages_format_without_warnings(page):
    run = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", harness.ROOT / page], text=True, capture_output=True)
    assert run.returncode == 0 and run.stderr == ""
