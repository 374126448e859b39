"""Django; usage: django_app.py URL"""
import datetime
import decimal
import sys
import urllib.parse
import uuid

import django
from django.conf import settings

from transcript import fails, say

url = urllib.parse.urlparse(sys.argv[1])
settings.configure(USE_TZ=True, TIME_ZONE="UTC", DEFAULT_AUTO_FIELD="django.db.models.AutoField", INSTALLED_APPS=[], DATABASES={
    "default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password,
                "HOST": url.hostname, "PORT": url.port, "OPTIONS": {"application_name": "django"}},
    "plain": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password,
              "HOST": url.hostname, "PORT": url.port, "DISABLE_SERVER_SIDE_CURSORS": True, "TIME_ZONE": "Asia/Tokyo"}})
django.setup()

from django.contrib.postgres.fields import ArrayField  # noqa: E402
from django.db import IntegrityError, connection, connections, models, transaction  # noqa: E402
from django.db.models import Avg, Case, Count, Exists, F, Max, OuterRef, Prefetch, Q, Subquery, Sum, Value, When, Window  # noqa: E402
from django.db.models.functions import Cast, Coalesce, Concat, ExtractYear, Length, Lower, RowNumber, TruncMonth, Upper  # noqa: E402


class User(models.Model):
    id = models.TextField(primary_key=True)
    email = models.TextField()
    password = models.TextField()
    level = models.IntegerField(default=0)

    class Meta:
        app_label, db_table = "app", "User"


class Workflow(models.Model):
    id = models.TextField(primary_key=True)
    name = models.TextField()
    config = models.JSONField(default=dict)
    status = models.TextField(default="draft")
    created = models.DateTimeField(db_column="createdAt", default=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))
    user = models.ForeignKey(User, models.DO_NOTHING, db_column="userId", null=True, related_name="workflows")

    class Meta:
        app_label, db_table = "app", "Workflow"


class Step(models.Model):
    workflow = models.ForeignKey(Workflow, models.CASCADE, db_column="workflowId", related_name="steps")
    title = models.TextField()
    done = models.BooleanField(default=False)

    class Meta:
        app_label, db_table = "app", "step"


class Item(models.Model):
    app = models.TextField()
    n = models.IntegerField()
    v = models.TextField(null=True)

    class Meta:
        app_label, db_table = "app", "item"


class Types(models.Model):
    app = models.TextField()
    c_bool = models.BooleanField(null=True)
    c_int2 = models.SmallIntegerField(null=True)
    c_int8 = models.BigIntegerField(null=True)
    c_float8 = models.FloatField(null=True)
    c_numeric = models.DecimalField(max_digits=20, decimal_places=5, null=True)
    c_bytea = models.BinaryField(null=True)
    c_uuid = models.UUIDField(null=True)
    c_date = models.DateField(null=True)
    c_time = models.TimeField(null=True)
    c_timestamptz = models.DateTimeField(null=True)
    c_interval = models.DurationField(null=True)
    c_jsonb = models.JSONField(null=True)
    c_ints = ArrayField(models.IntegerField(null=True), null=True)
    c_texts = ArrayField(models.TextField(null=True), null=True)
    c_inet = models.GenericIPAddressField(null=True)

    class Meta:
        app_label, db_table = "app", "types"


def step(name, function):
    try:
        with transaction.atomic():
            value = function()
            say(name, list(value) if isinstance(value, models.QuerySet) else value)
    except Exception as e:
        say(name, f"{type(e).__name__}: {e}".replace("\n", " "))


def error(e):
    d = e.__cause__.diag
    return type(e).__name__, e.__cause__.pgcode, d.constraint_name, d.message_detail if e.__cause__.pgcode == "23505" else None


items = Item.objects.filter(app="seed")
step("users", lambda: User.objects.order_by("id").values_list("id", "email", "level"))
step("get", lambda: (User.objects.get(pk="u1").email, User.objects.filter(pk="u51").first()))
step("get by other key", lambda: User.objects.get(email="ann@test").id)
step("missing", lambda: Workflow.objects.filter(pk="w51").exists())
step("related", lambda: [(w.id, w.user and w.user.email) for w in Workflow.objects.select_related("user").order_by("id")])
step("prefetch", lambda: [(w.id, [s.title for s in w.steps.all()]) for w in Workflow.objects.prefetch_related(
    Prefetch("steps", Step.objects.order_by("-id"))).order_by("id")])
step("reverse", lambda: User.objects.filter(workflows__steps__done=False).distinct().order_by("id").values_list("id", flat=True))
step("page", lambda: list(items.order_by("-n")[5:8].values("n", "v")))
step("range", lambda: items.filter(n__range=(3, 6)).exclude(v__isnull=True).order_by("n").values_list("n", flat=True))
step("in", lambda: items.filter(n__in=[1, 2, 99]).count())
step("or", lambda: items.filter(Q(n=1) | Q(v__icontains="ME 3")).order_by("n").values_list("n", flat=True))
step("strings", lambda: [Item.objects.filter(**{f"v__{k}": v}).count() for k, v in (
    ("startswith", "acme 1"), ("iendswith", "9"), ("iexact", "ACME 5"), ("regex", r"^acme \d$"), ("iregex", r"ACME 1\d"), ("contains", "%"))])
