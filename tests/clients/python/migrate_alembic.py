"""Alembic: revisions forth and back, and autogenerate.  usage: migrate_alembic.py DATABASE_URL"""
import sys
import textwrap
import warnings

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql as pg

warnings.simplefilter("ignore")
engine = sa.create_engine(sys.argv[1].replace("postgresql:", "postgresql+psycopg2:", 1), poolclass=sa.pool.NullPool)


def checkpoint(name):
    print(f"checkpoint {name}", flush=True)
    sys.stdin.readline()


def first():
    m = sa.MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                                       "ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s",
                                       "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"})
    sa.Table("account", m, sa.Column("id", pg.UUID, primary_key=True, server_default=sa.text("gen_random_uuid()")),
             sa.Column("email", sa.String(120), nullable=False, unique=True, comment="where to write"),
             sa.Column("plan", sa.Enum("free", "it's", name="plan"), server_default="free"),
             sa.Column("state", sa.Enum("new", "old", name="state", native_enum=False, create_constraint=True)),
             sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False), comment="who pays, it's")
    sa.Table("kinds", m, sa.Column("id", sa.BigInteger, sa.Identity(always=True, start=10, increment=2, cache=5), primary_key=True),
             sa.Column("small", sa.SmallInteger, server_default="-1"), sa.Column("int", sa.Integer, server_default=sa.text("7"), index=True),
             sa.Column("big", sa.BigInteger), sa.Column("real4", sa.REAL), sa.Column("real8", pg.DOUBLE_PRECISION, server_default="1.5"),
             sa.Column("money", sa.Numeric(12, 4), server_default="0"), sa.Column("yes", sa.Boolean, server_default=sa.true()),
             sa.Column("text", sa.Text, server_default="a one"), sa.Column("short", sa.String), sa.Column("code", sa.CHAR(4)), sa.Column("c", sa.String(9, collation="C")),
             sa.Column("bytes", sa.LargeBinary), sa.Column("day", sa.Date, server_default=sa.text("CURRENT_DATE")), sa.Column("hour", sa.Time), sa.Column("hourz", pg.TIME(timezone=True, precision=3)),
             sa.Column("moment", pg.TIMESTAMP(precision=3)), sa.Column("span", sa.Interval), sa.Column("ip", pg.INET), sa.Column("net", pg.CIDR), sa.Column("mac", pg.MACADDR),
             sa.Column("doc", sa.JSON), sa.Column("docb", pg.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False), sa.Column("key", pg.UUID),
             sa.Column("tags", pg.ARRAY(sa.Text), server_default="{}"), sa.Column("grid", pg.ARRAY(sa.Integer, dimensions=2)), sa.Column("span4", pg.INT4RANGE), sa.Column("days", pg.DATERANGE),
             sa.Column("twice", sa.Integer, sa.Computed('small * 2', persisted=True)),
             sa.CheckConstraint('"int" > small', name="above"), sa.UniqueConstraint("big", "short"),
             sa.Index("kinds_docb", "docb", postgresql_using="gin"), sa.Index("kinds_some", "text", postgresql_where=sa.text('"int" > 3'), unique=True),
             sa.Index("kinds_down", "moment", "key"), sa.Index("kinds_pattern", "short", postgresql_ops={"short": "varchar_pattern_ops"}), sa.Index("kinds_more", "day", postgresql_include=["hour"]))
    sa.Table("member", m, sa.Column("account_id", None, sa.ForeignKey("account.id", ondelete="CASCADE", onupdate="RESTRICT"), primary_key=True),
             sa.Column("role", sa.String(20), primary_key=True), sa.Column("kind_id", sa.BigInteger, sa.ForeignKey("kinds.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED")),
             sa.Column("boss", pg.UUID), sa.Column("boss_role", sa.String(20)), sa.ForeignKeyConstraint(["boss", "boss_role"], ["member.account_id", "member.role"], name="boss"))
    sa.Table("note", m, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text), sa.Column("code", sa.Integer, sa.Sequence("codes", start=100, increment=10)), schema="side")
    return m


def second():
    m = first()
    account, kinds, member = m.tables["account"], m.tables["kinds"], m.tables["member"]
    account.append_column(sa.Column("name", sa.String(50), server_default="", nullable=False, index=True))
    account.c.email.type, account.c.email.nullable, account.c.email.comment = sa.Text(), True, None
    account.comment = "who paid"
    kinds.c.int.type, kinds.c.int.nullable, kinds.c.small.server_default = sa.BigInteger(), False, None
    kinds.c.money.type, kinds.c.money.server_default = sa.Numeric(14, 2), sa.DefaultClause("1.5")
    kinds.c.moment.type, kinds.c.text.comment = sa.DateTime(timezone=True), "long"
    kinds.append_column(sa.Column("extra", pg.JSONB(none_as_null=True)))
    kinds.append_constraint(sa.UniqueConstraint("key"))
    kinds.indexes -= {i for i in kinds.indexes if i.name in ("kinds_docb", "kinds_more")}
    member.constraints -= {c for c in member.constraints if c.name == "boss"}
    member.append_column(sa.Column("since", sa.Date))
    sa.Table("added", m, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("kind", sa.BigInteger, sa.ForeignKey("kinds.id")))
    m.remove(m.tables["side.note"])
    return m


