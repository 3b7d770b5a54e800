"""The roles that pull requests and deployments take: no key anywhere, trust by repository and environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import iam
from pydantic import Field, StringConstraints

from . import delivery_boundary, delivery_limits, delivery_policies, policies
from .args import Args, ComponentArgs, Late
from .delivery_actions import FAMILIES, WRITTEN, Kind
from .delivery_limits import PATH
from .delivery_policies import AUDIENCE, ISSUER
from .delivery_state import State, state_reader, state_writer
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named
from .policies import Document, Owner

Repository = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}$")
]
"""GitHub's `owner/name`."""
StackPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,98}\*?$")]
"""A stack's name, or the beginning of several with `*` at its end."""
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z](?:-?[a-z0-9]){0,23}$")]


class DeliveryEnvironment(Args):
    """One environment of GitHub's, and the stacks that its jobs deploy."""

    kind: Kind = "environment"
    stacks: StackPattern | None = None
    """None: the one stack that is called like it."""


class DeliveryRolesArgs(ComponentArgs):
    """What `DeliveryRoles` are made of."""

    repository: Repository
    """The repository whose workflows may take the roles; none other can, forks neither."""
    branch: str = Field(default="main", pattern=r"^[\w./-]{1,200}$")
    """Whose scheduled jobs may take the preview roles, beside pull requests."""
    environments: Mapping[EnvironmentName, DeliveryEnvironment] = Field(min_length=1)
    project: str
    """Pulumi's project: state and roles are below its name."""
    regions: tuple[str, ...] = Field(min_length=1)
    """The only regions that deployments write in."""
    state_bucket: Late
    state_key_arn: Late
    """The key of the bucket and of the stacks' secrets."""
    oidc_provider_arn: Late | None = None
    """The account's own provider for GitHub's tokens, of which IAM takes one. None: it is made."""
    service_actions: tuple[str, ...] = ()
    """What services do with `policyStatements`, beside what components give them: the boundary stops
    what is not named here."""
    max_session_seconds: int = Field(default=14_400, ge=3600, le=43_200)
    """How long a deployment, or the wait for its gate, may take (IAM, MaxSessionDuration)."""


class RolesOfEnvironment(NamedTuple):
    """By ARN, for the workflows."""

    preview: Output[str]
    deploy: Output[str]


class _Known(NamedTuple):
    """What is known of the account once the provider for GitHub's tokens is there."""

    provider_arn: str
    owner: Owner
    state: State


class DeliveryRoles(pulumi.ComponentResource):
    """For each environment a role that reads, for previews, and one that deploys its stacks and no others.

    A deploy role writes in its regions, roles below `/PROJECT/STACK/` with the boundary, and nothing that is
    tagged as another environment's. Most of what it may do is in policies that environments of one kind
    share: IAM takes 6,144 characters in one, and ten in a role.
    """

    provider_arn: Output[str]
    boundaries: dict[Kind, Output[str]]
    """What `permissionsBoundary` of a stack has to be, by the kind of stack."""
    roles: dict[str, RolesOfEnvironment]

    def __init__(self, name: str, args: DeliveryRolesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:deliveryroles:DeliveryRoles", name, None, opts)
        child = ResourceOptions(parent=self)
        self.provider_arn = _provider(name, args, child)
        known = Output.all(self.provider_arn, args.state_bucket, args.state_key_arn).apply(
            lambda each: _Known(each[0], policies.owner_of(each[0]), State(each[1], each[2], args.project))
        )
        make = _Maker(name, args, known, child)
        shared = make.shared()
        written = {
            kind: {each: shared[each] for each in ("read", "global", *WRITTEN[kind])} for kind in make.kinds
        }
        boundaries = {kind: make.boundary(kind) for kind in make.kinds}
        self.boundaries = {kind: policy.arn for kind, policy in boundaries.items()}
        self.roles = {
            environment: RolesOfEnvironment(
                make.preview(environment, shared["read"]).arn,
                make.deploy(environment, given, written[given.kind], boundaries[given.kind]).arn,
            )
            for environment, given in args.environments.items()
        }
        self.register_outputs({"providerArn": self.provider_arn})


def _provider(name: str, args: DeliveryRolesArgs, opts: ResourceOptions) -> Output[str]:
    """IAM takes one provider of a kind in an account: another program's is given, or the one made here."""
    if args.oidc_provider_arn is not None:
        return Output.from_input(args.oidc_provider_arn)
    made = iam.OpenIdConnectProvider(
        name, url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], tags=named(args.tags, name), opts=opts
    )
    arn: Output[str] = made.arn
    return arn


