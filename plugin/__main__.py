"""The component plugin; what it serves is made in `components/plugin_host.py`."""

from immutable_infrastructure.plugin_host import serve

serve()
