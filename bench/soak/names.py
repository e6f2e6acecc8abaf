"""The names that clients have and messages are for: some come again and again, some only once."""

from random import Random

USERS, ROOMS = 300, 50
OFTEN = 0.5


def user_for(random: Random, number: int) -> str:
    """A user, maybe one that nobody has ever seen."""
    return str(random.randrange(USERS)) if random.random() < OFTEN else f"once-{number}"


def channels_for(random: Random, number: int) -> str:
    """What a client asks to listen to; empty: what its token grants."""
    ways = ("", "news.*", f"room.{random.randrange(ROOMS)}", f"room.{number},news.{number % 7}")
    return random.choice(ways)


def channel(random: Random, number: int) -> str:
    """Where a message goes."""
    ways = (f"room.{random.randrange(ROOMS)}", f"news.{random.randrange(7)}", f"room.{number}")
    return random.choice(ways)
