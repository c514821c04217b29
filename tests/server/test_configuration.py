"""What serving/ ships is checked by the schemas of those who read it."""

import pathlib
import re

import pytest
import yaml
from google.protobuf import text_format

FOLDER = pathlib.Path(__file__).parents[2] / "serving"


def test_the_manifests_are_valid_kubernetes():
    checker = pytest.importorskip("kubernetes_validate")
    documents = list(yaml.safe_load_all((FOLDER / "kubernetes" / "comrec.yaml").read_text()))
    kinds = {document["kind"] for document in documents}
    assert kinds == {"Deployment", "Service", "HorizontalPodAutoscaler"}
    for document in documents:
        checker.validate(document, checker.latest_version(), strict=True)
    deployment = next(d for d in documents if d["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        action = container[probe].get("httpGet") or container[probe]["tcpSocket"]
        assert action["port"] in ports


def test_the_compose_file_mounts_what_is_there_and_names_what_is_mounted():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    assert set(compose["services"]) == {"comrec", "comrec-gpu"}
    for service in compose["services"].values():
        mounted = {}
        for volume in service["volumes"]:
            source, target, mode = volume.split(":")
            assert mode == "ro"
            mounted[target] = FOLDER / source
        flags = dict(flag.removeprefix("--").split("=", 1) for flag in service["command"])
        for name in ("model_config_file", "monitoring_config_file"):
            assert mounted[flags[name]].is_file()
        assert {port.split(":")[1] for port in service["ports"]} == {"8500", "8501"}


def models_of(text):
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    parsed = text_format.Parse(text, config.ModelServerConfig())
    return {model.name: model for model in parsed.model_config_list.config}


def test_the_model_list_names_no_more_than_the_guide_exports():
    """TensorFlow Serving answers only once every model of the list has been loaded."""
    models = models_of((FOLDER / "models.config").read_text())
    exported = re.findall(
        r"comrec export .*-o serving(/models/\S+)", (FOLDER / "README.md").read_text()
    )
    assert [model.base_path for model in models.values()] == exported
    assert models["comrec"].model_platform == "tensorflow"
    assert not models["comrec"].HasField("model_version_policy")


def test_the_list_in_its_comments_is_what_tensorflow_serving_parses():
    text = (FOLDER / "models.config").read_text()
    example = text[text.rindex("# model_config_list") :].replace("\n#", "\n")[1:]
    models = models_of(example)
    assert set(models) == {"comrec", "comrec-old"}
    assert dict(models["comrec"].version_labels) == {"stable": 1, "canary": 2}
