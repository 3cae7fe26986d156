"""Whether NATS would start with its settings, by NATS itself, and end as they say."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from policies import containers, name, of_kind, pod

CERTIFICATES = "/etc/nats/tls"


def program():
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    return os.environ.get("LINHA_NATS_SERVER") or beside or shutil.which("nats-server")


def broken(resources):
    for server in of_kind(resources, "StatefulSet"):
        for settings in settings_of(server, resources):
            yield from (f"{name(server)}: {line}" for line in refused(settings))
            yield from ends_badly(server, settings)


def settings_of(server, resources):
    mounted = {volume["configMap"]["name"] for volume in pod(server)["volumes"] if "configMap" in volume}
    for config in of_kind(resources, "ConfigMap"):
        if config["metadata"]["name"] in mounted:
            yield from config["data"].values()


def refused(settings):
    """What the server says against them; it wants to see the certificates as well."""
    if program() is None:
        return ["nats-server is not here to read its settings"]
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        path = Path(folder, "nats.conf")
        path.write_text(settings.replace(CERTIFICATES, folder), encoding="utf-8")
        done = subprocess.run(
            [program(), "-t", "-c", path],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "POD_NAME": "nats-0"},
        )
    return (done.stderr.strip() or "is refused").splitlines() if done.returncode else []


def make_certificate(folder):
    key, certificate = f"{folder}/tls.key", f"{folder}/tls.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nats"]
        + ["-keyout", key, "-out", certificate],
        capture_output=True,
        check=True,
    )
    shutil.copy(certificate, f"{folder}/ca.crt")


def ends_badly(server, settings):
    """A server that gets no more than SIGTERM drops its clients at once, whatever is set."""
    for container in containers(server):
        told = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        if not any(word.startswith("ldm") for word in told):
            yield f"{name(server)}: does not say that it is to end"
    needed = sum(int(seconds) for seconds in re.findall(r"^lame_duck_\w+: (\d+)s$", settings, re.MULTILINE))
    if pod(server).get("terminationGracePeriodSeconds", 30) <= needed:
        yield f"{name(server)}: is killed before the {needed} s are over that it says it takes"
