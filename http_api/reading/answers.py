"""What is answered to a push that was read: the two answers of the original, and that to a batch.

As bytes, so that all who answer write the same. What is refused is in `common/refused.py`.
"""

from common.refused import json_body

SUCCESS = {"code": 0, "msg": "success"}
SUCCESS_BODY = json_body(SUCCESS)
CONTENT_EMPTY_BODY = json_body({"code": -1, "msg": "内容不能为空", "error": "content_empty"})


def batch_body(count: int) -> bytes:
    """To a batch of so many messages."""
    return json_body({**SUCCESS, "count": count})
