from rehearsal.cloud.cloudwatch.responses import CloudWatchResponse

url_paths = {"{0}/$": CloudWatchResponse.dispatch}
