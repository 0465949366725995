"""Ceph's S3 server (RADOS Gateway) on loopback, its objects in memory, run without root.

One monitor, one object store daemon and one gateway, from unpacked Debian packages. The initial OSD
map comes from a file, so that neither Ceph's Python tools nor a manager is needed. Settings that
are not plain:

- `ms_mon_client_mode` and `auth_client_required` for the gateway: else it asks for a key for ever;
- `tcp_nodelay`: else every GET takes 44 ms;
- `objecter_tick_interval`: else the gateway looks for the daemon only every 5 s;
- the sizes, groups and CRUSH rule: one daemon stands for a cluster.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from services.debian import unpacked
from services.missing import MissingServiceError

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")
_PROGRAMS = ("radosgw", "ceph-mon", "ceph-osd", "monmaptool", "osdmaptool", "radosgw-admin")
_TRIES = 3
_SECONDS = 60
_LOG_LINES = 30

_CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]
public_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_tick_interval = 1
plugin_dir = {libraries}/ceph
erasure_code_dir = {libraries}/ceph/erasure-code
osd_class_dir = {libraries}/rados-classes
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/log/$name.log
mon_cluster_log_file = {folder}/log/cluster.log
crash_dir = {folder}/crash
[mon]
mon_data = {folder}/mon
mon_data_avail_crit = 1
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
[client.rgw]
ms_mon_client_mode = crc
auth_client_required = none
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_data = {folder}/rgw
objecter_tick_interval = 0.2
"""


class S3Server(NamedTuple):
    """Where an S3 server listens, and who may use it."""

    endpoint: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the AWS CLI, boto3 and trailscan use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        """S3 as other programs speak to it."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )


class Ceph:
    """A running S3 server; `stop` ends it. Several can run at once.

    Args:
        folder: an empty one for its data, configuration and logs.

    Raises:
        MissingServiceError: the packages cannot be had, or it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self._root = unpacked("ceph", PACKAGES, _starts)
        self._processes: list[subprocess.Popen[bytes]] = []
        for attempt in range(1, _TRIES + 1):
            try:
                self.server = self._start(folder / str(attempt))
            except MissingServiceError:  # a port that was free may be another's by now
                self.stop()
                if attempt == _TRIES:
                    raise
            else:
                return

    def stop(self) -> None:
        """End its processes; what they hold is in memory, so nothing is worth a farewell."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        self._processes.clear()

    def _start(self, folder: Path) -> S3Server:
        """Make a cluster and run it."""
        for name in ("mon", "osd", "rgw", "log", "crash"):
            (folder / name).mkdir(parents=True)
        mon_v1, mon_v2, port = _free_ports(3)
        fsid, configuration = str(uuid.uuid4()), folder / "ceph.conf"
        libraries = _library_folders(self._root)[0]
        text = _CONFIGURATION.format(
            folder=folder, fsid=fsid, mon_v1=mon_v1, mon_v2=mon_v2, port=port, libraries=libraries
        )
        configuration.write_text(text)
        addresses = f"[v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]"
        monmap, osdmap = folder / "monmap", folder / "osdmap"
        conf = ("-c", configuration)
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", addresses, monmap)
        self._run("osdmaptool", *conf, "--createsimple", 1, osdmap)
        made = ("--mkfs", "--monmap", monmap, "--osdmap", osdmap)
        self._run("ceph-mon", *conf, "-i", "a", *made)
        self._spawn(folder, "ceph-mon", *conf, "-i", "a", "-f")
        self._run("ceph-osd", *conf, "-i", 0, "--mkfs", "--osd-uuid", uuid.uuid4())
        self._spawn(folder, "ceph-osd", *conf, "-i", 0, "-f")
        self._spawn(folder, "radosgw", *conf, "-n", "client.rgw", "-f")
        server = S3Server(f"http://127.0.0.1:{port}", "AKTEST", uuid.uuid4().hex)
        self._wait(server.endpoint, folder / "log")
        user = ("--uid=test", "--display-name=test", f"--access-key={server.access_key}")
        self._run("radosgw-admin", *conf, "user", "create", *user, f"--secret={server.secret_key}")
        return server

    def _run(self, program: str, *words: object) -> None:
        """Run one of its programs to its end."""
        try:
            done = subprocess.run(
                [self._root / "usr/bin" / program, *map(str, words)],
                env=_environment(self._root),
                capture_output=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise MissingServiceError(f"{program} did not end in {_SECONDS} s") from None
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise MissingServiceError(f"{program} failed: {_last_lines(said)}")

    def _spawn(self, folder: Path, program: str, *words: object) -> None:
        """Run one of its programs until `stop`, or until these tests end in whatever way."""
        with (folder / "log" / f"{program}.out").open("wb") as out:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self._root / "usr/bin" / program]
                + [str(word) for word in words],
                env=_environment(self._root),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self._processes.append(process)

    def _wait(self, endpoint: str, logs: Path) -> None:
        """Wait until the gateway answers.

        Raises:
            MissingServiceError: it does not, with what the programs wrote.
        """
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end and all(one.poll() is None for one in self._processes):
            try:
                with urllib.request.urlopen(endpoint, timeout=5):  # noqa: S310  # our own, on loopback
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        written = "\n".join(
            f"{path.name}: {_last_lines(path.read_text(errors='replace'))}"
            for path in sorted(logs.iterdir())
        )
        raise MissingServiceError(f"Ceph does not answer at {endpoint}:\n{written}")


def _starts(root: Path) -> bool:
    """Whether the programs in a folder find their libraries."""
    return all(_runs(root, name) for name in _PROGRAMS)


def _runs(root: Path, name: str) -> bool:
    """Whether a program gets as far as saying its version."""
    words = [root / "usr/bin" / name, "--version"]
    try:
        environment = _environment(root)
        done = subprocess.run(
            words, env=environment, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired, MissingServiceError):
        return False
    return done.returncode == 0


def _environment(root: Path) -> dict[str, str]:
    """Where the programs find their libraries."""
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, _library_folders(root)))}


def _library_folders(root: Path) -> list[Path]:
    """The folders of unpacked libraries, that of the machine's architecture first."""
    found = sorted(root.glob("usr/lib/*-linux-gnu*"))
    if not found:
        raise MissingServiceError(f"{root} holds no libraries")
    return [found[0], found[0] / "ceph", root / "lib" / found[0].name]


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-_LOG_LINES:])