def context(conn):
    return MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True, "include_schemas": True,
                                                   "include_object": lambda o, name, kind, reflected, to: name != "alembic_version"})


def differences(metadata):
    """What autogenerate writes to get there."""
    with engine.connect() as conn:
        return render_python_code(produce_migrations(context(conn), metadata).upgrade_ops)


def upgrade(metadata):
    code = differences(metadata)
    run(lambda op: exec(textwrap.dedent("    " + code), {"op": op, "sa": sa, "postgresql": pg, "Text": sa.Text}))


def by_hand(op):
    op.create_table("hand", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sa.Column("b", sa.String(10), server_default="x"), sa.Column("c", sa.DateTime),
                    sa.CheckConstraint("a > 0", name="a_positive"), comment="by hand")
    op.bulk_insert(sa.table("hand", sa.column("a", sa.Integer), sa.column("b", sa.String)), [{"a": 1, "b": "1"}, {"a": 2, "b": "22"}])
    op.alter_column("hand", "b", new_column_name="bb")
    op.alter_column("hand", "bb", server_default=None)
    op.alter_column("hand", "bb", type_=sa.Integer, postgresql_using="bb::integer")
    op.alter_column("hand", "bb", nullable=False, comment="was text")
    op.alter_column("hand", "c", type_=sa.DateTime(timezone=True), server_default=sa.func.now())
    op.create_index("hand_lower", "hand", [sa.text("abs(a)"), "bb"], unique=True)
    op.create_unique_constraint("hand_once", "hand", ["a", "bb"], deferrable=None)
    op.create_foreign_key("hand_self", "hand", "hand", ["a"], ["id"], ondelete="SET DEFAULT", onupdate="CASCADE", initially="IMMEDIATE", deferrable=True)
    op.create_check_constraint("hand_checked", "hand", sa.column("bb") < 100)
    op.drop_constraint("a_positive", "hand", type_="check")
    op.execute("CREATE TYPE mood AS ENUM ('x', 'y')")
    op.add_column("hand", sa.Column("mood", pg.ENUM("x", "y", name="mood", create_type=False), server_default="x"))
    op.execute("ALTER TYPE mood RENAME VALUE 'y' TO 'z'")
    op.create_table_comment("hand", "changed")
    op.rename_table("hand", "handmade")
    op.drop_table_comment("handmade")


def by_hand_back(op):
    op.rename_table("handmade", "hand")
    op.drop_column("hand", "mood")
    op.execute("DROP TYPE mood")
    op.drop_constraint("hand_checked", "hand")
    op.drop_constraint("hand_self", "hand", type_="foreignkey")
    op.drop_index("hand_lower", table_name="hand")
    op.alter_column("hand", "bb", type_=sa.String(10), nullable=True, existing_nullable=False)
    op.drop_table("hand")


def run(function):
    with engine.begin() as conn:
        function(Operations(context(conn)))


def attempt(name, function):
    try:
        print(f"{name}: {function()}")
    except sa.exc.DBAPIError as e:
        print(f"{name}: {e.orig.pgcode} {e.orig.diag.message_primary}")


with engine.begin() as conn:
    conn.execute(sa.text("CREATE SCHEMA side"))
attempt("create all", lambda: first().create_all(engine))
checkpoint("created")
attempt("nothing to do", lambda: differences(first()))
attempt("differences", lambda: differences(second()))
attempt("upgrade", lambda: upgrade(second()))
checkpoint("upgraded")
attempt("nothing to do", lambda: differences(second()))
attempt("by hand", lambda: run(by_hand))
checkpoint("by hand")
attempt("handmade", lambda: differences(second()))
attempt("in the way", lambda: run(lambda op: (op.create_table("never", sa.Column("id", sa.Integer)), op.create_unique_constraint("no", "handmade", ["mood"]))))
checkpoint("rolled back")
attempt("back by hand", lambda: run(by_hand_back))
checkpoint("back by hand")
attempt("downgrade", lambda: upgrade(first()))
checkpoint("downgraded")
attempt("drop all", lambda: first().drop_all(engine))
checkpoint("dropped")
print("done")
