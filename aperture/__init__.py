"""The roof: joins the parts, starts the processes, speaks to the command line."""
