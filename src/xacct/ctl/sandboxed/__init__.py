"""`exec --sandbox`: the command in namespaces of its own, in which only its own grant is in reach. By bubblewrap."""
