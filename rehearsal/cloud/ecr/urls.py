from rehearsal.cloud.ecr.responses import EcrResponse

url_paths = {"{0}/$": EcrResponse.dispatch}
