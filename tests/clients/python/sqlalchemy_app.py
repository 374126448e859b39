"""SQLAlchemy on psycopg2 and on asyncpg; usage: sqlalchemy_app.py psycopg2|asyncpg URL"""
import asyncio
import datetime
import sys

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine

from transcript import say

DRIVER, URL = sys.argv[1:3]
URL = URL.replace("postgresql:", f"postgresql+{DRIVER}:")
Base = orm.declarative_base()


class User(Base):
    __tablename__ = "User"
    id = sa.Column(sa.Text, primary_key=True)
    email = sa.Column(sa.Text)
    password = sa.Column(sa.Text)
    level = sa.Column(sa.Integer, server_default="0")
    workflows = orm.relationship("Workflow", back_populates="user", order_by="Workflow.id")


class Workflow(Base):
    __tablename__ = "Workflow"
    id = sa.Column(sa.Text, primary_key=True)
    name = sa.Column(sa.Text)
    config = sa.Column(pg.JSONB, default=dict)
    status = sa.Column(sa.Text, server_default="draft")
    created = sa.Column("createdAt", sa.DateTime, server_default=sa.text("now()"))
    user_id = sa.Column("userId", sa.ForeignKey("User.id"))
    user = orm.relationship("User", back_populates="workflows")
    steps = orm.relationship("Step", order_by="Step.id", cascade="all, delete-orphan")


class Step(Base):
    __tablename__ = "step"
    id = sa.Column(sa.Integer, primary_key=True)
    workflow_id = sa.Column("workflowId", sa.ForeignKey("Workflow.id"))
    title = sa.Column(sa.Text)
    done = sa.Column(sa.Boolean, server_default="false")


class Item(Base):
    __tablename__ = "item"
    id = sa.Column(sa.Integer, primary_key=True)
    app = sa.Column(sa.Text)
    n = sa.Column(sa.Integer)
    v = sa.Column(sa.Text)


class Types(Base):
    __tablename__ = "types"
    id = sa.Column(sa.Integer, primary_key=True)
    app = sa.Column(sa.Text)
    c_bool = sa.Column(sa.Boolean)
    c_int8 = sa.Column(sa.BigInteger)
    c_numeric = sa.Column(sa.Numeric(20, 5))
    c_bytea = sa.Column(sa.LargeBinary)
    c_uuid = sa.Column(pg.UUID(as_uuid=True))
    c_date = sa.Column(sa.Date)
    c_timestamptz = sa.Column(sa.DateTime(timezone=True))
    c_interval = sa.Column(sa.Interval)
    c_jsonb = sa.Column(pg.JSONB)
    c_ints = sa.Column(pg.ARRAY(sa.Integer))
    c_texts = sa.Column(pg.ARRAY(sa.Text))
    c_mood = sa.Column(pg.ENUM("sad", "ok", "happy", name="mood", create_type=False))


def step(name, session, function):
    try:
        say(name, function())
        session.commit()
    except sa.exc.DBAPIError as e:
        session.rollback()
        code = getattr(e.orig, "pgcode", None) or getattr(e.orig, "sqlstate", None)
        # a refusal's text tells what to mend; other errors are the server's
        say(name, (type(e).__name__, code, str(e.orig) if code in ("42501", "0A000") else None))
    except Exception as e:
        session.rollback()
        say(name, f"{type(e).__name__}: {e}")


def rows(query):
    return [tuple(r) for r in query]


