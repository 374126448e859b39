"""Django's own applications, migrated on the database of argv[1] (a DSN), and `auth` taken back with "zero"."""
import sys

import django
import psycopg
from django.conf import settings
from django.core.management import call_command

info = psycopg.conninfo.conninfo_to_dict(sys.argv[1])
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": info["dbname"], "USER": info["user"],
                           "PASSWORD": info.get("password", ""), "HOST": info["host"], "PORT": info["port"]}},
    INSTALLED_APPS=["django.contrib." + app for app in (
        "auth", "contenttypes", "sessions", "sites", "admin", "messages", "flatpages", "redirects")],
    SITE_ID=1, USE_TZ=True, SECRET_KEY="x", MIDDLEWARE=[], TEMPLATES=[],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
call_command("migrate", verbosity=0)
if sys.argv[2:] == ["zero"]:
    call_command("migrate", "auth", "zero", verbosity=0)
