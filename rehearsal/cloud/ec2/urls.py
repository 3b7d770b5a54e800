from rehearsal.cloud.ec2.responses import EC2Response

url_paths = {"{0}/": EC2Response.dispatch}
