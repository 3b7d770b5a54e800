"""moto's EventBridge Scheduler with schedules that fire."""
