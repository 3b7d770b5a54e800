from rehearsal.cloud.autoscaling.responses import AutoScalingResponse

url_paths = {"{0}/$": AutoScalingResponse.dispatch}
