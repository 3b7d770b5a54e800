from rehearsal.cloud.ssm.responses import SsmResponse

url_paths = {"{0}/$": SsmResponse.dispatch}
