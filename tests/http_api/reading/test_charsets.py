import pytest

from common.refused import Refused
from http_api.reading.charsets import UNICODE, refuse_others


@pytest.mark.parametrize("charset", ["", "utf-8", "UTF8", ' "utf-8" ', "'utf-8'"])
def test_utf_8_is_read_whatever_it_is_called(charset: str) -> None:
    refuse_others(charset, is_ascii=False)


@pytest.mark.parametrize("charset", ["us-ascii", "ISO-8859-1", "windows-1252", "GBK", "gb18030"])
def test_what_is_like_ascii_is_read_where_it_makes_no_difference(charset: str) -> None:
    refuse_others(charset, is_ascii=True)
    with pytest.raises(Refused, match="send UTF-8"):
        refuse_others(charset, is_ascii=False)


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "ebcdic-cp-us", "nonsense"])
def test_what_may_be_something_else_is_refused(charset: str) -> None:
    with pytest.raises(Refused) as refused:
        refuse_others(charset, is_ascii=True)

    assert refused.value.error == "unsupported_media_type"


def test_json_may_be_any_unicode() -> None:
    refuse_others("utf-16", is_ascii=False, known=UNICODE)


def test_little_of_a_long_name_is_shown() -> None:
    with pytest.raises(Refused) as refused:
        refuse_others("x" * 10_000, is_ascii=True)

    assert len(str(refused.value)) < 100
