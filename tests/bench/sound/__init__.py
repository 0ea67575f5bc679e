"""The rig that measures whole clients from outside: a stub of a server, captures, the clients to compare."""
