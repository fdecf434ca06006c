"""What vendors' printers tell, as data."""
