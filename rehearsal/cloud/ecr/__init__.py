"""moto's ECR with images that were put there from outside, and pushed at an hour of the emulated clock."""
