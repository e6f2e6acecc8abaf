"""The names of all keys in Redis, and what each key holds.

KEY is the setting MESSAGE_CENTER_KEY. The braces of the other names are part of the name: they
are Redis' hash tag, so all keys lie in one slot of a cluster.

    KEY              list    the queue: anybody LPUSHes; the oldest item is at its right end
    {KEY}:wip        list    items that a blocking pop has taken; the next settle takes them first
    {KEY}:log        stream  every message that has left the queue. Field `c` is its content, or `j`
                             if that is JSON; `a` its recipients joined by a space (a message for
                             everybody has no `a`); `e` its event; `x` the connection that is not
                             to get it; `r` when it was pushed, and the id of its receipt
    {KEY}:rejected   list    envelopes that could not be read, newest first
    {KEY}:floor      string  an id: the log has every message from this id on. It is the id of the
                             first entry, or an older one if the log was empty before that entry
    {KEY}:first      string  the id of the entry that came first into an empty log; while the log
                             is empty, how many entries it has lost
    {KEY}:epoch      string  the name of the epoch, and the newest id of the log when it began. A
                             new epoch begins when the log has lost messages that it should keep
    {KEY}:bytes      string  how many bytes the log has, and of which entries that is known
    {KEY}:stretches  string  the bytes of each of the stretches in which the log is counted
    {KEY}:once:ID    string  a hash of the item that was pushed under this id, for a while
    {KEY}:places     hash    how far each client is that comes with `client`: its name, and its user
                             if it has one -> the place in the log that it has confirmed, the one up
                             to which it was sent (if that is known), and when. It expires
    {KEY}:heard      sorted set  the same names by the time at which each was heard of. It expires
    {KEY}:inboxes    hash    the same by user, for what waits for it
    {KEY}:heard-users  sorted set  the same
    {KEY}:canaries   list    messages of processes to themselves; the next settle moves them, too
    {KEY}:canary-log stream  where they go; each is kept for some minutes
    {KEY}:receipts   list    of each settled message that asks for a receipt its id in the log, and
                             the id under which it asks; the newest first. It expires
    {KEY}:receipts:ID  string  when a push was queued that asks for a receipt under this id
    {KEY}:asked      hash    once it is settled, that id -> its id in the log, and its recipients.
                             It expires
    {KEY}:counted:STRETCH  hash  what is counted of messages for everybody that follow each other
                             in the log (`stretch_of` of common/receipt.py), or of one that is for
                             some (its id): `epoch`, `until` when, `among` which processes; and
                             PROCESS -> its numbers
    {KEY}:counting   hash    process -> whose listeners are late; or that it has left, and when
    {KEY}:revocations  hash  what is revoked, `jti:…` or `user:…` -> before when a token must be
                             signed, until when it counts, when it was made. '' -> its version
    {KEY}:beats      hash    process -> when it last said something of itself, and what; it expires
    {KEY}:webhooks   stream  what webhooks have yet to tell; see webhook_note.lua
    {KEY}:webhook-places  hash  application -> up to where in this stream it has been told;
                             ':removed' -> how many entries were removed from it; ':bytes' ->
                             how many bytes of clients are in it, about
    {KEY}:webhook-sender  string  the process that sends webhooks; it expires

Who is connected, written by each WebSocket server process (PROCESS) for itself:

    {KEY}:processes             set     all processes that have entered and are not yet swept away
    {KEY}:alive:PROCESS         string  its lease, which expires; the number of its last write
    {KEY}:users:PROCESS         hash    user -> number of connections
    {KEY}:in:PROCESS:CHANNEL    hash    user -> number of connections; '' for those without a user
    {KEY}:channels:PROCESS      hash    channel -> number of connections in the hash before
    {KEY}:roster:CHANNEL        hash    of a channel with members, in all processes: member -> what
                                        is told of it
    {KEY}:sorted-users:PROCESS     sorted set    the users of the process in their order, all at 0
    {KEY}:sorted-channels:PROCESS  sorted set    its channels likewise

Nothing else names a key, but for the scripts that read or sweep the presence of all processes
(presence_read, presence_counts, presence_members_of, presence_page, presence_sweep, stats): they
get the prefix.
"""


class Keys:
    """The names of one message center's keys."""

    def __init__(self, key: str) -> None:
        self.prefix = f"{{{key}}}:"
        self.queue = key
        self.wip = self.prefix + "wip"
        self.log = self.prefix + "log"
        self.rejected = self.prefix + "rejected"
        self.floor = self.prefix + "floor"
        self.first = self.prefix + "first"
        self.epoch = self.prefix + "epoch"
        self.bytes = self.prefix + "bytes"
        self.stretches = self.prefix + "stretches"
        self.places = self.prefix + "places"
        self.heard = self.prefix + "heard"
        self.inboxes = self.prefix + "inboxes"
        self.heard_users = self.prefix + "heard-users"
        self.receipts = self.prefix + "receipts"
        self.asked = self.prefix + "asked"
        self.counting = self.prefix + "counting"
        self.revocations = self.prefix + "revocations"
        self.beats = self.prefix + "beats"
        self.canaries = self.prefix + "canaries"
        self.canary_log = self.prefix + "canary-log"
        self.processes = self.prefix + "processes"
        self.webhooks = self.prefix + "webhooks"
        self.webhook_places = self.prefix + "webhook-places"
        self.webhook_sender = self.prefix + "webhook-sender"

    def once(self, id_: str) -> str:
        """What was pushed under an id."""
        return f"{self.prefix}once:{id_}"

    def receipt(self, id_: str) -> str:
        """When what was pushed under an id was queued."""
        return f"{self.receipts}:{id_}"

    def counted(self, stretch: str) -> str:
        """What is counted of a stretch of the log."""
        return f"{self.prefix}counted:{stretch}"

    def alive(self, process: str) -> str:
        """The lease of a process."""
        return f"{self.prefix}alive:{process}"

    def users(self, process: str) -> str:
        """The users of a process."""
        return f"{self.prefix}users:{process}"

    def channels(self, process: str) -> str:
        """The channels of a process."""
        return f"{self.prefix}channels:{process}"

    def sorted_users(self, process: str) -> str:
        """The users of a process in their order."""
        return f"{self.prefix}sorted-users:{process}"

    def sorted_channels(self, process: str) -> str:
        """The channels of a process in their order."""
        return f"{self.prefix}sorted-channels:{process}"

    def roster(self, channel: str) -> str:
        """The members of a channel in all processes."""
        return f"{self.prefix}roster:{channel}"

    def members(self, process: str, channel: str) -> str:
        """The users of a channel in a process."""
        return f"{self.prefix}in:{process}:{channel}"
