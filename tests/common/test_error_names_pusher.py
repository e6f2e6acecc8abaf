from common.error_names import ERRORS, Place
from common.error_names_pusher import MEANINGS


def test_all_of_them_are_in_the_table_of_errors() -> None:
    of_table = {(each.name, each.status): each for each in ERRORS}

    assert set(MEANINGS) <= set(of_table)
    assert {of_table[each].places for each in MEANINGS} == {Place.PUSHER}
