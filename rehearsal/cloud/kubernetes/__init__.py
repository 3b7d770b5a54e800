"""An emulated Kubernetes API and the controllers behind it, on the cloud's clock."""
