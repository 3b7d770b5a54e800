from rehearsal.cloud.logs.responses import LogsResponse

url_paths = {"{0}/$": LogsResponse.dispatch}
