"""Whatever is done to a fleet in whatever order: what holds at every instant (`Witness`), and how it ends."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rehearsal.cloud.autoscaling.hooks import CONTINUE, LAUNCHING, TERMINATION, Hook
from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.refresh import ROLLING, ROOT_VOLUME
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, STANDBY, Server
from tests.rehearsal.cloud.paper import ERRORS, IMAGES, PaperWorld, preferences, version
from tests.rehearsal.cloud.witness import Witness

ALARMS = (ERRORS, "latency")
HOOKS = (Hook("launch", LAUNCHING, 300), Hook("termination", TERMINATION, 60, CONTINUE))
#: A group that launches these is never whole for long.
RESTLESS = ("never-healthy", "crash-loop")

versions = st.sampled_from(sorted(IMAGES))
percentages = st.sampled_from(
    [(100, 110), (100, 200), (90, None), (50, 150), (0, 100), (100, 100), (70, 130)]
)
checkpoints = st.sampled_from([(), (), (10, 100), (25, 50, 100), (40,)])
plans = st.builds(
    lambda percent, **more: preferences(*percent, **more),
    percent=percentages,
    checkpoints=checkpoints,
    checkpoint_delay=st.sampled_from([0, 20, 600]),
    bake_time=st.sampled_from([0, 20, 600]),
    alarms=st.sampled_from([(), ALARMS]),
    skip_matching=st.booleans(),
    auto_rollback=st.booleans(),
    protected=st.sampled_from(["Refresh", "Ignore", "Wait"]),
    standby=st.sampled_from(["Terminate", "Ignore", "Wait"]),
)
processes = st.sampled_from(["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"])
#: About the instants at which something happens by itself, and long after.
pauses = st.sampled_from([1, 5, 19, 30, 40, 61, 100, 300, 1000, 4000])


class Rollouts(RuleBasedStateMachine):
    """One group in the hands of people and machines that do anything at any time."""

    @initialize(
        desired=st.integers(0, 7),
        hooks=st.sampled_from([(), HOOKS[:1], HOOKS]),
        policy=st.sampled_from([None, (100, 110), (90, 120), (50, 100)]),
        lifetime=st.sampled_from([0, 0, 2000]),
    )
    def begin(
        self, desired: int, hooks: tuple[Hook, ...], policy: tuple[int, int] | None, lifetime: float
    ) -> None:
        self.world = PaperWorld(desired)
        self.fleet = self.world.fleet
        self.fleet.hooks.by_name.update((hook.name, hook) for hook in hooks)
        self.fleet.upkeep.policy, self.fleet.upkeep.max_lifetime = policy, lifetime
        self.witness = Witness(self.world)

    @property
    def rolling(self) -> bool:
        return self.witness.refresh is not None and self.witness.refresh.active

    def act(self) -> None:
        """What a rule did by hand is no doing of the group; what follows from it is."""
        self.witness.acted()
        self.fleet.changed()
        self.world.step(0)

    @invariant()
    def holds(self) -> None:
        """At an instant at which nothing happens, too."""
        self.witness.look(self.world.timeline.now)

    @rule(seconds=pauses)
    def wait(self, seconds: float) -> None:
        self.world.step(seconds)

    @precondition(lambda self: self.rolling)
    @rule(status=st.sampled_from(["InProgress", "Baking", "RollbackInProgress"]))
    def reach(self, status: str) -> None:
        """Go on to where otherwise few cases come."""
        assert self.witness.refresh
        for _ in range(100):
            if not self.rolling or self.witness.refresh.status == status:
                return
            self.world.step(7)

    # Releases

    @precondition(lambda self: not self.rolling)
    @rule(number=versions, plan=plans, strategy=st.sampled_from([ROLLING, ROLLING, ROOT_VOLUME]))
    def start(self, number: int, plan: Preferences, strategy: str) -> None:
        self.witness.started(self.world.refresh(version(number), plan, strategy))

    @precondition(lambda self: self.rolling and self.witness.refresh.status != "Cancelling")
    @rule(waiting=st.booleans())
    def cancel(self, waiting: bool) -> None:
        assert self.witness.refresh
        self.witness.refresh.cancel(waiting)
        self.world.step(0)

    @precondition(lambda self: self.rolling and self.witness.refresh.status in ("InProgress", "Baking"))
    @rule()
    def roll_back(self) -> None:
        assert self.witness.refresh
        self.witness.refresh.roll_back("by hand")
        self.world.step(0)

    @rule(alarm=st.sampled_from([*ALARMS, "of another service"]))
    def ring(self, alarm: str) -> None:
        self.world.ringing.add(alarm)

    @rule()
    def calm(self) -> None:
        self.world.ringing.clear()

    # Capacity and servers

    @rule(desired=st.integers(0, 10))
    def scale(self, desired: int) -> None:
        self.fleet.desired = desired
        self.act()

    @precondition(lambda self: self.fleet.servers)
    @rule(data=st.data(), what=st.sampled_from(["kill", "fail", "protect", "standby", "return"]))
    def single_out(self, data: Any, what: str) -> None:
        """Do something to one server."""
        server = data.draw(st.sampled_from(list(self.fleet.servers.values())), label="server")
        getattr(self, f"_{what}")(server)
        self.act()

    def _kill(self, server: Server) -> None:
        self.fleet.vanish([server])

    def _fail(self, server: Server) -> None:
        server.health = "Unhealthy"

    def _protect(self, server: Server) -> None:
        server.protected = not server.protected

    def _standby(self, server: Server) -> None:
        if server.lifecycle == IN_SERVICE:
            self.fleet.stand_by([server])

    def _return(self, server: Server) -> None:
        if server.lifecycle == STANDBY:
            self.fleet.enter_service([server])
            self.fleet.desired += 1

    @rule(protect=st.booleans())
    def protect_new_servers(self, protect: bool) -> None:
        self.fleet.protect_new = protect

    # What does not work

    @rule(process=processes)
    def suspend(self, process: str) -> None:
        self.fleet.suspended.add(process)
        self.act()

    @precondition(lambda self: self.fleet.suspended)
    @rule()
    def resume(self) -> None:
        self.fleet.suspended.clear()
        self.act()

    @rule(why=st.sampled_from(["", "InsufficientInstanceCapacity."]))
    def refuse_launches(self, why: str) -> None:
        self.world.refuse(why)
        self.act()

    # The end

    def teardown(self) -> None:
        """Left alone it ends; undisturbed it is whole again; and what is there already is not replaced."""
        if not hasattr(self, "world"):
            return
        if self.witness.refresh:
            self.world.end(self.witness.refresh)
        self._undisturbed()
        if self.world.group.image_id in RESTLESS:
            return
        self.world.step(5000)
        assert len(self.fleet.servers) == len(self.fleet.live()) == self.fleet.desired
        assert all(map(self.fleet.ready, self.fleet.live()))
        self._released_again()

    def _undisturbed(self) -> None:
        self.world.ringing.clear()
        self.fleet.suspended.clear()
        self.fleet.protect_new, self.fleet.upkeep.max_lifetime = False, 0
        self.world.refuse("")
        for server in list(self.fleet.servers.values()):
            server.protected = False
            self._return(server)
        self.act()

    def _released_again(self) -> None:
        """What the group has already is released once more: servers of another version go, and no other."""
        others = {s.id for s in self.fleet.live() if not s.matches(self.world.group)}
        before = set(self.fleet.servers)
        plan = preferences(100, 110, skip_matching=True, bake_time=20, alarms=ALARMS[1:])
        again = self.world.refresh(self.world.group, plan)
        self.witness.started(again)
        self.world.end(again)
        assert again.status == "Successful"
        assert before - {s.id for s in self.fleet.live()} == others


TestRollouts = Rollouts.TestCase
#: 10,000 cases in a thorough run.
TestRollouts.settings = settings(stateful_step_count=16, max_examples=2 * settings().max_examples)
