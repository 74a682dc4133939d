"""How Ray has to be set so that it notices a silent node in seconds. Ray reads these from the environment: the ones of
nodes are read by `ray start`, so that we can only say them; ours are set before Ray is imported.

The figures were measured with Ray 2.60, which by default had not run a frozen node's tasks again after 400 seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

NODES: Mapping[str, str] = {
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "5000",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
}
"""For the head and every node."""

WORKERS: Mapping[str, str] = {"RAY_task_events_report_interval_ms": "0", "RAY_event_stats": "0"}
"""For our processes on nodes: each question would be a line in the head's list of tasks, and such lists are a quarter
of what these processes cost."""

DRIVER: Mapping[str, str] = {
    **WORKERS,
    **{name: value for name, value in NODES.items() if name != "RAY_AUTH_MODE"},
    "RAY_gcs_rpc_server_reconnect_timeout_s": "900",  # a head that is away ends this process after so long
    "RAY_ENABLE_AUTO_CONNECT": "0",  # what is asked without a cluster must not start one
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # what Ray would print of lost nodes, between the lines of the night
}
"""For the process that runs the night. Whether a token is needed Ray finds out by itself: it looks for one."""


def settle(environ: MutableMapping[str, str]) -> None:
    """What a person has set already stays."""
    for name, value in DRIVER.items():
        environ.setdefault(name, value)
    environ["RAY_RAYLET_PID"] = str(os.getpid())  # or it ends a process whose parent has ended when a head is lost
