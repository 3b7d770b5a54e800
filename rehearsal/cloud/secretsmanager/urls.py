from rehearsal.cloud.secretsmanager.responses import SecretsManagerResponse

url_paths = {"{0}/$": SecretsManagerResponse.dispatch}
