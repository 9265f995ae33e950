"""The files of the deployment, held against the schema of Compose, the settings, and each other."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from seconder import names
from workers.settings import GATEWAY_REQUIRES, REQUIRED, VARIABLES, Process, Settings, variable_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(__file__).parent / "data" / "compose-spec.json"
PROCESSES: tuple[Process, ...] = ("engine", "code", "tools", "gateway")
TEMPORALS_OWN = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}
SECRETS = {
    variable_of(name)
    for name, field in Settings.model_fields.items()
    if "Secret" in getattr(field.annotation, "__name__", "")
}
HELD_BY: dict[Process, set[str]] = {
    "engine": {"OPENAI_API_KEY", "SLACK_BOT_TOKEN"},
    "code": set(),
    "tools": set(),
    "gateway": {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"},
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file, with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_compose_would_accept_the_file(compose: dict[str, Any]) -> None:
    """The file obeys the schema of the Compose Specification."""
    jsonschema.validate(compose, json.loads(SCHEMA.read_text()))


def test_every_variable_of_a_process_is_one_that_it_reads(compose: dict[str, Any]) -> None:
    """Nothing is set that neither the settings nor Temporal know: a misspelt variable would be silently ignored."""
    for process in PROCESSES:
        assert set(services(compose)[process]["environment"]) <= VARIABLES | TEMPORALS_OWN


def test_every_process_gets_what_it_needs(compose: dict[str, Any]) -> None:
    """A process that Compose starts does not stop for want of a variable."""
    for process in PROCESSES:
        needed = [*REQUIRED[process], *(GATEWAY_REQUIRES["socket"] if process == "gateway" else ())]
        assert {variable_of(field) for field in needed} <= set(services(compose)[process]["environment"])


def test_no_process_holds_a_secret_outside_its_row(compose: dict[str, Any]) -> None:
    """What a process does not hold cannot leak from it; Temporal's database password stays with Temporal."""
    assert {name for held in HELD_BY.values() for name in held} == SECRETS
    for process in PROCESSES:
        environment = services(compose)[process]["environment"]
        assert set(environment) & SECRETS <= HELD_BY[process]
        assert "POSTGRES_PASSWORD" not in json.dumps(environment)


def test_the_documented_rows_are_these_rows() -> None:
    """docs/operations.md tells operators the same table that this file enforces."""
    documentation = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| (engine|code|tools|gateway) \|.*\| (.*) \|$", documentation, re.MULTILINE)
    assert {process: set(re.findall(r"`([A-Z_]+)`", secrets)) for process, secrets in rows} == HELD_BY


def test_every_setting_is_documented() -> None:
    """The table of settings in docs/operations.md names each variable, and none that does not exist."""
    documentation = (ROOT / "docs" / "operations.md").read_text()
    table = documentation.partition("## Settings")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert {name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)} == VARIABLES


def test_secrets_come_from_the_operators_environment(compose: dict[str, Any]) -> None:
    """No secret is written into the file, and starting without one stops with a sentence that names it."""
    secret = re.compile(r"PASSWORD|PWD|TOKEN|SECRET|_KEY")
    for service in services(compose).values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), name


def test_the_processes_run_without_privileges(compose: dict[str, Any]) -> None:
    """Read-only, without capabilities, restarted, looked after, and not before the namespace is ready."""
    for process in PROCESSES:
        service = services(compose)[process]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][:3] == ["CMD", "python", "-m"]
        assert service["depends_on"] == {"namespace": {"condition": "service_completed_successfully"}}
        assert service["command"] == [process]
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()


def test_only_loopback_is_published(compose: dict[str, Any]) -> None:
    """Who reaches Temporal can start and signal sessions, so nothing listens beyond this machine."""
    for service in services(compose).values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert "network_mode" not in service


def test_health_checks_look_at_the_queues_that_the_processes_serve(compose: dict[str, Any]) -> None:
    """A check of a queue that nobody serves would have a healthy process killed."""
    looked_at = {process: services(compose)[process]["healthcheck"]["test"][4:] for process in PROCESSES}
    assert looked_at == {
        "engine": [names.ENGINE_QUEUE],
        "code": [names.CODE_QUEUE],
        "tools": [names.TOOLS_QUEUE],
        "gateway": [],
    }


def test_the_one_shots_run_in_order(compose: dict[str, Any]) -> None:
    """Database, schema, server, namespace: each waits for the one before."""
    order = [("schema", "postgres"), ("temporal", "schema"), ("namespace", "temporal"), ("ui", "temporal")]
    for later, earlier in order:
        assert list(services(compose)[later]["depends_on"]) == [earlier]


def test_the_namespace_gets_every_search_attribute() -> None:
    """The script registers those that the workflows write, with their types."""
    script = (ROOT / "deploy" / "temporal" / "namespace.sh").read_text().replace("\\\n", " ")
    registered = re.findall(r"--name (\w+) --type (\w+)", script)
    assert dict(registered) == names.SEARCH_ATTRIBUTES


def test_every_process_shares_one_artifact_store(compose: dict[str, Any]) -> None:
    """What one process keeps outside of the history, the others can read; the image has the folder for its user."""
    for process in PROCESSES:
        storage = services(compose)[process]["environment"][variable_of("storage")]
        assert f"artifacts:{storage}" in services(compose)[process]["volumes"]
        assert storage in (ROOT / "Dockerfile").read_text()


def test_what_is_mounted_exists(compose: dict[str, Any]) -> None:
    """A missing file would be mounted as an empty folder."""
    for service in services(compose).values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), source
    script = compose["services"]["temporal"]["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    assert (ROOT / "deploy" / "temporal" / "dynamicconfig" / Path(script).name).is_file()


@pytest.mark.parametrize("script", ["schema.sh", "namespace.sh"])
def test_the_scripts_parse(script: str) -> None:
    """A shell reads them without a complaint."""
    subprocess.run(["/bin/sh", "-n", ROOT / "deploy" / "temporal" / script], check=True)  # noqa: S603 - our own script


def test_the_image_copies_what_exists_and_what_the_build_may_see() -> None:
    """Every COPY names a tracked path that .dockerignore lets through, and no package is left out."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    }
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied)
    assert copied == let_through
    assert {"seconder", "workflows", "activities", "approvals", "sandbox", "workers"} <= copied


def test_the_example_file_names_what_compose_asks_for(compose: dict[str, Any]) -> None:
    """Filling in deploy/example.env is enough to start."""
    example = (ROOT / "deploy" / "example.env").read_text()
    offered = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert asked <= offered
    assert compose["name"] == "seconder"
