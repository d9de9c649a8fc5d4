"""Of red flags, which page answers whom with what: one status a role in the order of ROLES."""

from tests.access_roles import OF_ITS_AREA, OVERSEERS, PUBLIC

RED_FLAGS: dict[str, tuple[int, ...]] = {
    "/red-flags": PUBLIC,
    "/oversight/red-flags": OVERSEERS,
    "/oversight/red-flags?sign=single_bid&state=open&item=WAT-01&region=632801": OVERSEERS,
    "/oversight/red-flags.csv": OVERSEERS,
    "/oversight/red-flags.xlsx": OVERSEERS,
    "/oversight/red-flags/{red_flag}": OF_ITS_AREA,
}
