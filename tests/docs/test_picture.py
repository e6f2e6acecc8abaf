"""The picture of the rooms is what the code is like."""

from docs.picture import PICTURE, draw


def test_the_picture_is_what_the_code_says() -> None:
    is_stale = PICTURE.read_text("utf-8") != draw()

    assert not is_stale, "docs/architecture.svg is stale: run `make docs`"
