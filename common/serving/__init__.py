"""How a process serves HTTP: gunicorn, its connections, limits of number and time."""
