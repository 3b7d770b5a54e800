from rehearsal.cloud.firehose.responses import FirehoseResponse

url_paths = {"{0}/$": FirehoseResponse.dispatch}
