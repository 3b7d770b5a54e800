"""The user data of a node: which cluster it belongs to, for the program of the image that joins it (nodeadm).

With an image of one's own EKS adds nothing to it, so all that nodeadm asks for is told here (EKS User Guide,
"Customize managed nodes with launch templates"; nodeadm's NodeConfig, node.eks.aws/v1alpha1). No commands, no
packages, no secrets, as for servers.
"""

from __future__ import annotations

import json

BOUNDARY = "NODE-CONFIG"


def node_config(name: str, endpoint: str, certificate_authority: str, service_cidr: str) -> str:
    """The NodeConfig of the cluster's nodes as a MIME document of one part.

    JSON is YAML that needs no escaping of its own. `service_cidr` tells the node where the cluster's DNS is.
    """
    document = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "cluster": {
                "name": name,
                "apiServerEndpoint": endpoint,
                "certificateAuthority": certificate_authority,
                "cidr": service_cidr,
            }
        },
    }
    return (
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"\n'
        "\n"
        f"--{BOUNDARY}\n"
        "Content-Type: application/node.eks.aws\n"
        "\n"
        f"{json.dumps(document, indent=2)}\n"
        "\n"
        f"--{BOUNDARY}--\n"
    )
