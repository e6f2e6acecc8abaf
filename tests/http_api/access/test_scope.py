"""What the words of a scope allow, and how what they do not is told."""

import pytest

from common.refused import Refused
from http_api.access.scope import ANY, KICK, PRESENCE, PUSH, READ, RIGHTS, SIGN, Scope


def scope(words: str) -> Scope:
    return Scope.parse("shop", words)


def refusal_of_push(words: str, *recipients: str) -> str:
    with pytest.raises(Refused) as refused:
        scope(words).refuse_push(recipients)
    assert (refused.value.status, refused.value.error) == (403, "insufficient_scope")
    return refused.value.reason


def test_a_word_allows_what_it_says_and_no_more() -> None:
    for right in RIGHTS:
        found = scope(right)
        assert [each for each in RIGHTS if found.may(each)] == [right]
        assert found.may(ANY)
        found.refuse_unless(right)
        with pytest.raises(Refused):
            found.refuse_unless(None)


@pytest.mark.parametrize("words", ["push", "push=news everybody", "everybody"])
def test_to_everybody_only_who_may(words: str) -> None:
    scope(words).refuse_push([])
    assert scope(words).may(PUSH)


def test_a_push_to_everybody_is_none_to_all_channels() -> None:
    reason = refusal_of_push("push=*,user:*")

    assert reason == "the token 'shop' may not push to everybody; what it may: push=*,user:*"


@pytest.mark.parametrize(
    ("names", "recipients"),
    [
        ("news", ["news"]),
        ("news,orders", ["orders", "news"]),
        ("news.*", ["news.sport", "news.a.b"]),
        ("user:42", ["user:42"]),
        ("user:*", ["user:42", "user:a.b"]),
        ("*", ["news", "user", "a.b"]),
        ("*,user:*", ["news", "user:42"]),
    ],
)
def test_names_and_wildcards_allow(names: str, recipients: list[str]) -> None:
    scope(f"push={names}").refuse_push(recipients)
    scope("push").refuse_push(recipients)
    scope(f"read={names}").refuse_reading(frozenset(recipients))


@pytest.mark.parametrize(
    ("names", "recipient"),
    [
        ("news", "new"),
        ("news", "news.sport"),
        ("news.*", "news"),
        ("news.*", "newsroom"),
        ("user:42", "user:4"),
        ("user:*", "users"),
        ("*", "user:42"),
    ],
)
def test_what_they_do_not_allow_is_named(names: str, recipient: str) -> None:
    assert f"may not push to {recipient!r}; " in refusal_of_push(f"push={names}", recipient)
    assert refusal_of_push("everybody", recipient)
    with pytest.raises(Refused, match=f"may not read {recipient!r}; "):
        scope(f"read={names}").refuse_reading(frozenset({recipient}))


def test_one_of_several_that_is_not_allowed_is_enough() -> None:
    assert "'b'" in refusal_of_push("push=a", "a", "b")


def test_all_messages_are_read_by_who_may_read_all() -> None:
    for words in ("read", "read=*,user:*", "read=user:*,*,news"):
        scope(words).refuse_reading(None)
    for words in ("read=*", "read=news", "push"):
        with pytest.raises(Refused, match="may not read all messages"):
            scope(words).refuse_reading(None)


def test_a_wildcard_is_read_by_who_may_read_all_of_it() -> None:
    scope("read=a.*").refuse_reading(frozenset({"a.b.*", "a.*"}))
    for wanted in ("a.b.*", "a.*"):
        with pytest.raises(Refused):
            scope("read=a.b,a").refuse_reading(frozenset({wanted}))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("read S3CRET-S3CRET-S3CRET", "word 2 of what it may do is none of push, read, "),
        ("push read push=a", "push stands twice"),
        ("kick=42", "kick takes no names"),
        ("everybody=a", "everybody takes no names"),
        ("push=", "a name of push= can be news, "),
        ("push=a,,b", "a name of push= can be news, "),
        ("read=a,é", "a name of read= can be news, "),
        ("push=user:4.*", "a name of push= can be news, "),
        ("push=user:", "a name of push= can be news, "),
        ("push=user:user:4", "a name of push= can be news, "),
        ("push=a*", "a name of push= can be news, "),
        (f"push={'a' * 201}", "a name of push= can be news, "),
    ],
)
def test_what_is_no_scope_is_refused_and_not_shown(words: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}") as refused:
        scope(words)
    assert "S3CRET" not in str(refused.value)


def test_it_is_told_as_its_owner_needs_it() -> None:
    assert scope("push=b,a everybody  kick").shown() == {
        "push": ["a", "b"],
        "everybody": True,
        "read": [],
        "presence": False,
        "kick": True,
        "sign": False,
    }
    assert scope("push read").shown()["push"] == ["*", "user:*"]
    assert scope("push").may(PUSH)
    assert not any(map(scope("push").may, (READ, PRESENCE, KICK, SIGN)))
