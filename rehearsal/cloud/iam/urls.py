from rehearsal.cloud.iam.responses import IamResponse

url_paths = {"{0}/$": IamResponse.dispatch}
