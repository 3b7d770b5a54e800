"""moto's Elastic Load Balancing v2 with the health of emulated servers."""
