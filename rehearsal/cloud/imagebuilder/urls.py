from rehearsal.cloud.imagebuilder.responses import ImageBuilderResponse

url_paths = {"{0}/": ImageBuilderResponse.dispatch}