step("aggregate", lambda: items.aggregate(Count("id"), Sum("n"), Avg("n"), Max("v")))
step("annotate", lambda: User.objects.annotate(c=Count("workflows__steps")).order_by("id").values_list("id", "c"))
step("having", lambda: Item.objects.values("app").annotate(c=Count("id")).filter(c__gt=1).order_by("app").values_list("app", "c"))
step("exists", lambda: User.objects.annotate(live=Exists(Workflow.objects.filter(user=OuterRef("pk"), status="live"))).order_by("id").values_list("id", "live"))
step("subquery", lambda: User.objects.annotate(w=Subquery(Workflow.objects.filter(user=OuterRef("pk")).order_by("id").values("name")[:1]))
     .order_by("id").values_list("id", "w"))
step("case", lambda: User.objects.annotate(k=Case(When(level__gt=2, then=Value("high")), default=Value("low"), output_field=models.TextField()))
     .order_by("id").values_list("id", "k"))
step("functions", lambda: User.objects.annotate(a=Upper("email"), b=Concat("id", Value("-"), Cast("level", models.TextField())), c=Length("email"))
     .order_by("id").values_list("a", "b", "c"))
step("dates", lambda: Workflow.objects.annotate(m=TruncMonth("created"), y=ExtractYear("created")).order_by("id").values_list("m", "y"))
step("window", lambda: items.filter(n__gt=37).annotate(r=Window(RowNumber(), order_by=F("n").desc())).order_by("n").values_list("n", "r"))
step("union", lambda: User.objects.values_list("id").union(Workflow.objects.values_list("id")).order_by("id"))
step("difference", lambda: sorted(items.filter(n__lt=5).values_list("n").difference(items.filter(n=2).values_list("n"))))
step("distinct on", lambda: Item.objects.filter(n__lt=3).order_by("app", "-n").distinct("app").values_list("app", "n"))
step("json", lambda: list(Workflow.objects.filter(config__every="day").values_list("id", "config__tags__0")))
step("json keys", lambda: [Workflow.objects.filter(**{k: v}).count() for k, v in (
    ("config__has_key", "every"), ("config__contains", {"every": "week"}), ("config__tags__contains", ["a"]), ("config__every__isnull", True))])
step("raw", lambda: [(u.id, u.extra) for u in User.objects.raw('SELECT u.*, level + %s AS extra FROM "User" u ORDER BY id', [10])])
step("extra", lambda: list(items.extra(select={"twice": "n * 2"}, where=["n < %s"], params=[3]).order_by("n").values_list("n", "twice")))
step("in bulk", lambda: sorted(User.objects.in_bulk(["u1", "u3", "u51"])))
step("dates of", lambda: list(Workflow.objects.dates("created", "year")))
step("earliest", lambda: (items.earliest("n").n, items.latest("n").n, items.first().n, items.last().n))
step("locked", lambda: [i.n for i in items.select_for_update(skip_locked=True, of=("self",)).order_by("n")[:2]])
step("explain", lambda: items.filter(n=1).explain() != "")
step("iterator", lambda: sum(i.n for i in items.iterator(chunk_size=7)))
say("iterator outside of a transaction", lambda: [(i.n, User.objects.count()) for i in items.filter(n__lt=9).order_by("n").iterator(chunk_size=3)])
say("abandoned iterator", lambda: next(items.order_by("n").iterator(chunk_size=2)).n)
say("iterator without cursors", lambda: sum(i.n for i in items.using("plain").iterator(chunk_size=7)))

