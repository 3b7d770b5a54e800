"""An emulated AWS on loopback: moto's services, in memory, plus the fleet and rollouts that moto lacks."""
