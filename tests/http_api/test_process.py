import subprocess
import sys

from config.settings import Settings
from http_api.process import load
from tests.support.processes import ROOT


def test_the_process_starts_without_redis() -> None:
    http = load(Settings(redis_url="redis://nowhere.invalid/0")).test_client()

    assert http.get("/healthz").status_code == 200


def test_the_process_has_the_queue_and_not_the_log() -> None:
    program = "import sys, http_api.process; sys.exit('common.store.log' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
