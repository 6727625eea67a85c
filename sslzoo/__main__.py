"""`python -m sslzoo` is the command `sslzoo`."""

from sslzoo.cli import main

main()
