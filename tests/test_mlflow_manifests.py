"""Manifests of the model registry on a cluster, docs/kubeflow/mlflow: a base, and an overlay for each database."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.kubernetes_cluster import kubernetes_executable
from support.kubernetes_fields import unknown_fields
from support.repository import ROOT

from configs.cluster_loading import load_cluster

FOLDER = ROOT / "docs" / "kubeflow" / "mlflow"
OVERLAYS = ("sqlite", "postgresql")
PAGE = (ROOT / "docs" / "kubeflow.md").read_text(encoding="utf-8")
_PROGRAMS = {"kustomize": "build", "kubectl": "kustomize"}
_CACHED = kubernetes_executable(build=False)
KUSTOMIZE = [str(_CACHED), "kubectl", "kustomize"] if _CACHED else None
KUSTOMIZE = next(([name, word] for name, word in _PROGRAMS.items() if shutil.which(name)), KUSTOMIZE)


def documents(*names: str) -> list[Any]:
    return [one for name in names for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


def kustomization(folder: str) -> Any:
    [document] = documents(f"{folder}/kustomization.yaml")
    return document


def objects(folder: str) -> list[Any]:
    """The objects of the files that a kustomization names; folders are left out."""
    return documents(*(f"{folder}/{name}" for name in kustomization(folder)["resources"] if name.endswith(".yaml")))


def of_kind(kind: str, folder: str = "base") -> Any:
    [document] = [one for one in objects(folder) if one["kind"] == kind]
    return document


def pods() -> list[Any]:
    return [of_kind(*where)["spec"]["template"]["spec"] for where in (("Deployment",), ("StatefulSet", "postgresql"))]


def build(folder: Path) -> list[Any]:
    result = subprocess.run([*KUSTOMIZE, str(folder)], check=True, capture_output=True, timeout=60)
    return [*yaml.safe_load_all(result.stdout)]


needs_kustomize = pytest.mark.skipif(KUSTOMIZE is None, reason="neither kustomize nor kubectl is installed")


@needs_kustomize
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_builds_the_overlays(overlay: str) -> None:
    built = build(FOLDER / overlay)
    assert [field for one in built for field in unknown_fields(one)] == []
    assert {one["metadata"]["namespace"] for one in built} == {"kubeflow"}
    [deployment] = [one for one in built if one["kind"] == "Deployment"]
    mlflow, proxy = deployment["spec"]["template"]["spec"]["containers"]
    environment = {one["name"]: one.get("value", "") for one in mlflow["env"]}
    assert environment["MLFLOW_BACKEND_STORE_URI"].startswith(f"{overlay}://")
    assert {"HOME", "MLFLOW_DISABLE_TELEMETRY"} <= {*environment}, "the patch keeps the variables of the base"
    assert mlflow["image"].startswith("registry.example/ner:")
    [maps] = [one["metadata"]["name"] for one in built if one["kind"] == "ConfigMap"]
    used = [one["configMap"]["name"] for one in deployment["spec"]["template"]["spec"]["volumes"] if "configMap" in one]
    assert used == [maps]
    assert "readinessProbe" in proxy


@needs_kustomize
@pytest.mark.extended
def test_the_component_admits_runs_of_all_profiles(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "mlflow")
    overlay = tmp_path / "mlflow" / "sqlite" / "kustomization.yaml"
    overlay.write_text(overlay.read_text() + "components: [../profiles]\n")
    [policy] = [one for one in build(overlay.parent) if one["kind"] == "NetworkPolicy"]
    [rule] = policy["spec"]["ingress"]
    [source] = rule["from"]
    assert source["namespaceSelector"]["matchLabels"]
    assert source["podSelector"] == of_kind("NetworkPolicy")["spec"]["ingress"][0]["from"][0]["podSelector"]


@pytest.mark.extended
def test_manifests_have_only_fields_that_kubernetes_knows() -> None:
    patches = [
        yaml.safe_load(one["patch"])
        for folder in (*OVERLAYS, "profiles")
        for one in kustomization(folder).get("patches", ())
    ]
    whole = [*objects("base"), *objects("postgresql")]
    assert len(whole) >= 7
    assert [field for one in [*whole, *patches] for field in unknown_fields(one)] == []
    assert {(one["kind"], one["metadata"]["name"]) for one in patches} <= {
        (one["kind"], one["metadata"]["name"]) for one in whole
    }


def test_the_registry_serves_the_configured_address() -> None:
    address = load_cluster("kubeflow").settings["registry.uri"]
    claim, service, deployment = map(of_kind, ("PersistentVolumeClaim", "Service", "Deployment"))
    mlflow, proxy = deployment["spec"]["template"]["spec"]["containers"]
    [port] = service["spec"]["ports"]
    host = f"{service['metadata']['name']}.{kustomization('base')['namespace']}:{port['port']}"
    assert address == f"http://{host}"
    assert host in mlflow["args"][mlflow["args"].index("--allowed-hosts") + 1].split(",")
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert port["targetPort"] == proxy["ports"][0]["containerPort"]


def test_the_registry_listens_on_the_loopback_behind_a_login() -> None:
    pod = pods()[0]
    mlflow, proxy = pod["containers"]
    host, port = (mlflow["command"][mlflow["command"].index(name) + 1] for name in ("--host", "--port"))
    nginx = (FOLDER / "base" / "proxy.conf").read_text(encoding="utf-8")
    assert host == "127.0.0.1"
    assert "ports" not in mlflow
    assert f"proxy_pass http://127.0.0.1:{port};" in nginx
    assert nginx.count("proxy_pass") == nginx.count("auth_basic off") + 1, "only /health needs no login"
    login = re.search(r"auth_basic_user_file (\S+)/(\w+);", nginx)
    assert login is not None
    [users] = [one for one in pod["volumes"] if "secret" in one]
    [mount] = [one for one in proxy["volumeMounts"] if one["name"] == users["name"]]
    assert (mount["mountPath"], users["secret"]["items"][0]["path"]) == login.groups()


def test_only_runs_reach_the_registry_and_only_the_registry_its_database() -> None:
    policy, database = of_kind("NetworkPolicy")["spec"], of_kind("NetworkPolicy", "postgresql")["spec"]
    proxy = pods()[0]["containers"][1]
    assert policy["podSelector"]["matchLabels"] == {"app": "mlflow"}
    assert policy["ingress"][0]["ports"] == [{"port": proxy["ports"][0]["containerPort"]}]
    assert policy["egress"] == database["egress"] == []
    [rule] = database["ingress"]
    assert rule["from"] == [{"podSelector": policy["podSelector"]}]
    assert {"Ingress", "Egress"} == {*policy["policyTypes"]} == {*database["policyTypes"]}


def test_every_secret_is_created_by_the_page() -> None:
    used = set(re.findall(r"secretKeyRef: \{name: ([\w-]+)|secretName: ([\w-]+)", "\n".join(
        (FOLDER / name).read_text(encoding="utf-8")
        for name in ("base/deployment.yaml", "postgresql/postgresql.yaml", "postgresql/kustomization.yaml")
    )))  # fmt: skip
    names = {one or other for one, other in used}
    assert names == {"mlflow", "mlflow-postgresql"}
    for name in names:
        assert f"create secret generic {name} " in PAGE


def test_containers_have_no_rights_and_have_limits_and_probes() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert {"livenessProbe"} < {name for name in container if name.endswith("Probe")}
            assert container["resources"]["limits"]["memory"]
            mounts = {one["name"] for one in container["volumeMounts"]} - {"data"}
            assert mounts <= {one["name"] for one in pod["volumes"]}
