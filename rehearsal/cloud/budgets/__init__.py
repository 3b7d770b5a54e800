"""moto's Budgets with budgets that change, and with those who are told of them."""
