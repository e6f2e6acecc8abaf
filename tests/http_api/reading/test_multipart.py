import pytest

from common.refused import Refused
from http_api.reading.limits import MOST_FIELDS, Limits
from http_api.reading.multipart import LONGEST_HEAD, of_multipart

LIMITS = Limits(content_bytes=300, channels=1)
NAMED = b'Content-Disposition: form-data; name="content"'


def body_of(*parts: bytes, end: bytes = b"--") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b" + end


def part(value: bytes = b"a", *more: bytes, head: bytes = NAMED) -> bytes:
    return b"\r\n".join([head, *more]) + b"\r\n\r\n" + value


def read(body: bytes, boundary: str = "b", charset: str = "") -> dict[str, str]:
    return of_multipart(body, boundary, charset, LIMITS)


def error_of(body: bytes, boundary: str = "b") -> str:
    with pytest.raises(Refused) as refused:
        read(body, boundary)
    return refused.value.error


@pytest.mark.parametrize(
    ("head", "value"),
    [
        (NAMED, b"a"),
        (b"content-disposition:form-data;name=content", b"a"),
        (b'Content-Disposition: form-data; x="y;name=z"; name="content"', b"a"),
        (b'Content-Disposition: form-data; name="con\\tent"', b"a"),
        (NAMED, "消息 😀".encode()),
        (NAMED, b"two\r\nlines\r\n\r\n--c"),
        (NAMED, b""),
    ],
)
def test_a_field_is_read_as_it_is(head: bytes, value: bytes) -> None:
    assert read(body_of(part(value, head=head))) == {"content": value.decode()}


def test_a_part_of_headers_alone_is_empty() -> None:
    assert read(b"--b\r\n" + NAMED + b"\r\n\r\n--b--\r\n") == {"content": ""}


def test_fields_that_mean_nothing_and_files_beside_them_are_not_read() -> None:
    photo = part(
        b"\xff\xd8", head=b'Content-Disposition: form-data; name="photo"; filename="a.jpg"'
    )
    colour = part(b"\xff", head=b'Content-Disposition: form-data; name="colour"')

    assert read(body_of(photo, colour, part())) == {"content": "a"}


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        (part(head=NAMED + b'; filename="a.txt"'), "content_not_text"),
        (part(head=NAMED + b"; filename*=UTF-8''a.txt"), "content_not_text"),
        (part(b"YQ==", b"Content-Transfer-Encoding: base64"), "content_not_text"),
        (part(b"\xff"), "content_not_text"),
        (part(b"a" * 301), "content_too_large"),
        (
            part("é".encode("latin-1"), b"Content-Type: text/plain; charset=latin1"),
            "content_not_text",
        ),
        (part("é".encode(), b"Content-Type: text/plain; charset=latin1"), "unsupported_media_type"),
        (part(head=b"Content-Disposition: form-data"), "invalid_form"),
        (part(head=NAMED + b"; name=id"), "invalid_form"),
        (part(head=NAMED + b"\r\nX: " + b"x" * LONGEST_HEAD), "invalid_form"),
        (NAMED, "invalid_form"),
    ],
)
def test_a_part_that_cannot_be_read_refuses_the_form(spoilt: bytes, error: str) -> None:
    assert error_of(body_of(spoilt)) == error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"content=a",
        b"something" + body_of(part()),
        body_of(part()).removesuffix(b"--b--"),
        body_of(part(), end=b"--") + b"something",
        body_of(part(), end=b"--") + b"\r\n--b\r\n" + part() + b"\r\n--b--",
    ],
)
def test_a_form_of_which_something_is_missing_or_left_over_is_refused(body: bytes) -> None:
    assert error_of(body) == "invalid_form"


@pytest.mark.parametrize("boundary", ["", "x" * 201, "é"])
def test_a_boundary_that_cannot_be_one_is_refused(boundary: str) -> None:
    assert error_of(body_of(part()), boundary) == "invalid_form"


def test_very_many_parts_are_refused() -> None:
    assert error_of(body_of(*[part()] * (MOST_FIELDS + 1))) == "too_many_fields"
