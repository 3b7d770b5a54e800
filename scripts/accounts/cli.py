"""The command line of `scripts/bootstrap`, and how it ends: 0 done, 1 failed, 2 refused or bad input."""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated

import typer

from scripts.accounts import bootstrap, show
from scripts.accounts.place import Place
from scripts.releases import json_file, project
from scripts.releases.aws import Account, errors
from scripts.releases.errors import RefusedError, ReleaseError, one_line

# Typer's wrong usage; the class has no public name of its own.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
INTERRUPTED = 130
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})

Region = Annotated[
    str | None, typer.Option(metavar="REGION", help="Where state is kept; default: AWS_REGION.")
]
Bucket = Annotated[str | None, typer.Option(metavar="NAME", help="Default: PROJECT-state-ACCOUNT-REGION.")]
Alias = Annotated[str | None, typer.Option(metavar="NAME", help="The key's alias; default: PROJECT-state.")]
KeepDays = Annotated[int, typer.Option(min=1, max=3650, help="Days that what state was before is kept.")]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="ID", help="Another account that keeps its stacks' state here too."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be made or changed, and do nothing.")]
Json = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the result; - prints it.")]


@app.command()
def command(
    region: Region = None,
    bucket: Bucket = None,
    alias: Alias = None,
    keep_days: KeepDays = 90,
    accounts: Accounts = None,
    dry_run: DryRun = False,
    json: Json = None,
) -> None:
    """Make the bucket and the key of Pulumi's state in this account, or put right what differs from them.

    What is as it should be is left alone, so that it may run again at any time. The bucket is versioned,
    encrypted with the key, private, and takes TLS only; the key is renewed every year and encrypts the
    stacks' secrets as well.
    """
    if json is not None:
        json_file.check(json, "--json")
    where = _region(region)
    name = project.find(project.ROOT).name
    account = Account(where)
    with json_file.errors(json), errors():
        owner = account.client("sts").get_caller_identity()
        place = Place(
            project=name,
            account=owner["Account"],
            partition=owner["Arn"].split(":")[1],
            region=where,
            bucket=_bucket(bucket or f"{name}-state-{owner['Account']}-{where}"),
            alias=_alias(alias or f"{name}-state"),
            keep_days=keep_days,
            accounts=_accounts(accounts or []),
        )
        done = bootstrap.run(account, place, dry_run=dry_run)
    if json is not None:
        json_file.write(json, show.document(done))
    if json != json_file.STANDARD_OUTPUT:
        print(show.text(done))


def _region(given: str | None) -> str:
    region = given or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise RefusedError("no region: state is kept in one; give it with --region, such as eu-central-1")
    if not _REGION.fullmatch(region):
        raise RefusedError(f"{region!r} is not a region; write one such as eu-central-1")
    return region


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise RefusedError(
            f"{name!r} is not a bucket's name; take 3 to 63 lower-case letters, digits, hyphens and periods"
        )
    return name


def _accounts(given: list[str]) -> tuple[str, ...]:
    for account in given:
        if not re.fullmatch(r"\d{12}", account):
            raise RefusedError(f"--account {account!r} is not an account; write its 12 digits")
    return tuple(sorted(set(given)))


def _alias(name: str) -> str:
    bare = name.removeprefix("alias/")
    if not re.fullmatch(r"[A-Za-z0-9/_-]{1,240}", bare) or bare.startswith("aws/"):
        raise RefusedError(
            f"{name!r} is not an alias; take letters, digits, / _ - and not aws/ at its beginning"
        )
    return f"alias/{bare}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line (`sys.argv` by default) and return its exit code."""
    try:
        code = typer.main.get_command(app).main(
            arguments, prog_name="scripts/bootstrap", standalone_mode=False
        )
    except UsageError as error:
        return _say(f"{error.format_message()} (see --help)", RefusedError.exit_code)  # type: ignore[attr-defined]
    except ReleaseError as error:
        return _say(str(error), error.exit_code)
    except OSError as error:
        return _say(f"{error.filename or 'the system'}: {error.strerror or error}", ReleaseError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted; run it again: what is made already is left alone", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _say(message: str, code: int) -> int:
    print(f"bootstrap: {one_line(message)}", file=sys.stderr)
    return code
