"""docs/kubernetes/message-center.yaml is what Kubernetes takes, and fits our settings.

Each object is checked against the schema of Kubernetes itself. No cluster is asked.
"""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from common.serving.server import longest_stop
from config.anonymous import refuse_anonymous_push
from config.load import parse
from config.settings import Settings
from tests.support.processes import ROOT

TEXT = (ROOT / "docs/kubernetes/message-center.yaml").read_text("utf-8")
COMMENTED = TEXT.partition("\n# ---\n")[2]
OBJECTS: list[Any] = [*yaml.safe_load_all(TEXT)]
INGRESS = yaml.safe_load("\n".join(line[2:] for line in COMMENTED.splitlines()))
VERSIONS = ["1.25", kubernetes_validate.latest_version()]
PROCESSES = ["http", "ws"]


def named(kind: str, process: str) -> Any:
    """The object of this kind that is for `http` or `ws`."""
    name = f"message-center-{process}"
    (found,) = (
        each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)
    )
    return found


def container(process: str) -> Any:
    """The one in a pod of `http` or `ws`."""
    (found,) = named("Deployment", process)["spec"]["template"]["spec"]["containers"]
    return found


def settings(process: str = "http") -> Settings:
    """As the containers get them: by the image, the ConfigMap, the Secret, and of their own."""
    config = next(each["data"] for each in OBJECTS if each["kind"] == "ConfigMap")
    secret = {"PUSH_TOKENS": f"backend:{'a' * 48}", "SUBSCRIBE_SECRET": "a" * 64}
    own = {each["name"]: each["value"] for each in container(process).get("env", ())}
    return parse({"HTTP_HOST": "0.0.0.0", "WS_HOST": "0.0.0.0", **config, **secret, **own})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "each", [*OBJECTS, INGRESS], ids=lambda each: f"{each['kind']} {each['metadata']['name']}"
)
def test_kubernetes_takes_each_object(each: Any, version: str) -> None:
    kubernetes_validate.validate(each, version, strict=True)


def test_the_schema_knows_a_slip() -> None:
    """Or the test above would be green whatever there is."""
    slip = {**named("Service", "ws"), "specs": {}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slip, VERSIONS[0], strict=True)


def test_the_settings_are_taken_and_let_nobody_push_without_a_token() -> None:
    refuse_anonymous_push(settings())
    assert settings().push_tokens


@pytest.mark.parametrize("process", PROCESSES)
def test_a_pod_has_the_time_that_a_stop_takes(process: str) -> None:
    pod = named("Deployment", process)["spec"]["template"]["spec"]
    command, seconds = container(process)["lifecycle"]["preStop"]["exec"]["command"]

    assert command == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= int(seconds) + longest_stop(settings(process))


def test_a_pod_of_ws_closes_its_clients_over_a_while() -> None:
    assert settings("ws").drain_seconds > 0


@pytest.mark.parametrize("process", PROCESSES)
def test_probes_ask_what_there_is_and_wait_longer_than_we_wait_for_redis(process: str) -> None:
    found = container(process)
    asked = {
        probe: found[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("liveness", "readiness", "startup")
    }

    assert asked == {"liveness": "/healthz", "readiness": "/readyz", "startup": "/healthz"}
    if process == "http":  # The other one asks nobody.
        assert found["readinessProbe"]["timeoutSeconds"] > settings().redis_timeout
    assert found["args"] == [process]


@pytest.mark.parametrize(("process", "port"), [("http", 2346), ("ws", 2345)])
def test_services_and_budgets_find_the_pods(process: str, port: int) -> None:
    deployment, service = named("Deployment", process), named("Service", process)
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert labels["app.kubernetes.io/component"] == process
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert named("PodDisruptionBudget", process)["spec"]["selector"]["matchLabels"] == labels
    assert container(process)["ports"] == [{"name": "http", "containerPort": port}]
    assert [(each["port"], each["targetPort"]) for each in service["spec"]["ports"]] == [
        (port, "http")
    ]
    assert port == getattr(Settings(), f"{process}_port")


def test_no_registry_is_named() -> None:
    """The image is one's own; where it is kept is one's own choice."""
    images = {
        each_one["image"]
        for each in OBJECTS
        if each["kind"] == "Deployment"
        for each_one in each["spec"]["template"]["spec"]["containers"]
    }

    assert images == {"message-center"}
