"""Every `error` that only Pusher's HTTP API has: rows of the table in `common/error_names.py`.

Its answers are plain text and do not say it; the log and the numbers do.
"""

MEANINGS = {
    ("bad_signature", 401): (
        "[Pusher's HTTP API](pusher.md): the request is not signed with the secret of its "
        "`auth_key`, is more than 600 seconds old or early, or has another body than was signed"
    ),
    ("unknown_app", 404): (
        "Pusher's HTTP API: none of `PUSHER_APPS` has the `auth_key` of the request"
    ),
    ("bad_trigger", 400): (
        "Pusher's HTTP API: an event, a batch or a question is not as Pusher has it; the answer "
        "says what is wrong"
    ),
}
