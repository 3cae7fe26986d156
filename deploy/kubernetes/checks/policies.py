"""What Linha's manifests must keep to, beyond being valid. Each rule yields what breaks it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORKLOADS = ("Deployment", "StatefulSet", "Job")
# Longest that a service takes to end: calls in work, then jobs in work (LINHA_DRAIN_MS each).
DRAIN_SECONDS = 2 * 15
CONNECTIONS_OF_A_REPLICA = 20
# The defaults of Postgres, and of CloudNativePG.
LOG_OF_CHANGES = {"max_wal_size": "1GB", "wal_keep_size": "512MB"}
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Made by operators: the databases' logins and authorities.
OF_OPERATORS = re.compile(r"-db-(app|ca)$")


def name(resource):
    return f"{resource['kind']}/{resource['metadata']['name']}"


def of_kind(resources, *kinds):
    return [resource for resource in resources if resource["kind"] in kinds]


def pod(workload):
    return workload["spec"]["template"]["spec"]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def containers(workload):
    return pod(workload).get("initContainers", []) + pod(workload)["containers"]


def selects(selector, labels):
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for term in selector.get("matchExpressions", []):
        key, values = term["key"], term.get("values", [])
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[term["operator"]]:
            return False
    return True


def images_have_a_version(resources):
    for workload in of_kind(resources, *WORKLOADS):
        for container in containers(workload):
            image = container["image"]
            _, _, tag = image.rpartition("/")[2].partition(":")
            if "@sha256:" not in image and tag in ("", "latest"):
                yield f"{name(workload)}: the image {image} has no version"


def migrations_are_of_their_release(resources):
    """A job that was made cannot be changed, so each release's has a name of its own: a name that
    its pods can have too, whatever the registry and the tag look like."""
    for job in of_kind(resources, "Job"):
        release = job["metadata"]["name"].partition("-migration-")[2]
        if not DNS_LABEL.fullmatch(job["metadata"]["name"]):
            yield f"{name(job)}: its pods cannot have such a name"
        for container in containers(job):
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            if "@sha256:" not in container["image"] and re.sub(r"[._]", "-", tag.lower()) != release:
                yield f"{name(job)}: brings the release {tag}"


def pods_are_restricted(resources):
    for workload in of_kind(resources, *WORKLOADS):
        spec, who = pod(workload), name(workload)
        security = spec.get("securityContext", {})
        if not security.get("runAsNonRoot") or security.get("runAsUser", 0) == 0:
            yield f"{who}: may run as root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{who}: has no seccomp profile"
        if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{who}: shares something of the node"
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield f"{who}: mounts a path of the node"
        for container in containers(workload):
            security = container.get("securityContext", {})
            if security.get("allowPrivilegeEscalation") is not False:
                yield f"{who}: may gain privileges"
            if security.get("readOnlyRootFilesystem") is not True:
                yield f"{who}: may write to its image"
            if security.get("capabilities", {}).get("drop") != ["ALL"]:
                yield f"{who}: keeps capabilities"
            if security.get("capabilities", {}).get("add") or security.get("privileged"):
                yield f"{who}: has more power than it needs"


def accounts_have_no_token(resources):
    accounts = {account["metadata"]["name"]: account for account in of_kind(resources, "ServiceAccount")}
    for account in accounts.values():
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name(account)}: mounts its token"
    for workload in of_kind(resources, *WORKLOADS):
        spec = pod(workload)
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name(workload)}: mounts a token"
        if spec.get("serviceAccountName", "default") not in accounts:
            yield f"{name(workload)}: has no account of its own"


def resources_are_bounded(resources):
    for workload in of_kind(resources, *WORKLOADS):
        for container in containers(workload):
            bounds = container.get("resources", {})
            for kind in ("requests", "limits"):
                for what in ("cpu", "memory"):
                    if what not in bounds.get(kind, {}):
                        yield f"{name(workload)}: {container['name']} has no {kind} of {what}"


def deployments_are_watched_and_end_well(resources):
    for deployment in of_kind(resources, "Deployment", "StatefulSet"):
        who, spec = name(deployment), pod(deployment)
        for container in spec["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield f"{who}: {container['name']} has no {probe}"
    for deployment in of_kind(resources, "Deployment"):
        who, spec = name(deployment), pod(deployment)
        if pod_labels(deployment).get("app.kubernetes.io/component") not in ("service", "gateway"):
            continue
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {})
        if pause.get("seconds", 0) < 3:
            yield f"{who}: ends before others hear that it does"
        farewell = seconds_of_farewell(spec["containers"][0])
        if pod_labels(deployment)["app.kubernetes.io/component"] == "gateway" and farewell < 3:
            yield f"{who}: cuts connections that are kept, without a word"
        grace = spec.get("terminationGracePeriodSeconds", 30)
        if grace < pause.get("seconds", 0) + farewell + DRAIN_SECONDS:
            yield f"{who}: is killed after {grace} s, before it has ended"
        update = deployment["spec"].get("strategy", {}).get("rollingUpdate", {})
        if update.get("maxUnavailable") != 0:
            yield f"{who}: gets fewer while it is updated"
        if not spec.get("topologySpreadConstraints"):
            yield f"{who}: may be on one node"


def seconds_of_farewell(container):
    """How long the gateway tells those who are connected that it is to end."""
    said = {variable["name"]: variable.get("value") for variable in container.get("env", [])}
    return int(said.get("LINHA_LINGER_MS", "0")) / 1000


def deployments_scale_and_survive(resources):
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(resources, "HorizontalPodAutoscaler")}
    budgets = [budget["spec"]["selector"] for budget in of_kind(resources, "PodDisruptionBudget")]
    for deployment in of_kind(resources, "Deployment"):
        if pod_labels(deployment).get("app.kubernetes.io/component") not in ("service", "gateway"):
            continue
        if deployment["metadata"]["name"] not in scaled:
            yield f"{name(deployment)}: does not scale"
        if "replicas" in deployment["spec"]:
            yield f"{name(deployment)}: says how many, against its autoscaler"
        if not any(selects(selector, pod_labels(deployment)) for selector in budgets):
            yield f"{name(deployment)}: has no disruption budget"


def services_lead_somewhere(resources):
    for service in of_kind(resources, "Service"):
        found = [
            workload
            for workload in of_kind(resources, "Deployment", "StatefulSet")
            if selects({"matchLabels": service["spec"]["selector"]}, pod_labels(workload))
        ]
        if len(found) != 1:
            yield f"{name(service)}: leads to {len(found)} workloads"
            continue
        ports = {port["name"] for container in containers(found[0]) for port in container.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port.get("targetPort") not in ports:
                yield f"{name(service)}: the port {port.get('targetPort')} is not there"


def secrets_are_referred_to(resources):
    """No secret stands in a manifest, and each that is referred to comes from somewhere."""
    known = {secret["metadata"]["name"] for secret in of_kind(resources, "Secret")}
    known |= {certificate["spec"]["secretName"] for certificate in of_kind(resources, "Certificate")}
    known |= documented_secrets()
    settings = {config["metadata"]["name"] for config in of_kind(resources, "ConfigMap")}
    for workload in of_kind(resources, *WORKLOADS):
        for container in containers(workload):
            for variable in container.get("env", []):
                if "value" in variable and re.search(r"SECRET|PASSWORD|KEYRING|TOKEN", variable["name"]):
                    yield f"{name(workload)}: {variable['name']} stands in the manifest"
                secret = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
                if secret and secret not in known and not OF_OPERATORS.search(secret):
                    yield f"{name(workload)}: nobody makes the secret {secret}"
            for source in container.get("envFrom", []):
                if source.get("configMapRef", {}).get("name") not in settings:
                    yield f"{name(workload)}: nobody makes the settings {source}"
        for volume in pod(workload).get("volumes", []):
            secret = volume.get("secret", {}).get("secretName")
            if secret and secret not in known and not OF_OPERATORS.search(secret):
                yield f"{name(workload)}: nobody makes the secret {secret}"


def documented_secrets():
    """Those that `make-secrets` makes."""
    script = (Path(__file__).resolve().parents[1] / "make-secrets").read_text(encoding="utf-8")
    return set(re.findall(r"^secret ([a-z-]+)", script, re.MULTILINE))


def settings_exist(resources):
    """Every LINHA_ variable is one that the program reads."""
    settings = {config["metadata"]["name"]: config.get("data", {}) for config in of_kind(resources, "ConfigMap")}
    for workload in of_kind(resources, *WORKLOADS):
        for container in containers(workload):
            part = pod_labels(workload)["app.kubernetes.io/name"]
            if container["name"] != "linha":
                continue
            said = {variable["name"] for variable in container.get("env", [])}
            for source in container.get("envFrom", []):
                said |= set(settings.get(source["configMapRef"]["name"], {}))
            for variable in sorted(said):
                if variable.startswith("LINHA_") and variable not in variables(part):
                    yield f"{name(workload)}: nobody reads {variable}"


def variables(part):
    # Settings of all parts stand in one ConfigMap, so what some part reads is known to be one.
    folders = [ROOT / "services" / "chassis", ROOT / "gateway" if part == "gateway" else ROOT / "services" / part]
    found = set()
    for folder in folders:
        for source in (folder / "src").rglob("*.rs"):
            found |= set(re.findall(r'"(LINHA_[A-Z0-9_]+)"', source.read_text(encoding="utf-8")))
    return found


def databases_have_room(resources):
    """However many replicas there are, none waits for a connection for ever."""
    scalers = {scaler["metadata"]["name"]: scaler["spec"] for scaler in of_kind(resources, "HorizontalPodAutoscaler")}
    for cluster in of_kind(resources, "Cluster"):
        database = cluster["metadata"]["name"]
        service = database.removesuffix("-db")
        # One more than the most, while a new version comes.
        wanted = (scalers[service]["maxReplicas"] + 1) * CONNECTIONS_OF_A_REPLICA
        most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        for pooler in of_kind(resources, "Pooler"):
            if pooler["spec"]["cluster"]["name"] != database:
                continue
            pgbouncer = pooler["spec"]["pgbouncer"]
            pool = int(pgbouncer["parameters"]["default_pool_size"])
            if wanted > pool:
                yield f"{name(pooler)}: {wanted} connections wanted, {pool} in the pool"
            # Those before the primary and those before the replicas lead to different instances.
            if pool * 2 > most:
                yield f"{name(pooler)}: two full pools of {pool} do not fit into {most} connections"
            if pgbouncer["poolMode"] != "session":
                yield f"{name(pooler)}: LISTEN and the position of a replica need sessions"


def logs_of_changes_have_room(resources):
    """A full volume of the log stops the database; what it keeps is bounded by these two."""
    for cluster in of_kind(resources, "Cluster"):
        parameters = cluster["spec"]["postgresql"]["parameters"]
        kept = [parameters.get(key, default) for key, default in LOG_OF_CHANGES.items()]
        most = cluster["spec"]["walStorage"]["size"]
        if sum(mebibytes(size) for size in kept) >= mebibytes(most):
            yield f"{name(cluster)}: keeps a log of {' and '.join(kept)} in {most}"


def mebibytes(size):
    """Of Postgres (MB, GB) and of Kubernetes (Mi, Gi), which mean the same."""
    number, unit = re.fullmatch(r"(\d+)([MG])[Bi]", size).groups()
    return int(number) * {"M": 1, "G": 1024}[unit]


def lists_are_read_from_replicas(resources):
    """Where there are replicas, their service knows them, and only its own."""
    poolers = {
        pooler["metadata"]["name"]: pooler["spec"]
        for pooler in of_kind(resources, "Pooler")
        if pooler["spec"]["type"] == "ro"
    }
    deployments = {deployment["metadata"]["name"]: deployment for deployment in of_kind(resources, "Deployment")}
    for cluster in of_kind(resources, "Cluster"):
        database = cluster["metadata"]["name"]
        service = deployments[database.removesuffix("-db")]
        addresses = [
            re.search(r"@([^:/]+)", variable["value"])[1]
            for container in containers(service)
            for variable in container.get("env", [])
            if variable["name"] == "LINHA_DATABASE_READ_ONLY_URL"
        ]
        led = [poolers.get(address, {}).get("cluster", {}).get("name") for address in addresses]
        wanted = [database] if cluster["spec"]["instances"] > 1 else []
        if led != wanted:
            yield f"{name(service)}: reads from replicas of {led} instead of {wanted}"


def namespaces_are_restricted(resources):
    for namespace in of_kind(resources, "Namespace"):
        labels = namespace["metadata"].get("labels", {})
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name(namespace)}: lets anything run"
    for resource in resources:
        if resource["kind"] != "Namespace" and "namespace" not in resource["metadata"]:
            yield f"{name(resource)}: is in no namespace"


POLICIES = [
    accounts_have_no_token,
    databases_have_room,
    deployments_are_watched_and_end_well,
    deployments_scale_and_survive,
    images_have_a_version,
    lists_are_read_from_replicas,
    logs_of_changes_have_room,
    migrations_are_of_their_release,
    namespaces_are_restricted,
    pods_are_restricted,
    resources_are_bounded,
    secrets_are_referred_to,
    services_lead_somewhere,
    settings_exist,
]
