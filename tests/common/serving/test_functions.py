from common.metrics.board import Board
from common.serving.functions import Functions
from common.serving.siblings import Seat
from common.serving.stopping import Stop
from config.settings import Settings

CALLED: list[object] = []
STOP = Stop()


def load(settings: Settings) -> str:
    return "the application"


def share(app: str, board: Board, seat: Seat) -> None:
    CALLED.append((app, board, seat))


def test_an_application_is_made_and_counts_together_with_others() -> None:
    CALLED.clear()
    board, seat = Board(), Seat.alone()
    functions = Functions(load=f"{__name__}:load", share=f"{__name__}:share")

    assert functions.make(Settings(), board, seat) == "the application"
    assert [("the application", board, seat)] == CALLED
    assert functions.package == "tests"


def test_all_but_load_may_be_missing() -> None:
    functions = Functions(load=f"{__name__}:load")

    assert functions.make(Settings(), Board(), Seat.alone()) == "the application"
    assert functions.plain_of("the application") is None
    assert functions.announce_to("the application", STOP) == 0
    functions.end("the application", STOP)
