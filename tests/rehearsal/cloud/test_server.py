from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from rehearsal.cloud.local import Local


@pytest.fixture
def connection(cloud: Local) -> Iterator[HTTPConnection]:
    opened = HTTPConnection("127.0.0.1", int(cloud.url.rsplit(":", 1)[1]), timeout=60)
    yield opened
    opened.close()


def test_a_connection_serves_many_requests(connection: HTTPConnection) -> None:
    ports = set()
    for _ in range(3):
        connection.request("GET", "/rehearsal/health")
        answer = connection.getresponse()
        assert json.loads(answer.read()) == {"ok": True}
        ports.add(connection.sock.getsockname()[1])
    assert len(ports) == 1


def test_the_server_listens_on_loopback_alone(cloud: Local) -> None:
    assert cloud.url.startswith("http://127.0.0.1:")


def test_a_request_that_is_no_http_is_answered_with_400(cloud: Local) -> None:
    with socket.create_connection(("127.0.0.1", int(cloud.url.rsplit(":", 1)[1]))) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_body_may_come_in_chunks(connection: HTTPConnection) -> None:
    body = iter([b'{"name": ', b'"chunked"}'])
    connection.request("POST", "/rehearsal/images", body=body, encode_chunked=True)
    assert connection.getresponse().status == 200


def test_objects_are_stored_with_keys_and_metadata_as_given(cloud: Local) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": cloud.region})
    s3.put_object(Bucket="logs", Key="a b/ü", Body=b"x" * 2_000_000, Metadata={"some_key": "v"})
    found = s3.get_object(Bucket="logs", Key="a b/ü")
    assert (len(found["Body"].read()), found["Metadata"]) == (2_000_000, {"some_key": "v"})
    assert s3.head_object(Bucket="logs", Key="a b/ü")["ContentLength"] == 2_000_000


def test_an_operation_that_nobody_emulates_is_an_error_that_is_not_retried(cloud: Local) -> None:
    from botocore.exceptions import ClientError

    ec2 = cloud.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.get_console_screenshot(InstanceId="i-1")
    assert refused.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rehearsal.cloud", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def test_a_port_in_use_is_one_line_and_exit_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 1
    assert str(port) in err


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--speed", "-1"), ("--speed", "nan")])
def test_impossible_arguments_are_one_line_and_exit_2(arguments: tuple[str, str]) -> None:
    process = start(*arguments)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert arguments[0] in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_quietly(number: signal.Signals) -> None:
    process = start()
    assert process.stdout
    assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
