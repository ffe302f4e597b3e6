"""A Ray cluster of two nodes on this machine, with one CPU to give each, in a process of its own.

Run as a program, it prints the cluster's address, loses the second node at the first line that it is sent, and ends the
rest when its input ends.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STORE_BYTES = 100 << 20


@dataclass
class Nodes:
    """The cluster, which may still be starting. `environment` holds what a program needs to be let in."""

    process: subprocess.Popen[str]
    environment: dict[str, str]

    def wait_for_address(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def lose_one(self) -> None:
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)


@contextlib.contextmanager
def start_nodes() -> Iterator[Nodes]:
    """Give a cluster that has begun to start. It ends with the block."""
    temporary = Path(tempfile.mkdtemp(prefix="ts-nodes-", dir="/tmp"))  # Ray's sockets need a short path.
    access = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    own = {"RAY_TMPDIR": str(temporary), "RAY_USAGE_STATS_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, **access, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Nodes(process, access)
    finally:
        process.communicate()
        shutil.rmtree(temporary, ignore_errors=True)


def main() -> None:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    node = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(node, allow_graceful=False)
    cluster.shutdown()


if __name__ == "__main__":
    main()
