"""Auto Scaling with a fleet that takes time, and instance refresh; split as moto's services are."""
