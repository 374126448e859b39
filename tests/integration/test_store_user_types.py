"""Enums, domains and views of the owner, as a tenant sees them on the embedded store."""
import psycopg
import pytest

import harness

SCHEMA = """
create type mood as enum ('sad', 'ok');
create domain posint as int check (value > 0);
create table item (id int, "tenantId" text not null, m mood, n posint, primary key ("tenantId", id));
create view fine as select id, "tenantId", m from item where m = 'ok';
insert into item values (1, 'acme', 'ok', 1), (2, 'acme', 'sad', 2), (1, 'globex', 'ok', 3);
"""


@pytest.fixture(scope="module")
def tenant():
    daemon = harness.Partywall(harness.config("store"))
    try:
        with psycopg.connect(daemon.dsn("owner"), autocommit=True) as owner:
            owner.execute(SCHEMA)
        with psycopg.connect(daemon.dsn("acme"), autocommit=True) as connection:
            yield connection
    finally:
        daemon.stop()


def test_view_shows_the_tenants_rows(tenant):
    assert tenant.execute("select id, m from fine").fetchall() == [(1, "ok")]
    assert tenant.execute("select i.id from item i join fine f using (id)").fetchall() == [(1,)]


def test_enum_is_a_type_for_tenants(tenant):
    assert tenant.execute("select id from item order by m").fetchall() == [(2,), (1,)]
    assert tenant.execute("select 'sad'::mood < 'ok', enum_range(null::mood)::text").fetchone() == (True, "{sad,ok}")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        tenant.execute("select 'glad'::mood")


def test_domain_is_checked(tenant):
    with pytest.raises(psycopg.errors.CheckViolation) as raised:
        tenant.execute("insert into item (id, m, n) values (9, 'ok', -1)")
    assert raised.value.diag.constraint_name == "posint_check"
    assert tenant.execute("select 4::posint").fetchone() == (4,)


def test_view_is_not_written_by_tenants(tenant):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tenant.execute("update fine set m = 'sad'")
