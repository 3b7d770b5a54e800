from typing import Any

from moto.elb.responses import ELBResponse

from rehearsal.cloud.elbv2.responses import ELBV2Response


def by_version(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Classic load balancers share host and path with the newer ones; only the API version tells them
    apart.
    """
    classic = request.values.get("Version") == "2012-06-01"
    return (ELBResponse if classic else ELBV2Response).dispatch(request, *args, **kwargs)


url_paths = {"{0}/$": by_version}
