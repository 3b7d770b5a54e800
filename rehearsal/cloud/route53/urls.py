from rehearsal.cloud.route53.responses import Route53Response

url_paths = {"{0}/$": Route53Response.dispatch}
