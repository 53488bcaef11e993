"""Files and headers of the page, and the list of models."""

from __future__ import annotations

import re
import types
from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.serving.server import page
from components.serving.server.engine import VersionStatus
from components.serving.server.errors import NotFoundError
from components.serving.server.page import page_router
from components.serving.server.page.routes import PAGE_PATHS

fastapi, testclient = LazyModule("fastapi"), LazyModule("starlette.testclient")
FOLDER = Path(page.__file__).parent


class ThreeVersions:
    """Engine with a champion, a version that failed, and one that is unloaded while it is listed."""

    def models(self):
        return ["<b>ner</b>"]

    def statuses(self, model):
        failed = VersionStatus(10, "END", "INTERNAL", "saved_model.pb cannot be read")
        return [VersionStatus(9, "AVAILABLE"), failed, VersionStatus(2, "LOADING"), VersionStatus(1, "AVAILABLE")]

    def signatures(self, model, version, label):
        if version == 1:
            raise NotFoundError("unloaded")
        return types.SimpleNamespace(labels=("candidate", "champion"))


@pytest.fixture(scope="module")
def client():
    app = fastapi.FastAPI()
    app.include_router(page_router(ThreeVersions()))
    return testclient.TestClient(app)


def test_models_are_listed_with_versions_states_and_labels_newest_first(client):
    (model,) = client.get("/v1/models").json()["models"]
    assert model["name"] == "<b>ner</b>"
    assert [(each["version"], each["state"], each["labels"]) for each in model["versions"]] == [
        ("10", "END", []),
        ("9", "AVAILABLE", ["candidate", "champion"]),
        ("2", "LOADING", []),
    ]
    status = {"error_code": "INTERNAL", "error_message": "saved_model.pb cannot be read"}
    assert model["versions"][0]["status"] == status


@pytest.mark.parametrize("path", sorted(PAGE_PATHS))
def test_files_forbid_scripts_and_requests_of_others_and_are_read_again_after_an_update(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    rules = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert {rules[f"{kind}-src"] for kind in ("script", "style", "connect")} == {"'self'"}
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(path).status_code == 200


def test_the_page_names_no_other_host_and_only_files_that_are_served(client):
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    linked = re.findall(r'(?:src|href)="([^"#][^"]*)"', html)
    paths = [f"/{name}" for name in linked if not name.startswith("data:")]
    assert len(paths) == 3
    assert [client.get(path).status_code for path in paths] == [200, 200, 200]
    for file in FOLDER.glob("page.*"):
        assert not re.search(r"https?://|@import|url\(", file.read_text(encoding="utf-8")), file.name
    assert re.search(r"<[^>]*\s(?:style|on\w+)=", html) is None, "the policy forbids these"


def test_the_script_makes_no_markup_from_strings():
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert sink not in script
