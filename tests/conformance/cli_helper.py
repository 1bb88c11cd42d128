"""AWS CLI v2 in one long-lived process: a line of JSON in is a command line, a line out what the CLI made of it.

Run by the Python that Debian's package `awscli` belongs to. `aws` itself spends a second in its imports at each
call; this is the same code after its imports. In: {"arguments": [...]} or {"operations_of": SERVICE}; out:
{"code", "out", "err"} or {"operations": [...]}.
"""
import contextlib
import io
import json
import sys

import awscli
import awscli.clidriver


def run(driver, arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = driver.main(arguments)
        except SystemExit as ended:  # The argument parser's way.
            code = ended.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def operations_of(driver, service):
    """What this CLI knows of a service; nothing of one that is younger than it."""
    if service not in driver.session.get_available_services():
        return {"operations": []}
    return {"operations": list(driver.session.get_service_model(service).operation_names)}


def main():
    answers = sys.stdout
    driver = awscli.clidriver.create_clidriver()
    print(json.dumps({"version": awscli.__version__}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "operations_of" in asked:
            answer = operations_of(driver, asked["operations_of"])
        else:
            answer = run(driver, asked["arguments"])
        print(json.dumps(answer), file=answers, flush=True)


main()
