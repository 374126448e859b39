"""One run of pgbench -S, and what it cost the process between."""

import os
import re
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """pgbench could not do it: the first line of why."""


class Sample:
    def __init__(self, tps, transactions, latency_ms):
        self.tps, self.transactions, self.latency_ms = tps, transactions, latency_ms
        self.user_us = self.system_us = self.server_us = None  # per transaction


def pgbench(leg, mode, clients, seconds):
    """The built-in script, so that the text is the same for all."""
    argv = ["pgbench", "-n", "-S", "-M", mode, "-c", str(clients),
            "-j", str(min(clients, os.cpu_count() or 1)), "-T", str(seconds)]
    try:
        done = subprocess.run(argv, env=leg.environment(), capture_output=True, text=True,
                              timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        raise Failed("pgbench did not end in time") from None
    tps = re.search(r"^tps = ([0-9.]+) \(without", done.stdout, re.M)
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    failed = re.search(r"number of failed transactions: ([1-9]\d*)", done.stdout)
    latency = re.search(r"latency average = ([0-9.]+) ms", done.stdout)
    if done.returncode != 0 or not tps or not count or failed:
        lines = [l for l in done.stderr.splitlines() if "error" in l.lower()] or done.stderr.splitlines()
        if not lines and count and count[1] == "0":
            lines = [f"connecting took all of the {seconds} s"]
        raise Failed(lines[0].strip() if lines else f"pgbench ended with {done.returncode}: {done.stdout}")
    return Sample(float(tps[1]), int(count[1]), float(latency[1]) if latency else 0.0)


def read_stat(pid):
    """(parent, user ticks, system ticks, those of children waited for)"""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[1]), int(fields[11]), int(fields[12]), int(fields[13]) + int(fields[14])


def process_cpu(pid):
    _, user, system, _ = read_stat(pid)
    return user / TICK, system / TICK


def tree_cpu(pid):
    """The postmaster, the children it has waited for, and those alive."""
    _, user, system, waited = read_stat(pid)
    total = user + system + waited
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            parent, user, system, _ = read_stat(name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            total += user + system
    return total / TICK


def measure(leg, postgres, mode, clients, seconds):
    server = tree_cpu(postgres.pid)
    before = process_cpu(leg.process.pid) if leg.process else None
    sample = pgbench(leg, mode, clients, seconds)
    after = process_cpu(leg.process.pid) if leg.process else None
    time.sleep(0.1)  # for the postmaster to take in the CPU of servers that have ended
    per = 1e6 / max(sample.transactions, 1)
    sample.server_us = (tree_cpu(postgres.pid) - server) * per
    if leg.process:
        sample.user_us = (after[0] - before[0]) * per
        sample.system_us = (after[1] - before[1]) * per
    return sample


# -- system calls --

def perf_works():
    try:
        done = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"],
                              capture_output=True, text=True)
    except FileNotFoundError:
        return False
    return done.returncode == 0 and re.search(r"^\d+,", done.stderr, re.M) is not None


def strace_works():
    try:
        return subprocess.run(["strace", "-c", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def choose_counter():
    """perf disturbs the process less; strace slows it, which changes how much it does per turn."""
    if perf_works():
        return "perf"
    return "strace" if strace_works() else None


def start_counter(counter, pid, out):
    if counter == "perf":
        argv = ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o", out, "-p", str(pid)]
    else:
        argv = ["strace", "-c", "-f", "-o", out, "-p", str(pid)]
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(0.3)
    return child


def read_counter(counter, out):
    with open(out) as f:
        text = f.read()
    if counter == "perf":
        found = re.search(r"^(\d+),[^\n]*raw_syscalls:sys_enter", text, re.M)
        return int(found[1]) if found else None
    calls = [int(l.split()[3]) for l in text.splitlines() if re.match(r"\s*[0-9.]+\s+[0-9.]+\s+\d+\s+\d+", l)
             and not l.rstrip().endswith("total")]
    return sum(calls) if calls else None


def system_calls(counter, leg, mode, clients, seconds, out):
    """Per transaction, in a run of its own; None: not to be had here."""
    child = start_counter(counter, leg.process.pid, out)
    try:
        sample = pgbench(leg, mode, clients, seconds)
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    try:
        total = read_counter(counter, out)
    except OSError:
        total = None
    return total / sample.transactions if total and sample.transactions else None
