from common.channels import LONGEST
from http_api.limits import BATCH_LINES, BATCH_VALUES, Limits


def test_a_value_may_be_as_long_as_a_content_or_as_all_names_together() -> None:
    names = ",".join(["n" * LONGEST] * 100)

    assert Limits(65536, 10, 1000).longest_value == 65536
    assert Limits(8, 100, 1000).longest_value >= len(names)


def test_more_messages_in_a_batch_may_have_more_values_and_lines() -> None:
    few, many = Limits(8, 10, 10), Limits(8, 10, 1_000_000)

    assert (few.batch_values, few.batch_lines) == (BATCH_VALUES, BATCH_LINES)
    assert (many.batch_values, many.batch_lines) == (5_000_000, 2_000_000)
