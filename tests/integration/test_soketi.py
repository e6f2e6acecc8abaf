"""soketi's own tests, but for those that need a store of its own, against our processes."""

from pathlib import Path

import pytest

from tests.support.soketi import failures, their_tests
from tests.support.system import System

# Why a test does not pass. Some of these pass where the machine is fast.
KNOWN = {
    "there is no such setting": {
        "ws: client events dont get emitted when client messaging is disabled",
        "ws: client events dont get emitted when event name is big",
        "ws: client events dont get emitted when event payload is big",
        "ws: should check for channelLimits.maxNameLength",
        "ws: should check for presence.maxMemberSizeInKb",
        "ws: should check for presence.maxMembersPerChannel",
        "ws: not calling signin after connection throws right error code",
        "ws: not having user id throws an error",
        "ws: sending wrong user data token throws error",
        "http-api: should check for eventLimits.maxNameLength",
    },
    "an error is not answered with 200 and JSON, but as Pusher does": {
        "http-api: passing an inexistent app id will return 404",
        "http-api: a non-presence channel cannot read users",
        "http-api: throw error when credentials dont match",
        "http-api: should check for eventLimits.maxChannelsAtOnce",
        "http-api: should check for eventLimits.maxPayloadInKb",
    },
    "counts are up to a second old, and members have three seconds to come back": {
        "http-api: get api channels",
        "http-api: get api channel",
        "http-api: get api presence channel",
        "http-api: get api presence users",
        "http-api: presence channel users should count only once"
        " for same-user multiple connections",
        "presence: sudden close connection in presence channel and does not leak memory",
        "ws: adapter getSockets works",
    },
    "pusher:cache_miss has the data that Pusher sends": {
        "public: cached public channels work",
        "private: cached private channels work",
        "encrypted-private: cached private-encrypted channels work",
        "presence: cached presence channels work",
    },
    "in a webhook data and users are text, as Pusher has it": {
        "webhooks: webhooks from client events",
        "webhooks: webhooks from member_added and member_removed",
        "webhooks: webhooks from member_added and member_removed alongside filtering",
        "webhooks: sqs batching",
    },
    "who comes and goes within half a second is not told": {
        "webhooks: webhooks from channel_occupied and channel_vacated",
    },
    "a presence channel is not entered sooner than another client connects": {
        "ws: client events for presence channels",
    },
    "it is soketi's own": {
        "http-api: usage endpoint",
        "webhooks: lambda webhooks",
        "webhooks: webhooks can have custom headers",
    },
}


@pytest.mark.timeout(1800)
def test_what_soketi_wants_holds_here_but_for_what_is_known(tmp_path: Path) -> None:
    sources = their_tests()
    with System(tmp_path) as system:
        assert failures(system, sources, tmp_path) <= set().union(*KNOWN.values())
