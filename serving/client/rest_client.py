#!/usr/bin/env python3
"""Encode, decode, restore files by TensorFlow Serving's REST API; needs the standard library only.

    python rest_client.py encode photos --output_dir=small --address=http://localhost:8501
    python rest_client.py decode small --output_dir=restored
    python rest_client.py restore old --output_dir=better

EXIF and colour profile are kept; an ordinary JPEG that restoring would do nothing for, or harm, is
copied as it is. A file that fails does not stop the others; exit code 1 if any
failed.
"""

import argparse
import base64
import http.client
import json
import ssl
import sys
import urllib.error
import urllib.request

import files

#: Answers after which it is worth trying again.
RETRIED = {429, 503, 504}


def call(options: argparse.Namespace, content: bytes) -> bytes:
    """One file through the server, once."""
    given, wanted, _ = files.RESULT[options.verb]
    signature, numbers = files.signature(options)
    inputs: dict = {given: [{"b64": base64.b64encode(content).decode()}]}
    inputs.update({name: [number] for name, number in numbers.items()})
    address = options.address if "://" in options.address else f"http://{options.address}"
    request = urllib.request.Request(  # noqa: S310
        f"{address}/v1/models/{options.model}:predict",
        json.dumps({"signature_name": signature, "inputs": inputs}).encode(),
        {"Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=options.ca) if options.ca else None
    try:
        with urllib.request.urlopen(  # noqa: S310
            request, timeout=options.deadline, context=context
        ) as reply:
            outputs = json.load(reply)["outputs"]
    except urllib.error.HTTPError as error:
        message = _told(error)
        if error.code in RETRIED:
            raise files.TryAgainError(message) from error
        raise RuntimeError(message) from error
    except (OSError, http.client.HTTPException) as error:
        raise files.TryAgainError(f"{options.address}: {error}") from error
    # A signature with one output answers with that alone.
    outputs = outputs[wanted] if isinstance(outputs, dict) else outputs
    return base64.b64decode(outputs[0]["b64"])


def _told(error: urllib.error.HTTPError) -> str:
    try:
        # After the first line, TensorFlow Serving says where in the graph the error arose.
        return str(json.load(error)["error"]).split("\n\t [[")[0]
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"


if __name__ == "__main__":
    sys.exit(files.run(files.parser(__doc__, "http://localhost:8501").parse_args(), call))
