from ws_server.receipts.columns import Column


def test_stretches_are_changed_and_the_first_are_dropped() -> None:
    column = Column()
    for number in (5, 5, 7):
        column.append(number)
    column.add(1, 3, 2)
    column.add(2, 2, 9)  # Of nothing.
    assert column.values() == [5, 7, 9]

    column.drop(2)
    column.append(1)
    column.add(0, 2, -1)
    assert column.values() == [8, 0]

    column.drop(2)
    assert column.values() == []


def test_a_place_is_repeated_and_both_are_changed_apart_then() -> None:
    column = Column()
    for number in (5, 6):
        column.append(number)
    column.repeat(0)
    column.repeat(2)
    column.add(1, 3, 2)

    assert column.values() == [5, 7, 8, 6]
