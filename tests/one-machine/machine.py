"""Postgres with a replica and a pooler, certificates, NATS, and the parts of Linha as processes,
started with what the manifests of the development overlay say."""

import asyncio
import base64
import glob
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("PROGRAMS", ROOT / "target" / "debug"))
OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
SERVICES = ("identity", "telecom", "company", "billing")
READ_ONLY_URL = "LINHA_DATABASE_READ_ONLY_URL"
READY_SECONDS_MAX = 120


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def until(what, condition, seconds=READY_SECONDS_MAX, pause=0.1):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds} s")
        time.sleep(pause)


def accepts(port):
    with socket.socket() as connection:
        connection.settimeout(1)
        return connection.connect_ex(("127.0.0.1", port)) == 0


class Certificates:
    """An authority, and a certificate for each part, as cert-manager makes them."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o755)
        self.ca = folder / "ca.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", folder / "ca.key", "-out", self.ca, "-days", "1", "-subj", "/CN=linha-ca")

    def of(self, part):
        key, request, chain = (self.folder / f"{part}.{kind}" for kind in ("key", "csr", "crt"))
        if not chain.exists():
            self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", key, "-out", request, "-subj", f"/CN={part}")
            names = self.folder / f"{part}.ext"
            names.write_text(f"subjectAltName=DNS:{part},IP:127.0.0.1\n")
            self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                          self.folder / "ca.key", "-CAcreateserial", "-days", "1", "-extfile", names,
                          "-out", chain)
            # The pooler runs as somebody else.
            key.chmod(0o644)
        return chain, key

    def _openssl(self, *arguments):
        run("openssl", *map(str, arguments))


class Postgres:
    """A primary, a synchronous replica, and a pooler by session in front of each."""

    def __init__(self, folder, certificates, clusters):
        self.bin = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self.folder, self.port, self.pool_port = folder, free_port(), free_port()
        self.replica_port, self.replica_pool_port = free_port(), free_port()
        folder.mkdir(mode=0o711)
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(folder, self.user)
        self._as_user(self.bin / "initdb", "-D", folder / "primary", "-A", "trust", "--no-sync", "-U", "postgres")
        # The users of the services log in with passwords, as they do on a cluster.
        hba = "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n" \
              "host all all 127.0.0.1/32 scram-sha-256\n"
        (folder / "primary" / "pg_hba.conf").write_text(hba)
        self.start("primary", self.port)
        self._as_user(self.bin / "pg_basebackup", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres",
                      "-D", folder / "replica", "-R", "--no-sync")
        self.start("replica", self.replica_port)
        self.sql("postgres", "alter system set synchronous_standby_names = 'any 1 (*)'")
        self.sql("postgres", "select pg_reload_conf()")
        for part, cluster in clusters.items():
            initdb = cluster["spec"]["bootstrap"]["initdb"]
            self.sql("postgres", f"create role {part} login password 'password-of-{part}'")
            self.sql("postgres", f"create database {initdb['database']} owner {initdb['owner']}")
            for statement in initdb["postInitApplicationSQL"]:
                self.sql(initdb["database"], statement)
        self.poolers = [self._start_pooler(certificates, "primary", self.port, self.pool_port),
                        self._start_pooler(certificates, "replica", self.replica_port, self.replica_pool_port)]

    def start(self, name, port):
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {self.folder} -c max_connections=400 -c fsync=off"
        self._as_user(self.bin / "pg_ctl", "-D", self.folder / name, "-w", "-l", self.folder / f"{name}.log",
                      "-o", options, "start")

    def restart(self, name, seconds):
        self._as_user(self.bin / "pg_ctl", "-D", self.folder / name, "-m", "fast", "-w", "stop")
        time.sleep(seconds)
        self.start(name, {"primary": self.port, "replica": self.replica_port}[name])

    def fall_behind(self, seconds):
        """The replica takes what is written and goes on to show what it showed."""
        self.sql("postgres", "select pg_wal_replay_pause()", self.replica_port)
        time.sleep(seconds)
        self.sql("postgres", "select pg_wal_replay_resume()", self.replica_port)

    def sql(self, database, statement, port=None):
        return run(self.bin / "psql", "-h", "127.0.0.1", "-p", str(port or self.port), "-U", "postgres",
                   "-v", "ON_ERROR_STOP=1", "-qAt", "-d", database, "-c", statement).strip()

    def stop(self):
        for pooler in self.poolers:
            pooler.terminate()
        for name in ("replica", "primary"):
            self._as_user(self.bin / "pg_ctl", "-D", self.folder / name, "-m", "immediate", "stop")

    def _start_pooler(self, certificates, name, port, pool_port):
        chain, key = certificates.of("pooler")
        users = "".join(f'"{part}" "password-of-{part}"\n' for part in SERVICES)
        (self.folder / "users.txt").write_text(users)
        (self.folder / f"pooler-{name}.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {pool_port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {self.folder}/users.txt\npool_mode = session\nmax_client_conn = 500\n"
            f"default_pool_size = 80\nignore_startup_parameters = extra_float_digits,options\n"
            f"client_tls_sslmode = require\nclient_tls_cert_file = {chain}\nclient_tls_key_file = {key}\n"
            f"server_login_retry = 1\nlogfile = {self.folder}/pooler-{name}.log\n")
        as_user = ["setpriv", f"--reuid={self.user}", "--clear-groups"] if os.getuid() == 0 else []
        pooler = subprocess.Popen([*as_user, shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", "-q",
                                   f"{self.folder}/pooler-{name}.ini"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        until("the pooler listens", lambda: accepts(pool_port))
        return pooler

    def _as_user(self, *command):
        prefix = ["setpriv", f"--reuid={self.user}", "--clear-groups"] if os.getuid() == 0 else []
        # Files rather than pipes: a server keeps them open.
        with open(self.folder / "commands.log", "a", encoding="utf-8") as log:
            subprocess.run([*prefix, *map(str, command)], check=True, stdout=log, stderr=log, cwd="/")


class Nats:
    """A nats-server that wants certificates."""

    def __init__(self, folder, certificates):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        chain, key = certificates.of("nats")
        (folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\njetstream: {{store_dir: "{folder}"}}\n'
            f'tls: {{cert_file: "{chain}", key_file: "{key}", ca_file: "{certificates.ca}", verify: true}}\n')
        self.start()

    def start(self):
        program = os.environ.get("LINHA_NATS_SERVER", "nats-server")
        self.process = subprocess.Popen([program, "-c", self.folder / "nats.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until("NATS listens", lambda: accepts(self.port))

    def kill(self):
        self.process.kill()
        self.process.wait()


class Balancer:
    """What a Service of Kubernetes is: each new connection goes to one of the ready pods."""

    def __init__(self):
        self.port, self.endpoints = free_port(), []
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        until("the balancer listens", lambda: accepts(self.port))

    async def _serve(self):
        server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        await server.serve_forever()

    async def _connect(self, reader, writer):
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", random.choice(self.endpoints))
        except (OSError, IndexError):
            writer.transport.abort()
            return
        await asyncio.gather(self._copy(reader, other_writer), self._copy(other_reader, writer))

    @staticmethod
    async def _copy(source, target):
        try:
            while data := await source.read(1 << 16):
                target.write(data)
                await target.drain()
        except OSError:
            pass
        finally:
            target.close()


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
