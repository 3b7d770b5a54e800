"""Every emulated type through its whole life on the emulated cloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rehearsal.plugin import Properties
from rehearsal.provider.types import table
from rehearsal.provider.values import has_unknown
from tests.rehearsal.provider.cases import IDENTITY, NETWORK, SECURITY, Case
from tests.rehearsal.provider.cluster_cases import CLUSTERS
from tests.rehearsal.provider.cost_cases import COSTS
from tests.rehearsal.provider.database_cases import DATABASES
from tests.rehearsal.provider.image_cases import BUILDING
from tests.rehearsal.provider.name_cases import NAMES
from tests.rehearsal.provider.rollout_cases import ATTACHED, EVENTS, TOPICS
from tests.rehearsal.provider.secret_cases import FUNCTIONS, SECRETS
from tests.rehearsal.provider.service_cases import SERVERS, STORAGE, TRAFFIC, WATCHING
from tests.rehearsal.provider.world import World

CASES = (
    *NETWORK, *SECURITY, *IDENTITY, *SERVERS, *TRAFFIC, *STORAGE, *WATCHING, *ATTACHED, *EVENTS, *TOPICS,
    *BUILDING, *DATABASES, *SECRETS, *FUNCTIONS, *COSTS, *NAMES,
    *CLUSTERS,
)  # fmt: skip
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.token.rsplit(":", 1)[1])
changing = pytest.mark.parametrize(
    "case", [case for case in CASES if case.change], ids=lambda case: case.token.rsplit(":", 1)[1]
)
# A route's ID is no ID of AWS's: it does not lead back to the route. What groups notify is asked by group.
# A validation's ID is the time at which its certificate was issued.
WITHOUT_IMPORT = {
    "aws:ec2/route:Route", "aws:autoscaling/notification:Notification",
    "aws:acm/certificateValidation:CertificateValidation",
    # A call is no thing that is there.
    "aws:lambda/invocation:Invocation",
    # Its ID is the provider's own: the real one cannot import it either.
    "aws:autoscaling/attachment:Attachment",
}  # fmt: skip
NAMES_OF_RESOURCES = {"name", "bucket", "identifier", "nodeGroupName", "statementId"}
# A bucket's logs need a bucket that takes them; it has a test of its own.
TESTED_APART = {
    "aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketVersioning:BucketVersioning",
}  # fmt: skip


def _said(change: Callable[[World], Properties] | None, world: World) -> Properties:
    assert change is not None
    return change(world)


def test_every_type_of_the_table_has_a_case() -> None:
    assert set(table()) - TESTED_APART == {case.token for case in CASES}


@each
def test_what_was_created_reads_back_as_it_was_returned(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    state = made.read()
    assert state is not None
    assert state.outputs == made.outputs
    assert state.inputs == made.inputs


@each
def test_the_same_inputs_are_no_change(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    assert not made.diff({}).changed


@each
def test_a_preview_promises_what_creation_then_gives(case: Case, world: World) -> None:
    inputs = case.inputs(world)
    foreseen = world.preview(case.token, **inputs)
    made = world.make(case.token, **inputs)
    assert made.outputs.keys() <= foreseen.keys() | {"tags"}
    for key, value in foreseen.items():
        named_by_seed = key in NAMES_OF_RESOURCES and key not in inputs
        if not has_unknown(value) and not named_by_seed:
            assert made.outputs.get(key) == value, key


@changing
def test_a_change_in_place_reaches_the_cloud(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    change = _said(case.change, world)
    diff = made.diff(change)
    assert diff.changed
    assert diff.replaces == ()
    assert set(diff.diffs) == set(change)
    made.update(change)
    if case.seen:
        assert case.seen(world, made) == case.expected
    state = made.read()
    assert state is not None and state.inputs is not None
    assert {key: state.inputs[key] for key in change if key in state.outputs} == {
        key: made.inputs[key] for key in change if key in state.outputs
    }
    assert not made.diff({}).changed


@changing
def test_a_previewed_change_touches_nothing(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    before = made.read()
    made.update(_said(case.change, world), preview=True)
    assert made.read() == before


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.replace], ids=lambda case: case.token.rsplit(":", 1)[1]
)
def test_what_aws_cannot_change_is_a_replacement(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    change = _said(case.replace, world)
    assert set(change) <= set(made.diff(change).replaces)


@each
def test_what_was_deleted_is_gone_and_may_be_deleted_again(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    made.delete()
    assert (made.read() is None) != case.stays
    made.delete()


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.token not in WITHOUT_IMPORT],
    ids=lambda case: case.token.rsplit(":", 1)[1],
)
def test_an_import_knows_what_the_program_would_have_to_say(case: Case, world: World) -> None:
    made = world.make(case.token, **case.inputs(world))
    state = world.provider.read(made.urn, case.import_id(made), {}, {})
    assert state is not None and state.inputs is not None
    for name in table()[case.token].required:
        assert name in state.inputs
