from rehearsal.cloud.budgets.responses import BudgetsResponse

url_paths = {"{0}/$": BudgetsResponse.dispatch}