def reading(s):
    step("users", s, lambda: [(u.id, u.level, [w.name for w in u.workflows]) for u in s.query(User).order_by(User.id)])
    step("get", s, lambda: s.get(Workflow, "w1").user.email)
    step("other's", s, lambda: (s.get(Workflow, "w51"), s.get(User, "u51")))
    step("joined", s, lambda: [(w.id, w.user and w.user.id, [t.title for t in w.steps]) for w in s.query(Workflow).options(
        orm.joinedload(Workflow.user), orm.joinedload(Workflow.steps)).order_by(Workflow.id)])
    step("selectin", s, lambda: [(u.id, len(u.workflows)) for u in s.query(User).options(
        orm.selectinload(User.workflows).selectinload(Workflow.steps)).order_by(User.id)])
    step("subquery", s, lambda: [(u.id, len(u.workflows)) for u in s.query(User).options(
        orm.subqueryload(User.workflows)).order_by(User.id)])
    step("limited join", s, lambda: [(u.id, len(u.workflows)) for u in s.query(User).options(
        orm.joinedload(User.workflows)).order_by(User.id).limit(2)])
    step("page", s, lambda: rows(s.execute(sa.select(Item.n, Item.v).where(Item.app == "seed").order_by(Item.n.desc()).limit(3).offset(2))))
    step("count", s, lambda: s.query(Item).filter(Item.v.isnot(None), Item.n.in_([1, 2, 7, 8])).count())
    step("group", s, lambda: rows(s.execute(sa.select(Item.app, sa.func.count(), sa.func.sum(Item.n)).group_by(Item.app)
                                            .having(sa.func.count() > 1).order_by(Item.app))))
    step("exists", s, lambda: rows(s.execute(sa.select(User.id).where(User.workflows.any(Workflow.status == "live")))))
    step("window", s, lambda: rows(s.execute(sa.select(Item.n, sa.func.row_number().over(partition_by=Item.app, order_by=Item.n.desc()))
                                             .where(Item.n > 38).order_by(Item.app, Item.n))))
    step("cte", s, lambda: rows(s.execute(sa.select((c := sa.select(Item.n).where(Item.app == "more").cte("c")).c.n)
                                          .where(c.c.n < 3).order_by(c.c.n))))
    step("union", s, lambda: rows(s.execute(sa.union(sa.select(User.id), sa.select(Workflow.id)).order_by("id"))))
    step("lateral", s, lambda: rows(s.execute(sa.select(User.id, (l := sa.select(Workflow.name).where(
        Workflow.user_id == User.id).order_by(Workflow.id).limit(1).lateral()).c.name).outerjoin(l, sa.true()).order_by(User.id))))
    step("case", s, lambda: rows(s.execute(sa.select(User.id, sa.case((User.level > 2, "high"), else_="low")).order_by(User.id))))
    step("like", s, lambda: rows(s.execute(sa.select(User.email).where(User.email.ilike("A%"), User.email.contains("n")).order_by(User.id))))
    step("json", s, lambda: rows(s.execute(sa.select(Workflow.id, Workflow.config["every"].astext).where(
        Workflow.config.has_key("every")).order_by(Workflow.id))))
    step("for update", s, lambda: [i.n for i in s.query(Item).filter_by(app="seed").order_by(Item.n).limit(2).with_for_update(skip_locked=True)])
    step("text", s, lambda: rows(s.execute(sa.text("SELECT n, :x || v FROM item WHERE app = 'seed' AND n < 3 ORDER BY n"), {"x": "ü"})))
    step("yield_per", s, lambda: sum(i.n for i in s.query(Item).order_by(Item.id).yield_per(7)))
    step("stream", s, lambda: sum(r.n for r in s.execute(sa.select(Item.n), execution_options={"stream_results": True})))


def writing(s):
    def unit_of_work():
        u = User(id="sa1", email="sa1@test", password="x", workflows=[
            Workflow(id="sw1", name="one", steps=[Step(title="a"), Step(title="b")]), Workflow(id="sw2", name="two", config={"k": None})])
        s.add(u)
        s.flush()
        u.level = 4
        u.workflows[0].steps.pop()
        s.commit()
        s.refresh(u)
        return u.level, [(w.id, w.status, [(t.title, t.done) for t in w.steps]) for w in u.workflows]
    step("unit of work", s, unit_of_work)

    def many():
        s.add_all([Item(app="sa", n=i, v=str(i)) for i in range(150)])
        s.flush()
        s.bulk_insert_mappings(Item, [{"app": "bulk", "n": i} for i in range(20)])
        s.bulk_update_mappings(Item, [{"id": i.id, "v": "u"} for i in s.query(Item).filter_by(app="sa").order_by(Item.n).limit(3)])
        return s.query(Item).filter(Item.app.in_(["sa", "bulk"])).count(), s.query(Item).filter_by(app="sa", v="u").count()
    step("many", s, many)
    step("update", s, lambda: s.query(Item).filter_by(app="sa").update({"v": Item.v + "!"}, synchronize_session=False))
    step("delete", s, lambda: s.query(Item).filter(Item.app == "sa", Item.n > 140).delete())
    step("upsert", s, lambda: rows(s.execute(
        (i := pg.insert(Item).values([{"app": "seed", "n": 1, "v": "x"}, {"app": "seed", "n": 77, "v": "y"}]))
        .on_conflict_do_update(index_elements=[sa.text('"tenantId"'), "app", "n"], set_={"v": i.excluded.v}).returning(Item.n, Item.v))))
    step("ignored", s, lambda: s.execute(pg.insert(Item).values(app="seed", n=1).on_conflict_do_nothing()).rowcount)
    step("from select", s, lambda: s.execute(sa.insert(Item).from_select(
        ["app", "n", "v"], sa.select(sa.literal("copy"), Item.n, Item.v).where(Item.app == "seed", Item.n < 4).order_by(Item.n))).rowcount)
    step("update from", s, lambda: s.execute(sa.update(Workflow).where(Workflow.user_id == User.id, User.level > 3)
                                             .values(status=User.email).execution_options(synchronize_session=False)).rowcount)
    step("delete cascade", s, lambda: s.delete(s.get(Workflow, "sw2")))
    step("unique", s, lambda: s.execute(sa.insert(Item).values(app="seed", n=1)))
    step("foreign key", s, lambda: s.execute(sa.insert(Workflow).values({"id": "f", "name": "f", "userId": "nobody"})))

    def nested():
        s.add(Item(app="nested", n=1))
        try:
            with s.begin_nested():
                s.add(Item(app="nested", n=1))
        except sa.exc.IntegrityError:
            say("nested rolled back")
        with s.begin_nested():
            s.add(Item(app="nested", n=2))
        return s.query(Item).filter_by(app="nested").count()
    step("nested", s, nested)


