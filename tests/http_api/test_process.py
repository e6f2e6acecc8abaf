from config.settings import Settings
from http_api.process import load


def test_the_process_starts_without_redis() -> None:
    http = load(Settings(redis_url="redis://nowhere.invalid/0")).test_client()

    assert http.get("/healthz").status_code == 200
