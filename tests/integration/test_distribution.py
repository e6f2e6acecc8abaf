"""What is released is complete: from the sdist and the wheel alone, a message gets through.

Neither may reach the network: the tools that build and the libraries are those of this environment.
"""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest

from tests.support.processes import ROOT, Serve, environment
from tests.support.system import PREFIX
from tests.support.websocket import LIMIT, Client

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
PACKAGES = ("clients/js", "common", "config", "http_api", "ws_server")
CLIENT, MODULE = ROOT / "clients/python", "message_center_client"
NAME = f"message_center-{VERSION}"
LIBRARIES = Path(sysconfig.get_path("purelib"))
BUILD = "from setuptools import build_meta; build_meta.{}('dist')"
NO_SOURCES = (".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that what a build leaves behind is not left in the real one."""
    copy = tmp_path_factory.mktemp("sources") / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NO_SOURCES))
    return copy


@pytest.fixture(scope="module")
def sdist(checkout: Path) -> Path:
    return build(checkout, "sdist") / f"{NAME}.tar.gz"


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As others build it: from the sdist."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return build(folder / NAME, "wheel") / f"{NAME}-py3-none-any.whl"


def build(sources: Path, kind: str) -> Path:
    run(sys.executable, "-c", BUILD.format(f"build_{kind}"), cwd=sources)
    return sources / "dist"


def run(*command: str, cwd: Path, **environ: str) -> str:
    """What it prints; AssertionError with all of it unless it succeeds."""
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env={**environment(), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT * 4,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def install(package: Path, folder: Path) -> Path:
    """Into an empty environment; its Python.

    While it is installed only setuptools is there, and the libraries afterwards. So the install
    of this checkout, which is beside them, is found by neither pip nor Python.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin/python"
    tools = folder / "tools"
    tools.mkdir()
    for tool in (*LIBRARIES.glob("setuptools*"), LIBRARIES / "_distutils_hack"):
        (tools / tool.name).symlink_to(tool)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run(*pip, *options, str(package), cwd=folder, PYTHONPATH=str(tools))
    (installed,) = folder.glob("lib/python*/site-packages")
    (installed / "libraries.pth").write_text(f"{LIBRARIES}\n")
    return python


@pytest.fixture(params=["sdist", "wheel"])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """That of an environment in which the package is installed."""
    return install(request.getfixturevalue(request.param), tmp_path / "environment")


def test_what_is_installed_serves_and_a_push_reaches_a_listener(
    python: Path, tmp_path: Path
) -> None:
    command = str(python.with_name("message-center"))
    serve = Serve(tmp_path, [command, "serve"], python)
    try:
        serve.wait_for_addresses()
        ports = {"HTTP_PORT": str(serve.http_port), "WS_PORT": str(serve.ws_port)}
        with Client(serve.ws_port) as listener:
            run(command, "push", "installed", cwd=tmp_path, **ports)
            assert listener.texts(1) == [PREFIX + "installed"]
        page = f"http://127.0.0.1:{serve.http_port}"
        for path in ("/", "/static/console/words/common.js", "/openapi.json", "/client.js"):
            with urlopen(page + path, timeout=LIMIT) as answer:
                assert answer.read()
    finally:
        status = serve.stop()
    assert status == 0
    assert run(command, "--version", cwd=tmp_path) == f"message-center {VERSION}\n"
    where = run(str(python), "-c", "import common; print(common.__file__)", cwd=tmp_path)
    assert where.startswith(str(tmp_path))


def test_the_client_is_installed_without_the_servers(checkout: Path, tmp_path: Path) -> None:
    python = install(checkout / "clients/python", tmp_path / "environment")
    (installed,) = (tmp_path / "environment").glob("lib/python*/site-packages")

    where = run(
        str(python), "-c", "import message_center_client as it; print(it.__file__)", cwd=tmp_path
    )
    assert where.startswith(str(installed))
    assert (installed / MODULE / "py.typed").exists()
    assert not any((installed / package).exists() for package in PACKAGES)
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_sdist_has_all_that_the_checkout_has(sdist: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only git knows what belongs to a checkout")
    tracked = run("git", "ls-files", cwd=ROOT).splitlines()

    with tarfile.open(sdist) as archive:
        packed = {name.removeprefix(f"{NAME}/") for name in archive.getnames()}

    assert set(tracked) - packed == set()
    assert [name for name in packed if name.endswith(".pyc")] == []


def test_the_wheel_has_the_packages_and_their_files_only(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        licenses = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]

    assert packed == {
        str(path.relative_to(folder))
        for folder, package in [*((ROOT, each) for each in PACKAGES), (CLIENT, MODULE)]
        for path in (folder / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert licenses
