"""Who sent the request that Flask is answering, as the guard has found out."""

from flask import g

from http_api.access.guard import NOBODY, TOKEN, Callers
from http_api.access.scope import Scope


def keep(callers: Callers, scope: Scope | None) -> None:
    """Keep it until the request is answered."""
    g.callers, g.scope = callers, scope


def callers() -> Callers:
    """Their names by kind; nobody if nothing is checked."""
    found: Callers = g.get("callers", NOBODY)
    return found


def name() -> str | None:
    """That of the token, if there is one."""
    return callers().get(TOKEN)


def scope() -> Scope | None:
    """What the token may do; None: everything."""
    found: Scope | None = g.get("scope")
    return found
