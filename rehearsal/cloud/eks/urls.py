from rehearsal.cloud.eks.responses import EksResponse

url_paths = {"{0}/": EksResponse.dispatch}
