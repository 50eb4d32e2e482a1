"""`make bench`: all servers and all cases, in rounds, in one go."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack

from bench.cases import CASES, Case
from bench.environment import describe_environment, make_environment
from bench.load import WRK, measure
from bench.report import HEADINGS, Rates, format_row
from bench.servers import APPS, Server, require_same_answers, run_server


def parse_arguments() -> argparse.Namespace:
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=int, default=1, help="of load on a server in a round")
    parser.add_argument("--rounds", type=int, default=15, help="over which medians are taken")
    parser.add_argument("--connections", type=int, default=64, help="open at the same time")
    parser.add_argument("--case", choices=names, action="append", help="all of them by default")
    return parser.parse_args()


def choose_cores() -> tuple[int, int] | None:
    """A core for the server and another for the load, or None where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


def measure_case(case: Case, servers: list[Server], arguments: argparse.Namespace) -> Rates:
    """One server after the other, round after round, so that a drift of the machine hits all."""
    require_same_answers(servers, case)
    loads = {server.name: server.load(case) for server in servers}
    for load in loads.values():
        measure(load, 1, arguments.connections)
    rates: Rates = {server.name: [] for server in servers}
    for _ in range(arguments.rounds):
        for name, load in loads.items():
            rates[name].append(measure(load, arguments.seconds, arguments.connections))
    return rates


def main() -> None:
    arguments = parse_arguments()
    make_environment()
    cores = choose_cores()
    print(describe_environment())
    print("load:", "wrk" if WRK else "a client in Python (wrk is steadier: apt-get install wrk)")
    if cores is None:
        print("servers and load are not pinned to cores of their own: expect noise")
    else:
        os.sched_setaffinity(0, {cores[1]})
    with ExitStack() as stack:
        servers = [stack.enter_context(run_server(name, cores and cores[0])) for name in APPS]
        print(HEADINGS)
        for case in CASES:
            if not arguments.case or case.name in arguments.case:
                print(format_row(case, measure_case(case, servers, arguments)), flush=True)


if __name__ == "__main__":
    main()
