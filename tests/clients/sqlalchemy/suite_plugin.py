"""SQLAlchemy's own plugin for pytest; run by test_sqlalchemy_suite.py, in a process of its own."""
import pytest

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F401,F403
