"""What the infrastructure promises, read from the template that would be deployed."""
