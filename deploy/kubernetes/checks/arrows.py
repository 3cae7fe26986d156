"""Who may speak to whom, by the network policies, and who should."""

from itertools import product

from policies import of_kind, pod_labels, selects

SERVICES = {"identity": 50051, "telecom": 50052, "company": 50053, "billing": 50054}
INGRESS_CONTROLLER = {"namespace": "ingress"}
PROMETHEUS = {"namespace": "monitoring"}
OPERATOR_OF_DATABASES = {"namespace": "cnpg-system"}
STRANGER = {"namespace": "elsewhere"}


def service(part):
    return {"app.kubernetes.io/name": part, "app.kubernetes.io/component": "service"}


def clusters(part):
    """The database's, and the one that a restore puts in its place."""
    return [f"{part}-db", f"{part}-db-restored"]


def database(cluster):
    return {"cnpg.io/cluster": cluster, "cnpg.io/podRole": "instance"}


def poolers(part, cluster):
    """Before the primary, and before the replicas."""
    return [
        {
            "cnpg.io/cluster": cluster,
            "cnpg.io/poolerName": pooler,
            "cnpg.io/podRole": "pooler",
        }
        for pooler in (f"{part}-db-pooler", f"{part}-db-pooler-ro")
    ]


def migration(part):
    return {"app.kubernetes.io/name": part, "app.kubernetes.io/component": "migration"}


NATS = {"app.kubernetes.io/name": "nats", "app.kubernetes.io/component": "bus"}
GATEWAY = {"app.kubernetes.io/name": "gateway", "app.kubernetes.io/component": "gateway"}
NOBODY = {"app.kubernetes.io/name": "something-else"}


def wanted():
    """(who, whom, port) of every arrow that there is."""
    arrows = [(INGRESS_CONTROLLER, GATEWAY, 8080), (PROMETHEUS, GATEWAY, 9080)]
    for part, port in SERVICES.items():
        arrows.append((GATEWAY, service(part), port))
        arrows += [(service(other), service(part), port) for other in SERVICES]
        arrows.append((PROMETHEUS, service(part), port - 41000))
        for cluster in clusters(part):
            for pooler in poolers(part, cluster):
                arrows += [(service(part), pooler, 5432), (pooler, database(cluster), 5432)]
            arrows.append((migration(part), database(cluster), 5432))
            arrows.append((OPERATOR_OF_DATABASES, database(cluster), 8000))
        arrows.append((service(part), NATS, 4222))
    return arrows


def unwanted():
    """What would be bad; everything else that is not wanted is denied by the same rule."""
    everybody = [GATEWAY, NOBODY, INGRESS_CONTROLLER, STRANGER]
    everybody += [role(part) for part in SERVICES for role in (service, migration)]
    doors = [(GATEWAY, 8080), (GATEWAY, 9080), (NATS, 4222), (NATS, 6222)]
    for part, port in SERVICES.items():
        doors += [(service(part), port), (service(part), port - 41000)]
        for cluster in clusters(part):
            doors += [(door, 5432) for door in (*poolers(part, cluster), database(cluster))]
    allowed = [(who, whom, port) for who, whom, port in wanted()]
    for who, (whom, port) in product(everybody, doors):
        if (who, whom, port) not in allowed and who != whom:
            yield who, whom, port


def broken(resources):
    """Arrows that are missing, and such as should not be."""
    policies = of_kind(resources, "NetworkPolicy")
    ports = named_ports(resources)
    for who, whom, port in wanted():
        if not may_speak(policies, ports, who, whom, port):
            yield f"cut off: {describe(who)} → {describe(whom)}:{port}"
    for who, whom, port in unwanted():
        if may_speak(policies, ports, who, whom, port):
            yield f"open: {describe(who)} → {describe(whom)}:{port}"


def describe(peer):
    return "/".join(peer.values())


def named_ports(resources):
    found = {}
    for workload in of_kind(resources, "Deployment", "StatefulSet"):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            for port in container.get("ports", []):
                part = pod_labels(workload)["app.kubernetes.io/name"]
                found[part, port["name"]] = port["containerPort"]
    return found


def may_speak(policies, ports, who, whom, port):
    inside = "namespace" not in who
    leaves = not inside or passes(policies, ports, "Egress", "egress", "to", who, whom, whom, port)
    return leaves and passes(policies, ports, "Ingress", "ingress", "from", whom, who, whom, port)


def passes(policies, ports, direction, rules, side, subject, peer, target, port):
    concerned = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], subject)
    ]
    if not concerned:
        return True
    return any(
        matches_peer(rule.get(side), peer) and matches_port(rule.get("ports"), ports, target, port)
        for spec in concerned
        for rule in spec.get(rules, [])
    )


def matches_peer(terms, peer):
    if terms is None:
        return True
    for term in terms:
        if "ipBlock" in term:
            continue
        if "namespaceSelector" in term:
            where = {"kubernetes.io/metadata.name": peer.get("namespace", "linha")}
            if not selects(term["namespaceSelector"], where):
                continue
            if "podSelector" in term and not selects(term["podSelector"], peer):
                continue
            return True
        if "namespace" not in peer and selects(term["podSelector"], peer):
            return True
    return False


def matches_port(terms, ports, target, port):
    if terms is None:
        return True
    for term in terms:
        first = term["port"]
        if isinstance(first, str):
            first = ports.get((target.get("app.kubernetes.io/name"), first))
        if first is not None and first <= port <= term.get("endPort", first):
            return True
    return False
