"""moto's EC2 with this project's images and fleets."""
