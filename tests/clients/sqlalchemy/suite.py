"""The tests that SQLAlchemy has for authors of dialects."""
from sqlalchemy.testing.suite import *  # noqa: F401,F403
