"""How Ray has to be set so that it notices a silent node in seconds. Ray reads these from the environment: the ones of
nodes are read by `ray start`, so that we can only say them; ours are set before Ray is imported.

The figures were measured with Ray 2.60, which by default had not run a frozen node's tasks again after 400 seconds.
"""

from __future__ import annotations

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

DRIVER: Mapping[str, str] = {
    **{name: value for name, value in NODES.items() if name != "RAY_AUTH_MODE"},
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # what Ray would print of lost nodes, between the lines of the night
}
"""For the process that runs the night. Whether a token is needed Ray finds out by itself: it looks for one."""


def settle(environ: MutableMapping[str, str]) -> None:
    """What a person has set already stays."""
    for name, value in DRIVER.items():
        environ.setdefault(name, value)
