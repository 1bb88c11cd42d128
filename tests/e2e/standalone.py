"""The SaaS example without Unkai, on loopback: shows that the application itself is good.

A MariaDB writer, a reader that lags two seconds behind it, two processes of the API and the built page behind
Vite's preview server. What fails here is the application's fault, not the stack's.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "saas"
READER_DELAY_SECONDS = 2


WRITER, READER = "127.0.0.2", "127.0.0.3"  # One port, an address each, as RDS gives them.


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def wait_for(what: str, check, seconds: float = 30):
    """Asks `check` until it answers something true; the answer. Its last error is in the failure's text."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if answer := check():
                return answer
        except Exception as error:  # Whatever it is, it may pass; the deadline decides.
            last = error
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s (last error: {last})")


def prepare_example():
    """Installs the example's packages and builds its page, where that was not done yet."""
    npm = ["npm", "--no-audit", "--no-fund"]
    for name in ("api", "web"):
        if not (EXAMPLE / name / "node_modules").is_dir():
            subprocess.run([*npm, "ci"], cwd=EXAMPLE / name, check=True, stdout=subprocess.DEVNULL)
    if not (EXAMPLE / "web" / "dist" / "index.html").is_file():
        subprocess.run([*npm, "run", "build"], cwd=EXAMPLE / "web", check=True, stdout=subprocess.DEVNULL)


class Mariadb:
    def __init__(self, folder: pathlib.Path, address: str, port: int, server_id: int, *options: str):
        self.folder = folder
        data = folder / "data"
        run_as = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", *run_as, f"--datadir={data}",
             "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, stdout=subprocess.DEVNULL,
        )
        self.process = subprocess.Popen(
            [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", *run_as, f"--datadir={data}",
             f"--bind-address={address}", f"--port={port}", f"--socket={folder}/socket",
             f"--server-id={server_id}", "--log-bin=binlog", "--gtid-strict-mode=1",
             "--innodb-buffer-pool-size=32M", "--skip-name-resolve", *options],
            stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT,
        )
        wait_for("mariadbd", lambda: self.query("SELECT 1"))

    def query(self, sql: str):
        with contextlib.closing(
            pymysql.connect(unix_socket=f"{self.folder}/socket", user="root", autocommit=True)
        ) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Standalone:
    """Start with `with Standalone() as stack`; `stack.site` is the page's address."""

    def __init__(self):
        self.cleanup = contextlib.ExitStack()
        self.tasks: list[subprocess.Popen] = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.cleanup.close()
            raise
        return self

    def __exit__(self, *_):
        self.cleanup.close()

    def _start(self):
        prepare_example()
        folder = pathlib.Path(self.cleanup.enter_context(tempfile.TemporaryDirectory(prefix="unkai-e2e-")))
        for name in ("writer", "reader"):
            (folder / name).mkdir()
        self.folder = folder
        self.database_port = free_port()
        self.writer = Mariadb(folder / "writer", WRITER, self.database_port, 1)
        self.cleanup.callback(self.writer.stop)
        self.reader = Mariadb(folder / "reader", READER, self.database_port, 2, "--read-only=1")
        self.cleanup.callback(self.reader.stop)
        self.writer.query("CREATE USER replica@'%' IDENTIFIED BY 'replica'")
        self.writer.query("GRANT REPLICATION SLAVE ON *.* TO replica@'%'")
        self.reader.query(
            f"CHANGE MASTER TO MASTER_HOST='{WRITER}', MASTER_USER='replica', MASTER_PASSWORD='replica', "
            f"MASTER_PORT={self.database_port}, MASTER_USE_GTID=slave_pos, MASTER_DELAY={READER_DELAY_SECONDS}")
        self.reader.query("START SLAVE")
        self.writer.query("CREATE DATABASE saas")
        self.writer.query("CREATE USER app@'%' IDENTIFIED BY 'app'")
        self.writer.query("GRANT ALL ON saas.* TO app@'%'")
        self.ports = [free_port(), free_port()]
        for port in self.ports:
            self.start_task(port)
        for port in self.ports:
            wait_for("the API", lambda port=port: self._healthy(port))
        wait_for("the reader", lambda: self.reader.query("SELECT COUNT(*) FROM saas.orders")[0][0] > 0)
        self._start_page()

    def names_for_browsers(self) -> dict[str, str]:
        return {}

    def start_task(self, port: int):
        environment = {
            "PATH": os.environ["PATH"], "PORT": str(port), "DB_WRITER_HOST": WRITER,
            "DB_READER_HOST": READER, "DB_PORT": str(self.database_port), "DB_USER": "app",
            "DB_PASSWORD": "app", "DB_NAME": "saas", "APP_VERSION": "standalone",
        }
        log = (self.folder / f"task-{port}.log").open("w")
        task = subprocess.Popen(["node", "src/server.js"], cwd=EXAMPLE / "api", env=environment, stdout=log,
                                stderr=subprocess.STDOUT)
        self.tasks.append(task)
        self.cleanup.callback(stop_process, task)

    def _healthy(self, port: int) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
            return answer.status == 200

    def _start_page(self):
        port = free_port()
        page = subprocess.Popen(
            ["node_modules/.bin/vite", "preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort"],
            cwd=EXAMPLE / "web", stdout=subprocess.DEVNULL,
            env={**os.environ, "API": f"http://127.0.0.1:{self.ports[0]}"},
        )
        self.cleanup.callback(stop_process, page)
        self.site = f"http://127.0.0.1:{port}"
        self.api = f"http://127.0.0.1:{self.ports[1]}"

        def answers():
            return urllib.request.urlopen(self.site, timeout=2).status == 200
        wait_for("the page", answers)


def stop_process(process: subprocess.Popen):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
