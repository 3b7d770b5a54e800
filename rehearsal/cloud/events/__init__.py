"""What happens in the fleets, told to EventBridge's rules and to the topics that groups notify."""
