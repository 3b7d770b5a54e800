"""Makes the place of Pulumi's state: looks first, then makes what is missing and puts right what differs."""

from __future__ import annotations

from collections.abc import Callable

from scripts.accounts import state_bucket, state_key
from scripts.accounts.place import Done, Part, Place
from scripts.releases.aws import Account


def run(account: Account, place: Place, *, dry_run: bool) -> Done:
    """Everything in the order in which it is needed: the key, the bucket, how the bucket is.

    Raises:
        RefusedError: what is there under these names cannot be this; nothing was changed.
        AwsError: AWS said no, with the permission that is missing; what was made until then stays, and the
            next run goes on from there.
    """
    kms, s3 = account.client("kms"), account.client("s3")
    done = Done(place, dry_run)
    key = state_key.find(kms, place)
    there = state_bucket.find(s3, place)

    def change(what: str, is_so: bool, make: Callable[[], object], missing: bool = False) -> None:
        if not is_so and not dry_run:
            make()
        done.parts.append(Part(what, "there" if is_so else "made" if missing else "changed"))

    def make_key() -> None:
        nonlocal key
        key = state_key.make(kms, place)

    def rotate() -> None:
        if key is not None:
            state_key.rotate(kms, key)

    def share() -> None:
        if key is not None:
            state_key.let_in(kms, key, place)

    keyless = key is None
    change(f"key {place.alias}", not keyless, make_key, missing=True)
    done.key_arn = key.arn if key else None
    rotates = not keyless and key is not None and state_key.rotates(kms, key)
    change("  renewed every year", rotates, rotate, missing=keyless)
    if place.accounts:
        is_shared = not keyless and key is not None and state_key.lets_in(kms, key, place)
        change(f"  for deliveries of {', '.join(place.accounts)}", is_shared, share, missing=keyless)
    change(f"bucket {place.bucket}", there, lambda: state_bucket.make(s3, place), missing=True)
    for setting in state_bucket.settings(place, done.key_arn or ""):
        is_so = there and setting.is_so(s3)
        change(f"  {setting.what}", is_so, lambda setting=setting: setting.make(s3), missing=not there)  # type: ignore[misc]
    return done
