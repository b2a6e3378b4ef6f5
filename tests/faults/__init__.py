"""What goes on while parts of the installation are killed, and what is whole afterwards."""
