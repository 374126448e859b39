#!/usr/bin/env python3
"""What clients cost that are connected and do nothing: memory, and CPU while nothing happens.  See README.md."""

import argparse
import os
import resource
import socket
import ssl
import struct
import sys
import time

import measure
from servers import DATABASE, SECRET, TENANT, BenchError, Servers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
from wire import messages  # noqa: E402: the protocol, as the tests speak it


def read_message(stream):
    head = stream.read(5)
    if len(head) < 5:
        raise BenchError("the connection was closed during the login")
    body = stream.read(struct.unpack("!I", head[1:])[0] - 4)
    if head[:1] == b"E":
        raise BenchError(f"login: {messages.strings(body)}")
    return head[:1], body


def log_in(port, context):
    """A connection that has had its first ReadyForQuery."""
    sock = socket.create_connection(("127.0.0.1", port), 60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as every driver: else each TLS login waits 40 ms
    if context:
        sock.sendall(messages.packet(messages.SSL))
        if sock.recv(1) != b"S":
            raise BenchError("no TLS")
        sock = context.wrap_socket(sock)
    sock.sendall(messages.startup([(f"user={TENANT}".encode(), False), (f"database={DATABASE}".encode(), False)]))
    scram = messages.Scram(SECRET)
    with sock.makefile("rb") as stream:
        while True:
            kind, body = read_message(stream)
            if kind == b"Z":
                return sock
            if kind != b"R":
                continue
            (code,) = struct.unpack_from("!I", body)
            if code == 10:
                sock.sendall(scram.first())
            elif code == 11:
                sock.sendall(scram.final(body[4:].decode()))


def resident_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith("Rss:"):
                return int(line.split()[1])
    raise BenchError(f"no memory figures of process {pid}")


def run(leg, count, context, seconds):
    clients = [log_in(leg.port, context) for _ in range(100)]  # what the first ones cost is not theirs
    before = resident_kib(leg.process.pid)
    clients += [log_in(leg.port, context) for _ in range(count)]
    time.sleep(1)
    after, cpu = resident_kib(leg.process.pid), sum(measure.process_cpu(leg.process.pid))
    time.sleep(seconds)
    cpu = sum(measure.process_cpu(leg.process.pid)) - cpu
    for client in clients:
        client.close()
    return (after - before) / count, cpu / seconds


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("partywall", help="the daemon's binary, build/release/partywall")
    p.add_argument("--clients", type=int, default=10000, help="that are idle (10000)")
    p.add_argument("--seconds", type=int, default=10, help="of which the CPU is measured (10)")
    p.add_argument("--legs", default="pgbouncer,partywall")
    args = p.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < args.clients + 200:
        raise BenchError(f"{args.clients} clients need as many file descriptors; {hard} are allowed")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    print(f"{args.clients} idle clients: KiB of resident memory for each, % of a CPU for all")
    for name in args.legs.split(","):
        for tls in (False, True):
            servers = Servers(args.partywall)
            try:
                servers.start_postgres(1)
                leg = servers.start_partywall(tls) if name == "partywall" else servers.start_pgbouncer(tls)
                kib, cpu = run(leg, args.clients, context if tls else None, args.seconds)
            finally:
                servers.stop()
            print(f"{name:10} {'TLS' if tls else 'plain':6} {kib:8.2f} KiB  {100 * cpu:6.2f} %", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BenchError as e:
        sys.exit(f"bench: {e}")
