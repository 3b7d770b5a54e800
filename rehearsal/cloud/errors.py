"""Errors in the wire format of each AWS protocol, for what is refused before a service could answer."""

from __future__ import annotations

import json
from uuid import uuid4
from xml.sax.saxutils import escape

from rehearsal.cloud.server import Answer, Environ

#: Services that name the operation in the path and an error's code in a header.
REST_JSON = {"eks", "imagebuilder", "lambda", "scheduler"}


def answer(environ: Environ, service: str, code: str, message: str, status: int = 400) -> Answer:
    """An error that boto3 raises as ClientError; 400, because SDKs retry what is 500 or above."""
    request_id = str(uuid4())
    if environ.get("HTTP_X_AMZ_TARGET"):
        body = json.dumps({"__type": code, "message": message})
        return (
            status,
            [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", request_id)],
            body.encode(),
        )
    if service in REST_JSON:
        body = json.dumps({"message": message})
        headers = [("content-type", "application/json"), ("x-amzn-errortype", code)]
        return status, [*headers, ("x-amzn-requestid", request_id)], body.encode()
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "ec2":
        body = (
            f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    elif service == "s3":
        body = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return status, [("content-type", "text/xml"), ("x-amzn-requestid", request_id)], body.encode()
