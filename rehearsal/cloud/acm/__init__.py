"""moto's Certificate Manager, which issues what is proven in Route 53."""
