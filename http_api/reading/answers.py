"""What is answered to a push that was read: the two answers of the original, and that to a batch.

As bytes, so that all who answer write the same. What is refused is in `common/refused.py`.
"""

from common.message import Tracked
from common.refused import json_body

SUCCESS = {"code": 0, "msg": "success"}
SUCCESS_BODY = json_body(SUCCESS)
CONTENT_EMPTY_BODY = json_body({"code": -1, "msg": "内容不能为空", "error": "content_empty"})


def success_body(id_: str | None) -> bytes:
    """To a push that has this id: it is told if a receipt is asked for."""
    return json_body({**SUCCESS, "id": id_}) if type(id_) is Tracked else SUCCESS_BODY


def batch_body(count: int) -> bytes:
    """To a batch of so many messages."""
    return json_body({**SUCCESS, "count": count})
