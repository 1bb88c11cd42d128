"""AWS CLI v2 in one long-lived process: a line of JSON in is a command line, a line out what the CLI made of it.

Run by the Python that Debian's package `awscli` belongs to. `aws` itself spends a second in its imports at each
call; this is the same code after its imports, and each command line has a fork of its own, so that none finds what
another left. In: {"arguments": [...], "environment": {...}} or {"operations_of": SERVICE}; out:
{"code", "out", "err"} or {"operations": [...]}.
"""
import contextlib
import gc
import io
import json
import os
import sys

import awscli
import awscli.clidriver
from awscli import botocore
import awscli.botocore.exceptions  # noqa: F401


def run(driver, arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = driver.main(arguments)
        except SystemExit as ended:  # The argument parser's way.
            code = ended.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def load(driver, command, loaded=set()):
    """What a service's commands need is read here, once, for all forks to come."""
    if command in loaded:
        return
    loaded.add(command)
    driver._get_command_table()[command]._get_command_table()
    service = "s3" if command == "s3api" else command
    driver.session.create_client(service, region_name="us-east-1", aws_access_key_id="none",
                                 aws_secret_access_key="none")
    try:
        driver.session.get_paginator_model(service)
    except botocore.exceptions.UnknownServiceError:
        pass  # It has no pages.
    gc.freeze()  # Shared memory stays shared.


def run_in_a_fork(driver, arguments, environment):
    load(driver, next(word for word in arguments if word in driver._get_command_table()))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.environ.update(environment)
        with os.fdopen(writing, "w") as result:
            json.dump(run(driver, arguments), result)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as result:
        text = result.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"code": -1, "out": "", "err": "the command line crashed"}


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
            answer = run_in_a_fork(driver, asked["arguments"], asked["environment"])
        print(json.dumps(answer), file=answers, flush=True)


main()
