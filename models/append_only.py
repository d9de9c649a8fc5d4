"""Tables whose rows are never changed and never deleted.

Our own programs cannot, and the database refuses whoever else tries.
"""

from __future__ import annotations

from sqlalchemy import event


class AppendOnly:
    """A mixin for such a table. The migration that makes the table executes `triggers` for it.

    Changing or deleting a row through the session raises RuntimeError; by SQL, the database's own error.
    """

    __tablename__: str


@event.listens_for(AppendOnly, "before_update", propagate=True)
@event.listens_for(AppendOnly, "before_delete", propagate=True)
def _refuse(mapper: object, connection: object, target: AppendOnly) -> None:
    raise RuntimeError(f"{target.__tablename__} is append-only")


def triggers(table: str, dialect: str) -> list[str]:
    """The statements that make the database of this `dialect` refuse.

    On `postgresql` they call the function that migration 0001 made; the other is `sqlite`.
    """
    if dialect == "postgresql":
        return [
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        ]
    return [
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for act in ("UPDATE", "DELETE")
    ]
