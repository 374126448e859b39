"""Who may come in, and what a client may say before that."""
import socket
import struct
import subprocess

import psycopg
import pytest

import harness


def refused(wall, **words):
    with pytest.raises(psycopg.OperationalError) as e:
        psycopg.connect(wall.dsn(**words)).close()
    return str(e.value)


def raw(wall, data, want=65536):
    """Send bytes, read until the daemon closes or answers; returns what came."""
    with socket.create_connection(("127.0.0.1", wall.port), timeout=harness.PATIENCE) as s:
        s.sendall(data)
        return s.recv(want)


def startup(*words, version=196608):
    body = struct.pack("!I", version) + b"".join(w.encode() + b"\0" for w in words) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


@pytest.mark.case(11)
def test_wrong_password_unknown_login_unknown_tenant_read_the_same(wall):
    texts = {refused(wall, user=u, password="wrong").replace(f'"{u}"', "USER") for u in ("acme", "nobody", "owner")}
    assert len(texts) == 1 and "password authentication failed for user USER" in texts.pop()


@pytest.mark.case(70)
def test_a_bound_login_cannot_choose(wall):
    assert "tenant" in refused(wall, user="acme", options="-c partywall.tenant=globex")
    with psycopg.connect(wall.dsn(options="-c partywall.tenant=acme")) as c:
        assert c.execute("SHOW partywall.tenant").fetchone() == ("acme",)


def test_user_dot_tenant(wall):
    with psycopg.connect(wall.dsn(user="webapp.globex", password="webapp")) as c:
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)


def test_no_tenant_chosen(wall):
    with psycopg.connect(wall.dsn("webapp"), autocommit=True) as c:
        with pytest.raises(psycopg.errors.InvalidAuthorizationSpecification):
            c.execute('SELECT * FROM "User"')
        c.execute("SET partywall.tenant = 'acme'")
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        c.execute("SET partywall.tenant = 'globex'")
        assert c.execute('SELECT min(id) FROM "User"').fetchone() == ("u51",)


@pytest.mark.case(43, 71)
def test_replication_is_refused(wall):
    run = subprocess.run(["psql", "-X", "-c", "SELECT 1", wall.dsn(replication="database")], text=True, capture_output=True)
    assert run.returncode != 0 and "this login may not replicate" in run.stderr


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x00\x00\x00\x03",
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff\xff\xff\xff" + b"x" * 100,
    struct.pack("!I", 10001) + struct.pack("!I", 196608) + b"x" * 9993,
    startup("user", "acme")[:-1] + b"x",
    startup("user", "acme", version=131072),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
], ids=["http", "short", "zero", "huge", "oversized", "unterminated", "old-version", "tls-while-off"])
def test_garbage_before_login_ends_that_connection_only(wall, data):
    answer = raw(wall, data)
    assert answer == b"" or answer[:1] in (b"E", b"N")
    with psycopg.connect(wall.dsn()) as c:
        assert c.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(1)
def test_ssl_request_with_bytes_behind_it_is_cut(wall):
    answer = raw(wall, struct.pack("!II", 8, 80877103) + startup("user", "acme", "database", "app"))
    assert answer in (b"", b"N") or answer[:1] == b"E"
    assert b"R\x00" not in answer


@pytest.mark.case(53)
def test_half_a_message_then_silence(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        fd = c.pgconn.socket
        with socket.socket(fileno=socket.dup(fd)) as s:
            s.setblocking(True)
            s.sendall(b"Q\x00\x00\x00\x40SELECT ")
        with psycopg.connect(wall.dsn(), autocommit=True) as d:
            assert d.execute("SELECT 1").fetchone() == (1,)
        c.close()
    assert wall.alive()


@pytest.mark.case(40, 41)
@pytest.mark.parametrize("data", [b"Q\x00\x00\x00\x03", b"Q\xff\xff\xff\xff", b"@\x00\x00\x00\x04", b"R\x00\x00\x00\x08\x00\x00\x00\x00",
                                  b"P\x00\x00\x00\x05x", b"B\x00\x00\x00\x08\x00\x00\xff\xff", b"Q\x00\x00\x00\x0cSELECT 1",
                                  b"Q\x00\x00\x00\x0dSEL\x00CT 1\x00"])
def test_broken_messages_after_login(wall, data):
    c = psycopg.connect(wall.dsn(), autocommit=True)
    with socket.socket(fileno=socket.dup(c.pgconn.socket)) as s:
        s.setblocking(True)
        s.settimeout(harness.PATIENCE)
        s.sendall(data)
        answer = s.recv(65536)
    assert answer == b"" or (answer[:1] == b"E" and (b"08P01" in answer or b"54000" in answer)), answer
    with psycopg.connect(wall.dsn()) as d:
        assert d.execute("SELECT 1").fetchone() == (1,)


def test_limits_of_a_statement(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        for sql in ("SELECT " + "+".join(["1"] * 100_000), "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
                    " UNION ALL ".join(["SELECT 1"] * 20_000), "SELECT " + "NOT " * 50_000 + "true"):
            with pytest.raises(psycopg.errors.StatementTooComplex):
                c.execute(sql)
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            c.execute("SELECT '" + "x" * 17_000_000 + "'")
        assert c.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(72)
def test_encodings(wall):
    with psycopg.connect(wall.dsn(client_encoding="UTF8")) as c:
        assert c.execute("SELECT %s", ["žluťoučký"]).fetchone() == ("žluťoučký",)
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            c.execute("SET client_encoding = 'SJIS'")
        assert c.pgconn.exec_(b"SELECT '\xff'").error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"22021"


@pytest.mark.case(21)
def test_parameter_statuses(wall):
    with psycopg.connect(wall.dsn()) as c:
        status = lambda name: c.pgconn.parameter_status(name.encode())
        assert status("server_version").startswith(b"15")
        assert status("client_encoding") == b"UTF8" and status("standard_conforming_strings") == b"on"
        assert status("integer_datetimes") == b"on" and status("TimeZone") and status("DateStyle")
