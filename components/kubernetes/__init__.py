"""The same idea for containers: workloads by image digest on EKS. A stack without a cluster imports none."""
