#!/usr/bin/env python3
"""Generates a service's C++ from its model and its promised operations.

    codegen/generate.py models/sqs.json src/services/sqs/sqs.ops build/dev/gen/api/sqs

writes sqs.h (structs, errors, class Service) and sqs.cc (tables). Needs Python 3.9, nothing else.
What the tables mean: src/base/shape.h and src/base/service_info.h.
"""

import pathlib
import sys

from header import Header
from model import Model
from tables import Tables


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    model_path, ops_path, target = map(pathlib.Path, sys.argv[1:])
    sys.setrecursionlimit(10000)
    model = Model(model_path, ops_path)
    write_if_changed(target.parent / f"{target.name}.h", Header(target.name, model).text())
    write_if_changed(target.parent / f"{target.name}.cc", Tables(target.name, model).text())


if __name__ == "__main__":
    main()
