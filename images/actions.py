"""The actions of a step and the inputs of each, as AWS's task orchestrator (AWSTOE) takes them on Linux.

Source: EC2 Image Builder User Guide, "Action modules supported by AWSTOE component manager".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from images.problems import PlacedError, found_in, nearest, shown

Text = Annotated[str, Field(min_length=1)]
Permissions = Annotated[str, Field(pattern=r"^0?[0-7]{3,4}$")]
Encoding = Annotated[str, Field(pattern=r"^utf-?(8|16|32)(-?(LE|BE))?$")]


class Inputs(BaseModel):
    """The inputs of one action: AWS's camelCase keys and no others, nothing converted."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, validate_by_name=False
    )


class Commands(Inputs):
    commands: tuple[Text, ...] = Field(min_length=1, strict=False)


class Binary(Inputs):
    path: Text
    arguments: tuple[str, ...] = Field(default=(), strict=False)


class Download(Inputs):
    source: Annotated[str, Field(pattern=r"^s3://[^/]+/.+")]
    destination: Text
    expected_bucket_owner: str | None = None
    overwrite: bool = True


class Upload(Inputs):
    source: Text
    destination: Annotated[str, Field(pattern=r"^s3://[^/]+/.+")]
    recurse: bool = False
    expected_bucket_owner: str | None = None


class WebDownload(Inputs):
    source: Annotated[str, Field(pattern=r"^https?://\S+$")]
    destination: Text
    overwrite: bool = True
    checksum: Text | None = None
    algorithm: Literal["MD5", "SHA1", "SHA256", "SHA512"] | None = None
    ignore_certificate_errors: bool = False

    @model_validator(mode="after")
    def _checks_what_it_fetches(self) -> WebDownload:
        if (self.checksum is None) != (self.algorithm is None):
            raise ValueError("has one of checksum and algorithm; AWS checks nothing then: give both")
        return self


class Folder(Inputs):
    path: Text
    owner: str | None = None
    group: str | None = None
    permissions: Permissions = "0777"
    overwrite: bool = False


class File(Folder):
    content: str | None = None
    encoding: Encoding = "utf-8"
    permissions: Permissions = "0666"


class Appended(Inputs):
    path: Text
    content: str = ""
    encoding: Encoding = "utf-8"


class Read(Inputs):
    path: Text
    encoding: Encoding = "utf-8"
    print_file_content: bool = False


class Link(Inputs):
    path: Text
    target: Text
    force: bool = False


class Move(Inputs):
    source: Text
    destination: Text
    overwrite: bool = True


class Path(Inputs):
    path: Text


class FolderPath(Path):
    force: bool = False


class Listed(Path):
    file_name_pattern: str | None = None
    recursive: bool = False


class Encoded(Path):
    encoding: Encoding = "utf-8"


class Owned(Path):
    owner: Text
    group: str | None = None


class FolderOwned(Owned):
    recursive: bool = True


class Permitted(Path):
    permissions: Permissions


class FolderPermitted(Permitted):
    recursive: bool = True


class Reboot(Inputs):
    delay_seconds: int = Field(default=0, ge=0)


class Update(Inputs):
    include: tuple[Text, ...] = Field(default=(), strict=False)
    exclude: tuple[Text, ...] = Field(default=(), strict=False)


ONE: dict[str, type[Inputs]] = {"ExecuteBash": Commands, "ExecuteBinary": Binary}
"""Actions whose inputs are one map."""

OPTIONAL: dict[str, type[Inputs]] = {"Reboot": Reboot, "UpdateOS": Update}
"""Actions whose inputs are one map, or left out."""

MANY: dict[str, type[Inputs]] = {
    "AppendFile": Appended,
    "CopyFile": Move,
    "CopyFolder": Move,
    "CreateFile": File,
    "CreateFolder": Folder,
    "CreateSymlink": Link,
    "DeleteFile": Path,
    "DeleteFolder": FolderPath,
    "ListFiles": Listed,
    "MoveFile": Move,
    "MoveFolder": Move,
    "ReadFile": Read,
    "S3Download": Download,
    "S3Upload": Upload,
    "SetFileEncoding": Encoded,
    "SetFileOwner": Owned,
    "SetFilePermissions": Permitted,
    "SetFolderOwner": FolderOwned,
    "SetFolderPermissions": FolderPermitted,
    "WebDownload": WebDownload,
}
"""Actions whose inputs are a list of maps, one for each file."""

NOT_HERE: dict[str, str] = {
    **dict.fromkeys(
        ("ExecutePowerShell", "InstallMSI", "UninstallMSI", "SetRegistry"), "is for Windows; images are Linux"
    ),
    "ExecuteDocument": "runs a document that no hash covers; name both documents in the recipe",
    "Assert": "compares outputs of other steps, which are not supported here; test it in ExecuteBash",
}
"""Actions that AWS knows and that are refused here, each with its reason."""

ACTIONS = {**ONE, **OPTIONAL, **MANY}


def check_action(action: str) -> str:
    """`action`, when it is one of `ACTIONS`; otherwise raises ValueError with what is nearest to it."""
    if action in NOT_HERE:
        raise ValueError(f"{shown(action)} {NOT_HERE[action]}")
    if action not in ACTIONS:
        raise ValueError(f"{shown(action)} is not an action; {nearest(action, ACTIONS)}")
    return action


def check_inputs(action: str, inputs: Any) -> None:
    """Raises PlacedError, with places below `inputs`, unless `inputs` is what `action` takes."""
    PlacedError.raise_any(_problems(action, inputs))


def _problems(action: str, inputs: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not inputs:
        if action not in OPTIONAL:
            yield ("inputs",), f"is empty or missing; {action} requires {', '.join(_required(action))}"
        return
    model = ACTIONS[action]
    wanted: Any = list[model] if action in MANY else model  # type: ignore[valid-type]
    try:
        TypeAdapter(wanted).validate_python(inputs)
    except ValidationError as error:
        for place, text in found_in(error):
            yield ("inputs", *place), text


def _required(action: str) -> list[str]:
    fields = ACTIONS[action].model_fields.items()
    return [field.alias or name for name, field in fields if field.is_required()]
