from policies.rules import Rule

RULES: tuple[Rule, ...] = ()
