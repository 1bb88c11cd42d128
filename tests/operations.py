"""Which promised operations no test called with success and with an error, by each client.

  python3 tests/operations.py [SERVICE...]

Promised is what src/services/*/*.ops names; called is what the last conformance run recorded (tests/conformance/
record.py), by each of CLIENTS. Named, but not missed: an operation that the installed client does not know, and the
AWS SDK for JavaScript where it cannot be had (no registry, an old Node).
"""
import json
import os
import pathlib
import sys

import javascript

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDS = ROOT / "build" / os.environ.get("UNKAI_PRESET", "release") / "reports" / "operations"
CLIENTS = {"boto3": "boto3", "cli": "AWS CLI", "js": "AWS SDK for JavaScript"}
UNKNOWN_TO = "unknown to "


def promised():
    """{service: [operation]}, in the order of the .ops files; a line is `Operation [async]`."""
    services = {}
    for path in sorted((ROOT / "src" / "services").glob("*/*.ops")):
        lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
        services[path.stem] = [words[0] for words in lines if words]
    return services


def called():
    """{client: {service: {operation: [succeeded, failed]}}} and what a client does not know."""
    result, unknown = {client: {} for client in CLIENTS}, set()
    for path in sorted(RECORDS.glob("*.json")):
        for client, services in json.loads(path.read_text()).items():
            for service, operations in services.items():
                for operation, (succeeded, errors) in operations.items():
                    if client.startswith(UNKNOWN_TO):
                        unknown.add((service, operation, client.removeprefix(UNKNOWN_TO)))
                        continue
                    ended = result[client].setdefault(service, {}).setdefault(operation, [False, False])
                    ended[0] |= succeeded
                    ended[1] |= bool(errors)
    return result, unknown


def missing(services, clients, unknown, without):
    """Sentences, one a gap."""
    for service, operations in services.items():
        for client in CLIENTS.keys() - without:
            for operation in operations:
                if (service, operation, client) in unknown:
                    continue
                succeeded, failed = clients[client].get(service, {}).get(operation, (False, False))
                gaps = [what for what, has in (("a success", succeeded), ("an error", failed)) if not has]
                if gaps:
                    yield f"{service}:{operation}: {CLIENTS[client]} never got {' nor '.join(gaps)}"


def main():
    services = promised()
    if sys.argv[1:]:
        services = {name: services[name] for name in sys.argv[1:] if name in services} or sys.exit(
            f"No service of src/services is called {' or '.join(sys.argv[1:])}.")
    clients, unknown = called()
    no_javascript = javascript.missing()
    gaps = sorted(missing(services, clients, unknown, {"js"} if no_javascript else set()))
    for gap in gaps:
        print(gap)
    if no_javascript:
        print(f"note: nothing was called by the {CLIENTS['js']}. {no_javascript}")
    for service, operation, client in sorted(unknown):
        if service in services:
            print(f"note: {service}:{operation} is newer than this machine's {CLIENTS[client]}")
    total = sum(map(len, services.values()))
    print(f"{total} operations of {len(services)} services promised, {len(gaps)} gaps")
    sys.exit(1 if gaps else 0)


if __name__ == "__main__":
    main()
