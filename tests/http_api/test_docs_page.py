"""The API as pages: which files are served, and under which policy."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from http_api import docs_page


def test_the_page_has_no_script_but_files_of_this_server(http: FlaskClient) -> None:
    response = http.get("/docs")
    policy = response.headers["Content-Security-Policy"].split("; ")

    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert "script-src 'self'" in policy
    assert not any("unsafe" in rule or "http" in rule for rule in policy)
    assert not re.search(r"<script[^>]*>[^<]|<style|\sstyle=|\son\w+=|javascript:", response.text)


def test_all_that_the_page_names_is_served(http: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="(/[^"]+)"', http.get("/docs").text)

    assert len(named) == 4
    for path in named:
        with http.get(path) as response:
            assert response.status_code == 200
            assert response.data


@pytest.mark.parametrize("name", ["index.css", "LICENSE", "..%2f__init__.py", "swagger-ui.js"])
def test_nothing_else_of_the_package_is(http: FlaskClient, name: str) -> None:
    assert http.get(f"/docs/{name}").status_code == 404


def test_where_the_package_was_left_out_there_are_no_pages(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs_page, "PACKAGE", "no_such_package_of_anybody")

    assert docs_page.folder_of_files() is None
    assert http.get("/docs/swagger-ui.css").status_code == 404


def test_the_files_are_those_of_the_package(http: FlaskClient) -> None:
    folder = docs_page.folder_of_files()

    assert isinstance(folder, Path)
    assert all((folder / name).is_file() for name in docs_page.FILES)
