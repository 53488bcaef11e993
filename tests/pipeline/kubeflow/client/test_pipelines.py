"""Pipelines and their versions on a server."""

from __future__ import annotations

import pytest
import yaml
from support.kfp_fixtures import PLATFORM

from components.common.errors import NerError
from pipeline.kubeflow.client import PipelineSpec, ServerError, connect, find_version, upload


def test_the_first_upload_creates_the_pipeline_and_a_version(server, connection, compiled):
    version, is_new = upload(connection, compiled(platform=PLATFORM), "v1")
    assert is_new
    assert (version.pipeline_name, version.version_name) == ("ner", "v1")
    assert [p["display_name"] for p in server.pipelines.values()] == ["ner"]
    newest = find_version(connection, "ner")
    assert newest.version_id == version.version_id
    assert newest.spec.digest == PipelineSpec.of_file(compiled(platform=PLATFORM)).digest


def test_the_same_content_is_not_uploaded_again(server, connection, compiled):
    first, _ = upload(connection, compiled(), "v1")
    other_layout = compiled("other.yaml")
    other_layout.write_text(yaml.safe_dump(yaml.safe_load(other_layout.read_text()), sort_keys=True, indent=6))
    again, is_new = upload(connection, other_layout, "v2")
    assert (is_new, again.version_id, again.version_name) == (False, first.version_id, "v1")
    assert len(server.versions) == 1


def test_other_content_is_a_new_version_of_the_same_pipeline(server, connection, compiled):
    """Older content too: only the newest version runs by default."""
    for number, change in enumerate([{}, {"sdkVersion": "x"}, {"platform": PLATFORM}, {}]):
        assert upload(connection, compiled(**change), f"v{number}")[1]
    assert (len(server.pipelines), len(server.versions)) == (1, 4)
    assert find_version(connection, "ner").version_name == "v3"


def test_an_interrupted_upload_is_completed_by_the_next(server, connection, compiled):
    server.plan("POST", "upload_version", "lose")
    with pytest.raises(ServerError):
        upload(connection, compiled(), "v1")
    assert (len(server.pipelines), len(server.versions)) == (1, 0)
    with pytest.raises(NerError, match=r"'ner': no version\. Upload one"):
        find_version(connection, "ner")
    server.plan("POST", "upload_version", "drop")
    with pytest.raises(ServerError):
        upload(connection, compiled(), "v1")
    assert not upload(connection, compiled(), "v2")[1]
    assert (len(server.pipelines), len(server.versions)) == (1, 1)


@pytest.mark.extended
def test_a_used_version_name_is_refused_by_the_server(connection, compiled):
    upload(connection, compiled(), "v1")
    with pytest.raises(ServerError, match=r"refused \(409\): Already exist"):
        upload(connection, compiled(sdkVersion="x"), "v1")


@pytest.mark.extended
def test_names_that_differ_in_case_are_two_pipelines(server, connection, compiled):
    upload(connection, compiled(), "v1", "ner")
    upload(connection, compiled(), "v1", "NER")
    assert len(server.pipelines) == 2


@pytest.mark.extended
def test_the_namespace_is_sent(fake, compiled):
    server = fake(multi_user=True)
    for _ in range(2):
        upload(connect(server.host, "team-a"), compiled(), "v1")
    assert [p["namespace"] for p in server.pipelines.values()] == ["team-a"]
    assert len(server.versions) == 1


def test_versions_are_found_by_name_and_id(server, connection, compiled):
    server.page_limit = 2
    versions = [upload(connection, compiled(sdkVersion=str(i)), f"v{i}")[0] for i in range(5)]
    for key in ("v1", versions[1].version_id):
        assert find_version(connection, "ner", key).version_id == versions[1].version_id
    assert find_version(connection, versions[0].pipeline_id).pipeline_name == "ner"
    with pytest.raises(NerError, match=r"'ner': no version 'v9'\. `kfp pipeline list-versions"):
        find_version(connection, "ner", "v9")
    for name in ("nerd", "00-00"):
        with pytest.raises(NerError, match=f"no pipeline '{name}'. `kfp pipeline list`"):
            find_version(connection, name)
