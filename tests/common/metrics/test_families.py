import pytest
from prometheus_client.core import Metric

from common.metrics.families import BY_NAME, FAMILIES, PREFIX, Family, Kind


def test_no_name_stands_twice() -> None:
    assert len(BY_NAME) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_a_family_is_named_as_prometheus_wants_it(family: Family) -> None:
    Metric(PREFIX + family.name, family.meaning, family.kind.value)  # It knows what a name is.

    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert bool(family.bounds) == (family.kind is Kind.HISTOGRAM)
    assert list(family.bounds) == sorted(set(family.bounds))
    assert not family.values or family.label
    assert family.meaning
