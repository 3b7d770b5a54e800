"""EC2 Image Builder: components, recipes and pipelines, and the builds that make AMIs of them."""
