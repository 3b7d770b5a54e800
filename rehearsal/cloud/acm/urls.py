from rehearsal.cloud.acm.responses import AcmResponse

url_paths = {"{0}/$": AcmResponse.dispatch}
