"""The boards' pictures of the documentation: `make pictures`."""
