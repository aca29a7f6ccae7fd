"""What deploy/ has for machines is of their form, and says the same as the code and each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import fastjsonschema
import yaml
from uvicorn import Config

from app import __version__
from app.server import CLOSING
from app.settings import ROOT, VARIABLES, Settings, read_settings
from app.web.health import TIMEOUT as HEALTH_SECONDS

DEPLOY = ROOT / "deploy"
SCHEMAS = ROOT / "tests" / "corpora" / "schemas"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUBERNETES: dict[str, dict[str, Any]] = {
    item["kind"]: item for item in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
}
NGINX = (DEPLOY / "nginx.conf").read_text()
SHOPS = {name: shop for name, shop in COMPOSE["services"].items() if name.startswith("shop")}
POD: dict[str, Any] = KUBERNETES["Deployment"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
BEFORE_ANY_RELEASE = {"0005_decisions.sql"}
"""What needed nobody beside it: the shop had no release yet."""

UVICORNS = {"FORWARDED_ALLOW_IPS"}
SECRETS = {
    "SESSION_SECRET": "a secret of sixteen bytes or more",
    "REDIS_URL": "redis://redis/0",
    "DATABASE_URL": "postgresql://shop@postgres/shop",
}


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def in_kubernetes() -> Mapping[str, str]:
    """Return what a pod has in its environment beside its secrets."""
    return {entry["name"]: entry["value"] for entry in CONTAINER["env"]}


def read(environment: Mapping[str, str]) -> Settings:
    """Read what a shop would, whose secrets come from elsewhere."""
    filled = {name: str(text) for name, text in environment.items()}
    filled = {name: text for name, text in filled.items() if not text.startswith("${")}
    unknown = environment.keys() - VARIABLES.keys() - UVICORNS
    assert not unknown, f"no settings of ours: {unknown}"
    return read_settings({**SECRETS, **filled})


def test_compose_and_kubernetes_take_the_files_for_what_they_are() -> None:
    fastjsonschema.validate(json.loads((SCHEMAS / "compose.json").read_text()), COMPOSE)
    kinds = json.loads((SCHEMAS / "kubernetes.json").read_text())["definitions"]
    assert KUBERNETES.keys() == kinds.keys()
    for kind, item in KUBERNETES.items():
        fastjsonschema.validate(kinds[kind], item)


def test_every_shop_is_one_of_a_cluster_and_has_settings_that_are_ours() -> None:
    assert len(SHOPS) == 2
    environments = [shop["environment"] for shop in SHOPS.values()]
    for environment in (*environments, in_kubernetes()):
        assert read(environment).storage.where == "cluster"
    said = re.findall(r"from-literal=(\w+)=", (DEPLOY / "kubernetes.yaml").read_text())
    assert SECRETS.keys() <= set(said) <= VARIABLES.keys()


def test_no_secret_stands_in_a_file_and_each_can_be_given() -> None:
    secret = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|_URL$")
    passwords = re.compile(r"^\$\{\w+:[?-]\}$|^\w+://(?:\w+:\$\{\w+:\?\}@)?[\w.:/-]+$")
    given = {
        name: text
        for service in COMPOSE["services"].values()
        for name, text in service.get("environment", {}).items()
        if secret.search(name)
    }
    assert [name for name, text in given.items() if not passwords.match(text)] == []
    wanted = {"WANDSTORE_OPERATOR_TOKEN", "POSTGRES_PASSWORD", "SESSION_SECRETS_BEFORE", *SECRETS}
    assert given.keys() > wanted
    said = {entry["name"] for entry in CONTAINER["env"]} - {"WANDSTORE_PUBLIC_URL"}
    assert not any(secret.search(name) for name in said)
    assert CONTAINER["envFrom"] == [{"secretRef": {"name": "wandstore"}}]


def test_who_waits_for_a_shop_asks_what_its_image_answers_and_of_this_release() -> None:
    waiting = COMPOSE["services"]["nginx"]["depends_on"]
    assert waiting == {shop: {"condition": "service_healthy"} for shop in SHOPS}
    assert "\nHEALTHCHECK " in (ROOT / "Dockerfile").read_text()
    assert CONTAINER["image"].endswith(f":{__version__}")


def test_nginx_is_believed_alone_and_finds_every_shop() -> None:
    (network,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    front = ip_network(network["subnet"])
    proxy = COMPOSE["services"]["nginx"]["networks"]["front"]["ipv4_address"]
    addresses = [shop["networks"]["front"]["ipv4_address"] for shop in SHOPS.values()]
    assert len({proxy, *addresses}) == 1 + len(SHOPS)
    assert all(ip_address(address) in front for address in (proxy, *addresses))
    assert {shop["environment"]["FORWARDED_ALLOW_IPS"] for shop in SHOPS.values()} == {proxy}
    assert set(re.findall(r"server (shop-\d):8080 ", NGINX)) == SHOPS.keys()
    assert COMPOSE["services"]["nginx"]["ports"] == ["8080:8080"]
    assert "listen 8080;" in NGINX
    published = [name for name, service in COMPOSE["services"].items() if "ports" in service]
    assert published == ["nginx"]
    (idle,) = re.findall(r"keepalive_timeout (\S+);", NGINX)
    assert seconds(idle) < Config("", log_config=None).timeout_keep_alive


def test_pages_have_their_time_to_finish_when_a_shop_is_stopped() -> None:
    grace = read(in_kubernetes()).shutdown_grace
    pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert grace > Settings().deadlines.page
    assert POD["terminationGracePeriodSeconds"] > grace + CLOSING + pause
    for shop in SHOPS.values():
        assert read(shop["environment"]).shutdown_grace == grace
        assert seconds(shop["stop_grace_period"]) > grace + CLOSING


def test_streams_live_longer_behind_a_proxy_than_their_silence() -> None:
    annotations = KUBERNETES["Ingress"]["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    for waiting in (
        seconds(annotations[f"{prefix}proxy-read-timeout"]),
        *(seconds(text) for text in re.findall(r"proxy_read_timeout (\d+s);", NGINX)),
    ):
        assert waiting > 2 * Settings().heartbeat
    assert annotations[f"{prefix}proxy-buffering"] == "off"
    (largest,) = re.findall(r"client_max_body_size (\w+);", NGINX)
    assert annotations[f"{prefix}proxy-body-size"] == largest


def test_a_pod_is_probed_bounded_and_never_the_last_one_to_go() -> None:
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert CONTAINER[probe]["httpGet"] == {"path": "/health", "port": "http"}
        assert CONTAINER[probe]["timeoutSeconds"] > HEALTH_SECONDS
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": Settings().port}]
    assert CONTAINER["resources"]["limits"].keys() == {"cpu", "memory"}
    deployment = KUBERNETES["Deployment"]["spec"]
    assert deployment["replicas"] > KUBERNETES["PodDisruptionBudget"]["spec"]["minAvailable"] > 0
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = deployment["template"]["metadata"]["labels"]
    assert labels in list(selectors())
    assert all(selector == labels for selector in selectors())


def selectors() -> Iterator[Mapping[str, str]]:
    """Yield what each part of the manifest finds the pods by."""
    yield KUBERNETES["Deployment"]["spec"]["selector"]["matchLabels"]
    yield KUBERNETES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    yield KUBERNETES["Service"]["spec"]["selector"]
    (spread,) = POD["topologySpreadConstraints"]
    yield spread["labelSelector"]["matchLabels"]


def test_a_shop_runs_as_the_images_user_and_writes_to_nothing_but_its_data() -> None:
    (user, group) = re.findall(
        r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )[0]
    security = POD["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]
    assert CONTAINER["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    for shop in SHOPS.values():
        assert shop["read_only"]
        assert shop["tmpfs"] == [f"/data:uid={user},mode=0700"]


def test_migrations_only_add_so_that_a_release_runs_beside_the_one_before_it() -> None:
    adds = re.compile(
        r"CREATE (?:TABLE|INDEX) |ALTER TABLE \w+ ADD COLUMN (?!.*NOT NULL(?!.*DEFAULT))"
    )
    statements = [
        " ".join(statement.split())
        for path in (ROOT / "migrations").glob("*.sql")
        if path.name not in BEFORE_ANY_RELEASE
        for statement in re.sub(r"--.*", "", path.read_text()).split(";")
        if statement.strip()
    ]
    assert len(statements) > 15
    assert [statement for statement in statements if not adds.match(statement)] == []
