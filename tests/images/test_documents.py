"""A component document is what the service takes, or it is refused by file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from images import documents
from images.actions import ACTIONS, MANY, NOT_HERE
from images.problems import DocumentError
from tests.images.written import DOCUMENT, changed, document, folder, refused_document

FULL = """\
name: one
description: All that a step can say
schemaVersion: "1.0"
phases:
  - name: build
    steps:
      - name: fetch
        action: S3Download
        timeoutSeconds: 60
        onFailure: Continue
        maxAttempts: 3
        inputs:
          - source: s3://bucket/application.tar.gz
            destination: /opt/application.tar.gz
            expectedBucketOwner: "123456789012"
      - name: restart
        action: Reboot
  - name: validate
    steps:
      - name: is-there
        action: ExecuteBinary
        timeoutSeconds: -1
        onFailure: Ignore
        inputs:
          path: /usr/bin/test
          arguments: [-e, /opt/application.tar.gz]
"""


def test_the_smallest_document_has_the_services_defaults(tmp_path: Path) -> None:
    step = document(tmp_path).phases[0].steps[0]
    assert (step.timeout_seconds, step.on_failure, step.max_attempts) == (7200, "Abort", 1)


def test_a_document_that_says_everything_is_read_as_written(tmp_path: Path) -> None:
    read = document(tmp_path, FULL)
    fetch, restart = read.phase("build")
    assert (fetch.timeout_seconds, fetch.on_failure, fetch.max_attempts) == (60, "Continue", 3)
    assert fetch.inputs[0]["destination"] == "/opt/application.tar.gz"
    assert (restart.action, restart.inputs) == ("Reboot", None)
    assert read.phase("validate")[0].timeout_seconds == -1
    assert read.phase("test") == ()


def test_what_is_sent_is_the_document_with_its_files_and_without_its_comments(tmp_path: Path) -> None:
    text = changed(FULL, "[-e, /opt/application.tar.gz]", "[!file extra/word] # why")
    images = folder(tmp_path, documents_one=text)
    (images / "extra").mkdir()
    (images / "extra" / "word").write_text("one\ntwo\n")
    data = documents.load(images / "documents" / "one.yaml").data
    assert data.endswith("          arguments:\n            - |\n              one\n              two\n")
    assert "why" not in data


def test_the_script_of_a_step_is_all_its_commands_in_one_file(tmp_path: Path) -> None:
    text = changed(DOCUMENT, "commands: [bash --version]", "commands: [a=1, echo $a]")
    assert document(tmp_path, text).phase("test")[0].script == "a=1\necho $a"
    assert document(tmp_path, FULL).phase("build")[0].script is None


COMMANDS = "commands: [bash --version]"
STEP = "phases[1].steps[0]"


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("schemaVersion: 1.0", "schemaVersion: 1.1", "2: schemaVersion", "'1.1' is not a choice; write 1.0"),
        ("schemaVersion: 1.0\n", "", "1: schemaVersion", "is missing"),
        ("description: Something\n", "", "1: description", "is missing"),
        ("Something", "Something\nname: two", "2: name", "is not the file's name; write one"),
        ("Something", "''", "1: description", "'' is too short"),
        ("Something", "5", "1: description", "5 is not text"),
        ("Something", '"\\ud800"', "1: description", "the character '\\ud800', which is no text"),
        ("Something", "Something\nversion: 1", "2: version", "'version' is not a known key"),
        ("Something", "Something\nparameters: []", "2: parameters", "not supported here"),
        ("Something", "Something\nconstants: []", "2: constants", "not supported here"),
        ("name: build", "name: bild", "4: phases[0].name", "'bild' is not a choice; write build, validate"),
        ("name: test", "name: build", "13: phases[1].name", "'build' stands there twice"),
        ("name: install\n        ", "", "6: phases[0].steps[0].name", "is missing"),
        ("name: install", 'name: ""', "6: phases[0].steps[0].name", "'' is not a name for a step"),
        ("name: install", "name: in stall", "6: phases[0].steps[0].name", "'in stall' is not a name"),
        ("name: install", "name: 1", "6: phases[0].steps[0].name", "1 is not text"),
        ("install\n        action: ExecuteBash", "install", "6: phases[0].steps[0].action", "is missing"),
        ("proves-it", "a\n        loop: {forEach: [b]}", f"16: {STEP}.loop", "write the loop in bash"),
        ("proves-it", "a\n        if: {fileExists: /b}", f"16: {STEP}.if", "write the condition in bash"),
        (
            f"inputs:\n          {COMMANDS}",
            "inputs: {[a]: b}",
            f"17: {STEP}.inputs",
            "a key that is not a word",
        ),
        (COMMANDS, "command: [bash]", f"18: {STEP}.inputs.command", "'command' is not a known key"),
        (COMMANDS, f"{COMMANDS}\n          commands: []", f"19: {STEP}.inputs.commands", "there twice"),
        (COMMANDS, "commands: [bash", "19", "expected"),
        (COMMANDS, "commands: &all [bash]", f"18: {STEP}.inputs.commands", "has the anchor &all"),
        (COMMANDS, "commands: []", f"18: {STEP}.inputs.commands", "is empty"),
        (COMMANDS, "commands: bash", f"18: {STEP}.inputs.commands", "'bash' is not a list"),
    ],
)
def test_what_the_service_would_refuse_is_refused_by_its_line(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    said = refused_document(tmp_path, changed(DOCUMENT, old, new))[-1]
    assert said.startswith(f"images/documents/one.yaml:{place}: "), said
    assert words in said


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ('""', "'' is too short"),
        ('"a\\0b"', "holds the character '\\x00', which is no text"),
        (
            "'{{ build.a.outputs.stdout }}'",
            "'{{ build.a.outputs.stdout }}' is a reference, which AWS replaces",
        ),
        ("!file ../secret", "'../secret' leads out of the folder; write a path within images/"),
        ("!file /etc/passwd", "'/etc/passwd' leads out of the folder"),
        ("!file none.sh", "'none.sh' cannot be read: No such file"),
        ("!fil none.sh", "'!fil' is not a known tag; the only one is !file"),
    ],
)
def test_a_command_is_text_or_a_file_and_no_reference(tmp_path: Path, command: str, words: str) -> None:
    (said,) = refused_document(tmp_path, changed(DOCUMENT, COMMANDS, f"commands: [{command}]"))
    assert said.startswith(f"images/documents/one.yaml:18: {STEP}.inputs.commands[0]: "), said
    assert words in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("timeoutSeconds: 0", "0 is not a time; write seconds, or -1 for no limit"),
        ("timeoutSeconds: -2", "-2 is too low"),
        ("timeoutSeconds: '60'", "'60' is not a whole number"),
        ("onFailure: Retry", "'Retry' is not a choice; write Abort, Continue or Ignore"),
        ("maxAttempts: 0", "0 is too low; the least is 1"),
        ("retries: 3", "'retries' is not a known key"),
    ],
)
def test_what_a_step_says_of_its_failure_is_one_of_the_services_choices(
    tmp_path: Path, line: str, words: str
) -> None:
    (said,) = refused_document(
        tmp_path, changed(DOCUMENT, "- name: proves-it\n", f"- name: proves-it\n        {line}\n")
    )
    assert said.startswith(f"images/documents/one.yaml:16: phases[1].steps[0].{line.partition(':')[0]}: ")
    assert words in said


def action(name: str, inputs: str) -> str:
    """The document with one more step, which begins on line 19."""
    return f"{DOCUMENT}      - name: more\n        action: {name}\n{inputs}"


def test_an_unknown_action_is_told_which_one_is_near(tmp_path: Path) -> None:
    (said,) = refused_document(tmp_path, action("ExecuteBsh", "        inputs: {commands: [a]}\n"))
    assert said == (
        "images/documents/one.yaml:20: phases[1].steps[1].action: "
        "'ExecuteBsh' is not an action; did you mean ExecuteBash?"
    )


@pytest.mark.parametrize("name", NOT_HERE)
def test_an_action_that_is_not_for_these_images_says_why(tmp_path: Path, name: str) -> None:
    (said,) = refused_document(tmp_path, action(name, "        inputs: {commands: [a]}\n"))
    assert said == f"images/documents/one.yaml:20: phases[1].steps[1].action: '{name}' {NOT_HERE[name]}"


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - {"Reboot", "UpdateOS"}))
def test_an_action_without_its_inputs_is_refused_as_the_service_does(tmp_path: Path, name: str) -> None:
    required = [field.alias for field in ACTIONS[name].model_fields.values() if field.is_required()]
    for inputs in ("", "        inputs: []\n", "        inputs: {}\n"):
        (said,) = refused_document(tmp_path, action(name, inputs))
        assert (
            f"phases[1].steps[1].inputs: is empty or missing; {name} requires {', '.join(map(str, required))}"
            in said
        )


@pytest.mark.parametrize("name", sorted(MANY))
def test_every_required_input_is_asked_for_by_name(tmp_path: Path, name: str) -> None:
    said = "\n".join(refused_document(tmp_path, action(name, "        inputs: [{unknown: 1}]\n")))
    for field in ACTIONS[name].model_fields.values():
        assert (f"inputs[0].{field.alias}: is missing" in said) == field.is_required()
    assert "inputs[0].unknown: 'unknown' is not a known key" in said


@pytest.mark.parametrize(
    ("name", "inputs", "words"),
    [
        ("CreateFile", "{path: /a}", "[] is not"),
        ("ExecuteBash", "[{commands: [a]}]", "is not a map of keys"),
        ("CreateFile", "[{path: /a, permissions: rw}]", "'rw'"),
        ("CreateFile", "[{path: /a, permissions: 0644}]", "is not text"),
        ("S3Download", "[{source: https://a/b, destination: /a}]", "'https://a/b'"),
        ("WebDownload", "[{source: s3://a/b, destination: /a}]", "'s3://a/b'"),
        (
            "WebDownload",
            "[{source: https://a, destination: /a, checksum: abc}]",
            "one of checksum and algorithm",
        ),
        ("Reboot", "{delaySeconds: -1}", "-1 is too low"),
    ],
)
def test_inputs_have_the_form_of_their_action(tmp_path: Path, name: str, inputs: str, words: str) -> None:
    said = "\n".join(refused_document(tmp_path, action(name, f"        inputs: {inputs}\n")))
    assert said.startswith("images/documents/one.yaml:21: phases[1].steps[1].inputs")
    assert words in said or (words == "[] is not" and "is not" in said)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (DOCUMENT[: DOCUMENT.index("phases:")] + "phases: []\n", "3: phases"),
        (DOCUMENT[: DOCUMENT.index("    steps:")] + "    steps: []\n", "5: phases[0].steps"),
    ],
)
def test_a_document_does_something(tmp_path: Path, text: str, place: str) -> None:
    assert refused_document(tmp_path, text) == [
        f"images/documents/one.yaml:{place}: is empty; give at least 1"
    ]


def test_what_is_true_or_false_is_no_word(tmp_path: Path) -> None:
    file = "        inputs: [{path: /a, overwrite: true}, {path: /b, overwrite: False}]\n"
    step = document(tmp_path, action("CreateFile", file)).phase("test")[1]
    assert [each["overwrite"] for each in step.inputs] == [True, False]
    (said,) = refused_document(tmp_path, action("CreateFile", file.replace("true", "yes")))
    assert said.endswith("inputs[0].overwrite: 'yes' is not true or false")


def test_every_problem_of_a_document_is_told_at_once(tmp_path: Path) -> None:
    text = DOCUMENT.replace("ExecuteBash", "Bash").replace("1.0", "2.0")
    lines = [said.split(":")[1] for said in refused_document(tmp_path, text)]
    assert lines == ["2", "7", "16"]


@pytest.mark.parametrize(
    ("text", "words"), [("", "is not a map"), ("- a\n", "is not a map"), ("a: [", "expected")]
)
def test_a_file_that_is_no_document_is_refused_too(tmp_path: Path, text: str, words: str) -> None:
    (said,) = refused_document(tmp_path, text)
    assert said.startswith("images/documents/one.yaml:1: ")
    assert words in said


def test_a_file_that_is_no_text_is_refused_too(tmp_path: Path) -> None:
    path = folder(tmp_path) / "documents" / "one.yaml"
    path.write_bytes(b"\xff")
    with pytest.raises(DocumentError, match=r"one\.yaml: cannot be read: it is not UTF-8"):
        documents.load(path)


def shape(name: str) -> dict[str, Any]:
    model: Any = Session().get_service_model("imagebuilder")
    return dict(model.shape_for(name).metadata)


def test_a_document_is_as_long_as_the_service_takes_and_no_longer(tmp_path: Path) -> None:
    assert shape("InlineComponentData")["max"] == documents.MAX_CHARACTERS
    room = documents.MAX_CHARACTERS - len(document(tmp_path).data)
    longest = changed(DOCUMENT, "description: Something", "description: Something" + "é" * min(room, 1000))
    longest = changed(longest, "bash --version", "bash --version" + "é" * (room - 1000))
    assert len(document(tmp_path, longest).data) == documents.MAX_CHARACTERS
    (said,) = refused_document(tmp_path, changed(longest, "bash --version", "bash --version "))
    assert said == (
        "images/documents/one.yaml:1: has 16001 characters with its files, and AWS takes 16000: split it"
    )


@pytest.mark.parametrize("name", ["a", "Upper", "under_score", "a--b", "x" * 41])
def test_a_document_is_named_so_that_the_service_takes_the_name(tmp_path: Path, name: str) -> None:
    images = folder(tmp_path, **{f"documents_{name}": DOCUMENT})
    with pytest.raises(DocumentError, match=f"{name}.yaml:1: name: '{name[:30]}.* is not a name"):
        documents.load(images / "documents" / f"{name}.yaml")
