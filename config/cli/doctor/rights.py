"""The rights that Redis gives our user, and the line that gives what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from common.store.rights import TRIES, Rights, acl_line
from config.cli.doctor.finding import Finding, note, ok, problem
from config.redis_place import RedisPlace
from config.settings import Settings

MANY = 5  # Of one process only: it is a user for the other one.
SUBCOMMANDS = (7, 0)  # The first version that knows rights on them.


def rights_findings(settings: Settings, version: tuple[int, ...] = ()) -> Iterator[Finding]:
    """Whether both processes may do what they must, at a Redis of this version."""
    url, key = settings.redis_url, settings.message_center_key
    with closing(Rights(url, settings.redis_timeout, key)) as rights:
        missing, foreign = rights.missing(), rights.foreign_keys()
        place = RedisPlace.of(url)
        user = rights.user or place.username or "default"
    if foreign:
        told = f"{user} may not touch {' and '.join(foreign)}"
        yield problem("rights", told, f"ACL SETUSER {user} ~{key} ~{{{key}}}:*")
    if missing is None:
        told = f"{user} may not find out what it may do"
        line = acl_line(user, key, list(TRIES), place.db)
        yield note("rights", told, f"compare ACL GETUSER {user} with: {line}")
    elif missing:
        yield from _lacking(
            user, missing, knows_subcommands=(version or SUBCOMMANDS) >= SUBCOMMANDS
        )
    else:
        yield ok("rights", f"{user} may do all that message-center needs")


def _lacking(
    user: str, missing: Mapping[str, Sequence[str]], *, knows_subcommands: bool
) -> Iterator[Finding]:
    for process, denied in missing.items():
        told = f"{user} may not do what `message-center {process}` needs: {' '.join(denied)}"
        names = denied if knows_subcommands else [each.partition("|")[0] for each in denied]
        line = f"ACL SETUSER {user} {' '.join(f'+{each}' for each in names)}"
        if len(missing) == 1 and len(denied) > MANY:
            yield note("rights", told, f"if it is to run `{process}`, too: {line}")
        else:
            yield problem("rights", told, line)
