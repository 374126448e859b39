"""peewee; usage: peewee_app.py URL"""
import sys

from peewee import SQL, Case, CharField, ForeignKeyField, IntegerField, IntegrityError, Model, TextField, fn
from playhouse.db_url import connect
from playhouse.postgres_ext import BinaryJSONField

from transcript import fails, say

db = connect(sys.argv[1])


class Base(Model):
    class Meta:
        database = db


class User(Base):
    id = TextField(primary_key=True)
    email = TextField()
    password = TextField()
    level = IntegerField(default=0)

    class Meta:
        table_name = "User"


class Workflow(Base):
    id = CharField(primary_key=True)
    name = TextField()
    config = BinaryJSONField(index=False, default=dict)
    status = TextField(default="draft")
    user = ForeignKeyField(User, column_name="userId", backref="workflows", null=True)

    class Meta:
        table_name = "Workflow"


class Item(Base):
    app = TextField()
    n = IntegerField()
    v = TextField(null=True)

    class Meta:
        table_name = "item"


def error(e):
    return type(e).__name__, getattr(e.orig, "pgcode", None), e.orig.diag.constraint_name


tuples = lambda q: list(q.tuples())
say("users", lambda: tuples(User.select(User.id, User.level).order_by(User.id)))
say("get", lambda: (User.get(User.email == "ann@test").id, User.get_or_none(User.id == "u51")))
say("join", lambda: tuples(Workflow.select(Workflow.id, User.email).left_outer_join(User).order_by(Workflow.id)))
say("backref", lambda: [w.id for w in User.get_by_id("u1").workflows.order_by(Workflow.id)])
say("prefetch", lambda: [(u.id, len(u.workflows)) for u in User.select().order_by(User.id).prefetch(Workflow)])
say("page", lambda: tuples(Item.select(Item.n, Item.v).where((Item.app == "seed") & (Item.n > 3)).order_by(Item.n.desc()).paginate(2, 5)))
say("operators", lambda: Item.select().where(Item.n.in_([1, 2]) | Item.v.contains("ME 3") | Item.v.is_null()).count())
say("group", lambda: tuples(Item.select(Item.app, fn.COUNT(Item.id), fn.SUM(Item.n)).group_by(Item.app).having(fn.COUNT(Item.id) > 1).order_by(Item.app)))
say("case", lambda: tuples(User.select(User.id, Case(None, [(User.level > 2, "high")], "low")).order_by(User.id)))
say("window", lambda: tuples(Item.select(Item.n, fn.ROW_NUMBER().over(partition_by=[Item.app], order_by=[Item.n])).where(Item.n > 38).order_by(Item.app, Item.n)))
say("cte", lambda: tuples((lambda c: c.select_from(c.c.n).order_by(c.c.n))(Item.select(Item.n).where((Item.app == "seed") & (Item.n < 4)).cte("c"))))
say("union", lambda: sorted(tuples(User.select(User.id) | Workflow.select(Workflow.id))))
say("exists", lambda: tuples(User.select(User.id).where(fn.EXISTS(Workflow.select(SQL("1")).where(Workflow.user == User.id))).order_by(User.id)))
say("json", lambda: tuples(Workflow.select(Workflow.id, Workflow.config["every"]).where(Workflow.config.contains({"every": "day"}))))
say("create", lambda: User.create(id="pw1", email="pw@test", password="it's \\ %s").level)
say("item", lambda: Item.create(app="pw", n=1).id > 0)
say("insert many", lambda: len(list(Item.insert_many([{"app": "pw", "n": n} for n in range(2, 120)]).returning(Item.n).execute())))
say("bulk create", lambda: Item.bulk_create([Item(app="bulk", n=n) for n in range(50)], batch_size=20))
say("upsert", lambda: list(Item.insert(app="pw", n=1, v="up").on_conflict(conflict_target=[SQL('"tenantId"'), Item.app, Item.n], preserve=[Item.v]).returning(Item.v).tuples().execute()))
say("ignore", lambda: Item.insert(app="pw", n=1).on_conflict_ignore().execute())
say("update", lambda: Item.update(v=Item.app.concat("!")).where(Item.app == "pw").execute())
say("save", lambda: (lambda i: (setattr(i, "v", "saved"), i.save())[1])(Item.get(Item.app == "pw", Item.n == 5)))
say("delete", lambda: Item.delete().where((Item.app == "pw") & (Item.n > 100)).execute())
say("get or create", lambda: [Item.get_or_create(app="pw", n=n)[1] for n in (1, 500)])
with db.atomic():
    Item.create(app="tx", n=1)
    try:
        with db.atomic():
            Item.create(app="tx", n=2)
            Item.create(app="tx", n=1)
    except IntegrityError as e:
        say("savepoint", error(e))
with db.atomic() as t:
    Item.delete().execute()
    t.rollback()
say("after", lambda: tuples(Item.select(Item.n).where(Item.app == "tx")))
fails("foreign key", db.atomic()(lambda: Workflow.create(id="f", name="f", user="nobody")), error)
say("iterator", lambda: sum(i.n for i in Item.select().where(Item.app == "seed").iterator()))
say("raw", lambda: db.execute_sql("SELECT n FROM item WHERE app = %s AND n < %s ORDER BY n", ("seed", 3)).fetchall())
say("tables", lambda: sorted(db.get_tables()))
say("columns", lambda: [(c.name, c.data_type, c.null, c.primary_key) for c in db.get_columns("item")])
say("indexes", lambda: [(i.name, i.columns, i.unique) for i in db.get_indexes("item")])
say("keys", lambda: db.get_primary_keys("item"))
db.close()
say("reconnected", lambda: Item.select().where(Item.app == "tx").count())
print("done")
