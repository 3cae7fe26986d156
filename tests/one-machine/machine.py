"""The parts of Linha as processes, started with what the manifests of the development overlay say."""

import base64
import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import yaml

from surroundings import SERVICES, Balancer, Certificates, Nats, Postgres, free_port, run, until

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("PROGRAMS", ROOT / "target" / "debug"))
OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
READ_ONLY_URL = "LINHA_DATABASE_READ_ONLY_URL"


class Manifests:
    """The development overlay, as it would be applied, and the replicas of the production overlay."""

    def __init__(self):
        self.resources, production = self._render("development"), self._render("production")
        for part in SERVICES:
            workload = self.of("Deployment", part)
            container, there = (found["spec"]["template"]["spec"]["containers"][0]
                                for found in (workload, self._of(production, "Deployment", part)))
            container["env"] += [variable for variable in there["env"] if variable["name"] == READ_ONLY_URL]

    @staticmethod
    def _render(overlay):
        rendered = run("kubectl", "kustomize", str(OVERLAYS / overlay))
        return [resource for resource in yaml.safe_load_all(rendered) if resource]

    @staticmethod
    def _of(resources, kind, name):
        return next(resource for resource in resources
                    if resource["kind"] == kind and resource["metadata"]["name"].startswith(name))

    def of(self, kind, name):
        return self._of(self.resources, kind, name)

    def clusters(self):
        return {part: self.of("Cluster", f"{part}-db") for part in SERVICES}

    def environment(self, workload):
        """The variables of a pod, and its arguments."""
        container = workload["spec"]["template"]["spec"]["containers"][0]
        found = {}
        for source in container.get("envFrom", []):
            found |= self.of("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in container["env"]:
            name = variable["name"]
            if "value" in variable:
                found[name] = variable["value"]
                continue
            secret = variable["valueFrom"]["secretKeyRef"]
            if secret["name"].endswith("-db-app"):
                found[name] = f"password-of-{secret['name'].removesuffix('-db-app')}"
            else:
                found[name] = base64.b64decode(self.of("Secret", secret["name"])["data"][secret["key"]]).decode()
        references = re.compile(r"\$\((\w+)\)")
        found = {name: references.sub(lambda match: found[match[1]], value) for name, value in found.items()}
        return found, container["args"]


class Pod:
    """One replica of a part."""

    def __init__(self, machine, part, number):
        self.machine, self.part = machine, part
        self.port, self.admin_port = free_port(), free_port()
        variables, arguments = machine.manifests.environment(machine.manifests.of("Deployment", part))
        variables |= {"LINHA_LISTEN": f"127.0.0.1:{self.port}", "LINHA_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}"}
        self.variables = machine.here(part, variables)
        self.began = time.monotonic()
        self.log = open(machine.folder / f"{part}-{number}.log", "w", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAMS / f"linha-{part}", *arguments], env=self.variables,
                                        stdout=self.log, stderr=self.log)

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.part} ended; see {self.log.name}")
        asked = subprocess.run([PROGRAMS / f"linha-{self.part}", "health"], env=self.variables, check=False,
                               capture_output=True)
        return asked.returncode == 0

    def join(self):
        until(f"{self.part} is ready", self.is_ready, pause=0.3)
        self.machine.balancers[self.part].endpoints.append(self.port)

    def leave(self, pause=2):
        """As Kubernetes does it: out of the endpoints, a pause, SIGTERM."""
        self.machine.balancers[self.part].endpoints.remove(self.port)
        time.sleep(pause)
        self.process.terminate()
        self.process.wait(timeout=45)
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.part} ended with {self.process.returncode}; see {self.log.name}")

    def usage(self):
        """Peak memory in MiB, and processors used on average."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return peak, seconds / (time.monotonic() - self.began)

    def reads(self):
        """Lists and searches so far: (from the replica, from the primary)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=5) as answer:
            told = answer.read().decode()
        found = dict(re.findall(r'linha_database_reads_total\{[^}]*from="(\w+)"[^}]*\} (\d+)', told))
        return int(found.get("replica", 0)), int(found.get("primary", 0))

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class Machine:
    """All of it. `replicas` of each part."""

    def __init__(self, folder):
        self.folder, self.manifests, self.pods, self.started = folder, Manifests(), [], 0
        self.nats = None
        self.certificates = Certificates(folder / "certificates")
        self.postgres = Postgres(folder / "postgres", self.certificates, self.manifests.clusters())
        self.balancers = {part: Balancer() for part in (*SERVICES, "gateway")}

    def start(self, replicas=2):
        if self.manifests.of("ConfigMap", "linha")["data"].get("LINHA_BUS") == "nats":
            self.nats = Nats(self.folder / "nats", self.certificates)
        # Before the migration: they are to wait for it.
        first = [self.pod(part) for part in (*SERVICES, "gateway") for _ in range(replicas)]
        time.sleep(2)
        if any(pod.is_ready() for pod in first):
            raise RuntimeError("ready before the migration")
        for part in SERVICES:
            self.migrate(part)
        for pod in first:
            pod.join()

    def pod(self, part):
        self.started += 1
        self.pods.append(Pod(self, part, self.started))
        return self.pods[-1]

    def migrate(self, part):
        job = self.manifests.of("Job", f"{part}-migration")
        variables, arguments = self.manifests.environment(job)
        run(PROGRAMS / f"linha-{part}", *arguments, env=self.here(part, variables))

    def replace(self, part):
        """A rolling restart of a part: one more, then one less, for each."""
        for pod in [pod for pod in self.pods if pod.part == part]:
            self.pod(part).join()
            pod.leave()
            self.pods.remove(pod)

    def here(self, part, variables):
        """The same variables with the addresses and paths of this machine."""
        chain, key = self.certificates.of(part)
        moved = dict(variables) | {"LINHA_NO_RATE_LIMITS": "true", "RUST_BACKTRACE": "1"}
        if "LINHA_TLS_KEY" in moved:
            moved |= {"LINHA_TLS_CERTIFICATE": str(chain), "LINHA_TLS_KEY": str(key),
                      "LINHA_TLS_CA": str(self.certificates.ca)}
        if "LINHA_MAIL_FOLDER" in moved:
            moved["LINHA_MAIL_FOLDER"] = str(self.folder / f"mail-{part}")
        if "LINHA_NATS_URL" in moved:
            moved |= {"LINHA_NATS_URL": f"tls://127.0.0.1:{self.nats.port}", "LINHA_NATS_REPLICAS": "1"}
        for service in SERVICES:
            if hasattr(self, "balancers") and f"LINHA_{service.upper()}_URL" in moved:
                moved[f"LINHA_{service.upper()}_URL"] = f"https://127.0.0.1:{self.balancers[service].port}"
        places = {f"{part}-db-pooler:5432": f"127.0.0.1:{self.postgres.pool_port}",
                  f"{part}-db-pooler-ro:5432": f"127.0.0.1:{self.postgres.replica_pool_port}",
                  "/etc/linha/database/ca.crt": str(self.certificates.ca)}
        for variable in {"LINHA_DATABASE_URL", READ_ONLY_URL} & set(moved):
            url = moved[variable]
            for there, here in places.items():
                url = url.replace(there, here)
            # Past the pooler there is no TLS on this machine.
            moved[variable] = re.sub(rf"{part}-db-rw:5432/.*", f"127.0.0.1:{self.postgres.port}/{part}", url)
        return moved

    def stop(self):
        for pod in self.pods:
            pod.process.kill()
        if self.nats:
            self.nats.kill()
        self.postgres.stop()
