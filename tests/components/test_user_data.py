from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from components.log_agent import journal_to
from components.user_data import MAX_BYTES, cloud_config, encoded, environment_file, server_config

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n"), max_size=60)
AWKWARD = "a \"b\" $HOME `id` \\n \\\\ 'c' # d\n\te=f\N{LINE SEPARATOR}\N{GRINNING FACE}\ufeff"


def systemd_reads(text: str) -> dict[str, str]:
    """What systemd makes of an environment file of NAME="value" lines (its env-file.c)."""
    found, rest = {}, text
    while rest:
        name, rest = rest.split('="', 1)
        value = ""
        while not rest.startswith('"'):
            if rest[0] == "\\" and rest[1] in '"\\`$':
                rest = rest[1:]
            value, rest = value + rest[0], rest[1:]
        found[name], rest = value, rest[1:].removeprefix("\n")
    return found


def test_it_writes_one_file_for_root_alone_and_nothing_else() -> None:
    assert cloud_config("web", {"LOG_LEVEL": "info"}) == (
        "#cloud-config\n"
        "write_files:\n"
        "- path: /etc/immutable/web.env\n"
        '  permissions: "0600"\n'
        "  owner: root:root\n"
        '  content: "LOG_LEVEL=\\"info\\"\\n"\n'
    )


def test_other_files_of_programs_stand_beside_it_for_root_alone_too() -> None:
    document = yaml.safe_load(cloud_config("web", {"A": "b"}, {"log-agent.json": '{"a": "\\n"}\n'}))
    common = {"permissions": "0600", "owner": "root:root"}
    assert document["write_files"] == [
        {"path": "/etc/immutable/web.env", "content": 'A="b"\n', **common},
        {"path": "/etc/immutable/log-agent.json", "content": '{"a": "\\n"}\n', **common},
    ]


def test_a_servers_log_agent_is_told_its_log_group() -> None:
    files = yaml.safe_load(server_config("web", {"LOG_GROUP": "web-0123456"}))["write_files"]
    assert [each["path"] for each in files] == ["/etc/immutable/web.env", "/etc/immutable/log-agent.json"]
    assert files[1]["content"] == journal_to("web-0123456").to_json()


@given(st.dictionaries(NAMES, VALUES, max_size=4))
@example({"A": AWKWARD})
def test_what_systemd_reads_is_what_was_given(environment: dict[str, str]) -> None:
    written = yaml.safe_load(cloud_config("web", environment))["write_files"]
    assert [set(entry) for entry in written] == [{"path", "permissions", "owner", "content"}]
    assert systemd_reads(written[0]["content"]) == environment


def test_a_shell_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "web.env"
    path.write_text(environment_file({"AWKWARD": AWKWARD}))
    script = f'. "{path}"; printf %s "$AWKWARD"'
    read = subprocess.run(["sh", "-c", script], check=True, capture_output=True, env={"HOME": "/root"})
    assert read.stdout.decode() == AWKWARD


def test_the_order_of_variables_makes_no_difference() -> None:
    assert environment_file({"B": "2", "A": "1"}) == environment_file({"A": "1", "B": "2"})


def test_16_kib_before_base64_is_taken_and_one_byte_more_is_not() -> None:
    room = MAX_BYTES - len(cloud_config("web", {"A": ""}).encode())
    fits = cloud_config("web", {"A": "x" * room})
    assert len(fits.encode()) == 16384
    with pytest.raises(ValueError, match=r"the environment of 'web' makes 16385 bytes .* EC2 takes 16384"):
        cloud_config("web", {"A": "x" * (room + 1)})


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n"])
def test_a_name_that_systemd_would_skip_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for an environment variable"):
        environment_file({name: "x"})


@pytest.mark.parametrize("character", ["\0", "\r", "\x1b", "\x7f", "\x85", "\ud800"])
def test_a_control_character_is_refused_by_the_name_of_its_variable(character: str) -> None:
    with pytest.raises(ValueError, match="the value of TOKEN_PATH holds the control character"):
        environment_file({"TOKEN_PATH": f"a{character}b"})


def test_it_is_encoded_as_a_launch_template_takes_it() -> None:
    assert base64.b64decode(encoded("#cloud-config\n")) == b"#cloud-config\n"
