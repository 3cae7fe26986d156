"""What the parts of Linha need around them: certificates, Postgres with a replica and a pooler, NATS,
and what a Service of Kubernetes does."""

import asyncio
import glob
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

SERVICES = ("identity", "telecom", "company", "billing")
READY_SECONDS_MAX = 120
# How Postgres calls its processes that serve a service.
SERVING = tuple(f"postgres: {part} {part} " for part in SERVICES)


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

    def hang(self, name, seconds):
        """No service gets an answer there. What is written goes on to come in at the replica, or else the
        primary would wait as well: two servers must have each commit, and there are but two."""
        postmaster = int((self.folder / name / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="utf-8").split()
        titles = {int(pid): Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8") for pid in children}
        hanging = [pid for pid, title in titles.items() if title.startswith(SERVING)]
        for pid in (postmaster, *hanging):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in (*hanging, postmaster):
            os.kill(pid, signal.SIGCONT)
        return len(hanging)

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
