#!/usr/bin/env python3
"""MLflow's own client, driven line by line: what it sees and does is what an MLflow user sees and does.

Usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python mlflow_client.py

Reads {"call": "<method of MlflowClient>", "args": [...]} from standard input, one JSON object a line, and answers each
with {"result": {...}} (the public attributes of what the method returned) or {"error": "<MLflow's error code>"}.
"""
import json
import os
import sys

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_DISABLE_AGENT_HINT", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def shown(result):
    if result is None or isinstance(result, (str, int, float, bool)):
        return result
    if isinstance(result, (list, tuple)):
        return [shown(item) for item in result]
    if isinstance(result, dict):
        return {str(key): shown(value) for key, value in result.items()}
    return {key: str(value) for key, value in dict(result).items()}


def main():
    client = MlflowClient()
    print(json.dumps({"result": "ready"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": shown(getattr(client, request["call"])(*request["args"]))}
        except MlflowException as error:
            answer = {"error": error.error_code}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
