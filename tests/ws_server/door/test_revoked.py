"""Which grants are revoked."""

import pytest

from common.refused import Refused
from common.revocation import JTI, USER, Revocation
from tests.support.fakes import FakeClock
from ws_server.door.grant import ANYBODY, Grant
from ws_server.door.revoked import Revoked

TOKEN = Revocation(JTI, "t1", 0, 2000)
OF_USER = Revocation(USER, "42", 900, 2000)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def knowing(clock: FakeClock, *all_: Revocation) -> Revoked:
    revoked = Revoked(clock)
    revoked.know(all_)
    return revoked


@pytest.mark.parametrize(
    ("grant", "is_covered"),
    [
        (Grant("7", jti="t1", issued=999), True),
        (Grant(jti="t1"), True),
        (Grant("7", jti="t2"), False),
        (Grant("7", jti="42"), False),
        (Grant("42", issued=899), True),
        (Grant("42", issued=900), True),  # Of the same second: nobody knows which was first.
        (Grant("42", issued=901), False),
        (Grant("42"), True),  # It does not say when it was signed.
        (Grant("421"), False),
        (Grant(), False),
        (ANYBODY, False),
    ],
)
def test_a_grant_is_revoked_by_its_name_or_by_its_user_and_age(
    clock: FakeClock, grant: Grant, is_covered: bool
) -> None:
    assert knowing(clock, TOKEN, OF_USER).covers(grant) == is_covered


def test_a_revocation_that_is_over_means_nothing(clock: FakeClock) -> None:
    revoked = knowing(clock, TOKEN, OF_USER)
    clock.now = 2000.0

    assert not revoked.covers(Grant("42", jti="t1"))


def test_what_is_known_last_counts_alone(clock: FakeClock) -> None:
    revoked = knowing(clock, TOKEN)
    assert revoked
    revoked.know([])

    assert not revoked
    assert not revoked.covers(Grant(jti="t1"))


def test_a_revoked_token_is_refused_and_any_while_nobody_knows(clock: FakeClock) -> None:
    revoked = knowing(clock, TOKEN)
    revoked.refuse(Grant("7"))
    with pytest.raises(Refused) as refused:
        revoked.refuse(Grant(jti="t1"))
    assert (refused.value.error, refused.value.status) == ("token_revoked", 401)

    assert revoked.asks
    revoked.know([])
    assert not revoked.asks
    revoked.know_nothing()
    assert revoked.asks
    with pytest.raises(Refused) as refused:
        revoked.refuse(Grant("7"))
    assert (refused.value.error, refused.value.status) == ("unavailable", 503)
