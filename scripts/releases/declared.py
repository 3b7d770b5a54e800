"""What an environment was declared to be, as far as its config file and its stack's outputs say it."""

from dataclasses import dataclass

from scripts.releases import yaml_line
from scripts.releases.config_file import ConfigFile
from scripts.releases.state import EnvironmentState

#: What the program gives a service that does not say: a test holds these to the program's own values.
DEFAULT_MIN, DEFAULT_MAX = "2", "4"
MAINTENANCE = "100 to 110"
HEALTH_CHECK = "ELB"


def number(value: object) -> str:
    """A whole number as AWS writes it: Pulumi may say 3.0 for 3. "" for None."""
    return "" if value is None else str(value).removesuffix(".0")


@dataclass(frozen=True)
class Declared:
    """The two sources together. `project` is the Pulumi project's name, which every server has as a tag."""

    project: str
    config: ConfigFile
    state: EnvironmentState

    @property
    def environment(self) -> str:
        """The stack's name."""
        return self.config.environment

    def settings(self, service: str, *, scheduled: bool) -> dict[str, tuple[str, str]]:
        """Where each setting of a service's group is declared, and what it is there.

        Left out are the sizes of a group that a schedule changes, and what no source says.
        """
        program, file = "the program", self.config.path.name
        found = {
            "the percentage kept healthy": (program, MAINTENANCE),
            "the health check": (program, HEALTH_CHECK),
        }
        state = self.state.services.get(service)
        if version := number(state.launch_template_version if state else None):
            found["the launch template's version"] = ("the stack", version)
        if service in self.config.services and not scheduled:
            found["the least number of servers"] = (file, self._written(service, "min") or DEFAULT_MIN)
            found["the greatest number of servers"] = (file, self._written(service, "max") or DEFAULT_MAX)
        return found

    def _written(self, service: str, key: str) -> str | None:
        config = yaml_line.entries(yaml_line.parse(self.config.content.decode())).get("config")
        services = yaml_line.entries(config).get(f"{self.config.namespace}:services")
        return yaml_line.scalar(yaml_line.entries(yaml_line.entries(services).get(service)).get(key))
