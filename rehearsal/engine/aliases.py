"""Former identities of resources: the URNs under which a resource may be found in the old state."""

from __future__ import annotations

from rehearsal.engine.goal import AliasSpec, Goal
from rehearsal.engine.state import STACK_TYPE, ResourceState, urn_of


class Aliases:
    """Which resource took over which old URN. Called under the deployment's lock."""

    def __init__(self, stack: str, project: str) -> None:
        self._stack = stack
        self._project = project
        self.old_of: dict[str, str] = {}
        self.new_of: dict[str, str] = {}

    def take(self, new: str, old: str) -> None:
        """Record that `new` is what was `old`."""
        self.old_of[new] = old
        self.new_of[old] = new

    def candidates(self, goal: Goal) -> list[str]:
        """The URNs by which the goal may have been known, in Pulumi's order: its own aliases, then its
        parent's.
        """
        found = [self._collapse(alias, goal) for alias in goal.aliases]
        parent_alias = self.old_of.get(goal.parent) if goal.parent else None
        if parent_alias is not None:
            parent_name = goal.parent.rpartition("::")[2]
            own = list(found)
            found.append(self._inherited(goal.type, goal.name, parent_name, parent_alias))
            found.extend(
                self._inherited(_type(urn), urn.rpartition("::")[2], parent_name, parent_alias) for urn in own
            )
        return list(dict.fromkeys(found))

    def _collapse(self, alias: AliasSpec, goal: Goal) -> str:
        if alias.urn:
            return alias.urn
        parent = self.old_of.get(alias.parent, alias.parent) if alias.parent else goal.parent
        if alias.no_parent or (parent and parent.split("::")[2] == STACK_TYPE):
            parent = ""
        return urn_of(
            alias.stack or self._stack,
            alias.project or self._project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _inherited(self, type_: str, name: str, parent_name: str, parent_alias: str) -> str:
        """A child named after its parent was named after its parent's former name."""
        if name.startswith(parent_name):
            name = parent_alias.rpartition("::")[2] + name[len(parent_name) :]
        return urn_of(self._stack, self._project, parent_alias, type_, name)


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def rename_in(state: ResourceState, old: str, new: str) -> None:
    """Put `new` wherever a state refers to `old`."""

    def named(urn: str) -> str:
        return new if urn == old else urn

    state.parent, state.deleted_with = named(state.parent), named(state.deleted_with)
    state.dependencies = [named(urn) for urn in state.dependencies]
    state.replace_with = [named(urn) for urn in state.replace_with]
    state.property_dependencies = {
        key: [named(urn) for urn in urns] for key, urns in state.property_dependencies.items()
    }
    if state.provider_urn == old:
        state.provider = new + state.provider[len(old) :]
