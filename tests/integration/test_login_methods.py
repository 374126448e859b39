"""Every method of login over every transport with every kind of stored secret (wire case 68)."""
import itertools
import socket
import struct
import subprocess

import psycopg
import pytest

import harness

PASSWORD = "p w'd\\ž"
SECRETS = ("plain", "verifier", "file", "file_of_verifier")
METHODS = ("scram", "password", "default")
TRANSPORTS = ("loopback", "loopback6", "socket", "tls", "tls_over_network", "network")


def own_address():
    """An address of this host that is not the loopback's, or None; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            return s.getsockname()[0]
        except OSError:
            return None


def has_ipv6():
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::1", 0))
            return True
        except OSError:
            return False


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    directory = tmp_path_factory.mktemp("methods")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=one.test", "-keyout", directory / "key", "-out", directory / "crt"], check=True, capture_output=True)
    verifier = subprocess.run([harness.BINARY, "secret"], input=PASSWORD + "\n", text=True, check=True,
                              capture_output=True).stdout.strip()
    for name, text in (("file", PASSWORD), ("file_of_verifier", verifier)):
        path = directory / name
        path.write_text(text + "\n")
        path.chmod(0o600)
    secrets = {"plain": 'secret: "%s"' % PASSWORD.replace("\\", "\\\\"), "verifier": f"secret: {verifier}",
               "file": f"secret_file: {directory}/file", "file_of_verifier": f"secret_file: {directory}/file_of_verifier"}
    logins = "".join(f"  {method}_{kind}: {{{secrets[kind]}, tenants: [acme]"
                     + (f", method: {method}" if method != "default" else "") + "}\n"
                     for method, kind in itertools.product(METHODS, SECRETS))
    text = harness.config("store", more=f"tls: {{mode: prefer, certificate: {directory}/crt, key: {directory}/key}}")
    listen = "".join(f", '{a}:PORT'" for a in [own_address(), "[::1]" if has_ipv6() else None] if a)

    def make(port, d):
        return text(port, d).replace("logins:\n", "logins:\n" + logins).replace(
            f"listen: [127.0.0.1:{port}]", f"listen: [127.0.0.1:{port}{listen.replace('PORT', str(port))}, 'unix:{d}/.s.PGSQL.{port}']")
    daemon = harness.Partywall(make)
    try:
        harness.load_demo(daemon)
        yield daemon
    finally:
        daemon.remove()


def words(wall, transport):
    address = own_address()
    if "network" in transport and not address:
        pytest.skip("this host has no address but the loopback's")
    if transport == "loopback6" and not has_ipv6():
        pytest.skip("this host has no IPv6")
    return {"loopback": dict(host="127.0.0.1", sslmode="disable"), "loopback6": dict(host="::1", sslmode="disable"),
            "socket": dict(host=str(wall.dir)), "tls": dict(host="127.0.0.1", sslmode="require"),
            "tls_over_network": dict(host=address, sslmode="require"), "network": dict(host=address, sslmode="disable")}[transport]


def asked(wall, user, transport):
    """The code of the authentication request, or the SQLSTATE of the refusal, that ${user} meets."""
    where = words(wall, transport)
    if where.get("sslmode") == "require":
        return None  # what is asked for inside TLS is not to be seen; that it works is
    if transport == "socket":
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"{wall.dir}/.s.PGSQL.{wall.port}")
    else:
        s = socket.create_connection((where["host"], wall.port), timeout=harness.PATIENCE)
    with s:
        body = struct.pack("!I", 196608) + f"user\0{user}\0database\0app\0\0".encode()
        s.sendall(struct.pack("!I", len(body) + 4) + body)
        answer = s.recv(4096)
    if answer[:1] == b"R":
        return struct.unpack("!I", answer[5:9])[0]
    return answer[answer.index(b"\0C") + 2:][:5].decode()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("method", METHODS)
def test_row68(wall, method, kind, transport):
    user = f"{method}_{kind}"
    request = asked(wall, user, transport)
    login = lambda password: psycopg.connect(wall.dsn(user=user, password=password.replace("\\", "\\\\").replace("'", "\\'"),
                                                      options="-c partywall.tenant=acme", **words(wall, transport)), autocommit=True)
    if method == "password" and transport == "network":
        assert request == "28000"
        with pytest.raises(psycopg.OperationalError, match="plain text over the network(.|\n)*method: password"):
            login(PASSWORD)
        return
    assert request in (None, 3 if method == "password" else 10)
    with login(PASSWORD) as c:
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
    for wrong in (PASSWORD + " ", PASSWORD[:-1], "x" * 1000):
        with pytest.raises(psycopg.OperationalError, match=f'password authentication failed for user "{user}"'):
            login(wrong)


def test_row11_unknown_tenants_fail_as_wrong_passwords(wall):
    for tenant in ("globex", "nowhere"):
        with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "password_plain'):
            psycopg.connect(wall.dsn(user=f"password_plain.{tenant}", password="p w\\'d\\\\ž"))
    with psycopg.connect(wall.dsn(user="password_plain.acme", password="p w\\'d\\\\ž")) as c:
        assert c.execute("SHOW partywall.tenant").fetchone() == ("acme",)


def test_row11_unknown_logins_are_asked_for_scram(wall):
    assert {asked(wall, user, "loopback") for user in ("nobody", "password_", "password_plai", "password_plain2")} == {10}


def test_a_reload_changes_the_method(wall):
    before = wall.make_config(wall.port, wall.dir)
    try:
        with psycopg.connect(wall.dsn(user="plain", password="plain"), autocommit=True) as c:
            wall.write_config(before.replace("plain:  {secret: plain, tenant: acme, method: password}",
                                             "plain:  {secret: plain, tenant: acme}"))
            wall.reload()
            harness.wait_until(lambda: asked(wall, "plain", "loopback") == 10, "the method is scram")
            assert c.execute("SHOW partywall.tenant").fetchone() == ("acme",)
    finally:
        wall.write_config(before)
        wall.reload()
    harness.wait_until(lambda: asked(wall, "plain", "loopback") == 3, "the method is password")


def test_many_who_guess_and_leave(wall):
    """Those that are still waiting for their turn when they go are forgotten; others are served meanwhile."""
    start = struct.pack("!I", 196608) + b"user\0plain\0\0"
    start = struct.pack("!I", len(start) + 4) + start
    sockets = []
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", wall.port), timeout=harness.PATIENCE)
        s.sendall(start + b"p\0\0\0\x0awrong\0")
        if i % 3:
            sockets.append(s)
        else:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        assert c.execute("SELECT 1").fetchone() == (1,)
    for s in sockets:
        text = b""
        while chunk := s.recv(4096):
            text += chunk
        assert b"C28P01\0" in text
        s.close()
    assert wall.alive()


def test_a_shutdown_while_passwords_are_checked(wall):
    start = struct.pack("!I", 196608) + b"user\0plain\0\0"
    start = struct.pack("!I", len(start) + 4) + start
    sockets = [socket.create_connection(("127.0.0.1", wall.port), timeout=harness.PATIENCE) for _ in range(50)]
    for s in sockets:
        s.sendall(start + b"p\0\0\0\x0aplain\0")
    wall.stop()
    for s in sockets:
        s.close()
    wall.start()
