"""`GET /messages/ID`: what has become of the push with this id, as far as anybody knows.

The numbers are those of connections, summed up over all processes. What a process had not said
before it was killed is unknown, and said to be. No I/O here.
"""

from collections.abc import Iterable
from typing import Any

from common import channels
from common.message import format_id, parse_id
from common.receipt import Numbers
from common.store.receipts import Known, Said
from http_api.reading.answers import SUCCESS

QUEUED, SETTLED, EXPIRED, UNKNOWN = "queued", "settled", "expired", "unknown"


def told(id_: str, known: Known | None) -> dict[str, Any]:
    """The answer; None: nobody has asked for this receipt, or it is too old."""
    if known is None:
        return {**SUCCESS, "id": id_, "state": UNKNOWN}
    if known.at is None:
        return {**SUCCESS, "id": id_, "state": QUEUED, "pushed": known.queued}
    state = SETTLED if known.now < known.until else EXPIRED
    answer = {
        **SUCCESS,
        "id": id_,
        "state": state,
        "message": str(known.at),
        "until": known.until,
        **_summed([each.numbers for each in known.said if each.numbers]),
        **_in_doubt(known.said),
    }
    names = [each for each in known.recipients if each.startswith(channels.USER)]
    if names:
        users = [name.removeprefix(channels.USER) for name in names]
        answer["users"] = {user: _of_user(user, known.said) for user in users}
    late = list(_late(known))
    return {**answer, "late": late}


def _summed(numbers: Iterable[Numbers]) -> dict[str, int]:
    to, missed, confirmed, behind = map(sum, zip(*numbers, (0, 0, 0, 0), strict=True))
    return {
        "to": to,
        "written": to - missed - behind,
        "confirmed": confirmed,
        "behind": behind,
        "missed": missed,
    }


def _in_doubt(said: Iterable[Said]) -> dict[str, int | None]:
    """Of how many connections nobody knows whether they have got it; None: nor of how many.

    And how many processes run that have not said anything yet.
    """
    unknown, waiting = 0, 0
    is_known = True
    for each in said:
        if each.is_running or each.has_left:
            waiting += each.is_running and each.numbers is None
        elif each.numbers is None:
            is_known = False
        else:
            unknown += each.numbers.to - each.numbers.missed - each.numbers.confirmed
    return {"unknown": unknown if is_known else None, "waiting": waiting}


def _of_user(user: str, said: Iterable[Said]) -> dict[str, int]:
    return _summed(each.users[user] for each in said if user in each.users)


def _late(known: Known) -> Iterable[dict[str, Any]]:
    """Those who have not confirmed it, as far as they are named."""
    assert known.at is not None  # noqa: S101
    at, name = known.at.id, format_id(known.at.id).decode()
    for row in (row for each in known.said if each.is_running for row in each.late):
        after, upto = parse_id(row["after"].encode()), parse_id(row["upto"].encode())
        if after < at and (name in row["ids"] or not known.recipients):
            state = "written" if upto >= at else "behind"
            told_of = {name: row[name] for name in ("user", "address", "since")}
            yield {**told_of, "state": state}
