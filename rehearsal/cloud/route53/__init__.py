"""moto's Route 53 with AWS's rules for records and private zones."""
