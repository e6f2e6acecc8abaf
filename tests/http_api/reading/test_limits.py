from common.channels import LONGEST
from http_api.reading.limits import Limits


def test_a_value_may_be_as_long_as_a_content_or_as_all_names_together() -> None:
    names = ",".join(["n" * LONGEST] * 100)

    assert Limits(65536, 10).longest_value == 65536
    assert Limits(8, 100).longest_value >= len(names)
