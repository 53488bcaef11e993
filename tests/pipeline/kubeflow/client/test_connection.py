"""Connecting to a server, or one clear line."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client import ServerError, connect


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_the_address_comes_from_the_argument_or_the_environment(server, monkeypatch):
    with pytest.raises(
        NerError, match=r"no Kubeflow Pipelines server configured: .*kubeconfig.*\. Give.*--host.*port-forward"
    ):
        connect()
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", server.host + "/")
    assert connect().host == server.host
    assert server.count("GET", "/healthz") == 1
    monkeypatch.setenv("KFP_HOST", "http://127.0.0.1:1")
    with pytest.raises(ServerError, match="cannot be reached"):
        connect()
    assert connect(server.host).host == server.host


@pytest.mark.extended
def test_a_kubeconfig_leads_to_the_service_in_the_cluster(server, monkeypatch, tmp_path):
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nusers: [{name: u, user: {token: of-the-kubeconfig}}]\n"
        f"clusters: [{{name: k, cluster: {{server: '{server.host}'}}}}]\n"
        "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    server.prefix = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy"
    server.token = "of-the-kubeconfig"
    connection = connect()
    connection.experiment_id("x")
    assert len(server.experiments) == 1
    assert all(path.startswith(server.prefix + "/apis/v2beta1/") for _, path in server.requests)


def test_an_unreachable_server_is_one_line_at_once(no_machine_settings):
    begin = time.monotonic()
    with pytest.raises(ServerError, match=r"^http://127.0.0.1:\d+: cannot be reached: .*refused.*--host") as caught:
        connect(f"http://127.0.0.1:{free_port()}")
    assert "\n" not in str(caught.value)
    assert caught.value.transient
    assert time.monotonic() - begin < 5


def test_a_server_that_does_not_respond_times_out(server, monkeypatch):
    monkeypatch.setattr("pipeline.kubeflow.client.bounded_rest.READ_SECONDS", 0.2)
    server.plan("GET", "/healthz", "hang")
    with pytest.raises(ServerError, match="timed out"):
        connect(server.host)


@pytest.mark.extended
def test_tls_to_a_plain_server_is_reported(server, monkeypatch):
    monkeypatch.setattr("pipeline.kubeflow.client.bounded_rest.CONNECT_SECONDS", 0.3)
    with pytest.raises(ServerError, match=r"^https://127.*no secure connection: .*Use http://.*--ca-cert"):
        connect(server.host.removeprefix("http://"))  # https without a scheme, as kfp has it


@pytest.mark.extended
def test_a_private_authority_is_trusted_with_its_certificate(fake, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    file, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {file}"
    subprocess.run(command.split(), check=True, capture_output=True)
    server = fake(certificate=(file, key))
    with pytest.raises(ServerError, match=r"no secure connection: .*certificate verify failed.*--ca-cert"):
        connect(server.host)
    assert connect(server.host, ca_cert=str(file)).host == server.host
    with pytest.raises(NerError, match="--ca-cert /no/file: the file does not exist"):
        connect(server.host, ca_cert="/no/file")


def test_a_login_page_and_a_wrong_path_are_not_taken_for_the_api(server):
    server.plan("GET", "/healthz", "html")
    with pytest.raises(ServerError, match=r"responds with a web page.*login page.*--token.*port-forward"):
        connect(server.host)
    with pytest.raises(ServerError, match="404"):
        connect(server.host + "/some/where")
    server.faults.clear()  # this request is not in the specification


def test_the_token_is_sent_and_a_wrong_one_reported(fake, monkeypatch):
    server = fake(token="right")
    with pytest.raises(ServerError, match=r"credentials \(401\).*KFP_TOKEN") as caught:
        connect(server.host, token="wrong-token")
    assert "wrong-token" not in str(caught.value)
    assert connect(server.host, token="right").host
    monkeypatch.setenv("KFP_TOKEN", "right")
    assert connect(server.host).host


@pytest.mark.parametrize(("status", "text"), [(403, "forbidden"), (503, "refused")])
def test_refusals_name_the_server_and_never_the_token(server, status, text):
    server.plan("GET", "/healthz", status, times=9)
    with pytest.raises(ServerError, match=text) as caught:
        connect(server.host, token="my-secret")
    assert server.host in str(caught.value)
    assert "my-secret" not in str(caught.value)
    assert "***" in str(caught.value)  # this server echoes the header
    assert caught.value.transient is (status >= 500)


def test_a_password_in_the_address_is_refused_and_not_shown(server):
    with pytest.raises(NerError, match=r"--host: the address holds a password.*KFP_TOKEN") as caught:
        connect(server.host.replace("http://", "http://me:hidden@"))
    assert "hidden" not in str(caught.value)


def test_a_multi_user_server_requires_a_namespace(fake, monkeypatch):
    server = fake(multi_user=True)
    with pytest.raises(NerError, match=r"multi-user server.*--namespace"):
        connect(server.host)
    assert connect(server.host, "team-a").namespace == "team-a"
    monkeypatch.setenv("KFP_NAMESPACE", "team-b")
    assert connect(server.host).namespace == "team-b"


def test_a_request_that_was_sent_is_not_repeated(server, connection):
    """The server may have executed it: a second one would start a second run."""
    server.plan("POST", "/experiments", "drop")
    with pytest.raises(ServerError, match="cannot be reached"):
        connection.experiment_id("x")
    assert server.count("POST", "/experiments") == 1


@pytest.mark.extended
def test_kfp_is_kept_quiet(connection, capsys):
    connection.experiment_id("x")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.extended
def test_an_experiment_is_created_once(server, connection):
    assert connection.experiment_id("nightly") == connection.experiment_id("nightly")
    assert len(server.experiments) == 1


@pytest.mark.extended
def test_lists_are_read_page_by_page(server, connection):
    server.page_limit = 7
    for i in range(20):
        connection.experiment_id(f"e{i}")
    experiments = connection.all_of("experiments", connection.client.list_experiments)
    assert sorted(each.display_name for each in experiments) == sorted(f"e{i}" for i in range(20))
    assert list(connection.all_of("runs", connection.client.list_runs)) == []
