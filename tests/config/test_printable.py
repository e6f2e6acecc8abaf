from config.printable import LONGEST, printable


def test_what_is_said_orders_no_terminal_about_and_is_one_short_line() -> None:
    assert printable("订单 🎉 a\tb\x9b") == "订单 🎉 a\ufffdb\ufffd"
    assert len(printable("a\n" * LONGEST)) == LONGEST
