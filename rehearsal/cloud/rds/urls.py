from rehearsal.cloud.rds.responses import RdsResponse

url_paths = {"{0}/$": RdsResponse.dispatch}
