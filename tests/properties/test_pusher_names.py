"""Names of Pusher's applications: back and forth, and never into another application."""

from hypothesis import given
from hypothesis import strategies as st

from common import channels
from common.pusher.apps import App, Apps
from common.pusher.names import NAME, SERVER_TO_USER, to_ours, to_theirs
from tests.support.pusher_http import TWO

THREE = (*TWO, ("7-b", "key-of-the-third", "secret-of-the-third"))
FOUND = [Apps(THREE).with_key(key) for _, key, _ in THREE]
APPS = [app for app in FOUND if app is not None]
short = st.text("ab7:-=@,.;*#u", min_size=1, max_size=8)
names = st.one_of(
    short,
    st.sampled_from(["user:", SERVER_TO_USER, "7:", "7-b:", "private-"]).flatmap(
        lambda start: short.map(start.__add__)
    ),
    short.map(lambda name: f"{SERVER_TO_USER}7:{name}"),
)
apps = st.sampled_from(APPS)


def ours_of(app: App, name: str) -> str | None:
    try:
        return to_ours(app, name)
    except ValueError:
        return None


@given(apps, names)
def test_a_name_comes_back_as_it_was(app: App, name: str) -> None:
    ours = ours_of(app, name)

    if ours is not None:
        assert channels.is_name(ours)
        assert to_theirs(app, ours) == name
    else:
        is_of_user = name.startswith(SERVER_TO_USER)
        assert is_of_user or not NAME.fullmatch(name) or not channels.is_name(app.prefix + name)


@given(names)
def test_a_name_of_the_log_is_of_one_application_at_most(name: str) -> None:
    theirs = {app.id: found for app in APPS if (found := to_theirs(app, name)) is not None}

    assert len(theirs) <= 1
    for app in APPS:
        if app.id in theirs and ours_of(app, theirs[app.id]) is not None:
            assert to_ours(app, theirs[app.id]) == name


@given(apps, apps, names, names)
def test_two_applications_never_mean_the_same(
    one: App, other: App, name: str, another: str
) -> None:
    first, second = ours_of(one, name), ours_of(other, another)

    if first is not None and first == second:
        assert (one, name) == (other, another)