# Writing
u = User.objects.create(id="dj1", email="dj@test", password="it's \\ %s")
step("created", lambda: User.objects.values_list("password", "level").get(pk="dj1"))
w = Workflow.objects.create(id="djw", name="naïve", config={"a": [1, None, "'"]}, user=u)
step("saved", lambda: (setattr(w, "status", "live"), w.save(), Workflow.objects.get(pk="djw").config)[2])
step("update fields", lambda: w.save(update_fields=["name"]))
step("keys", lambda: [bool(Step.objects.create(workflow=w, title=t).pk) for t in "ab"])
step("foreign", lambda: list(w.steps.order_by("title").values_list("title", flat=True)))
step("bulk create", lambda: [bool(i.pk) for i in Item.objects.bulk_create([Item(app="dj", n=i, v=str(i)) for i in range(5)])])
step("many", lambda: len(Item.objects.bulk_create([Item(app="dj", n=i) for i in range(5, 300)], batch_size=100)))
step("ignored", lambda: len(Item.objects.bulk_create([Item(app="dj", n=1, v="no")], ignore_conflicts=True)))
step("bulk update", lambda: Item.objects.bulk_update([Item(id=i.id, v=f"b{i.n}") for i in Item.objects.filter(app="dj", n__lt=4)], ["v"]))
step("updated", lambda: list(Item.objects.filter(app="dj", n__lt=6).order_by("n").values_list("n", "v")))
step("update", lambda: Item.objects.filter(app="dj", n__gt=10).update(v=Concat(F("app"), Value("-"), Cast("n", models.TextField()))))
step("update with subquery", lambda: Workflow.objects.filter(user__level__gt=3).update(status="vip"))
step("get or create", lambda: Item.objects.get_or_create(app="dj", n=1, defaults={"v": "x"})[1])
step("get or create new", lambda: Item.objects.get_or_create(app="dj", n=1001, defaults={"v": "x"})[1])
step("update or create", lambda: [Item.objects.update_or_create(app="dj", n=n, defaults={"v": "y"})[1] for n in (1001, 1002)])
step("delete", lambda: Item.objects.filter(app="dj", n__gt=290).delete())
step("delete cascade", lambda: w.delete())
step("f", lambda: User.objects.filter(pk="dj1").update(level=F("level") + 5))
step("coalesce", lambda: list(Item.objects.filter(n=7).annotate(c=Coalesce("v", Lower(Value("NONE")))).values_list("app", "c").order_by("app")))

# Transactions and errors
try:
    with transaction.atomic():
        Item.objects.create(app="atomic", n=1)
        try:
            with transaction.atomic():
                Item.objects.create(app="atomic", n=2)
                Item.objects.create(app="atomic", n=1)
        except IntegrityError as e:
            say("unique", error(e))
        Item.objects.create(app="atomic", n=3)
        raise KeyError
except KeyError:
    say("rolled back", Item.objects.filter(app="atomic").count())
with transaction.atomic():
    sid = transaction.savepoint()
    Item.objects.create(app="atomic", n=4)
    transaction.savepoint_rollback(sid)
    transaction.on_commit(lambda: say("on commit"))
say("savepoint", Item.objects.filter(app="atomic").count())
fails("foreign key", lambda: Workflow.objects.create(id="f", name="f", user_id="nobody"), error)
fails("not null", lambda: Item.objects.create(app="x", n=None), error)
fails("bad column", lambda: connection.cursor().execute("SELECT nothing FROM item"), error)
fails("division", lambda: list(items.extra(select={"z": "n / (n - n)"})), error)

# Types
t = Types.objects.get(app="seed")
names = [f.attname for f in Types._meta.fields]
step("types", lambda: [getattr(t, n) for n in names])
t = Types.objects.create(app="dj", c_bool=False, c_int2=-1, c_int8=2**40, c_float8=1e10, c_numeric=decimal.Decimal("0.1"), c_bytea=b"\0'\\",
                         c_uuid=uuid.UUID(int=7), c_date=datetime.date(1970, 1, 1), c_time=datetime.time(23, 59),
                         c_timestamptz=datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc), c_interval=datetime.timedelta(3, 4, 5),
                         c_jsonb=[1, {"x": None}], c_ints=[1, None], c_texts=["a'b", "c,d"], c_inet="10.0.0.1")
t.refresh_from_db()
step("created types", lambda: [getattr(t, n) for n in names])
step("arrays", lambda: [Types.objects.filter(**{k: v}).count() for k, v in (
    ("c_ints__contains", [1]), ("c_texts__overlap", ["x", "q"]), ("c_ints__len", 2), ("c_texts__0", "x"))])
step("zone", lambda: Types.objects.using("plain").get(app="seed").c_timestamptz)

# What Django asks of the catalog
def introspect():
    with connection.cursor() as cursor:
        i = connection.introspection
        return (sorted(i.table_names(cursor)), [(c.name, c.type_code, c.null_ok) for c in i.get_table_description(cursor, "item")],
                sorted(i.get_relations(cursor, "Workflow")), i.get_primary_key_column(cursor, "item"),
                sorted(i.get_constraints(cursor, "item").items()), i.get_sequences(cursor, "item"), i.get_sequences(cursor, "step"))
step("introspection", introspect)
with connection.cursor() as cursor:
    cursor.execute("SELECT n, v FROM item WHERE app = %s AND v LIKE 'acme 1%%' ORDER BY n LIMIT 2", ["seed"])
    say("cursor", cursor.fetchall())
    cursor.executemany("INSERT INTO item (app, n) VALUES (%s, %s)", [("djx", i) for i in range(3)])
    say("executemany", cursor.rowcount)
say("usable", connection.is_usable())
connection.close()
say("reconnected", Item.objects.filter(app="djx").count())
connections.close_all()
print("done")
