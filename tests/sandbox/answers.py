"""Answers of the sandbox, checked by a program of others: ajv, against what Microsoft says that they look like.

    check(build_dir, "connector.swagger.json", connector_answers(sandbox))     # raises what does not fit; skips without node

A line is {"type": definition or JSON pointer, "value": object, "where": text}; tests/node/validate.mjs reads them.
"""
import json
import os
import re
import shutil
import subprocess
import unittest

NODE_DIR = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "node")


def node_modules(build_dir):
    """The directory with node_modules, or a reason to skip."""
    if not shutil.which("node"):
        raise unittest.SkipTest("there is no node: the checks by npm packages are left out")
    directory = os.path.join(build_dir, "node")
    if not os.path.isdir(os.path.join(directory, "node_modules")):
        raise unittest.SkipTest("the npm packages of tests/node are not installed: ./dev test does that")
    return directory


def check(build_dir, schema, lines):
    if not lines:
        return
    result = subprocess.run(["node", os.path.join(NODE_DIR, "validate.mjs"), "--modules", node_modules(build_dir), "--schema", schema],
                            check=False, text=True, timeout=120, input="".join(json.dumps(line) + "\n" for line in lines),
                            stdout=subprocess.PIPE)
    if result.returncode:
        raise AssertionError("answers do not fit %s:\n%s" % (schema, result.stdout[-4000:]))


def connector_answers(answered):
    """Of (method, path, Answer): those that were answered as the connector's swagger describes."""
    with open(os.path.join(NODE_DIR, "connector.swagger.json"), encoding="utf-8") as file:
        operations = json.load(file)["paths"]
    # A path without a parameter goes before one with: /Mail/OnNewEmail is no message.
    paths = [(path, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")) for path in sorted(operations, key=lambda p: p.count("{"))]
    lines = []
    for method, target, answer in answered:
        path = next((path for path, pattern in paths if pattern.match(target)), None)
        responses = operations.get(path, {}).get(method.lower(), {}).get("responses", {})
        schema = responses.get(str(answer.status), {}).get("schema")
        if schema and schema.get("format") != "binary":
            pointer = "/paths/%s/%s/responses/%d/schema" % (path.replace("/", "~1").replace("{", "%7B").replace("}", "%7D"),
                                                            method.lower(), answer.status)
            lines.append({"type": pointer, "value": answer.json(), "where": "%s %s" % (method, target[:100])})
    return lines
