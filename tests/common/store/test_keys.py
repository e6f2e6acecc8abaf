"""The names of keys are a contract with other producers, and one slot of a cluster."""

from redis.crc import key_slot

from common.store import keys as module
from common.store.keys import Keys


def every_name(keys: Keys) -> list[str]:
    """In the order of the table."""
    return [
        *(keys.queue, keys.wip, keys.log, keys.rejected, keys.floor, keys.first, keys.epoch),
        *(keys.bytes, keys.stretches),
        *(keys.once("ID"), keys.places, keys.heard, keys.inboxes, keys.heard_users),
        *(keys.canaries, keys.canary_log, keys.receipts, keys.receipt("ID")),
        *(keys.asked, keys.counted("STRETCH"), keys.counting),
        *(keys.revocations, keys.beats),
        *(keys.webhooks, keys.webhook_places, keys.webhook_sender),
        *(keys.processes, keys.alive("PROCESS"), keys.users("PROCESS")),
        *(keys.members("PROCESS", "CHANNEL"), keys.channels("PROCESS")),
        keys.roster("CHANNEL"),
        *(keys.sorted_users("PROCESS"), keys.sorted_channels("PROCESS")),
    ]


def test_the_table_has_every_name() -> None:
    lines = (module.__doc__ or "").splitlines()
    kinds = ("list", "stream", "string", "set", "sorted-set", "hash")
    words = [
        line.replace("sorted set", "sorted-set").split()
        for line in lines
        if line.startswith("    ")
    ]
    named = [row[0] for row in words if len(row) > 1 and row[1] in kinds]

    assert named == every_name(Keys("KEY"))


def test_all_names_lie_in_one_slot() -> None:
    names = every_name(Keys("message_center"))

    assert len({key_slot(name.encode()) for name in names}) == 1
    assert len(set(names)) == len(names)
