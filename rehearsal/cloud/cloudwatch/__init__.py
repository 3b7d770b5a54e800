"""moto's CloudWatch with metrics of the emulated fleets and alarms that are evaluated over them."""
