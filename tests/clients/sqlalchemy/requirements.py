"""What SQLAlchemy's dialect suite may ask of PostgreSQL: everything it knows, but what PostgreSQL itself has not."""
from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

NOT_POSTGRESQL = {
    "computed_columns_virtual", "datetime_literals", "denormalized_names", "fetch_percent", "implements_get_lastrowid", 
    "temp_table_names",
}


class Requirements(SuiteRequirements):
    def get_isolation_levels(self, config):
        return {"default": "READ COMMITTED",
                "supported": ["AUTOCOMMIT", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"]}

    def get_order_by_collation(self, config):
        return "C"


for name in dir(SuiteRequirements):
    if isinstance(getattr(SuiteRequirements, name), property):
        rule = exclusions.closed() if name in NOT_POSTGRESQL else exclusions.open()
        setattr(Requirements, name, property(lambda self, rule=rule: rule))
