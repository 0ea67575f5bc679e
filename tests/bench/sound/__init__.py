"""The rig that measures whole clients from outside: a server that stubs, captures, and the clients to compare."""
