"""Amazon EKS: clusters, their node groups, add-ons, access entries and pod identities.

- A request comes to `responses` or one of the `*_requests`; `models` keeps the clusters of a region.
- `cluster` and `clusters` are the control plane and what is done with it; `versions` says which there are.
- A node group (`node_group`, `node_groups`) has an Auto Scaling group of its own (`scaling`), whose servers
  are nodes when `bootstrap` finds that their user data leads into the cluster; `rolling` brings a new version
  of the launch template to them, and `draining` empties a node before it goes.
- `nodes`, `access` and `identities` are what the Kubernetes API of a cluster asks.
"""
