from rehearsal.cloud.lambda_.responses import LambdaResponse

url_paths = {"{0}/": LambdaResponse.dispatch}
