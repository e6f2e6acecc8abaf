"""How revocations are sorted, which is how pages list them."""

from common.revocation import JTI, KINDS, USER, Revocation


def test_they_are_sorted_as_what_stands_before_and_behind_a_colon() -> None:
    found = [Revocation(kind, name, 0, 5) for kind in KINDS for name in ("a", "b")]

    assert sorted(found) == found
    assert [f"{each.kind}:{each.name}" for each in found] == sorted(
        f"{each.kind}:{each.name}" for each in found
    )
    assert KINDS == (JTI, USER)