class _Maker(NamedTuple):
    """What all policies and roles here are made of."""

    name: str
    args: DeliveryRolesArgs
    known: Output[_Known]
    opts: ResourceOptions

    @property
    def kinds(self) -> list[Kind]:
        """Those that an environment has, in one order."""
        used = {environment.kind for environment in self.args.environments.values()}
        return [kind for kind in WRITTEN if kind in used]

    def policy(self, suffix: str, description: str, document: Callable[[Owner], Document]) -> iam.Policy:
        child_name = f"{self.name}-{suffix}"
        return iam.Policy(
            child_name,
            name_prefix=name_prefix(child_name, LONG_PREFIX),
            path=PATH,
            description=description,
            policy=Output.json_dumps(self.known.apply(lambda known: document(known.owner))),
            tags=named(self.args.tags, child_name),
            opts=self.opts,
        )

    def shared(self) -> dict[str, iam.Policy]:
        """What roles have in common: reading, what is in no region, and a policy for each family."""

        def family_policy(family: str) -> iam.Policy:
            document = delivery_policies.write_policy(family, self.args.regions)
            return self.policy(family, f"What deployments write of {family}", lambda _: document)

        families = [each for each in FAMILIES if any(each in WRITTEN[kind] for kind in self.kinds)]
        return {
            "read": self.policy("read", "What all of them read", delivery_policies.read_policy),
            "global": self.policy(
                "global", "What deployments write in no region", delivery_policies.global_policy
            ),
            **{family: family_policy(family) for family in families},
        }

    def boundary(self, kind: Kind) -> iam.Policy:
        args = self.args
        return self.policy(
            f"{kind}-boundary",
            f"The most that roles of a stack may do ({kind})",
            lambda owner: delivery_boundary.boundary_policy(owner, args.project, kind, args.service_actions),
        )

    def preview(self, environment: str, read: iam.Policy) -> iam.Role:
        args = self.args
        subjects = delivery_policies.preview_subjects(args.repository, args.branch, args.environments)
        return self._role(
            f"{self.name}-{environment}-preview",
            f"Previews {environment}: reads, and writes nothing",
            subjects,
            {"read": read},
            self.known.apply(lambda known: policies.document(*state_reader(known.owner, known.state))),
        )

    def deploy(
        self,
        environment: str,
        given: DeliveryEnvironment,
        written: dict[str, iam.Policy],
        boundary: iam.Policy,
    ) -> iam.Role:
        stacks = given.stacks or environment

        def document(known: _Known, boundary_arn: str) -> Document:
            owner, state = known.owner, known.state
            return policies.document(
                *state_reader(owner, state),
                *state_writer(owner, state, stacks),
                *delivery_limits.own_only(owner, state, stacks, given.kind, boundary_arn),
            )

        return self._role(
            f"{self.name}-{environment}-deploy",
            f"Deploys {stacks}",
            delivery_policies.deploy_subjects(self.args.repository, environment),
            written,
            self.known.apply(lambda known: boundary.arn.apply(lambda arn: document(known, arn))),
        )

    def _role(
        self,
        child_name: str,
        description: str,
        subjects: list[str],
        attached: dict[str, iam.Policy],
        own: Output[Document],
    ) -> iam.Role:
        role = iam.Role(
            child_name,
            name_prefix=name_prefix(child_name, ROLE_PREFIX),
            path=PATH,
            description=description,
            assume_role_policy=Output.json_dumps(
                self.known.apply(lambda known: delivery_policies.trust(known.provider_arn, subjects))
            ),
            max_session_duration=self.args.max_session_seconds,
            tags=named(self.args.tags, child_name),
            opts=self.opts,
        )
        iam.RolePolicy(child_name, role=role.name, policy=Output.json_dumps(own), opts=self.opts)
        for suffix, policy in attached.items():
            iam.RolePolicyAttachment(
                f"{child_name}-{suffix}", role=role.name, policy_arn=policy.arn, opts=self.opts
            )
        return role
