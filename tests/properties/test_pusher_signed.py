"""Whatever is signed as Pusher's documents say is taken as it was meant; nothing else is."""

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.pusher.apps import Apps
from common.refused import Refused
from http_api.pusher.signed import AUTH, GRACE, Target, read_head
from tests.support.pusher_http import TWO, Parameters, query, signed

NOW = 1_700_000_000
APPS = Apps(TWO)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# A name is read in small letters, and without the brackets of PHP's lists.
names = texts.map(str.lower).filter(
    lambda name: name and not {*"[]"} & {*name} and name == name.lower() and name not in AUTH
)
asked = st.lists(st.tuples(names, texts), max_size=5)
paths = texts.map(lambda text: "/" + text.replace("?", ""))
methods = st.sampled_from(["GET", "POST"])
apps = st.sampled_from(TWO)


def target(method: str, path: str, text: str) -> Target:
    return Target(method, path.encode(), path.encode(), text.encode())


def joined(parameters: Parameters) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    return {name: ",".join(several) for name, several in values.items()}


@given(methods, paths, asked, apps, st.integers(-GRACE, GRACE))
def test_what_an_independent_signer_has_signed_is_taken(
    method: str,
    path: str,
    wanted: Parameters,
    app: tuple[str, str, str],
    early: int,
) -> None:
    parameters = signed(method, path, asked=wanted, app=app, auth_timestamp=str(NOW + early))

    found = read_head(APPS, target(method, path, query(parameters)), NOW)

    assert (found.app.id, found.parameters) == (app[0], joined(wanted))
    plus = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in parameters)
    assert read_head(APPS, target(method, path, plus), NOW).parameters == joined(wanted)


@given(methods, paths, asked, apps, st.data())
def test_one_changed_byte_is_refused(
    method: str, path: str, wanted: Parameters, app: tuple[str, str, str], data: st.DataObject
) -> None:
    parameters = signed(method, path, asked=wanted, app=app, auth_timestamp=str(NOW))
    place = data.draw(st.integers(0, len(parameters) - 1))
    name, value = parameters[place]
    other = data.draw(texts.filter(lambda text: text != value))
    changed = [*parameters[:place], (name, other), *parameters[place + 1 :]]

    with pytest.raises(Refused) as caught:
        read_head(APPS, target(method, path, query(changed)), NOW)

    assert caught.value.status in (400, 401, 404)


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_no_bytes_make_it_fail(text: bytes, path: bytes) -> None:
    with pytest.raises(Refused):
        read_head(APPS, Target("GET", path, path, text), NOW)
    key = b"&auth_key=278d425bdf160c739803&auth_timestamp=1700000000&auth_signature=%ff"
    with pytest.raises(Refused):
        read_head(APPS, Target("GET", path, path, text + key), NOW)
