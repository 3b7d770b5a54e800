from rehearsal.cloud.scheduler.responses import SchedulerResponse

url_paths = {"{0}/": SchedulerResponse.dispatch}
