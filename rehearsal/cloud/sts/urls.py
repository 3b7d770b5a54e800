from rehearsal.cloud.sts.responses import TokenResponse

url_paths = {"{0}/$": TokenResponse.dispatch}
