"""Who reads the figures of an area."""

from tests.access_roles import OVERSEERS, WITH_DEPARTMENTS

OVERSIGHT: dict[str, tuple[int, ...]] = {
    "/oversight/clauses": OVERSEERS,
    "/oversight/clauses.csv": OVERSEERS,
    "/oversight/first-pass": WITH_DEPARTMENTS,
    "/oversight/first-pass.csv?by=region": WITH_DEPARTMENTS,
    "/oversight/permit-times": WITH_DEPARTMENTS,
    "/oversight/permit-times.csv?by=region": WITH_DEPARTMENTS,
    "/oversight/permit-times/matters": WITH_DEPARTMENTS,
    "/oversight/permit-times/matters.csv": WITH_DEPARTMENTS,
}