def types(s):
    names = [c.name for c in Types.__table__.columns]
    step("types", s, lambda: [getattr(s.query(Types).filter_by(app="seed").one(), n) for n in names])

    def insert():
        t = Types(app="sa", c_bool=False, c_int8=2**50, c_numeric="1.5", c_bytea=b"\0", c_date=datetime.date(2000, 1, 1),
                  c_timestamptz=datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc), c_interval=datetime.timedelta(hours=30),
                  c_jsonb={"a": "'"}, c_ints=[1, None], c_texts=["a,b"], c_mood="sad")
        s.add(t)
        s.commit()
        s.refresh(t)
        return [getattr(t, n) for n in names]
    step("inserted types", s, insert)
    step("enum", s, lambda: s.query(Types).filter(Types.c_mood == "sad", Types.c_ints.any(1)).count())
    step("array", s, lambda: s.query(Types).filter(Types.c_texts.contains(["a,b"])).count())


def reflection(connection):
    def step(name, function):
        try:
            say(name, function())
        except sa.exc.DBAPIError as e:
            say(name, str(e.orig).replace("\n", " "))
            connection.rollback()
    inspector = sa.inspect(connection)
    step("tables", lambda: sorted(inspector.get_table_names()))
    step("has table", lambda: (inspector.has_table("item"), inspector.has_table("nothing")))
    step("pk", lambda: inspector.get_pk_constraint("item"))
    step("fks", lambda: sorted((f["name"], f["referred_table"]) for f in inspector.get_foreign_keys("Workflow")))
    step("indexes", lambda: [(i["name"], i["column_names"]) for i in inspector.get_indexes("Workflow")])
    step("uniques", lambda: inspector.get_unique_constraints("item"))
    step("enums", lambda: inspector.get_enums())
    step("views", lambda: inspector.get_view_names())
    step("checks", lambda: inspector.get_check_constraints("item"))
    step("columns", lambda: [[(c["name"], str(c["type"]), c["nullable"], c["default"], c["autoincrement"], c.get("identity"))
                              for c in inspector.get_columns(table) if c["name"] != "tenantId"] for table in ("item", "step", "Workflow", "types")])
    step("comment", lambda: inspector.get_table_comment("item"))
    step("schemas", lambda: (inspector.get_schema_names(), inspector.default_schema_name))
    step("sequences", lambda: sorted(inspector.get_sequence_names()))
    step("loaded", lambda: [(c.name, c.primary_key, [k.target_fullname for k in c.foreign_keys])
                            for c in sa.Table("Workflow", sa.MetaData(), autoload_with=connection).columns])

    def everything():
        metadata = sa.MetaData()
        metadata.reflect(connection)
        return sorted((t.name, len(t.columns), len(t.indexes)) for t in metadata.tables.values())
    step("reflected", everything)


def everything(connection):
    with orm.Session(connection) as s:
        reading(s)
        writing(s)
        types(s)


def levels(engine):
    for level in ("SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED"):
        with engine.connect().execution_options(isolation_level=level) as c:
            say(level, c.scalar(sa.text("SHOW transaction_isolation")))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(sa.insert(Item).values(app="auto", n=1))
        say("autocommit", c.scalar(sa.select(sa.func.count()).select_from(Item).where(Item.app == "auto")))
    with engine.connect() as c:
        c.invalidate()
        say("reconnected", c.scalar(sa.text("SELECT 1")))


if DRIVER == "psycopg2":
    for options in ({}, {"executemany_mode": "values_plus_batch"}):
        engine = sa.create_engine(URL, pool_pre_ping=True, future=True, connect_args={"application_name": "sa"}, **options)
        say("dialect", (engine.dialect.name, engine.connect().dialect.server_version_info[0]))
    with engine.connect() as connection:
        everything(connection)
    with engine.connect() as connection:
        reflection(connection)
    levels(engine)
    engine.dispose()
else:
    async def main():
        engine = create_async_engine(URL)
        async with engine.connect() as connection:
            await connection.run_sync(everything)
        async with engine.connect() as connection:
            await connection.run_sync(reflection)
        await engine.dispose()
    asyncio.run(main())
print("done")
